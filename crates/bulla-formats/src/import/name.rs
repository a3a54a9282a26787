//! Names in any spelling, as the record's snake_case ones.

use bulla::AuditCategory;

/// The category of that name in any spelling: `Web Server` is `web_server`.
pub(crate) fn category_of(name: &str) -> Option<AuditCategory> {
    AuditCategory::named(&snake_case(name, 47)).ok()
}

/// `text` as a snake_case name of at most `bytes_max` bytes.
pub(crate) fn snake_case(text: &str, bytes_max: usize) -> String {
    let mut name = String::with_capacity(text.len().min(bytes_max));
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
        if name.len() >= bytes_max {
            break;
        }
    }
    name.truncate(name.trim_end_matches('_').len());
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_any_spelling_become_snake_case() {
        for (text, expected) in
            [("Web Server", "web_server"), ("  a--b  ", "a_b"), ("É", ""), ("logon", "logon"), ("a_", "a")]
        {
            assert_eq!(snake_case(text, 47), expected);
        }
        assert_eq!(snake_case(&"ab_".repeat(40), 6), "ab_ab");
        assert!(category_of("4624").is_none());
    }
}
