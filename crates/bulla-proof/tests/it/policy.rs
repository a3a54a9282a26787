//! Policies: the text format, and which notes they trust.

use bulla_proof::{
    Algorithm, Checkpoint, CosignerKey, Note, NoteError, POLICY_LEN_MAX, Policy, PolicyError, SignerKey,
    TreeSize, leaf_hash,
};

const ORIGIN: &str = "log.example/audit";

fn log() -> SignerKey {
    SignerKey::from_seed(ORIGIN, [1; 32]).unwrap()
}

fn witness(number: u8) -> CosignerKey {
    CosignerKey::from_seed(&format!("w{number}.example"), Algorithm::Ed25519Cosignature, [number; 32])
        .unwrap()
}

fn checkpoint() -> Checkpoint {
    Checkpoint::new(ORIGIN, TreeSize(7), leaf_hash(b"root")).unwrap()
}

/// Checkpoint of the log, cosigned by these witnesses.
fn note(witnesses: &[u8]) -> Note {
    let mut note = Note::parse(checkpoint().sign(&[&log()]).as_bytes()).unwrap();
    for number in witnesses {
        note =
            note.with_signature(witness(*number).cosign(&checkpoint(), 1000 + u64::from(*number))).unwrap();
    }
    note
}

fn text_of(note: &Note) -> Vec<u8> {
    note.to_string().into_bytes()
}

/// A policy of the log, witnesses W1 to W4, and these lines.
fn policy(lines: &str) -> Result<Policy, String> {
    let mut text = format!("log {} https://log.example/\n", log().verifier_key());
    for number in 1..=4 {
        text += &format!("witness W{number} {}\n", witness(number + 10).verifier_key());
    }
    (text + lines).parse().map_err(|error: bulla_proof::PolicyParseError| error.to_string())
}

#[test]
fn quorums_count_each_witness_once() {
    let lines = "group pair 2 W1 W2 W3\ngroup both all pair W4\nquorum both\n";
    let policy = policy(lines).unwrap();
    for subset in 0..16u8 {
        let present: Vec<u8> = (1..=4).filter(|number| subset >> (number - 1) & 1 == 1).collect();
        let cosigned: Vec<u8> = present.iter().map(|number| number + 10).collect();
        let of_pair = present.iter().filter(|number| **number <= 3).count();
        let trusted = policy.verify(&text_of(&note(&cosigned)));
        assert_eq!(trusted.is_ok(), of_pair >= 2 && present.contains(&4), "{present:?}");
        match trusted {
            Ok(trusted) => {
                let names: Vec<_> = trusted.witness_times().iter().map(|by| by.name.clone()).collect();
                assert_eq!(names, present.iter().map(|number| format!("W{number}")).collect::<Vec<_>>());
                assert!(trusted.witness_times().iter().all(|by| (1011..=1014).contains(&by.time)));
            }
            Err(error) => {
                let expected =
                    PolicyError::QuorumNotMet { quorum: "both".to_string(), present: present.len() };
                assert_eq!(error, expected);
            }
        }
    }
}

#[test]
fn any_all_and_a_single_witness_make_a_quorum() {
    let check = |lines, cosigned: &[u8], expected| {
        let trusted = policy(lines).unwrap().verify(&text_of(&note(cosigned)));
        assert_eq!(trusted.is_ok(), expected, "{lines:?} by {cosigned:?}");
    };
    check("quorum none\n", &[], true);
    check("quorum W1\n", &[], false);
    check("quorum W1\n", &[11], true);
    check("quorum W1\n", &[12], false);
    check("group g any W1 W2\nquorum g\n", &[], false);
    check("group g any W1 W2\nquorum g\n", &[12], true);
    check("group g all W1 W2\nquorum g\n", &[12], false);
    check("group g all W1 W2\nquorum g\n", &[12, 11], true);
    check("group g 1 W1\ngroup h 1 g\nquorum h\n", &[11], true);
    check("quorum W1\n", &[99, 98, 11, 97], true);
}

#[test]
fn the_latest_time_of_a_witness_counts() {
    let mut twice = note(&[]);
    for time in [5, 9, 7] {
        twice = twice.with_signature(witness(11).cosign(&checkpoint(), time)).unwrap();
    }
    let trusted = policy("quorum W1").unwrap().verify(&text_of(&twice)).unwrap();
    let times: Vec<_> = trusted.witness_times().iter().map(|by| by.time).collect();
    assert_eq!(times, [9]);
}

#[test]
fn sixteen_unknown_lines_around_the_known_ones_change_nothing() {
    let strangers: Vec<SignerKey> =
        (0..16).map(|seed| SignerKey::from_seed("grease.example", [seed; 32]).unwrap()).collect();
    let text = checkpoint().to_text();
    let mut lines: Vec<_> = strangers.iter().map(|key| key.sign_note("something else\n")).collect();
    lines.insert(3, witness(11).cosign(&checkpoint(), 5));
    lines.insert(12, log().sign_note(&text));
    let note = Note::new(text, lines).unwrap();
    assert_eq!(policy("quorum W1").unwrap().verify(&text_of(&note)).unwrap().note(), &note);
}

