//! The query string without its secrets: which keys' values are removed, and the string that is left.

use crate::capture::bounded::Bounds;
use crate::capture::tower::limits::QUERY_BYTES_MAX;
use crate::entry::{Redacted, Redaction};

/// What becomes of query strings.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Query {
    /// They are not recorded.
    LeftOut,
    /// They are recorded, with the values under these keys replaced by `[redacted]`.
    Redacted(Redaction),
}

/// Keys under which secrets travel in addresses, besides those of [`Redaction::secrets`]: sessions, signatures of
/// presigned addresses, one-time codes.
const SECRETS: [&str; 14] = [
    "token",
    "auth",
    "key",
    "pass",
    "pwd",
    "code",
    "otp",
    "jwt",
    "session",
    "session_id",
    "sig",
    "signature",
    "x_amz_signature",
    "x_amz_security_token",
];

impl Default for Query {
    /// Recorded without what commonly is a secret: passwords, tokens, keys, codes, sessions, signatures.
    fn default() -> Self {
        Self::Redacted(SECRETS.iter().fold(Redaction::secrets(), |rules, key| rules.key(key)))
    }
}

impl Query {
    /// What is recorded of `query`; what was removed goes to `redactions`.
    pub(in crate::capture::tower) fn recorded(
        &self,
        query: &str,
        pointer: &str,
        bounds: &mut Bounds,
        redactions: &mut Vec<Redacted>,
    ) -> Option<String> {
        let Self::Redacted(rules) = self else { return None };
        let mut kept = String::with_capacity(query.len().min(QUERY_BYTES_MAX));
        let mut is_removed = false;
        for piece in query.split_inclusive(['&', ';']) {
            let (pair, separator) = match piece.strip_suffix(['&', ';']) {
                Some(pair) => (pair, &piece[pair.len()..]),
                None => (piece, ""),
            };
            match pair.split_once('=') {
                Some((key, _)) if is_secret(rules, key) => {
                    kept.push_str(key);
                    kept.push_str("=[redacted]");
                    is_removed = true;
                }
                _ => kept.push_str(pair),
            }
            kept.push_str(separator);
        }
        if is_removed {
            redactions.push(Redacted {
                path: pointer.to_owned(),
                rule: "query".to_owned(),
                ..Redacted::default()
            });
        }
        Some(bounds.text(pointer, &kept, QUERY_BYTES_MAX))
    }
}

/// Whether `key` or its last part in brackets (`user[password]`) is one that a rule names, however it is encoded.
fn is_secret(rules: &Redaction, key: &str) -> bool {
    let key = decoded(key);
    let last = key.trim_end_matches(']').rsplit(['[', '.']).next().unwrap_or_default();
    rules.removes(key.trim()) || rules.removes(last.trim())
}

/// Percent-decoded, `+` as a space.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let is_hex = |two: &&[u8]| two.iter().all(u8::is_ascii_hexdigit);
        let hex = after.get(..2).filter(is_hex).and_then(|two| std::str::from_utf8(two).ok());
        let byte = hex.filter(|_| *first == b'%').and_then(|two| u8::from_str_radix(two, 16).ok());
        match (byte, first) {
            (Some(byte), _) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            (None, b'+') => {
                bytes.push(b' ');
                rest = after;
            }
            (None, first) => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A `grpc-message`, which is percent-encoded ([gRPC over HTTP/2](https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md)).
pub(in crate::capture::tower) fn percent_decoded(text: &str) -> String {
    decoded(&text.replace('+', "%2B"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_removed_however_they_are_written() {
        let check = |query: &str, expected: &str| {
            let (mut bounds, mut redactions) = (Bounds::default(), Vec::new());
            let kept = Query::default().recorded(query, "/q", &mut bounds, &mut redactions);
            assert_eq!(kept.as_deref(), Some(expected), "{query}");
            assert_eq!(redactions.is_empty(), query == expected, "{query}");
        };
        check("", "");
        check("page=2&sort=name", "page=2&sort=name");
        check("token=abc&page=2", "token=[redacted]&page=2");
        check("a=1;Access-Token=x;b", "a=1;Access-Token=[redacted];b");
        check("%70assword=x", "%70assword=[redacted]");
        check("user[password]=x&user.secret=y", "user[password]=[redacted]&user.secret=[redacted]");
        check("code=a=b&code=c", "code=[redacted]&code=[redacted]");
        check("+token=x", "+token=[redacted]");
        check("token", "token");
        check("%zz%=1&%e2=2", "%zz%=1&%e2=2");
    }

    #[test]
    fn what_is_left_out_leaves_nothing() {
        let (mut bounds, mut redactions) = (Bounds::default(), Vec::new());
        assert_eq!(Query::LeftOut.recorded("a=1", "/q", &mut bounds, &mut redactions), None);
    }

    #[test]
    fn messages_keep_their_plus() {
        assert_eq!(percent_decoded("1+1%3D2%"), "1+1=2%");
    }
}
