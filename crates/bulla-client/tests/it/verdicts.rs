//! Logs of which nothing is wrong, and those that are other than what is known of them.

use bulla_client::{Progress, Verify, VerifyError};
use bulla_proof::{Checkpoint, FindingKind, Policy, SignerKey, TreeSize, Verdict, check_consistency};

use crate::fake_log::{Answer, FakeServer, Files, ORIGIN, line, signer};

pub(crate) fn kinds(verdict: &Verdict) -> Vec<FindingKind> {
    verdict.findings.iter().map(|finding| finding.kind).collect()
}

#[test]
fn a_log_of_any_size_is_clean() {
    for size in [1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 66_000] {
        let server = FakeServer::of(Files::of(size));
        let client = server.client();
        for connections in [1, 4] {
            let verify = Verify::of(&client).connections(connections.try_into().unwrap());
            let verdict = verify.run().unwrap();
            assert!(verdict.is_clean(), "{verdict}");
            assert_eq!(verdict.size.get(), size);
            assert_eq!(verdict.origin.as_deref(), Some(ORIGIN));
        }
    }
}

#[test]
fn a_verdict_says_whose_word_the_key_is() {
    let server = FakeServer::of(Files::of(3));
    let client = server.client();
    let says_so =
        |verdict: &Verdict| verdict.not_proved.iter().any(|line| line.contains("taken from the server"));
    assert!(says_so(&Verify::of(&client).run().unwrap()));
    let key = signer().verifier_key();
    assert!(!says_so(&Verify::of(&client).key(key.clone()).run().unwrap()));
    assert!(!says_so(&Verify::of(&client).policy(Policy::log_key(key)).run().unwrap()));
}

#[test]
fn a_log_continues_what_was_pinned_of_it() {
    let files = Files::of(700);
    let server = FakeServer::of(files);
    let client = server.client();
    let mut verify = Verify::of(&client);
    let sizes = [0, 1, 100, 255, 256, 257, 511, 512, 513, 699, 700];
    for size in sizes {
        verify = verify.pin(Files::of(size).checkpoint());
    }
    let verdict = verify.run().unwrap();
    assert!(verdict.is_clean(), "{verdict}");
    let roots = format!("the roots of {} checkpoints, against the entries", sizes.len() + 1);
    assert!(verdict.checked.contains(&roots), "{:?}", verdict.checked);
}

#[test]
fn a_log_that_is_older_than_a_pin_was_rolled_back() {
    let server = FakeServer::of(Files::of(300));
    let pin = Files::of(301).checkpoint();
    let verdict = Verify::of(&server.client()).pin(pin.clone()).run().unwrap();
    assert_eq!(kinds(&verdict), [FindingKind::RolledBack]);
    assert_eq!(verdict.findings[0].evidence[0].as_bytes(), pin);

    let server = FakeServer::of(Files::of(300).without("/checkpoint"));
    let verdict = Verify::of(&server.client()).pin(pin).run().unwrap();
    assert_eq!(kinds(&verdict), [FindingKind::RolledBack]);
}

#[test]
fn a_log_with_another_history_than_a_pin_is_a_fork() {
    let forked = |size: u64| Files::of_lines((0..size).map(|seq| line(seq).replace("act", "other")));
    for (size, pinned) in [(300, 300), (300, 1), (300, 256), (300, 257), (600, 511), (66_000, 65_600)] {
        let server = FakeServer::of(Files::of(size));
        let pin = forked(pinned).checkpoint();
        let verdict = Verify::of(&server.client()).pin(pin.clone()).run().unwrap();
        assert_eq!(kinds(&verdict), [FindingKind::Fork], "{pinned} of {size}: {verdict}");
        assert_eq!(verdict.findings[0].evidence[0].as_bytes(), pin);
        assert_eq!(verdict.findings[0].evidence.len(), 2);
    }
}

#[test]
fn another_key_than_the_one_known_is_found() {
    let server = FakeServer::of(Files::of(3));
    let client = server.client();
    let other = SignerKey::from_seed(ORIGIN, [8; 32]).unwrap().verifier_key();
    for verify in [Verify::of(&client).key(other.clone()), Verify::of(&client).policy(Policy::log_key(other))]
    {
        let verdict = verify.run().unwrap();
        assert_eq!(kinds(&verdict), [FindingKind::KeyReplaced, FindingKind::CheckpointBadSignature]);
    }
    let other = SignerKey::from_seed("another.example", [8; 32]).unwrap().verifier_key();
    let verdict = Verify::of(&client).key(other).run().unwrap();
    assert_eq!(kinds(&verdict), [FindingKind::KeyReplaced, FindingKind::CheckpointBadSignature]);
}

