//! Tiles: paths, which tiles a tree has, and entry bundles.

use bulla_proof::{
    BundleError, ENTRY_LEN_MAX, EntryBundle, MemoryRows, TILE_WIDTH, TileError, TileId, TileKind, TreeSize,
    leaf_hash,
};

fn hashes(level: u8) -> TileKind {
    TileKind::Hashes { level }
}

#[test]
fn paths_are_printed_and_read_in_groups_of_three_digits() {
    let check = |kind, index, width, path: &str| {
        let tile = TileId::new(kind, index, width).unwrap();
        assert_eq!(tile.to_string(), path);
        assert_eq!(path.parse(), Ok(tile));
    };
    check(hashes(0), 0, 256, "tile/0/000");
    check(hashes(0), 999, 256, "tile/0/999");
    check(hashes(0), 1000, 256, "tile/0/x001/000");
    check(hashes(0), 999_999, 256, "tile/0/x999/999");
    check(hashes(0), 1_000_000, 256, "tile/0/x001/x000/000");
    check(hashes(0), 1_234_067, 256, "tile/0/x001/x234/067");
    check(hashes(3), 273, 112, "tile/3/273.p/112");
    check(hashes(63), 1, 1, "tile/63/001.p/1");
    check(TileKind::Entries, 0, 3, "tile/entries/000.p/3");
    check(TileKind::Entries, 1_234_067, 255, "tile/entries/x001/x234/067.p/255");
    check(hashes(0), (1 << 56) - 1, 255, "tile/0/x072/x057/x594/x037/x927/935.p/255");
}

#[test]
fn every_path_reads_back() {
    for index in (0..3000).chain([9_999, 10_000, 99_999, 100_000, 1_000_001, 999_999_999, 1_000_000_000]) {
        for width in [1, 9, 10, 255, 256] {
            let tile = TileId::new(hashes(0), index, width).unwrap();
            assert_eq!(tile.to_string().parse(), Ok(tile));
        }
    }
}

#[test]
fn what_is_not_a_tile_path_is_refused() {
    let check = |path: &str, expected| assert_eq!(path.parse::<TileId>(), Err(expected), "{path:?}");
    for path in ["", "tile", "tile/", "/tile/0/000", "Tile/0/000", "tiles/0/000", "tile/0"] {
        check(path, TileError::Path);
    }
    for level in ["", "00", "01", "64", "100", "-1", "+1", "a", "Entries", "entry"] {
        check(&format!("tile/{level}/000"), TileError::Level);
    }
    for index in [
        "",
        "0",
        "00",
        "0000",
        "1",
        "x001",
        "x000/000",
        "x000/001",
        "x000/x001/000",
        "001/000",
        "x1/000",
        "x001/",
        "x001/00",
        "x001/x000",
        "x001//000",
        "X001/000",
        "000/",
        "00a",
        " 00",
        "+00",
        "٠٠٠",
        "x072/x057/x594/x037/x927/936",
        "x999/x999/x999/x999/x999/x999/999",
        "000.p",
        "000p/1",
    ] {
        check(&format!("tile/0/{index}"), TileError::Index);
    }
    for width in ["", "0", "00", "01", "256", "257", "1000", "-1", "+1", "1 ", "1.p/1", "1/", "a"] {
        check(&format!("tile/0/000.p/{width}"), TileError::Width);
    }
    check("tile/8/0/000", TileError::Index);
}

#[test]
fn a_tile_no_tree_can_have_is_not_made() {
    assert_eq!(TileId::new(hashes(64), 0, 1), Err(TileError::Level));
    assert_eq!(TileId::new(hashes(0), 0, 0), Err(TileError::Width));
    assert_eq!(TileId::new(hashes(0), 0, 257), Err(TileError::Width));
    assert_eq!(TileId::new(hashes(0), (1 << 56) - 1, 256), Err(TileError::Index));
    assert_eq!(TileId::new(hashes(0), u64::MAX, 1), Err(TileError::Index));
}

