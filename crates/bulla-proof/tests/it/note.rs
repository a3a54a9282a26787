//! Notes: their one form, and which signatures are believed.

use bulla_proof::{
    NOTE_LEN_MAX, Note, NoteError, NoteSignature, SIGNATURES_MAX, SignatureError, SignerKey, VerifierKey,
};

const LINE: &str = "— a.example AAAAAQA=";

fn signer(name: &str, seed: u8) -> SignerKey {
    SignerKey::from_seed(name, [seed; 32]).unwrap()
}

fn signed(text: &str, keys: &[&SignerKey]) -> Note {
    Note::new(text, keys.iter().map(|key| key.sign_note(text)).collect()).unwrap()
}

fn line(text: &str) -> NoteSignature {
    text.parse().unwrap()
}

#[test]
fn a_note_is_split_at_its_last_blank_line() {
    let check = |note: String, text: &str, signatures: usize| {
        let parsed = Note::parse(note.as_bytes()).unwrap();
        assert_eq!((parsed.text(), parsed.signatures().len()), (text, signatures));
        assert_eq!(parsed.to_string(), note);
    };
    check(format!("a\n\n{LINE}\n"), "a\n", 1);
    check(format!("a\n\n{LINE}\n{LINE}\n"), "a\n", 2);
    check(format!("a\n\nb\n\n{LINE}\n"), "a\n\nb\n", 1);
    check(format!("a\n\n\n{LINE}\n"), "a\n\n", 1);
    check(format!("a\n\n{LINE}\n\n{LINE}\n"), &format!("a\n\n{LINE}\n"), 1);
    check(format!("\n\n{LINE}\n"), "\n", 1);
    check(format!("é — 🦀\n\n{LINE}\n"), "é — 🦀\n", 1);
}

#[test]
fn what_is_not_a_note_is_refused() {
    let check =
        |note: &str, expected: NoteError| assert_eq!(Note::parse(note.as_bytes()), Err(expected), "{note:?}");
    check("", NoteError::NoSeparator);
    check("a\n", NoteError::NoSeparator);
    check("a\n\n", NoteError::NoSeparator);
    check(&format!("a\n{LINE}\n"), NoteError::NoSeparator);
    check(&format!("\n{LINE}\n"), NoteError::NoSeparator);
    check(&format!("a\n\n{LINE}"), NoteError::NoSeparator);
    check(&format!("a\n\n{LINE}\n\n"), NoteError::NoSeparator);
    check(&format!("a\n\n{LINE}\n{LINE}x\n"), NoteError::SignatureLine(2));
    check(&format!("a\r\n\r\n{LINE}\r\n"), NoteError::NotText);
    check(&format!("a\r\n\n{LINE}\n"), NoteError::NotText);
    check(&format!("a\n\n{LINE}\r\n"), NoteError::NotText);
    check(&format!("a\tb\n\n{LINE}\n"), NoteError::NotText);
    check(&format!("a\0\n\n{LINE}\n"), NoteError::NotText);
    check(&format!("a\x1b[2J\n\n{LINE}\n"), NoteError::NotText);
    assert_eq!(Note::parse(b"a\xff\n\n"), Err(NoteError::NotText));
    assert_eq!(Note::parse(&vec![b'a'; NOTE_LEN_MAX + 1]), Err(NoteError::TooLong));
}

#[test]
fn a_signature_line_has_one_form() {
    for refused in [
        "",
        "— a.example",
        "— a.example ",
        "—  AAAAAQA=",
        "—a.example AAAAAQA=",
        "-- a.example AAAAAQA=",
        "- a.example AAAAAQA=",
        "– a.example AAAAAQA=",
        " — a.example AAAAAQA=",
        "— a.example  AAAAAQA=",
        "— a.example AAAAAQA= ",
        "— a.example AAAAAQA= x",
        "— a+example AAAAAQA=",
        "— a\u{a0}example AAAAAQA=",
        "— a\u{2003}example AAAAAQA=",
        "— a.example AAAAAQA",
        "— a.example AAAAAQB=",
        "— a.example AAAAAQ==",
        "— a.example AAAA",
        "— a.example AAAA-QA=",
        "— a.example ====",
    ] {
        assert!(refused.parse::<NoteSignature>().is_err(), "{refused:?}");
    }
    let read = line(LINE);
    assert_eq!((read.name(), read.key_id(), read.signature()), ("a.example", 1, [0].as_slice()));
    assert_eq!(read.to_string(), LINE);
}