#[test]
fn a_pin_of_another_key_shows_that_the_servers_key_is_not_the_one() {
    let server = FakeServer::of(Files::of(3));
    let other = SignerKey::from_seed(ORIGIN, [8; 32]).unwrap();
    let root = bulla_proof::leaf_hash(line(0).as_bytes());
    let pin = bulla_proof::Checkpoint::new(ORIGIN, bulla_proof::TreeSize(1), root).unwrap().sign(&[&other]);
    let verdict = Verify::of(&server.client()).pin(pin).run().unwrap();
    assert_eq!(kinds(&verdict), [FindingKind::CheckpointBadSignature]);
}

#[test]
fn what_was_signed_and_is_no_entry_of_its_place_is_found() {
    let check = |changed: u64, line_there: String, expected: FindingKind| {
        let lines = (0..600).map(|seq| if seq == changed { line_there.clone() } else { line(seq) });
        let server = FakeServer::of(Files::of_lines(lines));
        let verdict = Verify::of(&server.client()).run().unwrap();
        assert_eq!(kinds(&verdict), [expected], "{line_there}: {verdict}");
        assert_eq!(verdict.findings[0].first_seq, Some(changed));
    };
    check(5, line(6), FindingKind::SeqWrong);
    check(300, "text".to_owned(), FindingKind::SeqWrong);
    check(300, String::new(), FindingKind::SeqWrong);
    check(300, "[]".to_owned(), FindingKind::SeqWrong);
    check(300, line(300).replace("2026", "2025"), FindingKind::RecordedAtWrong);
    check(256, line(256).replace("2026", "2025"), FindingKind::RecordedAtWrong);
}

#[test]
fn a_log_that_grows_is_no_alarm() {
    // Every fetch of the checkpoint after the first finds a larger log; tiles of both are there.
    let (small, large) = (Files::of(300), Files::of(700));
    let mut both = large.clone();
    both.0.extend(small.0.clone().into_iter().filter(|(path, _)| path != "/checkpoint"));
    let asked = std::sync::atomic::AtomicU32::new(0);
    let server = FakeServer::start(move |request| {
        let path = request.line.trim_start_matches("GET ");
        if path == "/checkpoint" && asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0 {
            return Answer::ok(small.checkpoint());
        }
        both.0.get(path).map_or_else(Answer::not_found, |body| Answer::ok(body.clone()))
    });
    let client = server.client();
    for size in [300, 700] {
        let verdict = Verify::of(&client).run().unwrap();
        assert!(verdict.is_clean() && verdict.size.get() == size, "{verdict}");
    }
}

#[test]
fn what_cannot_be_found_out_is_an_error() {
    let server = FakeServer::of(Files::of(3));
    let client = server.client();
    let error = Verify::of(&client).pin("no checkpoint").run().unwrap_err();
    assert!(matches!(error, VerifyError::Pin { number: 1, .. }), "{error}");
    server.serve(Files::of(3).without("/checkpoint"));
    let error = Verify::of(&client).run().unwrap_err();
    assert!(matches!(error, VerifyError::NothingPublished), "{error}");
    server.serve(Files::of(3).without("/log.json"));
    let error = Verify::of(&client).run().unwrap_err();
    assert!(matches!(error, VerifyError::Client(_)), "{error}");
    let verdict = Verify::of(&client).key(signer().verifier_key()).run().unwrap();
    assert!(verdict.is_clean(), "with a key, the server need not name one: {verdict}");
}

#[test]
fn progress_ends_at_the_end() {
    let server = FakeServer::of(Files::of(600));
    let seen = std::cell::RefCell::new(Vec::new());
    let note = |progress: Progress| seen.borrow_mut().push(progress.entries_done);
    assert!(Verify::of(&server.client()).progress(&note).run().unwrap().is_clean());
    assert_eq!(seen.into_inner(), [0, 256, 512, 600]);
}

#[test]
fn consistency_is_proved_from_the_tiles() {
    for new in [1, 2, 256, 257, 600, 66_000] {
        let files = Files::of(new);
        let server = FakeServer::of(files.clone());
        let root = |files: &Files| {
            let note = String::from_utf8(files.checkpoint()).unwrap();
            let text = note.split("\n\n").next().unwrap();
            Checkpoint::parse(&format!("{text}\n")).unwrap().root()
        };
        for old in [0, 1, 2, 255, 256, 257, 512, 599, 65_535, 65_536, 65_900, new] {
            if old > new {
                continue;
            }
            let (old_size, new_size) = (TreeSize(old), TreeSize(new));
            let proof = server.client().consistency(old_size, new_size).unwrap();
            let checked =
                check_consistency(old_size, new_size, &proof, &root(&Files::of(old)), &root(&files));
            assert_eq!(checked, Ok(()), "{old} in {new}");
        }
        assert!(server.client().consistency(TreeSize(new + 1), TreeSize(new)).is_err());
    }
}
