//! The project's files as text: a plain walk, so that a source archive without git can be checked too.

use std::path::Path;
use std::{fs, io};

/// Built, fetched or git's own, wherever it lies: never part of the source.
const NOT_SOURCE: [&str; 3] = [".git", "target", "node_modules"];

/// What npm and the browser tests make of the viewer's sources, and what fuzzing found on its way.
const MADE: [&str; 6] = [
    "fuzz/work",
    "ui/dist",
    "ui/playwright-report",
    "ui/shots",
    "ui/src/api/openapi.d.ts",
    "ui/test-results",
];

/// The log that the command makes when it is run from the project root.
const OWN_LOG: &str = "audit";

/// One text file of the project.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Path from the project root, with `/` between parts.
    pub path: String,
    /// The whole text.
    pub text: String,
}

impl SourceFile {
    /// A file from its path and text.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    /// The part of the path after the last dot of the file name; empty when there is none.
    #[must_use]
    pub fn extension(&self) -> &str {
        self.name().rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// The file's name without its folder.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The folder the file is in; empty for the project root.
    #[must_use]
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

/// Every text file of the project, in path order.
#[derive(Debug, Clone, Default)]
pub struct SourceTree {
    /// The files.
    pub files: Vec<SourceFile>,
}

impl SourceTree {
    /// Reads the tree below `root`. Files that are not UTF-8 are left out: no rule reads them.
    ///
    /// # Errors
    /// A folder or file that cannot be read.
    pub fn read(root: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        walk(root, "", &mut files)?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { files })
    }

    /// The files written in Rust.
    pub fn rust(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter().filter(|file| file.extension() == "rs")
    }

    /// The files below `folder`.
    pub fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a SourceFile> {
        self.files.iter().filter(move |file| {
            file.path.strip_prefix(folder).is_some_and(|rest| folder.ends_with('/') || rest.starts_with('/'))
        })
    }

    /// The file at `path`.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&SourceFile> {
        self.files.iter().find(|file| file.path == path)
    }
}

fn is_not_source(folder: &str, name: &str) -> bool {
    let is_made = MADE.iter().any(|made| made.rsplit_once('/') == Some((folder, name)));
    NOT_SOURCE.contains(&name) || is_made || folder.is_empty() && name == OWN_LOG
}

fn walk(folder: &Path, prefix: &str, files: &mut Vec<SourceFile>) -> io::Result<()> {
    for item in fs::read_dir(folder)? {
        let item = item?;
        let name = item.file_name().to_string_lossy().into_owned();
        if is_not_source(prefix, &name) {
            continue;
        }
        let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        let kind = item.file_type()?;
        if kind.is_dir() {
            walk(&item.path(), &path, files)?;
        } else if kind.is_file()
            && let Ok(text) = String::from_utf8(fs::read(item.path())?)
        {
            files.push(SourceFile { path, text });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_splits_into_folder_name_and_extension() {
        let file = SourceFile::new("crates/a/src/b.rs", "");
        assert_eq!((file.folder(), file.name(), file.extension()), ("crates/a/src", "b.rs", "rs"));
        let file = SourceFile::new("justfile", "");
        assert_eq!((file.folder(), file.name(), file.extension()), ("", "justfile", ""));
    }

    #[test]
    fn below_takes_whole_folder_names() {
        let tree = SourceTree { files: vec![SourceFile::new("a/b.rs", ""), SourceFile::new("ab/c.rs", "")] };
        assert_eq!(tree.below("a").map(|file| file.path.as_str()).collect::<Vec<_>>(), ["a/b.rs"]);
    }

    #[test]
    fn the_walk_finds_this_file_and_no_build_output() {
        let tree = SourceTree::read(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert!(tree.file("src/tree.rs").is_some());
        assert!(tree.files.iter().all(|file| !file.path.starts_with("target/")));
    }

    #[test]
    fn what_is_made_is_passed_over_where_it_is_made() {
        assert!(is_not_source("", "audit"));
        assert!(!is_not_source("crates/bulla/src", "audit"));
        assert!(is_not_source("fuzz", "target"));
        assert!(!is_not_source("", ".ci"));
        assert!(is_not_source("fuzz", "work"));
        assert!(is_not_source("ui", "dist"));
        assert!(is_not_source("ui/src/api", "openapi.d.ts"));
        assert!(!is_not_source("ui/src/api", "client.ts"));
    }
}
