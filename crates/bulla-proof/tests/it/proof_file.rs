//! Proof files: their one form, and what is found when something is changed.

use bulla_proof::{
    Algorithm, CheckError, Checkpoint, CheckpointError, CosignerKey, FindingKind, Hash, LeafIndex,
    MemoryRows, Note, PROOF_FILE_LEN_MAX, Policy, ProofFile, ProofFileError, SignerKey, empty_root,
    leaf_hash, prove_inclusion,
};

const ORIGIN: &str = "log.example/audit";

struct Log {
    entries: Vec<Vec<u8>>,
    rows: MemoryRows,
    signer: SignerKey,
    witness: CosignerKey,
}

impl Log {
    fn new(count: usize) -> Self {
        let entries: Vec<Vec<u8>> = (0..count).map(|seq| format!("entry {seq}").into_bytes()).collect();
        let rows = entries.iter().map(|entry| leaf_hash(entry)).collect();
        let signer = SignerKey::from_seed(ORIGIN, [1; 32]).unwrap();
        let witness = CosignerKey::from_seed("w.example", Algorithm::Ed25519Cosignature, [2; 32]).unwrap();
        Self { entries, rows, signer, witness }
    }

    fn note(&self) -> String {
        let checkpoint = Checkpoint::new(ORIGIN, self.rows.size(), self.rows.root()).unwrap();
        format!("{}{}\n", checkpoint.sign(&[&self.signer]), self.witness.cosign(&checkpoint, 1000))
    }

    fn proof(&self, seq: u64) -> ProofFile {
        let proof = prove_inclusion(&self.rows, LeafIndex(seq), self.rows.size()).unwrap();
        ProofFile::new(LeafIndex(seq), proof, &self.note()).unwrap()
    }

    fn policy(&self) -> Policy {
        let (log, witness) = (self.signer.verifier_key(), self.witness.verifier_key());
        format!("log {log}\nwitness w {witness}\nquorum w\n").parse().unwrap()
    }
}

#[test]
fn every_entry_of_a_small_log_is_proved_and_no_other_bytes_are() {
    let log = Log::new(11);
    let policy = log.policy();
    for seq in 0..11 {
        let file = ProofFile::parse(log.proof(seq).to_string().as_bytes()).unwrap();
        for (other, entry) in log.entries.iter().enumerate() {
            let verdict = file.check(entry, &policy).unwrap();
            assert_eq!(verdict.is_clean(), other as u64 == seq, "entry {other} with proof {seq}: {verdict}");
        }
        let verdict = file.check(b"entry 3 ", &policy).unwrap();
        let found: Vec<_> =
            verdict.findings.iter().map(|finding| (finding.kind, finding.first_seq)).collect();
        assert_eq!(found, [(FindingKind::EntryMismatch, Some(seq))]);
    }
}

#[test]
fn any_changed_bit_of_a_proof_file_is_found() {
    let log = Log::new(11);
    let policy = log.policy();
    let bytes = log.proof(6).to_string().into_bytes();
    for position in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[position] ^= 1 << bit;
            if let Ok(file) = ProofFile::parse(&changed) {
                assert_eq!(file.to_string().as_bytes(), changed, "read as something else");
                let verdict = file.check(b"entry 6", &policy).unwrap();
                assert!(!verdict.is_clean(), "byte {position} bit {bit}: {verdict}");
            }
        }
    }
}

#[test]
fn the_first_bytes_of_a_proof_file_are_not_one() {
    let log = Log::new(3);
    let bytes = log.proof(1).to_string().into_bytes();
    let whole_lines = [bytes.len(), bytes.len() - log.witness_line_len()];
    for len in (0..bytes.len()).filter(|len| !whole_lines.contains(len)) {
        assert!(ProofFile::parse(&bytes[..len]).is_err(), "{len} bytes");
    }
    let without_witness = ProofFile::parse(&bytes[..whole_lines[1]]).unwrap();
    let verdict = without_witness.check(b"entry 1", &log.policy()).unwrap();
    assert_eq!(verdict.findings[0].kind, FindingKind::CheckpointBadSignature);
}

impl Log {
    fn witness_line_len(&self) -> usize {
        self.note().lines().last().unwrap().len() + 1
    }
}

