//! `log.json` and `log.key`: what opening says of each way in which they are wrong, and that it then changes nothing.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bulla::AuditLog;
use tempfile::TempDir;

/// A closed log, and the names and contents of its files.
fn log() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("audit");
    AuditLog::open(&root).unwrap().close_blocking().unwrap();
    (folder, root)
}

fn refused(root: &Path) -> String {
    let before = std::fs::read(root.join("checkpoints")).unwrap();
    let words = AuditLog::open(root).expect_err("it is no log that this version can write").to_string();
    assert_eq!(std::fs::read(root.join("checkpoints")).unwrap(), before, "nothing was changed");
    words
}

/// `log.json` of a log, changed.
fn with_identity(change: impl FnOnce(&str) -> String) -> (TempDir, PathBuf) {
    let (folder, root) = log();
    let path = root.join("log.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let changed = change(&text);
    assert_ne!(changed, text);
    std::fs::write(path, changed).unwrap();
    (folder, root)
}

#[test]
fn an_identity_that_is_wrong_is_refused_in_words_that_say_how() {
    let key = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["vkey"].clone();
    let check = |words: &str, change: &dyn Fn(&str) -> String| {
        let (_folder, root) = with_identity(change);
        let refused = refused(&root);
        assert!(refused.contains(words), "{refused:?} does not say {words:?}");
    };
    check("log.json is damaged: ", &|_| "{".to_owned());
    check("there is no format 0", &|text| text.replace("\"format\": 1", "\"format\": 0"));
    check("has format 2, this version reads up to 1", &|text| text.replace("\"format\": 1", "\"format\": 2"));
    check("log.json is damaged: vkey: ", &|text| text.replace(key(text).as_str().unwrap(), "x+1+y"));
    check("origin is not the name of the verifier key", &|text| {
        text.replace("\"origin\": \"", "\"origin\": \"x")
    });
}

#[test]
fn a_folder_of_other_files_is_no_log_and_does_not_become_one() {
    for name in ["notes.txt", "log.json.bak", "checkpoint"] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), "mine").unwrap();
        let words = AuditLog::open(folder.path()).unwrap_err().to_string();
        assert!(words.contains("is not a log: it has no log.json"), "{words}");
        let names: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(names, [name], "nothing was made");
    }
}

#[test]
fn an_identity_of_a_later_version_with_the_same_format_keeps_its_members() {
    let (_folder, root) = with_identity(|text| text.replacen('{', "{ \"later\": 7,", 1));
    let log = AuditLog::open(&root).unwrap();
    assert_eq!(log.reader().unwrap().identity().other["later"], 7);
}

#[test]
fn an_identity_has_at_most_64_kib_and_a_key_at_most_16() {
    for (name, limit) in [("log.json", 64 * 1024), ("log.key", 16 * 1024)] {
        let (_folder, root) = log();
        let path = root.join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        // White space may follow JSON, and nothing a key: whichever, the length is not what is wrong.
        let padded = text + &" ".repeat(limit);
        std::fs::write(&path, &padded[..limit]).unwrap();
        match AuditLog::open(&root) {
            Ok(log) => log.close_blocking().unwrap(),
            Err(error) => assert!(error.to_string().contains("is not a signer key"), "{error}"),
        }
        std::fs::write(&path, &padded[..=limit]).unwrap();
        let words = refused(&root);
        assert!(words.contains(&format!("file has {} bytes, more than the {limit}", limit + 1)), "{words}");
    }
}

#[test]
fn a_key_that_is_wrong_is_refused_in_words_that_say_how() {
    let other = {
        let (_folder, root) = log();
        std::fs::read(root.join("log.key")).unwrap()
    };
    let check = |words: &str, key: &[u8]| {
        let (_folder, root) = log();
        std::fs::write(root.join("log.key"), key).unwrap();
        let refused = refused(&root);
        assert!(refused.contains(words), "{refused:?} does not say {words:?}");
    };
    check("does not belong to this log", &other);
    check("log.key is not a signer key", b"a key\n");
    check("log.key is not a signer key", b"\xff\n");
    check("log.key is not a signer key", &[other.as_slice(), b"\n"].concat());
}

#[test]
fn a_key_file_without_its_newline_is_the_same_key() {
    let (_folder, root) = log();
    let path = root.join("log.key");
    let text = std::fs::read(&path).unwrap();
    std::fs::write(&path, text.strip_suffix(b"\n").unwrap()).unwrap();
    AuditLog::open(&root).unwrap();
}

#[test]
fn a_key_that_is_missing_or_that_others_can_read_is_not_used() {
    let (_folder, root) = log();
    let path = root.join("log.key");
    for mode in [0o644, 0o640, 0o604] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert!(refused(&root).contains("run `chmod 600` on it"));
    }
    std::fs::remove_file(path).unwrap();
    assert!(refused(&root).contains("log.key is missing: put it back"));
}
