//! Byte-exact vectors that independent implementations verified.

use base64ct::{Base64, Encoding};
use bulla_proof::{
    Algorithm, Checkpoint, CosignerKey, EntryBundle, Hash, LeafIndex, MemoryRows, Note, Policy, ProofFile,
    SignerKey, TreeSize, VerifierKey, check_consistency, empty_root, leaf_hash, prove_consistency,
    prove_inclusion,
};
use sha2::{Digest, Sha256};

const ORIGIN: &str = "log.example/audit";
const LEAVES: [&str; 3] = ["", "a", "audit event 2"];
const TIME: u64 = 1_700_000_000;

const VERIFIER: &str = "log.example/audit+86617d36+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
const SIGNER: &str = "PRIVATE+KEY+log.example/audit+86617d36+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
const WITNESS: &str = "witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X";

const CHECKPOINT: &str = "log.example/audit
3
VWJeq/eELNM2M98yl0fyyDrr+HdaFmK+ckQfl5wULwY=

— log.example/audit hmF9Nom4OD1Fbve9PGxTir+6toHaGBEYyXeDPQ0eBT7z2d1Q8P13xas8gXJ5rPwJZepjeaTI7hX7X0nC2rKRBG/o8As=
";
const COSIGNATURE: &str = "— witness.example/w1 IDJKvgAAAABlU/EAWSl6CQsV1FFKirpQIQ+SQdXZioi2WANjHqGyV+kn6ozyC+hQdvkEezfinV6B66l9iQmeYIMhyf/l2td4b/amAw==";

const PROOF_START: &str = "c2sp.org/tlog-proof@v1
index 1
bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=
xJPk+nGPIIVUViOwoOJpQxesuUqiePQXt7IKsrCRUDQ=

";

fn seed(first: u8) -> [u8; 32] {
    core::array::from_fn(|i| first + i as u8)
}

fn signer() -> SignerKey {
    SignerKey::from_seed(ORIGIN, seed(0x00)).unwrap()
}

fn witness() -> CosignerKey {
    CosignerKey::from_seed("witness.example/w1", Algorithm::Ed25519Cosignature, seed(0x20)).unwrap()
}

fn rows() -> MemoryRows {
    LEAVES.iter().map(|leaf| leaf_hash(leaf.as_bytes())).collect()
}

