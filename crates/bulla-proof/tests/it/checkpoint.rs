//! Checkpoints and cosignatures: their one form, and what signatures cover.

use base64ct::{Base64, Encoding};
use bulla_proof::{
    Algorithm, Checkpoint, CheckpointError, CosignerKey, LeafIndex, SignatureError, TIME_MAX, TreeSize,
    empty_root, leaf_hash,
};

const ROOT: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

#[test]
fn a_checkpoint_prints_what_it_was_read_from() {
    let check = |text: &str, size, extensions: &[&str]| {
        let read = Checkpoint::parse(text).unwrap();
        assert_eq!((read.origin(), read.size(), read.root()), ("log.example", TreeSize(size), empty_root()));
        assert_eq!(read.extensions(), extensions);
        assert_eq!(read.to_text(), text);
    };
    check(&format!("log.example\n0\n{ROOT}\n"), 0, &[]);
    check(&format!("log.example\n18446744073709551615\n{ROOT}\n"), u64::MAX, &[]);
    check(&format!("log.example\n7\n{ROOT}\none\ntwo three\n"), 7, &["one", "two three"]);
}

#[test]
fn what_is_not_a_checkpoint_is_refused() {
    let check = |text: &str, expected| assert_eq!(Checkpoint::parse(text), Err(expected), "{text:?}");
    check("", CheckpointError::Lines);
    check("\n", CheckpointError::Lines);
    check("log.example\n1\n", CheckpointError::Lines);
    check(&format!("log.example\n1\n{ROOT}"), CheckpointError::Lines);
    check(&format!("\n1\n{ROOT}\n"), CheckpointError::Origin);
    check(&format!("{}\n1\n{ROOT}\n", "a".repeat(256)), CheckpointError::Origin);
    check(&format!("a\tb\n1\n{ROOT}\n"), CheckpointError::Origin);
    for size in ["", "01", "00", "+1", "-1", " 1", "1 ", "1\r", "0x1", "1e3", "18446744073709551616"] {
        check(&format!("log.example\n{size}\n{ROOT}\n"), CheckpointError::Size);
    }
    for root in
        ["", "AAAA", &ROOT[..43], &ROOT.replace("U=", "V="), &ROOT.replace('+', "-"), &format!("{ROOT}\r")]
    {
        check(&format!("log.example\n1\n{root}\n"), CheckpointError::Root);
    }
    check(&format!("log.example\n1\n{ROOT}\n\n"), CheckpointError::Extension);
    check(&format!("log.example\n1\n{ROOT}\none\n\ntwo\n"), CheckpointError::Extension);
    check(&format!("log.example\n1\n{ROOT}\none\r\n"), CheckpointError::Extension);
}

#[test]
fn lines_cannot_be_smuggled_into_a_checkpoint() {
    for origin in ["", "a\nb", "a\rb", "a\0", &"a".repeat(256)] {
        let refused = Checkpoint::new(origin, TreeSize(1), empty_root());
        assert_eq!(refused, Err(CheckpointError::Origin), "{origin:?}");
    }
    for line in ["", "a\nb", "\n"] {
        let checkpoint = Checkpoint::new("log.example", TreeSize(1), empty_root()).unwrap();
        assert_eq!(checkpoint.with_extension(line), Err(CheckpointError::Extension), "{line:?}");
    }
}

fn checkpoint() -> Checkpoint {
    Checkpoint::new("log.example", TreeSize(7), leaf_hash(b"root")).unwrap()
}

fn cosigners() -> Vec<CosignerKey> {
    let make = |algorithm| CosignerKey::from_seed("w.example", algorithm, [3; 32]);
    let mut cosigners = vec![make(Algorithm::Ed25519Cosignature).unwrap()];
    cosigners.extend(make(Algorithm::MlDsa44).ok());
    cosigners
}

#[test]
fn a_cosignature_covers_time_origin_size_and_root() {
    let other = |origin: &str, size, root: &[u8]| {
        Checkpoint::new(origin, TreeSize(size), leaf_hash(root)).unwrap().to_text()
    };
    for cosigner in cosigners() {
        let (key, text) = (cosigner.verifier_key(), checkpoint().to_text());
        for time in [0, 1, 1_700_000_000, TIME_MAX] {
            let line = cosigner.cosign(&checkpoint(), time);
            assert_eq!(key.verify(&text, &line), Ok(Some(time)));
            for changed in [
                other("lag.example", 7, b"root"),
                other("log.example", 8, b"root"),
                other("log.example", 7, b"r"),
            ] {
                assert_eq!(key.verify(&changed, &line), Err(SignatureError::Mismatch), "{changed}");
            }
        }
    }
}

#[test]
fn a_cosignature_with_any_bit_of_its_time_changed_is_refused() {
    for cosigner in cosigners() {
        let (key, text) = (cosigner.verifier_key(), checkpoint().to_text());
        let made = cosigner.cosign(&checkpoint(), 1_700_000_000);
        for bit in 0..64 {
            let mut blob = [&made.key_id().to_be_bytes(), made.signature()].concat();
            blob[4 + bit / 8] ^= 1 << (bit % 8);
            let line = format!("— w.example {}", Base64::encode_string(&blob));
            assert!(key.verify(&text, &line.parse().unwrap()).is_err(), "bit {bit}");
        }
    }
}

#[test]
fn a_time_beyond_the_limit_is_not_read() {
    for cosigner in cosigners() {
        let made = cosigner.cosign(&checkpoint(), TIME_MAX);
        let blob = [&made.key_id().to_be_bytes()[..], &(TIME_MAX + 1).to_be_bytes(), &made.signature()[8..]]
            .concat();
        let line = format!("— w.example {}", Base64::encode_string(&blob)).parse().unwrap();
        let refused = cosigner.verifier_key().verify(&checkpoint().to_text(), &line);
        assert_eq!(refused, Err(SignatureError::Form));
    }
}

#[test]
#[should_panic(expected = "the latest time a cosignature can carry")]
fn a_time_beyond_the_limit_is_not_cosigned() {
    cosigners()[0].cosign(&checkpoint(), TIME_MAX + 1);
}

#[test]
fn extension_lines_are_covered_by_ed25519_and_not_by_ml_dsa() {
    let extended = checkpoint().with_extension("more").unwrap();
    for cosigner in cosigners() {
        let line = cosigner.cosign(&extended, 1);
        let without = cosigner.verifier_key().verify(&checkpoint().to_text(), &line);
        let expected = match cosigner.algorithm() {
            Algorithm::MlDsa44 => Ok(Some(1)),
            _ => Err(SignatureError::Mismatch),
        };
        assert_eq!(without, expected);
    }
}

#[test]
fn a_seed_makes_keys_of_cosigner_algorithms_only() {
    for algorithm in [Algorithm::Ed25519, Algorithm::Unknown(5)] {
        assert!(CosignerKey::from_seed("w.example", algorithm, [3; 32]).is_err());
    }
    assert_eq!(cosigners().len(), if cfg!(feature = "ml-dsa") { 2 } else { 1 });
}

#[test]
fn coordinates_print_as_their_numbers() {
    assert_eq!(format!("{:>5}|{}", LeafIndex::from(7), TreeSize::from(8)), "    7|8");
}
