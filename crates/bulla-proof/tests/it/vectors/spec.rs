//! `spec/vectors/`: what a second implementation can test itself against, made from fixed seeds.
//!
//! The test fails when a file is not what this crate makes. `BULLA_WRITE_VECTORS=1` writes the files anew.

use std::path::Path;
use std::str::FromStr;

use base64ct::{Base64, Encoding};
use bulla_proof::{
    Algorithm, Checkpoint, CosignerKey, EntryBundle, Hash, LeafIndex, MemoryRows, Note, NoteSignature,
    Policy, ProofFile, SignerKey, TileId, TileKind, TreeSize, VerifierKey, check_consistency,
    check_inclusion, empty_root, leaf_hash, node_hash, prove_consistency, prove_inclusion, root_at,
};
use serde_json::{Value, json};

const ORIGIN: &str = "log.example/audit";
const WITNESS: &str = "witness.example/w1";
const TIME: u64 = 1_700_000_000;

/// Leaf i of the trees of the vectors is the text `entry i`.
fn entry(index: u64) -> String {
    format!("entry {index}")
}

fn rows(size: u64) -> MemoryRows {
    (0..size).map(|index| leaf_hash(entry(index).as_bytes())).collect()
}

fn signer() -> SignerKey {
    SignerKey::from_seed(ORIGIN, [1; 32]).unwrap()
}

fn witness() -> CosignerKey {
    CosignerKey::from_seed(WITNESS, Algorithm::Ed25519Cosignature, [2; 32]).unwrap()
}

fn checkpoint(size: u64) -> Checkpoint {
    let rows = rows(size);
    Checkpoint::new(ORIGIN, rows.size(), rows.root()).unwrap()
}

/// A checkpoint that the log signed and the witness cosigned.
fn cosigned(size: u64) -> String {
    let checkpoint = checkpoint(size);
    format!("{}{}\n", checkpoint.sign(&[&signer()]), witness().cosign(&checkpoint, TIME))
}

fn base64(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(Hash::to_base64).collect()
}

/// Texts that a reader must refuse, and that this crate's does.
fn refused<T>(read: impl Fn(&str) -> Option<T>, texts: &[String]) -> Value {
    texts.iter().for_each(|text| assert!(read(text).is_none(), "{text:?} is read"));
    json!(texts)
}

fn parsed<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

fn hashes() -> Value {
    let leaf =
        |data: &[u8]| json!({"data": Base64::encode_string(data), "hash": leaf_hash(data).to_base64()});
    let (left, right) = (leaf_hash(b"left"), leaf_hash(b"right"));
    let lengths = [0, 1, 54, 55, 56, 62, 63, 64, 118, 119, 120, 127, 128, 1000];
    json!({
        "empty_root": empty_root().to_base64(),
        "leaves": lengths.map(|len| leaf(&vec![b'x'; len])),
        "nodes": [{
            "left": left.to_base64(),
            "right": right.to_base64(),
            "hash": node_hash(&left, &right).to_base64(),
        }],
    })
}

fn keys() -> Value {
    let (log, witness) = (signer(), witness());
    let key = |seed: [u8; 32], verifier: VerifierKey, secret: String| {
        json!({
            "name": verifier.name(),
            "algorithm": verifier.algorithm().byte(),
            "seed": Base64::encode_string(&seed),
            "public_key": Base64::encode_string(verifier.public_bytes()),
            "key_id": format!("{:08x}", verifier.key_id()),
            "verifier_key": verifier.to_string(),
            "signer_key": secret,
        })
    };
    let text = log.verifier_key().to_string();
    let (name, rest) = text.split_once('+').unwrap();
    let (id, key_part) = rest.split_once('+').unwrap();
    json!({
        "keys": [
            key([1; 32], log.verifier_key(), log.to_secret_string()),
            key([2; 32], witness.verifier_key(), witness.to_secret_string()),
        ],
        "refused_verifier_keys": refused(parsed::<VerifierKey>, &[
            String::new(),
            format!("{name}+{id}"),
            format!("{name}+{}+{key_part}", id.to_uppercase()),
            format!("{name}+00000000+{key_part}"),
            format!("other.example+{id}+{key_part}"),
            format!("log .example+{id}+{key_part}"),
            format!("+{id}+{key_part}"),
            format!("{text}\n"),
            format!("{text}="),
            log.to_secret_string(),
        ]),
    })
}

