//! Key strings and policies: one form, one meaning, and no trust that nobody gave.

use std::collections::{HashMap, HashSet};

use bulla::proof::{
    Algorithm, Checkpoint, CosignerKey, Note, Policy, SignerKey, TreeSize, VerifierKey, empty_root,
};

use crate::notes::signer;

/// Each kind of key prints as it was read, and a secret one signs for its own public one.
pub(crate) fn key(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text, "a verifier key prints as it was read");
        let again =
            VerifierKey::new(key.name(), key.algorithm(), key.public_bytes()).expect("its parts are good");
        let is_unknown = matches!(key.algorithm(), Algorithm::Unknown(_));
        assert!(is_unknown || again == key, "the id of a key of a known kind follows from the key");
        let line = signer().sign_note("text\n");
        let is_ours = key == signer().verifier_key();
        assert_eq!(key.verify("text\n", &line).is_ok(), is_ours, "our signature is of our key");
    }
    if let Ok(key) = text.parse::<SignerKey>() {
        assert_eq!(key.to_secret_string(), text, "a signer key prints as it was read");
        let public = key.verifier_key();
        assert_eq!(public.to_string().parse().as_ref(), Ok(&public));
        assert_eq!(public.verify("text\n", &key.sign_note("text\n")), Ok(None));
        assert!(text.parse::<CosignerKey>().is_err(), "a log's key is no witness's");
        assert!(
            !format!("{key:?}").contains(&text[text.len() - 43..]),
            "a secret is not printed for debugging"
        );
    }
    if let Ok(key) = text.parse::<CosignerKey>() {
        assert_eq!(key.to_secret_string(), text, "a witness key prints as it was read");
        let public = key.verifier_key();
        assert_eq!(public.to_string().parse().as_ref(), Ok(&public));
        let checkpoint = Checkpoint::new("log.example", TreeSize(0), empty_root()).expect("a good origin");
        assert_eq!(public.verify(&checkpoint.to_text(), &key.cosign(&checkpoint, 7)), Ok(Some(7)));
    }
}

/// The witnesses whose secrets these laws know; the vectors name the first.
pub(crate) fn witnesses() -> [CosignerKey; 3] {
    let names = [("witness.example/w1", 2), ("w2", 3), ("w3", 4)];
    names.map(|(name, seed)| {
        CosignerKey::from_seed(name, Algorithm::Ed25519Cosignature, [seed; 32]).expect("the name is one")
    })
}

/// Comments and spacing mean nothing; a checkpoint is trusted exactly when its log signed it and those who cosigned are
/// the quorum, by a second reading of the policy.
pub(crate) fn policy(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let read = text.parse::<Policy>();
    let spaced: String =
        text.split_terminator('\n').map(|line| format!(" \t{line} \n# quorum none\n\n")).collect();
    assert_eq!(
        read.as_ref().ok(),
        spaced.parse::<Policy>().ok().as_ref(),
        "spaces and comments mean nothing"
    );
    let Ok(policy) = read else { return };
    let keys: Vec<String> = policy.logs().iter().map(|log| log.key().to_string()).collect();
    let written = keys.iter().all(|key| text.contains(key));
    assert!(written && policy.witnesses().iter().all(|witness| text.contains(&witness.key().to_string())));

    let checkpoint = Checkpoint::new("log.example/audit", TreeSize(0), empty_root()).expect("a good origin");
    let lines: Vec<_> = witnesses().iter().map(|witness| witness.cosign(&checkpoint, 7)).collect();
    let is_trusted = |by_log: bool, by: usize| {
        let log = by_log.then(|| signer().sign_note(&checkpoint.to_text()));
        let chosen = lines.iter().enumerate().filter(|(index, _)| by >> index & 1 == 1);
        let lines = log.into_iter().chain(chosen.map(|(_, line)| line.clone())).collect();
        let note = Note::new(checkpoint.to_text(), lines).expect("a small note");
        policy.verify(note.to_string().as_bytes()).is_ok()
    };
    let knows_log = policy.logs().iter().any(|log| *log.key() == signer().verifier_key());
    let known = witnesses().map(|witness| witness.verifier_key());
    for by in 0..8 {
        assert!(!is_trusted(false, by), "no log signed");
        let cosigned = |key: &VerifierKey| (0..3).any(|index| by >> index & 1 == 1 && known[index] == *key);
        let is_met = is_quorum_met(text, &policy, cosigned);
        assert_eq!(is_trusted(true, by), knows_log && is_met, "cosigned by {by:03b}");
    }
}

/// A second reading of a policy that was accepted: whether those who cosigned are its quorum.
fn is_quorum_met(text: &str, policy: &Policy, cosigned: impl Fn(&VerifierKey) -> bool) -> bool {
    let witnesses = policy.witnesses().iter().map(|witness| (witness.name(), cosigned(witness.key())));
    let mut met: HashMap<&str, bool> = witnesses.collect();
    met.insert("none", true);
    let mut quorum = None;
    for line in text.split('\n') {
        let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            ["group", name, threshold, members @ ..] => {
                let members: HashSet<&str> = members.iter().copied().collect();
                let needed = match *threshold {
                    "all" => members.len(),
                    "any" => 1,
                    number => number.parse().expect("an accepted number"),
                };
                assert!(
                    (1..=members.len()).contains(&needed),
                    "a quorum of nobody, or of more than there are"
                );
                met.insert(name, members.into_iter().filter(|member| met[member]).count() >= needed);
            }
            ["quorum", name] => quorum = Some(met[name]),
            _ => {}
        }
    }
    quorum.expect("an accepted policy has a quorum")
}
