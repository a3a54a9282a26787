//! Habits of the text itself: an opening line in every file, no loose ends, no paths of one machine.

use crate::Finding;
use crate::tree::SourceFile;

/// Marks of unfinished work. Written in halves, so that this file does not contain them.
const LOOSE_ENDS: [&str; 6] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("HA", "CK"),
    concat!("to", "do!"),
    concat!("db", "g!"),
];

/// Folders that exist on the machines of some who work on this project, and on no other.
const MACHINE_FOLDERS: [&str; 2] = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];

/// Data that lies beside the project on some machines. Only tests read it, and only through `../`.
const SHARED_FOLDERS: [&str; 2] = [concat!("shared", "/data"), concat!("shared", "/design")];

/// A Rust file opens with `//!` and a sentence.
#[must_use]
pub fn check_opening(file: &SourceFile) -> Vec<Finding> {
    let first = file.text.lines().next().unwrap_or_default();
    if first.strip_prefix("//!").is_some_and(|sentence| !sentence.trim().is_empty()) {
        return Vec::new();
    }
    vec![Finding::new(
        &file.path,
        1,
        "a Rust file opens with `//!`",
        "say in one to six lines what this file is for, what it is not, and which invariant it guards",
    )]
}

/// No marks of unfinished work.
#[must_use]
pub fn check_loose_ends(file: &SourceFile) -> Vec<Finding> {
    let found = |line: &str| LOOSE_ENDS.into_iter().find(|mark| has_word(line, mark));
    numbered(file)
        .filter_map(|(number, line)| {
            let rule = format!("`{}` must not stay in the source", found(line)?);
            Some(Finding::new(&file.path, number, rule, "finish it, or write it down where work is planned"))
        })
        .collect()
}

/// No silenced lints: `#[expect(…, reason = "…")]` fails when it is no longer needed, `allow` stays for ever.
#[must_use]
pub fn check_silenced_lints(file: &SourceFile) -> Vec<Finding> {
    let code = crate::rust_code::code(&file.text);
    let mut findings = Vec::new();
    for (index, line) in code.lines().enumerate() {
        let Some(start) = line.find("#[").or_else(|| line.find("#![")) else { continue };
        if has_word(&line[start..], "allow") {
            findings.push(Finding::new(
                &file.path,
                index + 1,
                "lints are not silenced with `allow`",
                "use `#[expect(lint, reason = \"…\")]`, or mend the code",
            ));
        }
    }
    findings
}

/// No path that exists on one machine only, and no absolute path to data beside the project.
#[must_use]
pub fn check_machine_paths(file: &SourceFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in numbered(file) {
        let machine = MACHINE_FOLDERS.iter().find(|folder| has_root_path(line, folder));
        let shared = SHARED_FOLDERS.iter().find(|folder| has_unrelative(line, folder));
        if let Some(folder) = machine.or(shared) {
            findings.push(Finding::new(
                &file.path,
                number,
                format!("`{folder}` is a path of one machine"),
                "name a path from the project root; data beside the project is `../shared/…`, and may be absent",
            ));
        }
    }
    findings
}

fn numbered(file: &SourceFile) -> impl Iterator<Item = (usize, &str)> {
    file.text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

/// Whether `line` has `word` with no letter, digit or underscore joined to it.
fn has_word(line: &str, word: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let opens_freely = !line[..at].ends_with(joins);
        let closes_freely = word.ends_with('!') || !line[at + word.len()..].starts_with(joins);
        opens_freely && closes_freely
    })
}

/// Whether `line` has `folder` at the start of a path: `a/b/` does not have `/b/`.
fn has_root_path(line: &str, folder: &str) -> bool {
    let continues = |c: char| c.is_alphanumeric() || "._-~}*)$".contains(c);
    line.match_indices(folder).any(|(at, _)| !line[..at].ends_with(continues))
}

fn has_unrelative(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| !line[..at].ends_with("../"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(check: fn(&SourceFile) -> Vec<Finding>, text: &str) -> Vec<usize> {
        check(&SourceFile::new("a.rs", text)).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_file_without_an_opening_line_is_refused() {
        let check =
            |text: &str, expected: &[usize]| assert_eq!(lines(check_opening, text), expected, "{text}");
        check("//! What this is for.\n", &[]);
        check("", &[1]);
        check("//!\n//! Too late.", &[1]);
        check("// Not a doc comment.", &[1]);
        check("\n//! Not the first line.", &[1]);
        check("use a::b;\n", &[1]);
    }

    #[test]
    fn loose_ends_are_refused_and_longer_words_are_not() {
        for mark in LOOSE_ENDS {
            assert_eq!(lines(check_loose_ends, &format!("a\n// {mark}(b)")), [2], "{mark}");
            assert_eq!(lines(check_loose_ends, mark), [1], "{mark}");
            assert_eq!(lines(check_loose_ends, &format!("Z{mark} my_{mark}")), [], "{mark}");
        }
        assert_eq!(lines(check_loose_ends, "a\\uXXXX HACKSAW todos"), []);
    }

    #[test]
    fn silenced_lints_are_refused_and_functions_of_that_name_are_not() {
        let check = |text: &str, expected: &[usize]| {
            assert_eq!(lines(check_silenced_lints, text), expected, "{text}");
        };
        check("a\n#[allow(dead_code)]", &[2]);
        check("#![allow(missing_docs)]", &[1]);
        check("#[cfg_attr(test, allow(dead_code))]", &[1]);
        check("#[ allow (dead_code)]", &[1]);
        check("#[expect(dead_code, reason = \"allow it\")]", &[]);
        check("fn allow(a: u8) {}\npolicy.allow(1)", &[]);
        check("// #[allow(x)] is prose", &[]);
    }

    #[test]
    fn paths_of_one_machine_are_refused() {
        for folder in MACHINE_FOLDERS {
            assert_eq!(lines(check_machine_paths, &format!("a\nread(\"{folder}b\")")), [2], "{folder}");
            assert_eq!(lines(check_machine_paths, &format!("file://{folder}b")), [1], "{folder}");
            assert_eq!(
                lines(check_machine_paths, &format!("home/me{folder}b and ./x{folder}")),
                [],
                "{folder}"
            );
        }
        for folder in SHARED_FOLDERS {
            assert_eq!(lines(check_machine_paths, &format!("/srv/{folder}/a")), [1], "{folder}");
            assert_eq!(
                lines(check_machine_paths, &format!("../{folder}/a ../../../{folder}")),
                [],
                "{folder}"
            );
        }
    }
}