#[test]
fn what_is_found_has_the_kind_of_what_was_done() {
    let log = Log::new(5);
    let (policy, note) = (log.policy(), log.note());
    let hashes = log.proof(2).proof().to_vec();
    let check = |index, hashes: &[Hash], note: &str, expected| {
        let file = ProofFile::new(LeafIndex(index), hashes.to_vec(), note).unwrap();
        let verdict = file.check(b"entry 2", &policy).unwrap();
        let kinds: Vec<FindingKind> = verdict.findings.iter().map(|finding| finding.kind).collect();
        assert_eq!(kinds, expected);
    };
    check(2, &hashes, &note, vec![]);
    check(3, &hashes, &note, vec![FindingKind::EntryMismatch]);
    check(5, &hashes, &note, vec![FindingKind::ProofInvalid]);
    check(u64::MAX, &hashes, &note, vec![FindingKind::ProofInvalid]);
    check(2, &hashes[1..], &note, vec![FindingKind::ProofInvalid]);
    check(2, &[], &note, vec![FindingKind::ProofInvalid]);
    check(2, &hashes, &note.replace("\n5\n", "\n6\n"), vec![FindingKind::CheckpointBadSignature]);
    let text = "no checkpoint\n";
    let signed = Note::new(text, vec![log.signer.sign_note(text)]).unwrap().to_string();
    let refused = ProofFile::new(LeafIndex(2), hashes.clone(), &signed);
    assert_eq!(refused, Err(ProofFileError::Checkpoint(CheckpointError::Lines)));
}

#[test]
fn a_verdict_says_what_it_does_not_show() {
    let log = Log::new(2);
    let unwitnessed = Policy::log_key(log.signer.verifier_key());
    let verdict = log.proof(1).with_extra(b"more".to_vec()).check(b"entry 1", &unwitnessed).unwrap();
    assert!(verdict.is_clean());
    let says = |words: &str| verdict.not_proved.iter().any(|line| line.contains(words));
    assert!(says("is true") && says("no witness") && says("extra data"), "{verdict:?}");
    let verdict = log.proof(1).check(b"entry 1", &log.policy()).unwrap();
    assert_eq!(verdict.not_proved.len(), 1);
    assert!(verdict.checked.iter().any(|line| line.contains("cosigned by w")));
}

#[test]
fn a_signature_this_build_cannot_verify_is_no_verdict() {
    let log = Log::new(2);
    let key = "x.example+01234567+/wEC";
    let policy: Policy =
        format!("log {}\nwitness x {key}\nquorum x\n", log.signer.verifier_key()).parse().unwrap();
    let hashes = log.proof(1).proof().to_vec();
    let note = format!("{}— x.example ASNFZwA=\n", log.note());
    let file = ProofFile::new(LeafIndex(1), hashes, &note).unwrap();
    let expected =
        CheckError::Unsupported { name: "x.example".to_string(), algorithm: Algorithm::Unknown(0xff) };
    assert_eq!(file.check(b"entry 1", &policy), Err(expected));
}

#[test]
fn extra_data_is_carried_and_no_data_is_no_line() {
    let log = Log::new(1);
    let file = log.proof(0).with_extra(vec![0, 255]);
    assert!(file.to_string().starts_with("c2sp.org/tlog-proof@v1\nextra AP8=\nindex 0\n\nlog.example"));
    let read = ProofFile::parse(file.to_string().as_bytes()).unwrap();
    assert_eq!(read.extra(), Some([0, 255].as_slice()));
    assert_eq!(log.proof(0).with_extra(vec![]), log.proof(0));
}