#[test]
fn as_many_signatures_as_the_limit_are_read_and_no_more() {
    let note = |count| format!("a\n\n{}", format!("{LINE}\n").repeat(count));
    assert_eq!(Note::parse(note(SIGNATURES_MAX).as_bytes()).unwrap().signatures().len(), SIGNATURES_MAX);
    let too_many = Note::parse(note(SIGNATURES_MAX + 1).as_bytes());
    assert_eq!(too_many, Err(NoteError::TooManySignatures));
    let full = Note::parse(note(SIGNATURES_MAX).as_bytes()).unwrap();
    assert_eq!(full.with_signature(line(LINE)), Err(NoteError::TooManySignatures));
}

#[test]
fn a_note_beyond_the_limits_is_not_made() {
    let rest = format!("\n\n{LINE}\n").len();
    let longest = "a".repeat(NOTE_LEN_MAX - rest) + "\n";
    let note = Note::new(longest.as_str(), vec![line(LINE)]).unwrap();
    assert_eq!(Note::parse(note.to_string().as_bytes()), Ok(note));
    assert_eq!(Note::new(longest + "\n", vec![line(LINE)]), Err(NoteError::TooLong));
    assert!(Note::new("a\n", vec![line(LINE); SIGNATURES_MAX]).is_ok());
    assert_eq!(Note::new("a\n", vec![line(LINE); SIGNATURES_MAX + 1]), Err(NoteError::TooManySignatures));
}

#[test]
fn a_text_that_is_none_is_not_put_into_a_note() {
    for refused in ["", "a", "a\nb", "a\tb\n", "a\r\n", "\0\n"] {
        assert!(Note::new(refused, vec![]).is_err(), "{refused:?}");
    }
}

#[test]
fn known_keys_are_found_in_any_order_among_unknown_ones() {
    let (a, b, stranger) = (signer("a.example", 1), signer("b.example", 2), signer("c.example", 3));
    let (key_a, key_b) = (a.verifier_key(), b.verifier_key());
    let note = signed("text\n", &[&stranger, &b, &stranger, &a, &stranger]);
    let verified = note.verify(&[&key_a, &key_b]).unwrap();
    let names: Vec<_> = verified.iter().map(|signature| (signature.key.name(), signature.time)).collect();
    assert_eq!(names, [("b.example", None), ("a.example", None)]);
    assert_eq!(note.verify(&[]), Ok(vec![]));
}

#[test]
fn a_key_is_known_by_name_and_id_together() {
    let (key, same_name) = (signer("a.example", 1), signer("a.example", 2));
    let known = key.verifier_key();
    let note = signed("text\n", &[&same_name]);
    assert_eq!(note.verify(&[&known]), Ok(vec![]), "the same name with another id is unknown");
    let id = hex_id(known.key_id());
    let note = note.with_signature(line(&format!("— other.example {id}"))).unwrap();
    assert_eq!(note.verify(&[&known]), Ok(vec![]), "the same id with another name is unknown");
}

/// A line's base64 with this key id and one byte of signature.
fn hex_id(key_id: u32) -> String {
    use base64ct::{Base64, Encoding};
    Base64::encode_string(&[&key_id.to_be_bytes()[..], &[0]].concat())
}

#[test]
fn one_bad_line_of_a_known_key_spoils_the_note() {
    let (a, b) = (signer("a.example", 1), signer("b.example", 2));
    let (key_a, key_b) = (a.verifier_key(), b.verifier_key());
    let good = signed("text\n", &[&a]);
    for forged in [b.sign_note("other text\n"), line(&format!("— b.example {}", hex_id(key_b.key_id())))] {
        let note = good.clone().with_signature(forged).unwrap();
        assert_eq!(
            note.verify(&[&key_a]).unwrap().len(),
            1,
            "to who does not know b, its line means nothing"
        );
        let refused = note.verify(&[&key_a, &key_b]);
        assert!(
            matches!(&refused, Err(NoteError::BadSignature { name, .. }) if name == "b.example"),
            "{refused:?}"
        );
    }
    let twice = good.with_signature(a.sign_note("other text\n")).unwrap();
    assert!(twice.verify(&[&key_a]).is_err(), "a good line does not excuse a bad one by the same key");
}

#[test]
fn a_signature_is_of_one_text_and_one_key() {
    let (a, b) = (signer("a.example", 1), signer("b.example", 2));
    let key: VerifierKey = a.verifier_key();
    let made = a.sign_note("text\n");
    assert_eq!(key.verify("text\n", &made), Ok(None));
    assert_eq!(key.verify("text", &made), Err(SignatureError::Mismatch));
    assert_eq!(key.verify("text\n\n", &made), Err(SignatureError::Mismatch));
    assert_eq!(key.verify("text\n", &b.sign_note("text\n")), Err(SignatureError::OtherKey));
    let short = line(&format!("— a.example {}", hex_id(key.key_id())));
    assert_eq!(key.verify("text\n", &short), Err(SignatureError::Form));
}