#[test]
fn a_tree_of_70_000_leaves_has_these_tiles() {
    let size = TreeSize(70_000);
    let of = |kind| TileId::all_of(kind, size).collect::<Vec<_>>();
    let level_0 = of(hashes(0));
    assert_eq!(level_0.iter().filter(|tile| !tile.is_partial()).count(), 273);
    assert_eq!(level_0.last().unwrap().to_string(), "tile/0/273.p/112");
    let paths: Vec<String> = of(hashes(1)).iter().chain(&of(hashes(2))).map(TileId::to_string).collect();
    assert_eq!(paths, ["tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]);
    assert_eq!(of(hashes(3)), []);
    assert_eq!(of(hashes(63)), []);
    assert_eq!(of(TileKind::Entries).last().unwrap().to_string(), "tile/entries/273.p/112");
    assert_eq!(TileId::all_hashes(size).count(), 274 + 2 + 1);
}

#[test]
fn tiles_of_every_small_tree_hold_each_stored_hash_once() {
    for size in (0..600).chain([65_535, 65_536, 65_537]) {
        let rows: MemoryRows = (0..size as u32).map(|leaf| leaf_hash(&leaf.to_be_bytes())).collect();
        for row in 0..4 {
            let mut next = 0;
            for tile in TileId::all_of(hashes(row), rows.size()) {
                assert_eq!((tile.row(), tile.range().start), (row, next), "size {size}");
                assert!(tile.is_within(rows.size()));
                next = tile.range().end;
            }
            assert_eq!(next, rows.row(row).len() as u64, "row {row} of size {size}");
        }
    }
}

#[test]
fn a_tile_is_within_a_tree_that_has_all_of_it() {
    let check = |path: &str, size, expected| {
        let tile: TileId = path.parse().unwrap();
        assert_eq!(tile.is_within(TreeSize(size)), expected, "{path} in {size}");
    };
    check("tile/0/000.p/1", 0, false);
    check("tile/0/000.p/1", 1, true);
    check("tile/0/000.p/3", 2, false);
    check("tile/0/000.p/3", 300, true);
    check("tile/0/000", 255, false);
    check("tile/0/000", 256, true);
    check("tile/1/000.p/1", 255, false);
    check("tile/1/000.p/1", 256, true);
    check("tile/7/000.p/255", u64::MAX, true);
    check("tile/7/000", u64::MAX, false);
    check("tile/8/000.p/1", u64::MAX, false);
    check("tile/entries/001.p/2", 258, true);
    check("tile/entries/001.p/2", 257, false);
    assert_eq!(TileId::at(hashes(0), 1, TreeSize(256)), None);
    assert_eq!(TileId::at(hashes(0), u64::MAX, TreeSize(256)), None);
    assert_eq!(TileId::at(hashes(8), 0, TreeSize(u64::MAX)), None);
}

#[test]
fn bundles_carry_entries_of_any_allowed_length() {
    let longest = vec![7; ENTRY_LEN_MAX];
    let entries: [&[u8]; 4] = [b"", b"a", &longest, b"\xff\0"];
    let bytes = EntryBundle::encode(entries).unwrap();
    assert_eq!(bytes.len(), 4 * 2 + 1 + ENTRY_LEN_MAX + 2);
    assert_eq!(EntryBundle::decode(&bytes).unwrap(), entries);
    assert_eq!(EntryBundle::decode(&[]).unwrap(), [[0u8; 0]; 0]);
}

#[test]
fn a_bundle_refuses_what_it_cannot_carry_and_stays_as_it_was() {
    let mut bundle = EntryBundle::new();
    assert!(bundle.is_empty());
    assert_eq!(bundle.push(&vec![0; ENTRY_LEN_MAX + 1]), Err(BundleError::EntryTooLong(ENTRY_LEN_MAX + 1)));
    for _ in 0..TILE_WIDTH {
        bundle.push(b"x").unwrap();
    }
    assert_eq!(bundle.push(b"x"), Err(BundleError::Full));
    assert_eq!((bundle.len(), bundle.is_empty()), (TILE_WIDTH, false));
    assert_eq!(EntryBundle::decode(&bundle.into_bytes()).unwrap().len(), 256);
}

#[test]
fn a_torn_bundle_is_not_read() {
    let bytes = EntryBundle::encode(["ab", "cd"]).unwrap();
    let check =
        |len: usize, expected| assert_eq!(EntryBundle::decode(&bytes[..len]), expected, "{len} bytes");
    check(1, Err(BundleError::Torn(0)));
    check(2, Err(BundleError::Torn(0)));
    check(3, Err(BundleError::Torn(0)));
    check(4, Ok(vec![b"ab"]));
    check(5, Err(BundleError::Torn(1)));
    check(7, Err(BundleError::Torn(1)));
    assert_eq!(EntryBundle::decode(&[0; 2 * 257]), Err(BundleError::Full));
}
