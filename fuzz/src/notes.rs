//! Signed notes and checkpoints: they are read only in the form in which they are printed, and believed only when signed.

use bulla::proof::{Checkpoint, Note, NoteSignature, Policy, SignerKey};

/// The key that signs in these laws and in `spec/vectors`.
pub(crate) fn signer() -> SignerKey {
    SignerKey::from_seed("log.example/audit", [1; 32]).expect("the name is one")
}

/// A note prints as it was read and is made again from its parts; it is believed exactly when a known key signed.
pub(crate) fn note(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(line) = text.parse::<NoteSignature>()
    {
        assert_eq!(line.to_string(), text, "a signature line prints as it was read");
    }
    let Ok(note) = Note::parse(data) else { return };
    assert_eq!(note.to_string().as_bytes(), data, "a note prints as it was read");
    assert!(note.text().ends_with('\n') && !note.signatures().is_empty());
    assert!(note.text().bytes().all(|byte| byte >= b' ' || byte == b'\n'));
    assert_eq!(Note::new(note.text(), note.signatures().to_vec()).as_ref(), Ok(&note), "parts make the note");
    assert_eq!(note.verify(&[]), Ok(Vec::new()), "nobody is known, so nobody signed");
    check_belief(&note);
}

/// One more good line makes the note believed, unless a bad line of the same key is in it.
fn check_belief(note: &Note) {
    let key = signer();
    let known = key.verifier_key();
    let before = note.verify(&[&known]);
    let Ok(signed) = note.clone().with_signature(key.sign_note(note.text())) else { return };
    match (before, signed.verify(&[&known])) {
        (Ok(before), Ok(after)) => {
            assert_eq!(after.len(), before.len() + 1, "a good line is one more believed line");
            assert!(after.iter().all(|by| by.key == &known && by.time.is_none()));
        }
        (Err(_), Err(_)) => {}
        (before, after) => panic!("{before:?} became {after:?} by a good line"),
    }
    let other = format!("{}x\n", note.text());
    let Ok(moved) = Note::new(other, vec![key.sign_note(note.text())]) else { return };
    assert!(moved.verify(&[&known]).is_err(), "a signature holds for its own text only");
}

/// A checkpoint prints as it was read, is made again from its parts, and is trusted exactly when its log signed it.
pub(crate) fn checkpoint(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(read) = Checkpoint::parse(text) else { return };
    assert_eq!(read.to_text(), text, "a checkpoint prints as it was read");
    assert_eq!(text.lines().count(), 3 + read.extensions().len(), "each part is a line");
    let again = Checkpoint::new(read.origin(), read.size(), read.root()).expect("its origin is one");
    let again =
        read.extensions().iter().try_fold(again, Checkpoint::with_extension).expect("so are its lines");
    assert_eq!(again, read, "parts make the checkpoint");

    let Ok(key) = SignerKey::from_seed(read.origin(), [1; 32]) else { return };
    let policy = Policy::log_key(key.verifier_key());
    let Ok(note) = Note::new(read.to_text(), vec![key.sign_note(text)]) else { return };
    let trusted = policy.verify(note.to_string().as_bytes()).expect("its own key signed it");
    assert_eq!(trusted.checkpoint(), &read);
    let stranger = SignerKey::from_seed(read.origin(), [2; 32]).expect("the name is one");
    let note =
        Note::new(read.to_text(), vec![stranger.sign_note(text)]).expect("a note as long as the other");
    assert!(policy.verify(note.to_string().as_bytes()).is_err(), "a key of the same name is not the key");
}
