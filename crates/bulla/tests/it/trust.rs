//! Whom verification trusts, and what a verdict says that it did not show.

use bulla::Verify;
use bulla::proof::{
    Algorithm, Checkpoint, CosignerKey, Finding, FindingKind, Policy, SignerKey, TreeSize, Verdict, leaf_hash,
};
use bulla_hostile::{Directory, Original, Shape};
use tempfile::TempDir;

use FindingKind::{CheckpointBadSignature, IdentityDamaged, KeyReplaced};

fn log() -> (TempDir, Directory, SignerKey) {
    let folder = tempfile::tempdir().unwrap();
    let shape = Shape { entries: 40, sessions: 2, segment_bytes: 1 << 20, seal: false, payloads: false };
    let original = Original::write(folder.path().join("audit"), shape);
    (folder, original.directory, original.key)
}

fn other(name: &str) -> SignerKey {
    SignerKey::from_seed(name, [9; 32]).unwrap()
}

fn of(log: &Directory) -> Verify<'static> {
    Verify::of(log.root())
}

fn kinds(verdict: &Verdict) -> Vec<FindingKind> {
    verdict.findings.iter().map(|finding| finding.kind).collect()
}

fn only(verdict: &Verdict, kind: FindingKind) -> &Finding {
    assert_eq!(kinds(verdict), [kind], "{:#?}", verdict.findings);
    &verdict.findings[0]
}

/// Beginnings of what is not proved beyond what never is.
fn not_proved(verdict: &Verdict) -> Vec<&str> {
    assert!(verdict.not_proved[0].starts_with("that what the entries say is true"));
    assert!(verdict.not_proved[1].starts_with("that the clock was right"));
    verdict.not_proved[2..].iter().map(|line| &line[..line.len().min(30)]).collect()
}

const OWN_KEY: &str = "that the key is the log's: it ";
const NO_KEY: &str = "that the checkpoints are this ";
const NOTHING_FROM_OUTSIDE: &str = "that this is not an older copy";
const TAIL: &str = "anything about the entries tha";

#[test]
fn a_verdict_says_what_it_rests_on() {
    let (_folder, log, key) = log();
    let newest = log.read("checkpoint");
    let verdict = of(&log).run().unwrap();
    assert_eq!(not_proved(&verdict), [OWN_KEY, NOTHING_FROM_OUTSIDE]);
    assert_eq!(
        verdict.checked,
        [
            "the bytes of 40 entries, and every hash in tree/",
            "the signatures of 2 checkpoints, and their order",
            "the roots of 2 checkpoints, against the entries"
        ]
    );
    let verdict = of(&log).key(key.verifier_key()).run().unwrap();
    assert_eq!(not_proved(&verdict), [NOTHING_FROM_OUTSIDE]);
    let verdict = of(&log).policy(Policy::log_key(key.verifier_key())).run().unwrap();
    assert_eq!(not_proved(&verdict), [NOTHING_FROM_OUTSIDE]);
    let verdict = of(&log).pin(newest).run().unwrap();
    assert_eq!(not_proved(&verdict), [OWN_KEY]);
    let notes = log.history();
    log.write("checkpoint", &notes[0]);
    log.write_history(&notes[..1]);
    let verdict = of(&log).run().unwrap();
    assert_eq!(not_proved(&verdict), [OWN_KEY, NOTHING_FROM_OUTSIDE, TAIL]);
    assert_eq!(verdict.checked[2], "the roots of 1 checkpoints, against the entries");
}

#[test]
fn without_a_key_the_entries_are_still_held_to_the_checkpoints() {
    let (_folder, log, key) = log();
    log.write("log.json", b"{");
    let verdict = of(&log).run().unwrap();
    let finding = only(&verdict, IdentityDamaged);
    assert!(!finding.repairable && finding.file.as_deref() == Some("log.json"), "{finding}");
    assert_eq!(not_proved(&verdict), [NO_KEY, NOTHING_FROM_OUTSIDE]);
    assert_eq!((verdict.origin.as_deref(), verdict.size), (None, TreeSize(40)));
    assert_eq!(
        verdict.checked,
        [
            "the bytes of 40 entries, and every hash in tree/",
            "the roots of 2 checkpoints, against the entries"
        ]
    );
    // With the key from elsewhere it can be written again.
    for verify in [of(&log).key(key.verifier_key()), of(&log).policy(Policy::log_key(key.verifier_key()))] {
        let verdict = verify.run().unwrap();
        assert!(only(&verdict, IdentityDamaged).repairable);
        assert_eq!(verdict.origin.as_deref(), Some(key.name()));
        assert_eq!(not_proved(&verdict), [NOTHING_FROM_OUTSIDE]);
    }
    log.edit("entries/00000000000000000000.jsonl", |bytes| bytes[1000] ^= 1);
    assert_eq!(kinds(&of(&log).run().unwrap()), [IdentityDamaged, FindingKind::LineChanged]);
}