fn notes() -> Value {
    let (log, other) = (signer(), SignerKey::from_seed("other.example", [3; 32]).unwrap());
    let text = "first line\n\nlast line — é\n";
    let (good, unknown) = (log.sign_note(text), other.sign_note(text));
    let forged = log.sign_note("another text\n");
    let case = |lines: &[&NoteSignature]| {
        let note = Note::new(text, lines.iter().map(|line| (*line).clone()).collect()).unwrap();
        let verified = note.verify(&[&log.verifier_key()]).is_ok_and(|verified| !verified.is_empty());
        json!({"note": note.to_string(), "verified": verified})
    };
    let line = good.to_string();
    json!({
        "verifier_key": log.verifier_key().to_string(),
        "text": text,
        "cases": [
            case(&[&good]),
            case(&[&good, &unknown]),
            case(&[&unknown, &good, &unknown]),
            case(&[&good, &good]),
            case(&[&unknown]),
            case(&[&forged]),
            case(&[&good, &forged]),
        ],
        "refused": refused(|note| Note::parse(note.as_bytes()).ok(), &[
            String::new(),
            text.to_string(),
            format!("{text}\n"),
            format!("{text}{line}\n"),
            format!("{text}\n{line}"),
            format!("{text}\n{line}\n\n"),
            format!("{text}\r\n{line}\n"),
            format!("{text}\t\n\n{line}\n"),
            format!("{text}\n{}\n", line.replace('—', "-")),
            format!("{text}\n{}\n", line.replace("log.example/audit", "log example")),
            format!("{text}\n{}\n", line.replace("log.example/audit", "log+example")),
            format!("{text}\n{}\n", line.trim_end_matches('=')),
            format!("{text}\n— a.example AAAAAQB=\n"),
            format!("{text}\n— a.example AAAAAQ==\n"),
        ]),
    })
}

fn checkpoints() -> Value {
    let root = checkpoint(3).root().to_base64();
    let case = |checkpoint: Checkpoint| {
        json!({
            "text": checkpoint.to_text(),
            "origin": checkpoint.origin(),
            "size": checkpoint.size().to_string(),
            "root": checkpoint.root().to_base64(),
            "extensions": checkpoint.extensions(),
            "signed": checkpoint.sign(&[&signer()]),
        })
    };
    let largest = Checkpoint::new(ORIGIN, TreeSize(u64::MAX), empty_root()).unwrap();
    json!({
        "signer_key": signer().to_secret_string(),
        "cases": [
            case(checkpoint(0)),
            case(checkpoint(3)),
            case(checkpoint(3).with_extension("extension").unwrap()),
            case(largest),
        ],
        "refused_texts": refused(|text| Checkpoint::parse(text).ok(), &[
            String::new(),
            format!("{ORIGIN}\n3\n"),
            format!("{ORIGIN}\n3\n{root}"),
            format!("\n3\n{root}\n"),
            format!("{}\n3\n{root}\n", "o".repeat(256)),
            format!("{ORIGIN}\n03\n{root}\n"),
            format!("{ORIGIN}\n+3\n{root}\n"),
            format!("{ORIGIN}\n18446744073709551616\n{root}\n"),
            format!("{ORIGIN}\n3\n{}\n", root.trim_end_matches('=')),
            format!("{ORIGIN}\n3\n{root}\n\n"),
            format!("{ORIGIN}\n3\n{root}\r\n"),
        ]),
    })
}

fn cosignatures(cosigner: &CosignerKey) -> Value {
    let case = |checkpoint: Checkpoint, time| {
        let line = cosigner.cosign(&checkpoint, time);
        json!({"text": checkpoint.to_text(), "time": time.to_string(), "line": line.to_string()})
    };
    let shifted = |line: NoteSignature| {
        let blob =
            [&line.key_id().to_be_bytes()[..], &(TIME + 1).to_be_bytes(), &line.signature()[8..]].concat();
        format!("— {} {}", line.name(), Base64::encode_string(&blob))
    };
    let other_time = shifted(cosigner.cosign(&checkpoint(3), TIME));
    let key = cosigner.verifier_key();
    assert!(key.verify(&checkpoint(3).to_text(), &other_time.parse().unwrap()).is_err());
    json!({
        "signer_key": cosigner.to_secret_string(),
        "verifier_key": key.to_string(),
        "cases": [case(checkpoint(3), TIME), case(checkpoint(0), 0)],
        "bad": [{"text": checkpoint(3).to_text(), "line": other_time}],
    })
}

