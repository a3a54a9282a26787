//! The paths that a piece of Rust code names, with grouped imports written out.
//!
//! `use std::{fs, io::{self, Read}}` names `std::fs`, `std::io` and `std::io::Read`: a rule that looked for the text
//! `std::fs` would miss the first.

/// Words that can stand before a path that starts with `::` without being part of it.
const KEYWORDS: [&str; 12] =
    ["as", "dyn", "else", "for", "if", "impl", "in", "match", "mut", "return", "use", "while"];

/// One path as named in code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPath {
    /// The path with `::` between parts.
    pub path: String,
    /// The line it is named on, from 1.
    pub line: usize,
}

impl NamedPath {
    /// Whether this path is `other` or something inside it.
    #[must_use]
    pub fn is_within(&self, other: &str) -> bool {
        self.path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    }
}

/// Every path in `code` (text as made by [`crate::rust_code::code`]), single names included.
#[must_use]
pub fn named_paths(code: &str) -> Vec<NamedPath> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        at = match tokens[at].0 {
            Token::Word(_) => path_from(&tokens, at, "", &mut found),
            _ => at + 1,
        };
    }
    found
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Colons,
    Mark(char),
}

fn tokens(code: &str) -> Vec<(Token<'_>, usize)> {
    let mut found = Vec::new();
    let (mut rest, mut line) = (code, 1);
    while let Some(first) = rest.chars().next() {
        let word = rest.len() - rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_').len();
        let len = if word > 0 {
            found.push((Token::Word(&rest[..word]), line));
            word
        } else if rest.starts_with("::") {
            found.push((Token::Colons, line));
            2
        } else {
            if !first.is_whitespace() {
                found.push((Token::Mark(first), line));
            }
            first.len_utf8()
        };
        line += usize::from(first == '\n');
        rest = &rest[len..];
    }
    found
}

/// Reads the path whose first word is at `at`, records it below `prefix`, and returns the index after it.
fn path_from(
    tokens: &[(Token<'_>, usize)],
    mut at: usize,
    prefix: &str,
    found: &mut Vec<NamedPath>,
) -> usize {
    let mut path = prefix.to_owned();
    let line = tokens[at].1;
    while let Some((Token::Word(word), _)) = tokens.get(at) {
        if *word != "self" || path.is_empty() {
            let joint = if path.is_empty() { "" } else { "::" };
            path = format!("{path}{joint}{word}");
        }
        at += 1;
        if KEYWORDS.contains(word) {
            break;
        }
        match (tokens.get(at), tokens.get(at + 1)) {
            (Some((Token::Colons, _)), Some((Token::Word(_), _))) => at += 1,
            (Some((Token::Colons, _)), Some((Token::Mark('{'), _))) => {
                return group_from(tokens, at + 2, &path, found);
            }
            _ => break,
        }
    }
    found.push(NamedPath { path, line });
    at
}

/// Reads the members of a braced group up to its closing brace and returns the index after that.
fn group_from(
    tokens: &[(Token<'_>, usize)],
    mut at: usize,
    prefix: &str,
    found: &mut Vec<NamedPath>,
) -> usize {
    while let Some((token, line)) = tokens.get(at) {
        at = match token {
            Token::Mark('}') => return at + 1,
            Token::Mark('*') => {
                found.push(NamedPath { path: prefix.to_owned(), line: *line });
                at + 1
            }
            Token::Word("as") => at + 2,
            Token::Word(_) => path_from(tokens, at, prefix, found),
            _ => at + 1,
        };
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grouped_imports_are_written_out() {
        let check = |input: &str, expected: &[&str]| {
            let paths: Vec<_> = named_paths(input).into_iter().map(|named| named.path).collect();
            assert_eq!(paths, expected, "{input}");
        };
        check("use std::fs::File;", &["use", "std::fs::File"]);
        check("use std::{fs, io::{self, Read}};", &["use", "std::fs", "std::io", "std::io::Read"]);
        check("use std::{fs as f, net};", &["use", "std::fs", "std::net"]);
        check("use std::fs::{*};", &["use", "std::fs"]);
        check("std :: fs :: read(x.y)", &["std::fs::read", "x", "y"]);
        check("::std::fs::read()", &["std::fs::read"]);
        check("use ::std::{fs};", &["use", "std::fs"]);
        check("Vec::<u8>::new()", &["Vec", "u8", "new"]);
    }

    #[test]
    fn a_path_carries_its_line() {
        let paths = named_paths("a\n\nuse std::{\n    io,\n    fs,\n};");
        let line = |path: &str| paths.iter().find(|named| named.path == path).map(|named| named.line);
        assert_eq!((line("std::io"), line("std::fs")), (Some(4), Some(5)));
    }

    #[test]
    fn within_takes_whole_names() {
        let named = |path: &str| NamedPath { path: path.to_owned(), line: 1 };
        assert!(named("std::fs::File").is_within("std::fs"));
        assert!(named("std::fs").is_within("std::fs"));
        assert!(!named("std::fsx").is_within("std::fs"));
    }
}