#[test]
fn what_is_not_a_proof_file_is_refused() {
    let hash = empty_root().to_base64();
    let note = format!("a\n1\n{hash}\n\n— a.example AAAAAQA=\n");
    let check = |text: String, expected: ProofFileError| {
        assert_eq!(ProofFile::parse(text.as_bytes()), Err(expected), "{text:?}");
    };
    let first = "c2sp.org/tlog-proof@v1";
    check(String::new(), ProofFileError::FirstLine);
    check(first.to_string(), ProofFileError::FirstLine);
    check(format!("{first} \nindex 0\n\n{note}"), ProofFileError::FirstLine);
    check(format!("{first}\r\nindex 0\n\n{note}"), ProofFileError::FirstLine);
    check(format!("\n{first}\nindex 0\n\n{note}"), ProofFileError::FirstLine);
    check(format!("c2sp.org/tlog-proof@v2\nindex 0\n\n{note}"), ProofFileError::FirstLine);
    for extra in ["", "A", "AA", "AB==", "AAA", "A-8=", " AP8=", "AP8= "] {
        check(format!("{first}\nextra {extra}\nindex 0\n\n{note}"), ProofFileError::Extra);
    }
    for index in ["", " ", "00", "01", "+0", "-0", "0 ", "0\r", "18446744073709551616"] {
        check(format!("{first}\nindex {index}\n\n{note}"), ProofFileError::Index);
    }
    check(format!("{first}\n"), ProofFileError::Index);
    check(format!("{first}\nindex0\n\n{note}"), ProofFileError::Index);
    check(format!("{first}\nextra AP8=\nextra AP8=\nindex 0\n\n{note}"), ProofFileError::Index);
    check(format!("{first}\nindex 0\nextra AP8=\n\n{note}"), ProofFileError::Hashes);
    check(format!("{first}\nindex 0\n{hash}"), ProofFileError::Hashes);
    check(format!("{first}\nindex 0\n{hash}=\n\n{note}"), ProofFileError::Hashes);
    check(format!("{first}\nindex 0\n{}\n\n{note}", &hash[..43]), ProofFileError::Hashes);
    let second_blank = ProofFile::parse(format!("{first}\nindex 0\n\n{hash}\n{hash}\n\n{note}").as_bytes());
    assert_eq!(second_blank, Err(ProofFileError::Checkpoint(CheckpointError::Size)));
    let too_many = format!("{hash}\n").repeat(65);
    check(format!("{first}\nindex 0\n{too_many}\n{note}"), ProofFileError::Hashes);
    assert!(ProofFile::parse(format!("{first}\nindex 0\n\n").as_bytes()).is_err());
    assert!(ProofFile::parse(format!("{first}\nindex 0\n\n{note}\n").as_bytes()).is_err());
    assert_eq!(ProofFile::parse(&vec![b'a'; PROOF_FILE_LEN_MAX + 1]), Err(ProofFileError::TooLong));
    assert_eq!(ProofFile::parse(b"c2sp.org/tlog-proof@v1\n\xff"), Err(ProofFileError::NotText));
    let most = format!("{hash}\n").repeat(64);
    assert!(ProofFile::parse(format!("{first}\nindex 0\n{most}\n{note}").as_bytes()).is_ok());
    assert!(ProofFile::new(LeafIndex(0), vec![empty_root(); 65], &note).is_err());
}

#[test]
fn a_proof_file_as_long_as_the_limit_is_read_and_no_longer_one() {
    let log = Log::new(1);
    let with_extra = |len: usize| log.proof(0).with_extra(vec![7; len]).to_string();
    // Base64 writes three bytes as four characters, so the index fills up what is left.
    let index = |digits: u32| format!("index {}\n", 10u64.pow(digits - 1));
    let text = with_extra((PROOF_FILE_LEN_MAX - with_extra(3).len()) / 4 * 3);
    let missing = PROOF_FILE_LEN_MAX - text.len();
    let longest = text.replacen("index 0\n", &index(1 + missing as u32), 1);
    assert_eq!(longest.len(), PROOF_FILE_LEN_MAX);
    let read = ProofFile::parse(longest.as_bytes()).unwrap();
    assert_eq!(read.index(), LeafIndex(10u64.pow(missing as u32)));
    let longer = text.replacen("index 0\n", &index(2 + missing as u32), 1);
    assert_eq!(ProofFile::parse(longer.as_bytes()), Err(ProofFileError::TooLong));
}

#[test]
fn a_checkpoint_that_is_not_trusted_is_kept_as_evidence() {
    let log = Log::new(3);
    let other = SignerKey::from_seed(ORIGIN, [9; 32]).unwrap();
    let verdict = log.proof(1).check(b"entry 1", &Policy::log_key(other.verifier_key())).unwrap();
    assert_eq!(verdict.findings[0].kind, FindingKind::CheckpointBadSignature);
    assert_eq!(verdict.findings[0].evidence, [log.note()]);
}