fn tiles() -> Value {
    let case = |path: &str| {
        let tile: TileId = path.parse().unwrap();
        let level = match tile.kind() {
            TileKind::Hashes { level } => json!(level),
            TileKind::Entries => json!("entries"),
        };
        json!({"path": path, "level": level, "index": tile.index().to_string(), "width": tile.width()})
    };
    let of_size = |size| {
        let paths: Vec<String> = TileId::all_hashes(size).map(|tile| tile.to_string()).collect();
        json!({"size": size.to_string(), "paths": paths})
    };
    let paths = [
        "0/0",
        "0/00",
        "0/0000",
        "0/x000/001",
        "0/x1/000",
        "0/001/000",
        "0/x001",
        "64/000",
        "00/000",
        "-1/000",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/01",
        "0/000.p/",
        "0/000/",
        "Entries/000",
        "8/0/000",
    ];
    let sizes = [0, 1, 255, 256, 257, 600, 1024];
    let read = [
        "0/000",
        "0/x001/000",
        "0/x001/x234/067",
        "63/001.p/1",
        "3/273.p/112",
        "entries/000.p/3",
        "entries/x001/x234/067.p/255",
    ];
    json!({
        "cases": read.map(|path| case(&format!("tile/{path}"))),
        "refused": refused(parsed::<TileId>, &paths.map(|path| format!("tile/{path}"))),
        "trees": sizes.map(|size| of_size(TreeSize(size))),
        "bundle": {
            "entries": [entry(0), String::new(), entry(2)],
            "bytes": Base64::encode_string(&EntryBundle::encode([entry(0), String::new(), entry(2)]).unwrap()),
        },
    })
}

fn inclusion() -> Value {
    let case = |size: u64, index: u64| {
        let rows = rows(size);
        let proof = prove_inclusion(&rows, LeafIndex(index), TreeSize(size)).unwrap();
        json!({
            "size": size.to_string(),
            "index": index.to_string(),
            "entry": entry(index),
            "root": rows.root().to_base64(),
            "proof": base64(&proof),
        })
    };
    let small = (1..=9).flat_map(|size| (0..size).map(move |index| (size, index)));
    let large = [(256, 255), (257, 0), (257, 256), (1000, 0), (1000, 511), (1000, 512), (1000, 999)];
    json!({
        "leaf": "leaf i is the bytes of the text `entry i`",
        "cases": small.chain(large).map(|(size, index)| case(size, index)).collect::<Vec<_>>(),
        "refused": refused_inclusion(),
    })
}

/// Changed proofs of leaf 5 in a tree of 7.
fn refused_inclusion() -> Vec<Value> {
    let rows = rows(7);
    let (root, proof) = (rows.root(), prove_inclusion(&rows, LeafIndex(5), TreeSize(7)).unwrap());
    let case = |size: u64, index: u64, proof: &[Hash], root: Hash| {
        let leaf = leaf_hash(entry(5).as_bytes());
        assert!(check_inclusion(&leaf, LeafIndex(index), TreeSize(size), proof, &root).is_err());
        json!({
            "size": size.to_string(),
            "index": index.to_string(),
            "entry": entry(5),
            "root": root.to_base64(),
            "proof": base64(proof),
        })
    };
    let reversed: Vec<Hash> = proof.iter().rev().copied().collect();
    let longer = [proof.as_slice(), &[root]].concat();
    vec![
        case(7, 4, &proof, root),
        case(7, 7, &proof, root),
        case(6, 5, &proof, root),
        case(0, 0, &[], root),
        case(7, 5, &proof[1..], root),
        case(7, 5, &proof[..2], root),
        case(7, 5, &[], root),
        case(7, 5, &reversed, root),
        case(7, 5, &longer, root),
        case(7, 5, &proof, empty_root()),
    ]
}

