//! The tokens of a log: `server/tokens.json` in its directory. The file holds names, scopes and hashes, never a
//! token. Every request looks whether the file has changed, so that a revoked token is refused at once.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bulla::Timestamp;
use serde::{Deserialize, Serialize};

use super::scope::Scope;
use super::secret::{Fingerprint, new_secret};

/// What every token begins with, so that people and scanners know one when they see it.
const PREFIX: &str = "bulla_";
/// 64: a name is for people.
const NAME_BYTES_MAX: usize = 64;
/// 4 MiB: some 10,000 tokens of about 400 bytes.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// One token, as the file has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Name for people; unique among the tokens that are not revoked.
    pub name: String,
    /// `source.id` of the entries recorded with it.
    pub source: String,
    /// What it allows.
    pub scopes: Vec<Scope>,
    /// SHA-256 of the token, in hexadecimal.
    sha256: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

impl Token {
    /// First digits of its hash: enough to tell tokens apart in a log, of no use to anyone else.
    pub fn fingerprint(&self) -> &str {
        self.sha256.get(..12).unwrap_or(&self.sha256)
    }

    /// What entries say of it.
    pub fn described(&self) -> serde_json::Value {
        serde_json::json!({
            "token": self.name,
            "source": self.source,
            "scopes": self.scopes,
            "fingerprint": self.fingerprint(),
            "expires_at": self.expires_at,
        })
    }

    /// Whether it is valid at `now`.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// What a new token is to be.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Name for people: letters, digits and `-_.@`, at most 64.
    pub name: String,
    /// `source.id` of its entries; the name when not given.
    pub source: Option<String>,
    /// What it allows; at least one.
    pub scopes: Vec<Scope>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// Why tokens could not be read or changed. Nothing is changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The file could not be read or written.
    #[error("{act} {file}: {error}")]
    File {
        /// What was tried.
        act: &'static str,
        /// The file.
        file: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file is not one of tokens.
    #[error("{0} cannot be understood: {1}; restore it from a copy, or remove it to begin without tokens")]
    Damaged(PathBuf, String),
    /// The name cannot be one.
    #[error("`{0}` is no name for a token: 1 to {NAME_BYTES_MAX} letters, digits or any of `-_.@`")]
    InvalidName(String),
    /// Another valid token has the name.
    #[error("there is a token `{0}` already: revoke it first, or take another name")]
    NameTaken(String),
    /// There is no valid token of that name.
    #[error("there is no valid token `{0}`: `bulla token list` shows them all")]
    NoSuchToken(String),
    /// A token without a scope allows nothing.
    #[error("a token needs at least one scope: write, read, verify or admin")]
    NoScope,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenList {
    tokens: Vec<Token>,
}

/// The tokens of one log.
#[derive(Debug)]
pub struct Tokens {
    folder: PathBuf,
    known: Mutex<Known>,
}

/// What the file said when it was last read.
#[derive(Debug, Default)]
struct Known {
    /// Device, inode, length, change time: another file has others.
    stamp: Option<(u64, u64, u64, i64, i64)>,
    tokens: Arc<Vec<Token>>,
}

impl Tokens {
    /// The tokens of the log at `directory`; there need not be any.
    pub fn of(directory: &Path) -> Self {
        Self { folder: directory.join("server"), known: Mutex::default() }
    }

    /// Every token, revoked ones included, in the order they were made.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn list(&self) -> Result<Arc<Vec<Token>>, TokenError> {
        let file = self.file();
        let stamp = match fs::metadata(&file) {
            Ok(seen) => Some((seen.dev(), seen.ino(), seen.len(), seen.ctime(), seen.ctime_nsec())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(TokenError::File { act: "look at", file, error }),
        };
        let mut known = self.known.lock().expect("no panic while held");
        if known.stamp != stamp || stamp.is_none() {
            let tokens = if stamp.is_some() { self.read()?.tokens } else { Vec::new() };
            *known = Known { stamp, tokens: Arc::new(tokens) };
        }
        Ok(known.tokens.clone())
    }

    /// The valid token that `secret` is.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn find(&self, secret: &str, now: Timestamp) -> Result<Option<Token>, TokenError> {
        let print = Fingerprint::of(secret);
        let tokens = self.list()?;
        let is_it = |token: &&Token| Fingerprint::from_hex(&token.sha256).is_some_and(|kept| kept.is(&print));
        Ok(tokens.iter().filter(is_it).find(|token| token.is_valid(now)).cloned())
    }

    /// Makes a token; returns it, once, with what is kept of it.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn create(&self, new: NewToken, now: Timestamp) -> Result<(String, Token), TokenError> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte);
        for name in [Some(&new.name), new.source.as_ref()].into_iter().flatten() {
            if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(is_plain) {
                return Err(TokenError::InvalidName(name.clone()));
            }
        }
        let mut scopes = new.scopes;
        scopes.sort();
        scopes.dedup();
        if scopes.is_empty() {
            return Err(TokenError::NoScope);
        }
        let secret = new_secret(PREFIX);
        let token = Token {
            source: new.source.unwrap_or_else(|| new.name.clone()),
            name: new.name,
            scopes,
            sha256: Fingerprint::of(&secret).to_hex(),
            created_at: now,
            expires_at: new.expires_at,
            revoked_at: None,
        };
        let kept = token.clone();
        self.change(|tokens| {
            if tokens.iter().any(|other| other.name == token.name && other.is_valid(now)) {
                return Err(TokenError::NameTaken(token.name));
            }
            tokens.push(token);
            Ok(())
        })?;
        Ok((secret, kept))
    }

