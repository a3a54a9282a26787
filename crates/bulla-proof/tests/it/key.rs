//! Key strings: their one form, and what their ids bind.

use base64ct::{Base64, Encoding};
use bulla_proof::{Algorithm, CosignerKey, KeyError, SignerKey, VerifierKey};

const VERIFIER: &str = "log.example/audit+86617d36+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
const SIGNER: &str = "PRIVATE+KEY+log.example/audit+86617d36+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

fn verifier(text: &str) -> Result<VerifierKey, KeyError> {
    text.parse()
}

#[test]
fn what_is_not_a_verifier_key_is_refused() {
    let mismatch = |actual| KeyError::IdMismatch { expected: 0x8661_7d36, actual };
    let check = |text: &str, expected| assert_eq!(verifier(text), Err(expected), "{text:?}");
    check("", KeyError::Form);
    check("log.example/audit", KeyError::Form);
    check("log.example/audit+86617d36", KeyError::Form);
    check(&VERIFIER.replace("log", " log"), KeyError::Name);
    check(&VERIFIER.replace("log", "l\u{2009}og"), KeyError::Name);
    check(&VERIFIER.replace("log.example/audit", ""), KeyError::Name);
    check(&VERIFIER.replace("log.example/audit", &"a".repeat(256)), KeyError::Name);
    check(&VERIFIER.replace("86617d36", "86617D36"), KeyError::Id);
    check(&VERIFIER.replace("86617d36", "6617d36"), KeyError::Id);
    check(&VERIFIER.replace("86617d36", "086617d36"), KeyError::Id);
    check(&VERIFIER.replace("86617d36", "+6617d36"), KeyError::Id);
    check(&VERIFIER.replace("86617d36", "86617d37"), mismatch(0x8661_7d37));
    check(&format!("{VERIFIER}\n"), KeyError::Base64);
    check(&format!("{VERIFIER}="), KeyError::Base64);
    check(&format!("{VERIFIER}+"), KeyError::Base64);
    check("log.example/audit+86617d36+", KeyError::Base64);
    check("log.example/audit+86617d36+AQ==", KeyError::Key(Algorithm::Ed25519));
    check("log.example/audit+86617d36+AR==", KeyError::Base64);
    assert!(matches!(verifier(&VERIFIER.replace("log.", "lag.")), Err(KeyError::IdMismatch { .. })));
    check(SIGNER, KeyError::Id);
}

#[test]
fn weak_and_impossible_public_keys_are_refused() {
    let mut identity = [0; 32];
    identity[0] = 1;
    for weak in [identity, [0; 32], [0xff; 32]] {
        for algorithm in [Algorithm::Ed25519, Algorithm::Ed25519Cosignature] {
            assert_eq!(VerifierKey::new("a", algorithm, &weak), Err(KeyError::Key(algorithm)));
        }
    }
    for len in [0, 31, 33, 1311, 1313] {
        let refused = VerifierKey::new("a", Algorithm::MlDsa44, &vec![0; len]);
        assert_eq!(refused, Err(KeyError::Key(Algorithm::MlDsa44)), "{len} bytes");
    }
}

#[test]
fn keys_of_unknown_algorithms_are_kept_and_verify_nothing() {
    for byte in [0x00, 0x02, 0x03, 0x05, 0x07, 0xfa, 0xff] {
        // Ids of unknown algorithms are taken as they are: ECDSA's, for one, are derived in another way.
        let text = format!("a.example+01234567+{}", Base64::encode_string(&[byte, 1, 2, 3]));
        let key = verifier(&text).unwrap();
        assert_eq!((key.algorithm(), key.key_id()), (Algorithm::Unknown(byte), 0x0123_4567));
        assert_eq!((key.public_bytes(), key.is_supported()), ([1, 2, 3].as_slice(), false));
        assert_eq!(key.to_string(), text);
        let line = format!("— a.example {}", Base64::encode_string(&[1, 0x23, 0x45, 0x67, 9]));
        assert!(key.verify("text\n", &line.parse().unwrap()).is_err());
    }
}

#[test]
fn an_algorithm_is_its_byte() {
    for byte in 0..=255 {
        assert_eq!(Algorithm::from_byte(byte).byte(), byte);
    }
    let disguised = VerifierKey::new("a", Algorithm::Unknown(1), &[0; 32]);
    assert_eq!(disguised, Err(KeyError::Key(Algorithm::Ed25519)));
}

#[test]
fn what_is_not_a_signer_key_is_refused() {
    let check =
        |text: &str, expected| assert_eq!(text.parse::<SignerKey>().unwrap_err(), expected, "{text:?}");
    check(VERIFIER, KeyError::Form);
    check(&SIGNER.replace("PRIVATE+KEY", "PRIVATE KEY"), KeyError::Form);
    check(&SIGNER.replace("PRIVATE", "private"), KeyError::Form);
    check(&format!("{SIGNER} "), KeyError::Base64);
    check(&SIGNER[..SIGNER.len() - 4], KeyError::Key(Algorithm::Ed25519));
    let mismatch = KeyError::IdMismatch { expected: 0x8661_7d36, actual: 0x8661_7d35 };
    check(&SIGNER.replace("86617d36", "86617d35"), mismatch);
    let witness = CosignerKey::from_seed("w", Algorithm::Ed25519Cosignature, [1; 32]).unwrap();
    check(&witness.to_secret_string(), KeyError::WrongAlgorithm(Algorithm::Ed25519Cosignature));
    let refused = SIGNER.parse::<CosignerKey>().unwrap_err();
    assert_eq!(refused, KeyError::WrongAlgorithm(Algorithm::Ed25519));
}

#[test]
fn names_that_could_break_a_line_make_no_key() {
    let long = "a".repeat(256);
    for name in ["", " ", "a b", "a+b", "a\nb", "a\tb", "a\0b", "a\u{85}b", "a\u{2028}b", "a\u{3000}b", &long]
    {
        assert_eq!(SignerKey::from_seed(name, [1; 32]).unwrap_err(), KeyError::Name, "{name:?}");
    }
    for name in ["a", "é", "例え.example/ログ", &long[..255]] {
        let key = SignerKey::from_seed(name, [1; 32]).unwrap();
        assert_eq!(key.verifier_key().to_string().parse(), Ok(key.verifier_key()));
        assert_eq!(key.to_secret_string().parse::<SignerKey>().unwrap().name(), name);
    }
}

#[test]
fn secrets_do_not_show_when_printed_for_debugging() {
    let signer = SignerKey::from_seed("log.example", [0x5a; 32]).unwrap();
    let witness = CosignerKey::from_seed("w.example", Algorithm::Ed25519Cosignature, [0x5a; 32]).unwrap();
    assert_eq!(format!("{signer:?}"), "SignerKey(log.example, hidden)");
    assert_eq!(format!("{witness:#?}"), "CosignerKey(w.example, hidden)");
    assert_eq!(
        format!("{:?}", verifier(VERIFIER).unwrap()),
        "VerifierKey(log.example/audit+86617d36, Ed25519)"
    );
}

#[test]
fn a_witness_key_goes_by_the_name_it_was_made_with() {
    let witness = CosignerKey::from_seed("w.example", Algorithm::Ed25519Cosignature, [1; 32]).unwrap();
    assert_eq!(witness.name(), "w.example");
    assert_eq!(witness.to_secret_string().parse::<CosignerKey>().unwrap().name(), "w.example");
}