#[test]
fn a_note_not_to_be_trusted_is_refused_with_the_reason() {
    let policy = policy("quorum none").unwrap();
    let check = |note: &[u8], expected: PolicyError| assert_eq!(policy.verify(note), Err(expected));
    check(b"", PolicyError::Note(NoteError::NoSeparator));
    let unsigned = Note::new(checkpoint().to_text(), vec![witness(11).cosign(&checkpoint(), 1)]).unwrap();
    check(&text_of(&unsigned), PolicyError::NotSignedByLog { origin: ORIGIN.to_string() });
    let stranger = SignerKey::from_seed(ORIGIN, [9; 32]).unwrap();
    check(
        checkpoint().sign(&[&stranger]).as_bytes(),
        PolicyError::NotSignedByLog { origin: ORIGIN.to_string() },
    );
    let other = Checkpoint::new("other.example", TreeSize(7), leaf_hash(b"root")).unwrap();
    check(other.sign(&[&log()]).as_bytes(), PolicyError::UnknownLog { origin: "other.example".to_string() });
    let no_checkpoint = Note::new("text\n", vec![log().sign_note("text\n")]).unwrap();
    assert!(matches!(policy.verify(&text_of(&no_checkpoint)), Err(PolicyError::Checkpoint(_))));
    let forged = Note::new(checkpoint().to_text(), vec![log().sign_note("text\n")]).unwrap();
    let refused = policy.verify(&text_of(&forged));
    assert!(matches!(refused, Err(PolicyError::Note(NoteError::BadSignature { .. }))), "{refused:?}");
}

#[test]
fn a_key_of_one_log_does_not_vouch_for_another() {
    let other = SignerKey::from_seed("other.example", [2; 32]).unwrap();
    let text = format!("log {}\nlog {}\nquorum none\n", log().verifier_key(), other.verifier_key());
    let policy: Policy = text.parse().unwrap();
    assert_eq!(policy.logs().len(), 2);
    assert!(policy.verify(checkpoint().sign(&[&log()]).as_bytes()).is_ok());
    let refused = policy.verify(checkpoint().sign(&[&other]).as_bytes());
    assert_eq!(refused, Err(PolicyError::NotSignedByLog { origin: ORIGIN.to_string() }));
}

#[test]
fn any_of_several_keys_of_a_log_is_enough() {
    let (old, new) = (log(), SignerKey::from_seed(ORIGIN, [3; 32]).unwrap());
    let policy = Policy::log_keys([old.verifier_key(), new.verifier_key()]);
    for keys in [vec![&old], vec![&new], vec![&old, &new]] {
        assert!(policy.verify(checkpoint().sign(&keys).as_bytes()).is_ok());
    }
}

#[test]
fn a_bad_line_of_a_witness_outside_the_quorum_spoils_the_note() {
    let mut spoiled = note(&[11]);
    let other = Checkpoint::new(ORIGIN, TreeSize(8), leaf_hash(b"root")).unwrap();
    spoiled = spoiled.with_signature(witness(12).cosign(&other, 5)).unwrap();
    let refused = policy("quorum W1").unwrap().verify(&text_of(&spoiled));
    assert!(matches!(refused, Err(PolicyError::Note(NoteError::BadSignature { .. }))), "{refused:?}");
}

#[test]
fn a_signature_this_build_cannot_verify_is_not_taken_for_a_forgery() {
    let unknown = "w.example+01234567+/wEC";
    let text = format!("log {}\nwitness w {unknown}\nquorum w\n", log().verifier_key());
    let policy: Policy = text.parse().unwrap();
    let mut note = note(&[]);
    let not_met = PolicyError::QuorumNotMet { quorum: "w".to_string(), present: 0 };
    assert_eq!(policy.verify(&text_of(&note)), Err(not_met));
    note = note.with_signature("— w.example ASNFZwA=".parse().unwrap()).unwrap();
    let unsupported =
        PolicyError::Unsupported { name: "w.example".to_string(), algorithm: Algorithm::Unknown(0xff) };
    assert_eq!(policy.verify(&text_of(&note)), Err(unsupported));
    let log_unknown = format!("{ORIGIN}+01234567+/wEC");
    let unsigned =
        Note::new(checkpoint().to_text(), vec![format!("— {ORIGIN} ASNFZwA=").parse().unwrap()]).unwrap();
    let unsupported =
        PolicyError::Unsupported { name: ORIGIN.to_string(), algorithm: Algorithm::Unknown(0xff) };
    let policy: Policy = format!("log {log_unknown}\nquorum none\n").parse().unwrap();
    assert_eq!(policy.verify(&text_of(&unsigned)), Err(unsupported));
    // Where the line could not have decided, a forger gains nothing by adding it.
    let text = format!(
        "log {}\nwitness w {unknown}\nwitness v {}\ngroup g all w v\nquorum g\n",
        log().verifier_key(),
        witness(11).verifier_key()
    );
    let not_met = PolicyError::QuorumNotMet { quorum: "g".to_string(), present: 0 };
    assert_eq!(text.parse::<Policy>().unwrap().verify(&text_of(&note)), Err(not_met));
}