    /// Revokes the valid token of that name: from now on it is refused, also by a server that runs.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn revoke(&self, name: &str, now: Timestamp) -> Result<Token, TokenError> {
        self.revoke_the(name, |token| token.name == name, now)
    }

    /// Revokes the valid token with that [fingerprint](Token::fingerprint).
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn revoke_fingerprint(&self, fingerprint: &str, now: Timestamp) -> Result<Token, TokenError> {
        self.revoke_the(fingerprint, |token| token.fingerprint() == fingerprint, now)
    }

    /// Revokes the valid token that `is_it`, which was asked for by the word `asked`.
    fn revoke_the(
        &self,
        asked: &str,
        is_it: impl Fn(&Token) -> bool,
        now: Timestamp,
    ) -> Result<Token, TokenError> {
        self.change(|tokens| {
            let token = tokens
                .iter_mut()
                .find(|token| is_it(token) && token.is_valid(now))
                .ok_or_else(|| TokenError::NoSuchToken(asked.to_owned()))?;
            token.revoked_at = Some(now);
            Ok(token.clone())
        })
    }

    fn file(&self) -> PathBuf {
        self.folder.join("tokens.json")
    }

    fn read(&self) -> Result<TokenList, TokenError> {
        let file = self.file();
        let mut text = String::new();
        let read = File::open(&file).and_then(|open| open.take(FILE_BYTES_MAX).read_to_string(&mut text));
        match read {
            Ok(_) => {
                serde_json::from_str(&text).map_err(|error| TokenError::Damaged(file, error.to_string()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(TokenList::default()),
            Err(error) => Err(TokenError::File { act: "read", file, error }),
        }
    }

    /// Reads, changes and replaces the file under a lock, so that two commands at once do not lose a change.
    fn change<T>(&self, act: impl FnOnce(&mut Vec<Token>) -> Result<T, TokenError>) -> Result<T, TokenError> {
        let failed = |act, file: &Path, error| TokenError::File { act, file: file.to_owned(), error };
        fs::create_dir_all(&self.folder).map_err(|error| failed("make", &self.folder, error))?;
        let lock = self.folder.join("tokens.lock");
        let lock_file = open_private(&lock).map_err(|error| failed("open", &lock, error))?;
        lock_file.lock().map_err(|error| failed("lock", &lock, error))?;
        let mut list = self.read()?;
        let done = act(&mut list.tokens)?;
        let file = self.file();
        self.replace(&file, &list).map_err(|error| failed("write", &file, error))?;
        Ok(done)
    }

    /// Written beside, synced, renamed, and the folder synced: a crash leaves the old file or the new one.
    fn replace(&self, file: &Path, list: &TokenList) -> io::Result<()> {
        let beside = self.folder.join("tokens.json.tmp");
        let mut out = open_private(&beside)?;
        out.set_len(0)?;
        serde_json::to_writer_pretty(&mut out, list)?;
        out.write_all(b"\n")?;
        out.sync_all()?;
        fs::rename(&beside, file)?;
        File::open(&self.folder)?.sync_all()
    }
}

/// Opens a file that only its owner may read, and makes it when it is missing.
fn open_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(name: &str) -> NewToken {
        NewToken { name: name.into(), source: None, scopes: vec![Scope::Write], expires_at: None }
    }

    fn at(seconds: i128) -> Timestamp {
        Timestamp::from_unix_nanos(seconds * 1_000_000_000).unwrap()
    }

    #[test]
    fn a_token_is_found_until_it_is_revoked_also_by_another_process() {
        let folder = tempfile::tempdir().unwrap();
        let (server, command) = (Tokens::of(folder.path()), Tokens::of(folder.path()));
        assert_eq!(server.find("bulla_x", at(1)).unwrap(), None);
        let (secret, token) = command.create(new("ci"), at(1)).unwrap();
        assert_eq!(server.find(&secret, at(2)).unwrap(), Some(token));
        command.revoke("ci", at(3)).unwrap();
        assert_eq!(server.find(&secret, at(3)).unwrap(), None);
        assert!(command.create(new("ci"), at(4)).is_ok(), "the name is free again");
        assert_eq!(server.list().unwrap().len(), 2);
    }

    #[test]
    fn the_file_holds_no_token_and_is_its_owners_only() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = Tokens::of(folder.path());
        let (secret, _) = tokens.create(new("ci"), at(1)).unwrap();
        let file = tokens.file();
        assert!(!fs::read_to_string(&file).unwrap().contains(&secret[PREFIX.len()..]));
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn an_expired_token_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = Tokens::of(folder.path());
        let until = NewToken { expires_at: Some(at(10)), ..new("short") };
        let (secret, _) = tokens.create(until, at(1)).unwrap();
        assert!(tokens.find(&secret, at(9)).unwrap().is_some());
        assert!(tokens.find(&secret, at(10)).unwrap().is_none());
    }

    #[test]
    fn bad_names_and_missing_scopes_are_refused_and_change_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = Tokens::of(folder.path());
        for name in ["", "a b", "a\n", "../x", &"n".repeat(65)] {
            assert!(matches!(tokens.create(new(name), at(1)), Err(TokenError::InvalidName(_))), "{name:?}");
        }
        let none = NewToken { scopes: Vec::new(), ..new("none") };
        assert!(matches!(tokens.create(none, at(1)), Err(TokenError::NoScope)));
        assert!(matches!(tokens.revoke("ghost", at(1)), Err(TokenError::NoSuchToken(_))));
        assert!(tokens.list().unwrap().is_empty());
        tokens.create(new("ci"), at(1)).unwrap();
        assert!(matches!(tokens.create(new("ci"), at(2)), Err(TokenError::NameTaken(_))));
    }

    #[test]
    fn a_damaged_file_is_an_error_and_lets_nobody_in() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = Tokens::of(folder.path());
        let (secret, _) = tokens.create(new("ci"), at(1)).unwrap();
        fs::write(tokens.file(), "{").unwrap();
        assert!(matches!(tokens.find(&secret, at(2)), Err(TokenError::Damaged(..))));
    }
}
