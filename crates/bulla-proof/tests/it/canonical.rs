//! The law of every reader here: what is read prints as the bytes it was read from, and nothing makes one panic.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use bulla_proof::{
    Algorithm, Checkpoint, CosignerKey, EntryBundle, Hash, LeafIndex, Note, NoteSignature, Policy, ProofFile,
    SignerKey, TileId, TileKind, TreeSize, VerifierKey, leaf_hash,
};
use proptest::prelude::*;

fn prints_as_read<T: Display + Debug, E>(read: Result<T, E>, bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(read) = read {
        let printed = read.to_string().into_bytes();
        prop_assert_eq!(printed, bytes, "{:?}", read);
    }
    Ok(())
}

fn string_prints_as_read<T: FromStr + Display + Debug>(bytes: &[u8]) -> Result<(), TestCaseError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => prints_as_read(text.parse::<T>(), bytes),
        Err(_) => Ok(()),
    }
}

/// Every reader on the same bytes.
fn all_hold(bytes: &[u8]) -> Result<(), TestCaseError> {
    prints_as_read(Note::parse(bytes), bytes)?;
    prints_as_read(ProofFile::parse(bytes), bytes)?;
    string_prints_as_read::<NoteSignature>(bytes)?;
    string_prints_as_read::<VerifierKey>(bytes)?;
    string_prints_as_read::<TileId>(bytes)?;
    if let Ok(text) = std::str::from_utf8(bytes) {
        prints_as_read(Checkpoint::parse(text), bytes)?;
        let _ = text.parse::<Policy>();
        if let Ok(key) = text.parse::<SignerKey>() {
            prop_assert_eq!(key.to_secret_string(), text);
        }
        if let Ok(key) = text.parse::<CosignerKey>() {
            prop_assert_eq!(key.to_secret_string(), text);
        }
        if let Ok(hash) = Hash::from_base64(text) {
            prop_assert_eq!(hash.to_base64(), text);
        }
    }
    if let Ok(entries) = EntryBundle::decode(bytes) {
        prop_assert_eq!(EntryBundle::encode(entries).unwrap(), bytes);
    }
    Ok(())
}

/// One valid text of each format.
fn valid_texts() -> Vec<String> {
    let signer = SignerKey::from_seed("log.example", [1; 32]).unwrap();
    let witness = CosignerKey::from_seed("w.example", Algorithm::Ed25519Cosignature, [2; 32]).unwrap();
    let checkpoint = Checkpoint::new("log.example", TreeSize(3), leaf_hash(b"")).unwrap();
    let line = witness.cosign(&checkpoint, 1000);
    let note = format!("{}{line}\n", checkpoint.sign(&[&signer]));
    let file = ProofFile::new(LeafIndex(1), vec![leaf_hash(b"a"); 2], &note).unwrap().with_extra(vec![1, 2]);
    let tile = TileId::new(TileKind::Entries, 1_234_067, 17).unwrap();
    let policy = format!(
        "log {} url\nwitness w {}\ngroup g 1 w\nquorum g\n",
        signer.verifier_key(),
        witness.verifier_key()
    );
    let bundle = String::from_utf8(EntryBundle::encode(["ab", "c"]).unwrap()).unwrap();
    vec![
        note,
        file.to_string(),
        checkpoint.to_text(),
        line.to_string(),
        tile.to_string(),
        policy,
        signer.verifier_key().to_string(),
        signer.to_secret_string(),
        witness.to_secret_string(),
        leaf_hash(b"").to_base64(),
        bundle,
    ]
}

fn changed_text() -> impl Strategy<Value = Vec<u8>> {
    let replacement = prop_oneof![any::<u8>(), prop::sample::select(b"\n\r\t \0+=/0x1A\x7f".to_vec())];
    (prop::sample::select(valid_texts()), any::<prop::sample::Index>(), replacement, 0..3u8).prop_map(
        |(text, place, byte, how)| {
            let mut bytes = text.into_bytes();
            let place = place.index(bytes.len());
            match how {
                0 => bytes[place] = byte,
                1 => bytes.insert(place, byte),
                _ => drop(bytes.remove(place)),
            }
            bytes
        },
    )
}

#[test]
fn valid_texts_print_as_read() {
    for text in valid_texts() {
        all_hold(text.as_bytes()).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_texts_are_refused_or_print_as_read(bytes in changed_text()) {
        all_hold(&bytes)?;
    }

    #[test]
    fn arbitrary_bytes_are_refused_or_print_as_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        all_hold(&bytes)?;
    }

    #[test]
    fn notes_read_back(
        text in "([^\\x00-\\x1f]{0,20}\n){1,4}",
        lines in prop::collection::vec(("[^\\s+\\x00-\\x1f]{1,12}", prop::collection::vec(any::<u8>(), 5..90)), 1..20),
    ) {
        use base64ct::{Base64, Encoding};
        let lines: Vec<NoteSignature> = lines
            .into_iter()
            .map(|(name, blob)| format!("— {name} {}", Base64::encode_string(&blob)).parse().unwrap())
            .collect();
        let note = Note::new(text, lines).unwrap();
        prop_assert_eq!(Note::parse(note.to_string().as_bytes()), Ok(note));
    }

    #[test]
    fn checkpoints_read_back(
        origin in "[^\\x00-\\x1f]{1,60}",
        size in any::<u64>(),
        root in any::<[u8; 32]>(),
        extensions in prop::collection::vec("[^\\x00-\\x1f]{1,20}", 0..4),
    ) {
        let checkpoint = Checkpoint::new(origin, TreeSize(size), root.into()).unwrap();
        let checkpoint = extensions.into_iter().try_fold(checkpoint, Checkpoint::with_extension).unwrap();
        prop_assert_eq!(Checkpoint::parse(&checkpoint.to_text()), Ok(checkpoint));
    }

    #[test]
    fn tiles_read_back(level in 0..64u8, is_entries: bool, index in 0..1u64 << 55, width in 1..=256u16) {
        let kind = if is_entries { TileKind::Entries } else { TileKind::Hashes { level } };
        let tile = TileId::new(kind, index, width).unwrap();
        prop_assert_eq!(tile.to_string().parse(), Ok(tile));
    }
}
