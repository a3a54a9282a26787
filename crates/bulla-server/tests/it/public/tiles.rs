//! What is in the tiles: every hash and entry of logs of many sizes, recomputed from the entries.

use bulla_proof::{Checkpoint, EntryBundle, Hash, MemoryRows, TileId, TileKind, TreeSize, leaf_hash};

use super::served::Served;

/// Fetches every tile of a tree of `size` entries and compares it with the tree of the entries served.
fn check_all_tiles(served: &Served, size: u64) {
    let note = String::from_utf8(served.get("/checkpoint").body).unwrap();
    let (text, _) = note.rsplit_once("\n\n").unwrap();
    let checkpoint = Checkpoint::parse(&format!("{text}\n")).unwrap();
    assert_eq!(checkpoint.size(), TreeSize(size));
    let mut rows = MemoryRows::new();
    for tile in TileId::all_of(TileKind::Entries, TreeSize(size)) {
        let bundle = served.get(&format!("/{tile}")).body;
        let entries = EntryBundle::decode(&bundle).unwrap();
        assert_eq!(entries.len(), usize::from(tile.width()), "{tile}");
        for (seq, entry) in tile.range().zip(entries) {
            assert!(entry.starts_with(format!("{{\"seq\":{seq},").as_bytes()));
            rows.append(leaf_hash(entry));
        }
    }
    assert_eq!(rows.root(), checkpoint.root());
    for tile in TileId::all_hashes(TreeSize(size)) {
        let range = tile.range();
        let expected = &rows.row(tile.row())[range.start as usize..range.end as usize];
        let bytes = served.get(&format!("/{tile}")).body;
        let hashes: Vec<Hash> = bytes.as_chunks::<32>().0.iter().map(|bytes| Hash::from(*bytes)).collect();
        assert!(hashes == expected && bytes.len() == 32 * expected.len(), "{tile}");
    }
}

#[test]
fn every_tile_is_that_of_the_entries() {
    for size in super::SIZES {
        check_all_tiles(&Served::of(size), size);
    }
}

#[test]
fn a_log_of_70_000_entries_has_the_tiles_that_the_specification_names() {
    let served = Served::of(70_000);
    let segments = std::fs::read_dir(served.directory().join("entries")).unwrap();
    let is_sealed = |entry: &std::fs::DirEntry| entry.path().extension().is_some_and(|end| end == "zst");
    let (sealed, plain): (Vec<_>, Vec<_>) = segments.map(Result::unwrap).partition(is_sealed);
    assert!(sealed.len() > 5 && !plain.is_empty(), "its entries come from sealed and open segments");
    check_all_tiles(&served, 70_000);
    for (path, bytes) in [
        ("/tile/0/272", Some(8192)),
        ("/tile/0/273.p/112", Some(112 * 32)),
        ("/tile/0/273.p/111", Some(111 * 32)),
        ("/tile/0/273.p/113", None),
        ("/tile/0/273", None),
        ("/tile/0/274.p/1", None),
        ("/tile/1/000", Some(8192)),
        ("/tile/1/001.p/17", Some(17 * 32)),
        ("/tile/1/001.p/18", None),
        ("/tile/2/000.p/1", Some(32)),
        ("/tile/2/000.p/2", None),
        ("/tile/3/000.p/1", None),
    ] {
        let answer = served.get(path);
        assert_eq!(answer.status, if bytes.is_some() { 200 } else { 404 }, "{path}");
        assert!(bytes.is_none_or(|bytes| answer.body.len() == bytes), "{path}");
    }
}
