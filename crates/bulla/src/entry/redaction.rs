//! Which values never reach the log. What is removed is always said, in the entry's `redactions`.

/// What stands in place of a removed value.
pub(crate) const REDACTED: &str = "\"[redacted]\"";

/// Rules that remove secrets before an entry is stored, by the name of the key that holds them.
///
/// Keys are compared without case, `-` and `_`, and whole: `apiKey` and `API-KEY` match `api_key`, `api_key_id`
/// does not.
///
/// ```
/// use bulla::Redaction;
/// let rules = Redaction::secrets().key("pin_code");
/// assert!(rules.removes("PinCode") && rules.removes("Authorization"));
/// assert!(!Redaction::none().removes("password"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redaction {
    keys: Vec<String>,
    /// Letters that rules begin with, a bit each: most keys are told apart by their first letter.
    first_letters: u32,
}

/// Names under which secrets commonly lie in requests, arguments and configuration.
const SECRETS: [&str; 16] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "client_secret",
    "secret_access_key",
    "api_key",
    "x_api_key",
    "authorization",
    "proxy_authorization",
    "access_token",
    "refresh_token",
    "id_token",
    "private_key",
    "cookie",
    "set_cookie",
];

impl Redaction {
    /// Removes nothing.
    pub fn none() -> Self {
        Self { keys: Vec::new(), first_letters: 0 }
    }

    /// Removes values under keys that commonly hold secrets (passwords, tokens, private keys, cookies).
    pub fn secrets() -> Self {
        SECRETS.iter().fold(Self::none(), |rules, key| rules.key(key))
    }

    /// Also removes values under `key`.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.first_letters |= first_letter(key);
        self.keys.push(plain(key).collect());
        self
    }

    /// Whether the value under `key` is removed.
    pub fn removes(&self, key: &str) -> bool {
        self.first_letters & first_letter(key) != 0
            && self.keys.iter().any(|rule| rule.len() <= key.len() && plain(key).eq(rule.chars()))
    }
}

impl Default for Redaction {
    /// [`Redaction::secrets`].
    fn default() -> Self {
        Self::secrets()
    }
}

/// A bit for the letter that a key begins with; one bit for all that is no letter.
fn first_letter(key: &str) -> u32 {
    let first = key.bytes().find(|byte| !matches!(byte, b'-' | b'_')).unwrap_or(0).to_ascii_lowercase();
    if first.is_ascii_lowercase() { 1 << (first - b'a') } else { 1 << 31 }
}

fn plain(key: &str) -> impl Iterator<Item = char> + '_ {
    key.chars().filter(|c| !matches!(c, '-' | '_')).map(|c| c.to_ascii_lowercase())
}