#[test]
fn blank_lines_comments_tabs_and_a_missing_last_newline_are_fine() {
    let key = witness(1).verifier_key();
    let text = format!(
        "\n  # comment ä\n\t\nlog\t {} \t https://x/ \n#x\n witness é {key} u\nquorum  é ",
        log().verifier_key()
    );
    let policy: Policy = text.parse().unwrap();
    assert_eq!(policy.logs()[0].url(), Some("https://x/"));
    assert_eq!(policy.logs()[0].key(), &log().verifier_key());
    let witness = &policy.witnesses()[0];
    assert_eq!((witness.name(), witness.key(), witness.url()), ("é", &key, Some("u")));
}

#[test]
fn what_is_not_a_policy_is_refused_with_its_line() {
    let check = |lines: &str, line: usize, problem: &str| {
        let error = policy(lines).unwrap_err();
        // Five lines come before those of the case.
        assert!(error.starts_with(&format!("read policy, line {}: ", line + 5)), "{error}");
        assert!(error.contains(problem), "{error}");
    };
    check("", 0, "no quorum line");
    check("quorum none\nquorum none\n", 2, "earlier quorum");
    check("quorum nobody\n", 1, "nobody is not defined");
    check("quorum W1 W2\n", 1, "too few or too many");
    check("\n\nquorum\n", 3, "too few or too many");
    check("group g any\nquorum g\n", 1, "all, any, or 1 to 0");
    check("group g 0 W1\nquorum g\n", 1, "1 to 1");
    check("group g 3 W1 W2\nquorum g\n", 1, "1 to 2");
    check("group g 01 W1 W2\nquorum g\n", 1, "1 to 2");
    check("group g some W1 W2\nquorum g\n", 1, "1 to 2");
    check("group g any W9\nquorum g\n", 1, "W9 is not defined");
    check("group g any g\nquorum g\n", 1, "g is not defined");
    check("group g any none\nquorum g\n", 1, "none is not defined");
    check("group g any W1 W1\nquorum g\n", 1, "already a member");
    check("group g any W1\ngroup h any W1\nquorum h\n", 2, "already a member");
    check("group W1 any W2\nquorum W1\n", 1, "W1 is defined");
    check("group none any W2\nquorum none\n", 1, "none cannot name");
    check("quorum g\ngroup g any W1\n", 1, "g is not defined");
    check("Quorum none\n", 1, "is not one of");
    check("quorum none\r\n", 1, "control characters");
    check("quorum none\x7f\n", 1, "control characters");
    check("quorum\u{a0}none\n", 1, "is not one of");
    check("log\n", 1, "too few or too many");
    check("log not-a-key\n", 1, "expected name+id+base64");
    check(&format!("log {}\n", log().verifier_key()), 1, "earlier log");
    check(&format!("log {}\n", witness(1).verifier_key()), 1, "a witness's");
    check(&format!("witness x {}\n", log().verifier_key()), 1, "a log's");
    check(&format!("witness x {}\n", witness(11).verifier_key()), 1, "earlier witness");
    check(&format!("witness W1 {}\n", witness(1).verifier_key()), 1, "W1 is defined");
    check(&format!("witness none {}\n", witness(1).verifier_key()), 1, "none cannot name");
    let renamed = CosignerKey::from_seed("renamed", Algorithm::Ed25519Cosignature, [11; 32]).unwrap();
    check(&format!("witness x {}\n", renamed.verifier_key()), 1, "earlier witness");
}

#[test]
fn a_problem_in_a_policy_has_the_number_of_its_line() {
    let line_of = |text: &str| text.parse::<Policy>().unwrap_err().line();
    let log = log().verifier_key();
    assert_eq!(line_of(&format!("log {log}\n\nquorom none\n")), 3);
    assert_eq!(line_of(&format!("log {log}\n# none\n")), 2, "a quorum is missing from the end");
}

#[test]
fn a_policy_beyond_the_limit_is_refused() {
    let longest = format!("quorum none\n#{}", "x".repeat(POLICY_LEN_MAX - 13));
    assert!(longest.parse::<Policy>().is_ok());
    let refused = format!("{longest}x").parse::<Policy>().unwrap_err();
    assert!(refused.to_string().contains("longer than"), "{refused}");
}
