//! Rust source reduced to what the compiler acts on.
//!
//! Comments and the insides of literals become spaces, line for line, so that a rule about code is not set off by prose;
//! and `#[cfg(test)]` items can be blanked as well, for rules about what the library does.

/// `text` with comments and the insides of string and character literals blanked. Every newline stays where it is.
#[must_use]
pub fn code(text: &str) -> String {
    let mut blanker = Blanker { rest: text, out: String::with_capacity(text.len()) };
    while !blanker.rest.is_empty() {
        blanker.step();
    }
    blanker.out
}

/// `code` (as made by [`code`]) with every `#[cfg(test)]` item blanked.
#[must_use]
pub fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(start) = rest.find(MARK) {
        out.push_str(&rest[..start]);
        let end = start + MARK.len() + item_len(&rest[start + MARK.len()..]);
        blank(&rest[start..end], &mut out);
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// Length of the item at the start of `code`: up to its `;`, or to the brace that closes its first one.
fn item_len(code: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in code.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth <= 1 => return at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

fn blank(text: &str, out: &mut String) {
    out.extend(text.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
}

struct Blanker<'a> {
    rest: &'a str,
    out: String,
}

impl Blanker<'_> {
    /// Consumes one comment, one literal or one character.
    fn step(&mut self) {
        let first = self.rest.chars().next().expect("the caller checks that text is left");
        if self.rest.starts_with("//") {
            self.blank_bytes(self.rest.find('\n').unwrap_or(self.rest.len()));
        } else if self.rest.starts_with("/*") {
            self.blank_bytes(block_comment_len(self.rest));
        } else if let Some(len) = raw_string_len(self.rest).filter(|_| !self.after_word()) {
            self.blank_bytes(len);
        } else if first == '"' {
            self.blank_bytes(quoted_len(self.rest, '"'));
        } else if first == '\'' && is_char_literal(self.rest) {
            self.blank_bytes(quoted_len(self.rest, '\''));
        } else {
            self.out.push(first);
            self.rest = &self.rest[first.len_utf8()..];
        }
    }

    /// Whether the last kept character is part of a name, so that `r"` or `r#` here is its end and not a prefix.
    fn after_word(&self) -> bool {
        self.out.ends_with(|c: char| c.is_alphanumeric() || c == '_')
    }

    fn blank_bytes(&mut self, len: usize) {
        let (gone, rest) = self.rest.split_at(len);
        blank(gone, &mut self.out);
        self.rest = rest;
    }
}

/// Block comments nest.
fn block_comment_len(text: &str) -> usize {
    let (mut at, mut depth) = (2, 1_usize);
    while depth > 0 {
        let Some(next) = text[at..].find(['/', '*']) else { return text.len() };
        at += next;
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
        } else {
            at += 1;
        }
    }
    at
}

/// Length of the raw string at the start of `text` (`r"…"`, `br#"…"#`), if there is one.
fn raw_string_len(text: &str) -> Option<usize> {
    let body =
        text.strip_prefix("br").or_else(|| text.strip_prefix("cr")).or_else(|| text.strip_prefix('r'))?;
    let inner = body.trim_start_matches('#');
    let hashes = &body[..body.len() - inner.len()];
    let inner = inner.strip_prefix('"')?;
    let closing = format!("\"{hashes}");
    let end = inner.find(&closing).map_or(inner.len(), |at| at + closing.len());
    Some(text.len() - inner.len() + end)
}

fn quoted_len(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Tells `'a'` and `'\n'` from the lifetime `'a`.
fn is_char_literal(text: &str) -> bool {
    let mut chars = text.chars().skip(1);
    match chars.next() {
        Some('\\') => true,
        Some(_) => chars.next() == Some('\''),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blanked text with runs of spaces made one, which is easier to compare.
    fn squeezed(text: &str) -> String {
        text.split(' ').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn prose_and_literals_go_and_code_stays() {
        let check = |input: &str, expected: &str| {
            let blanked = code(input);
            assert_eq!(squeezed(&blanked), expected, "{input}");
            assert_eq!(blanked.matches('\n').count(), input.matches('\n').count(), "{input}");
        };
        check("a // std::fs\nb", "a \nb");
        check("a /* x /* y */ std::fs */ b", "a b");
        check("a(\"std::fs \\\" x\") b", "a( ) b");
        check("a(r#\"std::fs \" x\"#) b", "a( ) b");
        check("a(br\"std::fs\\\") b", "a( ) b");
        check("a('\"') b('\\'') c", "a( ) b( ) c");
        check("fn a<'b>(c: &'b str) {}", "fn a<'b>(c: &'b str) {}");
        check("var\"text\" x", "var x");
        check("\"unfinished\nline", "\n");
    }

    #[test]
    fn test_items_can_be_blanked() {
        let check =
            |input: &str, expected: &str| assert_eq!(squeezed(&without_tests(input)), expected, "{input}");
        check("a #[cfg(test)] mod tests { fn b() { c } } d", "a d");
        check("a #[cfg(test)] mod tests; d", "a d");
        check("a #[cfg(test)] extern crate std; d #[cfg(test)] use b; e", "a d e");
        check("a #[cfg(not(test))] b", "a #[cfg(not(test))] b");
    }
}