#[test]
fn a_policy_names_the_keys_that_log_json_may_have() {
    let (_folder, log, key) = log();
    let own = key.verifier_key();
    // Among others, in any order.
    for keys in [
        [own.clone(), other("log.example/x").verifier_key()],
        [other("log.example/x").verifier_key(), own.clone()],
    ] {
        let verdict = of(&log).policy(Policy::log_keys(keys)).run().unwrap();
        assert!(verdict.is_clean(), "{:#?}", verdict.findings);
        assert_eq!(verdict.origin.as_deref(), Some(key.name()));
    }
    let strange = other("log.example/x").verifier_key();
    let verdict = of(&log).policy(Policy::log_key(strange.clone())).run().unwrap();
    assert_eq!(verdict.origin.as_deref(), Some("log.example/x"));
    let found = &verdict.findings;
    assert_eq!((found[0].kind, found[0].file.as_deref()), (KeyReplaced, Some("log.json")), "{found:#?}");
    assert!(found[0].message.ends_with("which the policy does not have"), "{}", found[0]);
    assert!(found.iter().any(|finding| finding.kind == CheckpointBadSignature), "{found:#?}");
    // A key that is given besides is what counts.
    let verdict = of(&log).policy(Policy::log_key(own.clone())).key(strange).run().unwrap();
    assert_eq!(verdict.findings.iter().filter(|finding| finding.kind == KeyReplaced).count(), 1);
    let verdict = of(&log).policy(Policy::log_key(own.clone())).key(own).run().unwrap();
    assert!(verdict.is_clean(), "{:#?}", verdict.findings);
}

#[test]
fn a_note_of_another_log_that_the_policy_trusts_too_is_not_of_this_one() {
    let (_folder, log, key) = log();
    let other = other("log.example/x");
    let policy = || Policy::log_keys([key.verifier_key(), other.verifier_key()]);
    let forged = Checkpoint::new(other.name(), TreeSize(30), leaf_hash(b"x")).unwrap().sign(&[&other]);
    let verdict = of(&log).policy(policy()).pin(forged).run().unwrap();
    let finding = only(&verdict, CheckpointBadSignature);
    assert!(finding.message.contains("it is of log log.example/x, not of"), "{finding}");
    // Named after this log, and signed by the other one.
    let forged = Checkpoint::new(key.name(), TreeSize(30), leaf_hash(b"x")).unwrap().sign(&[&other]);
    let mut notes = log.history();
    notes.insert(1, forged);
    log.write_history(&notes);
    let verdict = of(&log).policy(policy()).run().unwrap();
    let finding = only(&verdict, CheckpointBadSignature);
    assert!(finding.message.contains(&format!("not signed by a key of log {}", key.name())), "{finding}");
}

#[test]
fn witnesses_are_asked_of_the_newest_checkpoint_and_not_of_the_history() {
    let (_folder, log, key) = log();
    let witness = CosignerKey::from_seed("witness.example", Algorithm::Ed25519Cosignature, [3; 32]).unwrap();
    let text = format!("log {}\nwitness w {}\nquorum w\n", key.verifier_key(), witness.verifier_key());
    let policy = || text.parse::<Policy>().unwrap();
    let verdict = of(&log).policy(policy()).run().unwrap();
    let finding = only(&verdict, CheckpointBadSignature);
    assert_eq!((finding.file.as_deref(), finding.repairable), (Some("checkpoint"), true), "{finding}");
    assert_eq!(not_proved(&verdict), [] as [&str; 0]);
    let newest = String::from_utf8(log.read("checkpoint")).unwrap();
    let text = newest.split("\n\n").next().unwrap();
    let checkpoint = Checkpoint::parse(&format!("{text}\n")).unwrap();
    log.write("checkpoint", format!("{newest}{}\n", witness.cosign(&checkpoint, 1_700_000_000)));
    let verdict = of(&log).policy(policy()).run().unwrap();
    assert!(verdict.is_clean(), "{:#?}", verdict.findings);
    assert_eq!(not_proved(&verdict), [] as [&str; 0]);
}