fn consistency() -> Value {
    let rows = rows(1000);
    let root = |size| root_at(&rows, TreeSize(size)).unwrap();
    let json_of = |old: u64, new: u64, proof: &[Hash], old_root: Hash, new_root: Hash| {
        json!({
            "old_size": old.to_string(),
            "new_size": new.to_string(),
            "old_root": old_root.to_base64(),
            "new_root": new_root.to_base64(),
            "proof": base64(proof),
        })
    };
    let case = |(old, new)| {
        let proof = prove_consistency(&rows, TreeSize(old), TreeSize(new)).unwrap();
        json_of(old, new, &proof, root(old), root(new))
    };
    let refused = |old: u64, new: u64, proof: &[Hash], old_root: Hash, new_root: Hash| {
        let checked = check_consistency(TreeSize(old), TreeSize(new), proof, &old_root, &new_root);
        assert!(checked.is_err(), "{old} to {new}");
        json_of(old, new, proof, old_root, new_root)
    };
    let small = (0..=9u64).flat_map(|new| (0..=new).map(move |old| (old, new)));
    let large = [(255, 256), (256, 257), (257, 1000), (512, 1000), (768, 1000), (999, 1000)];
    let proof = prove_consistency(&rows, TreeSize(3), TreeSize(7)).unwrap();
    let longer = [proof.as_slice(), &[root(7)]].concat();
    json!({
        "leaf": "leaf i is the bytes of the text `entry i`",
        "cases": small.chain(large).map(case).collect::<Vec<_>>(),
        "refused": [
            refused(4, 7, &proof, root(3), root(7)),
            refused(3, 8, &proof, root(3), root(8)),
            refused(7, 3, &proof, root(7), root(3)),
            refused(3, 7, &proof[1..], root(3), root(7)),
            refused(3, 7, &longer, root(3), root(7)),
            refused(3, 7, &proof, root(2), root(7)),
            refused(3, 7, &proof, root(3), root(6)),
            refused(7, 7, &[], root(7), root(6)),
            refused(7, 7, &[root(7)], root(7), root(7)),
            refused(0, 7, &[], root(1), root(7)),
            refused(0, 7, &[root(7)], root(0), root(7)),
        ],
    })
}

fn proof_files() -> Value {
    let (log, witness) = (signer().verifier_key(), witness().verifier_key());
    let with_witness = format!("log {log}\nwitness w1 {witness}\nquorum w1\n");
    let without = format!("log {log}\nquorum none\n");
    let hashes = prove_inclusion(&rows(7), LeafIndex(5), TreeSize(7)).unwrap();
    let file = ProofFile::new(LeafIndex(5), hashes, &cosigned(7)).unwrap();
    let text = file.to_string();
    let bare = text.lines().filter(|line| !line.starts_with("— witness")).map(|line| format!("{line}\n"));
    let bare = bare.collect::<String>();
    let case = |file: &str, entry: &str, policy: &str| {
        let policy_read: Policy = policy.parse().unwrap();
        let verdict =
            ProofFile::parse(file.as_bytes()).unwrap().check(entry.as_bytes(), &policy_read).unwrap();
        let findings: Vec<&str> = verdict.findings.iter().map(|finding| finding.kind.as_str()).collect();
        json!({"file": file, "entry": entry, "policy": policy, "clean": verdict.is_clean(), "findings": findings})
    };
    json!({
        "cases": [
            case(&text, &entry(5), &with_witness),
            case(&text, &entry(5), &without),
            case(&file.clone().with_extra(b"extra".to_vec()).to_string(), &entry(5), &with_witness),
            case(&bare, &entry(5), &without),
            case(&bare, &entry(5), &with_witness),
            case(&text, &entry(4), &with_witness),
            case(&text.replace("index 5", "index 4"), &entry(5), &with_witness),
            case(&text.replace("index 5", "index 7"), &entry(5), &with_witness),
            case(&text.replace("\n7\n", "\n8\n"), &entry(5), &with_witness),
        ],
        "refused": refused(|text| ProofFile::parse(text.as_bytes()).ok(), &[
            String::new(),
            text.replace("@v1", "@v2"),
            text.replace("index 5", "index 05"),
            text.replace("index 5", "extra \nindex 5"),
            text.replace("index 5\n", "index 5\n\n"),
            text.replace('\n', "\r\n"),
            format!("{text}\n"),
            text.trim_end().to_string(),
        ]),
    })
}

fn check(file: &str, expected: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors").join(file);
    if std::env::var_os("BULLA_WRITE_VECTORS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("{expected:#}\n")).unwrap();
    }
    let stored: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert!(stored == *expected, "spec/vectors/{file} is not what this crate makes");
}

#[test]
fn the_vectors_of_the_specification_are_current() {
    check("hashes.json", &hashes());
    check("keys.json", &keys());
    check("notes.json", &notes());
    check("checkpoints.json", &checkpoints());
    check("cosignatures.json", &cosignatures(&witness()));
    check("tiles.json", &tiles());
    check("inclusion.json", &inclusion());
    check("consistency.json", &consistency());
    check("proof-files.json", &proof_files());
}

#[cfg(feature = "ml-dsa")]
#[test]
fn the_post_quantum_vectors_of_the_specification_are_current() {
    let cosigner = CosignerKey::from_seed("witness.example/pq1", Algorithm::MlDsa44, [4; 32]).unwrap();
    check("cosignatures-ml-dsa-44.json", &cosignatures(&cosigner));
}
