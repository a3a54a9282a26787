//! Names and sizes: a file has one subject and is named after it, and a folder reads as a table of contents.

use std::collections::BTreeMap;

use crate::tree::SourceFile;
use crate::{Finding, SourceTree};

/// Names that say nothing about the subject.
const EMPTY_NAMES: [&str; 12] = [
    "util", "utils", "common", "core", "misc", "helper", "helpers", "manager", "managers", "type", "types",
    "stuff",
];

/// Files that hold code and so are bound by the length rule.
const CODE_EXTENSIONS: [&str; 6] = ["rs", "ts", "js", "svelte", "sh", "py"];

/// Longer files have two subjects. Half of it is the habit; this is where it is refused.
pub const LINES_MAX: usize = 700;

/// A folder passing a dozen files has two subjects. `lib.rs`, `main.rs` and `mod.rs` are its table of contents.
pub const FILES_PER_FOLDER_MAX: usize = 12;

/// No file and no folder with a name that says nothing.
#[must_use]
pub fn check_name(file: &SourceFile) -> Vec<Finding> {
    if !CODE_EXTENSIONS.contains(&file.extension()) {
        return Vec::new();
    }
    let stem = |part: &str| part.split('.').next().unwrap_or(part).to_ascii_lowercase();
    let empty = file.path.split('/').map(stem).find(|stem| EMPTY_NAMES.contains(&stem.as_str()));
    empty
        .map(|name| {
            let rule = format!("nothing is named `{name}`");
            Finding::new(
                &file.path,
                1,
                rule,
                "name it after its main noun or act, or move each part to its subject",
            )
        })
        .into_iter()
        .collect()
}

/// No code file longer than [`LINES_MAX`].
#[must_use]
pub fn check_length(file: &SourceFile) -> Vec<Finding> {
    let lines = file.text.lines().count();
    if lines <= LINES_MAX || !CODE_EXTENSIONS.contains(&file.extension()) {
        return Vec::new();
    }
    let rule = format!("a file has at most {LINES_MAX} lines, this one has {lines}");
    vec![Finding::new(&file.path, LINES_MAX + 1, rule, "find its second subject and give it a file")]
}

/// No folder with more than [`FILES_PER_FOLDER_MAX`] Rust files.
#[must_use]
pub fn check_folders(tree: &SourceTree) -> Vec<Finding> {
    let mut folders: BTreeMap<&str, usize> = BTreeMap::new();
    for file in tree.rust().filter(|file| !matches!(file.name(), "lib.rs" | "main.rs" | "mod.rs")) {
        *folders.entry(file.folder()).or_default() += 1;
    }
    folders
        .into_iter()
        .filter(|(_, count)| *count > FILES_PER_FOLDER_MAX)
        .map(|(folder, count)| {
            let rule =
                format!("a folder has at most {FILES_PER_FOLDER_MAX} Rust files, this one has {count}");
            Finding::new(folder, 1, rule, "group the files of one mechanism into a folder named after it")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_say_nothing_are_refused() {
        let found = |path: &str| check_name(&SourceFile::new(path, "")).len();
        for path in ["a/utils.rs", "a/Helpers.ts", "a/common/b.rs", "types.rs", "a/core.rs", "a/manager.rs"] {
            assert_eq!(found(path), 1, "{path}");
        }
        for path in ["a/hash.rs", "a/commons.rs", "a/core_dump.rs", "common/a.md", "a/types.json"] {
            assert_eq!(found(path), 0, "{path}");
        }
    }

    #[test]
    fn long_files_are_refused() {
        let found =
            |path: &str, lines: usize| check_length(&SourceFile::new(path, "a\n".repeat(lines))).len();
        assert_eq!(found("a.rs", LINES_MAX), 0);
        assert_eq!(found("a.rs", LINES_MAX + 1), 1);
        assert_eq!(found("a.ts", LINES_MAX + 1), 1);
        assert_eq!(found("a.md", LINES_MAX + 1), 0);
    }

    #[test]
    fn full_folders_are_refused() {
        let tree = |count: usize| {
            let mut files: Vec<_> =
                (0..count).map(|at| SourceFile::new(format!("a/b/f{at}.rs"), "")).collect();
            files.extend(["a/b/lib.rs", "a/b/c/d.rs", "a/b/e.md"].map(|path| SourceFile::new(path, "")));
            SourceTree { files }
        };
        assert_eq!(check_folders(&tree(FILES_PER_FOLDER_MAX)), []);
        let found = check_folders(&tree(FILES_PER_FOLDER_MAX + 1));
        assert_eq!(found.iter().map(|finding| finding.file.as_str()).collect::<Vec<_>>(), ["a/b"]);
    }
}