fn checkpoint() -> Checkpoint {
    Checkpoint::new(ORIGIN, rows().size(), rows().root()).unwrap()
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn keys_have_these_strings_and_ids() {
    assert_eq!(signer().verifier_key().to_string(), VERIFIER);
    assert_eq!(signer().to_secret_string(), SIGNER);
    assert_eq!(witness().verifier_key().to_string(), WITNESS);
    let read: VerifierKey = VERIFIER.parse().unwrap();
    assert_eq!(read, signer().verifier_key());
    assert_eq!((read.name(), read.key_id(), read.algorithm()), (ORIGIN, 0x8661_7d36, Algorithm::Ed25519));
    let public = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8";
    assert_eq!(hex(read.public_bytes()), public);
    let read: SignerKey = SIGNER.parse().unwrap();
    assert_eq!(read.to_secret_string(), SIGNER);
    let read: CosignerKey = witness().to_secret_string().parse().unwrap();
    assert_eq!(read.verifier_key(), witness().verifier_key());
}

#[test]
fn leaves_and_roots_have_these_hashes() {
    let rows = rows();
    let check = |hash: Hash, expected: &str| assert_eq!(hash.to_string(), expected);
    check(rows.row(0)[0], "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    check(rows.row(0)[1], "022a6979e6dab7aa5ae4c3e5e45f7e977112a7e63593820dbec1ec738a24f93c");
    check(rows.row(0)[2], "c493e4fa718f2085545623b0a0e2694317acb94aa278f417b7b20ab2b0915034");
    check(rows.root(), "55625eabf7842cd33633df329747f2c83aebf8775a1662be72441f979c142f06");
    assert_eq!(rows.root().to_base64(), "VWJeq/eELNM2M98yl0fyyDrr+HdaFmK+ckQfl5wULwY=");
    assert_eq!(empty_root().to_base64(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

#[test]
fn the_entry_bundle_has_these_bytes() {
    let bytes = EntryBundle::encode(LEAVES).unwrap();
    assert_eq!(hex(&bytes), "0000000161000d6175646974206576656e742032");
    assert_eq!(EntryBundle::decode(&bytes).unwrap(), LEAVES.map(str::as_bytes));
}

#[test]
fn the_signed_checkpoint_has_these_bytes() {
    assert_eq!(checkpoint().sign(&[&signer()]), CHECKPOINT);
    let trusted = Policy::log_key(VERIFIER.parse().unwrap()).verify(CHECKPOINT.as_bytes()).unwrap();
    assert_eq!((trusted.origin(), trusted.size(), trusted.root()), (ORIGIN, TreeSize(3), rows().root()));
    assert_eq!(trusted.note().to_string(), CHECKPOINT);
}

#[test]
fn the_cosignature_has_these_bytes() {
    let line = witness().cosign(&checkpoint(), TIME);
    assert_eq!(line.to_string(), COSIGNATURE);
    assert_eq!(line.signature().len(), 72);
    let key: VerifierKey = WITNESS.parse().unwrap();
    assert_eq!(key.verify(&checkpoint().to_text(), &line), Ok(Some(TIME)));
}

#[test]
fn the_proof_file_has_these_bytes_and_is_checked() {
    let note = format!("{CHECKPOINT}{COSIGNATURE}\n");
    let expected = format!("{PROOF_START}{note}");
    let hashes = prove_inclusion(&rows(), LeafIndex(1), TreeSize(3)).unwrap();
    let file = ProofFile::new(LeafIndex(1), hashes, &note).unwrap();
    assert_eq!(file.to_string(), expected);
    assert_eq!(ProofFile::parse(expected.as_bytes()), Ok(file.clone()));
    let policy: Policy = format!("log {VERIFIER}\nwitness w1 {WITNESS}\nquorum w1\n").parse().unwrap();
    let verdict = file.check(b"a", &policy).unwrap();
    assert!(verdict.is_clean(), "{verdict}");
    assert_eq!((verdict.origin.as_deref(), verdict.size), (Some(ORIGIN), TreeSize(3)));
}

#[test]
fn the_consistency_proof_has_these_hashes() {
    let proof = prove_consistency(&rows(), TreeSize(1), TreeSize(3)).unwrap();
    let lines: Vec<String> = proof.iter().map(Hash::to_base64).collect();
    assert_eq!(
        lines,
        ["Aippeebat6pa5MPl5F9+l3ESp+Y1k4INvsHsc4ok+Tw=", "xJPk+nGPIIVUViOwoOJpQxesuUqiePQXt7IKsrCRUDQ="]
    );
    let old_root = rows().row(0)[0];
    assert_eq!(check_consistency(TreeSize(1), TreeSize(3), &proof, &old_root, &rows().root()), Ok(()));
}

#[test]
fn the_origin_hash_of_witnesses_is_this() {
    let digest = Sha256::digest(ORIGIN);
    assert_eq!(hex(digest), "cbd6947f91d08f4fc904bb0987574379ac5e35b4aad20e968c683c236868c40a");
}

/// The example of the signed note specification.
#[test]
fn the_published_example_note_is_read_and_printed() {
    let text = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n";
    let line = "— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=";
    let whole = format!("{text}\n{line}\n");
    let note = Note::parse(whole.as_bytes()).unwrap();
    assert_eq!(note.text(), text);
    assert_eq!(note.signatures().len(), 1);
    assert_eq!(note.signatures()[0].name(), "quasimodo.example/salvatore");
    assert_eq!(note.to_string(), whole);
}

/// The example of the cosignature specification.
#[test]
fn the_published_example_cosignature_has_this_key_id_time_and_length() {
    let blob = "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==";
    assert_eq!(Base64::decode_vec(blob).unwrap().len(), 76);
    let line: bulla_proof::NoteSignature = format!("— witness.example.com/w1 {blob}").parse().unwrap();
    assert_eq!(line.key_id(), 0x8d66_cf3f);
    assert_eq!(line.signature().first_chunk().map(|time| u64::from_be_bytes(*time)), Some(1_679_315_147));
}

#[cfg(feature = "ml-dsa")]
mod ml_dsa {
    use super::*;

    fn post_quantum_witness() -> CosignerKey {
        CosignerKey::from_seed("witness.example/pq1", Algorithm::MlDsa44, seed(0x40)).unwrap()
    }

    #[test]
    fn the_key_has_this_hash_and_id() {
        let key = post_quantum_witness().verifier_key();
        assert_eq!((key.key_id(), key.public_bytes().len()), (0x45c2_2a66, 1312));
        let digest = hex(Sha256::digest(key.public_bytes()));
        assert_eq!(digest, "6c1c65071979225a139b3ec84688e2688ec30fabe8cc510cb688bc435f2d3cb9");
        assert_eq!(key.to_string().len(), 1781);
        assert_eq!(key.to_string().parse(), Ok(key));
        let secret = post_quantum_witness().to_secret_string();
        let read: CosignerKey = secret.parse().unwrap();
        assert_eq!(read.to_secret_string(), secret);
    }

    #[test]
    fn the_cosignature_is_this_one() {
        let line = post_quantum_witness().cosign(&checkpoint(), TIME);
        assert_eq!(format!("{line}\n").len(), 3269);
        let (time, signature) = line.signature().split_first_chunk::<8>().unwrap();
        assert_eq!((u64::from_be_bytes(*time), signature.len()), (TIME, 2420));
        assert_eq!(hex(&signature[..16]), "f01a351a74f7dd333b26b326a21ef81d");
        let digest = hex(Sha256::digest(signature));
        assert_eq!(digest, "1ad19ebb4f6104461a0e2d209eecae20fb4fa352cbdf0a42705ea7ed6e243767");
        let key = post_quantum_witness().verifier_key();
        assert_eq!(key.verify(&checkpoint().to_text(), &line), Ok(Some(TIME)));
    }

    #[test]
    fn the_checkpoint_with_three_signatures_has_this_hash_and_is_trusted() {
        let pq = post_quantum_witness();
        let note = format!("{CHECKPOINT}{COSIGNATURE}\n{}\n", pq.cosign(&checkpoint(), TIME));
        assert_eq!(note.len(), 3578);
        let digest = hex(Sha256::digest(&note));
        assert_eq!(digest, "633dd1f834779fb5e8c26ad1ea7aa49e610113f9a4e6f19d7e44c94300a4614a");
        let policy = format!(
            "log {VERIFIER}\nwitness w1 {WITNESS}\nwitness pq1 {}\ngroup both all w1 pq1\nquorum both\n",
            pq.verifier_key()
        );
        let trusted = policy.parse::<Policy>().unwrap().verify(note.as_bytes()).unwrap();
        let times: Vec<_> = trusted.witness_times().iter().map(|by| (by.name.as_str(), by.time)).collect();
        assert_eq!(times, [("w1", TIME), ("pq1", TIME)]);
    }
}
