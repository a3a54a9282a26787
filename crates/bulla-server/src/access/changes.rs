//! Tokens that are made or revoked while the server runs go on the record: what its API does before it is answered, and
//! what others did soon after. The command that does it cannot write a log that the server holds.

use std::sync::{Arc, Mutex, MutexGuard, TryLockError};

use bulla::{AuditCategory, AuditEntry, AuditLog, AuditOutcome, RecordError};

use super::caller::{Caller, LOCAL_OPERATOR};
use super::tokens::{Token, TokenError, Tokens};
use crate::problem::Problem;

/// The tokens that the log knows of.
#[derive(Debug)]
pub(crate) struct TokenChanges {
    log: AuditLog,
    known: Mutex<Arc<Vec<Token>>>,
}

impl TokenChanges {
    /// What is there now was recorded by the command that made it.
    pub(crate) fn new(log: AuditLog, tokens: &Tokens) -> Self {
        let known = tokens.list().unwrap_or_else(|error| {
            tracing::error!(%error, "tokens cannot be read; nobody can use one");
            Arc::default()
        });
        Self { log, known: Mutex::new(known) }
    }

    /// Records what has changed since the last look. While the API changes something, it looks no further.
    pub(crate) fn tick(&self, tokens: &Tokens) {
        match self.known.try_lock() {
            Err(TryLockError::WouldBlock) => {}
            known => self.look(tokens, known.expect("no panic while held")),
        }
    }

    /// Makes a change for `caller`, and records it as `name`: durable when this returns. Waits for the disk.
    ///
    /// # Errors
    /// When it cannot be made. When it cannot be recorded: then it was not begun, or was made all the same, which the
    /// problem says.
    pub(crate) fn make<T>(
        &self,
        tokens: &Tokens,
        caller: &Caller,
        name: &str,
        change: impl FnOnce(&Tokens) -> Result<(Token, T), TokenError>,
    ) -> Result<(Token, T), Problem> {
        if let Some(refusal) = self.log.refusal() {
            return Err(refusal.into());
        }
        self.look(tokens, self.known.lock().expect("no panic while held"));
        let mut known = self.known.lock().expect("no panic while held");
        let (token, made) = change(tokens)?;
        let entry = entry(name, &token).principal(&caller.name).actor(caller.actor());
        self.log.record_blocking(entry).map_err(|error| unrecorded(name, error))?;
        let list = Arc::make_mut(&mut known);
        list.retain(|other| other.fingerprint() != token.fingerprint());
        list.push(token.clone());
        Ok((token, made))
    }

    fn look(&self, tokens: &Tokens, mut known: MutexGuard<'_, Arc<Vec<Token>>>) {
        let Ok(now) = tokens.list() else { return };
        if Arc::ptr_eq(&known, &now) {
            return;
        }
        for token in now.iter() {
            let before = known.iter().find(|before| before.fingerprint() == token.fingerprint());
            let is_revoked_now =
                before.is_some_and(|before| before.revoked_at.is_none()) && token.revoked_at.is_some();
            let name = match before {
                None => "token.created",
                Some(_) if is_revoked_now => "token.revoked",
                Some(_) => continue,
            };
            if self.log.submit(entry(name, token).principal(LOCAL_OPERATOR)).is_err() {
                self.log.report_dropped("a change of tokens could not be queued", 1);
            }
        }
        *known = now;
    }
}

fn unrecorded(name: &str, error: RecordError) -> Problem {
    Problem::from(error).with_note(&format!("the change was made, and no entry `{name}` says so"))
}

fn entry(name: &str, token: &Token) -> AuditEntry {
    AuditEntry::new(AuditCategory::Config, name)
        .event_name(name)
        .outcome(AuditOutcome::Success)
        .detail(token.described())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::caller::CredentialKind;
    use crate::access::scope::Scope;
    use crate::access::tokens::NewToken;
    use crate::problem::Code;

    fn new(name: &str) -> NewToken {
        NewToken { name: name.into(), source: None, scopes: vec![Scope::Read], expires_at: None }
    }

    fn ann() -> Caller {
        Caller {
            name: "ann".to_owned(),
            source: "ann".to_owned(),
            scopes: vec![Scope::Admin],
            credential: CredentialKind::Session,
            fingerprint: "f".to_owned(),
            peer: None,
            token: None,
            ends: None,
        }
    }

    /// What is recorded, the newest first: what happened, to which token, by whom.
    async fn told(log: &AuditLog) -> Vec<(String, String, String)> {
        let entries = log.recent(9).await.into_iter();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        entries
            .map(|entry| (entry.action, text(&entry.detail.unwrap()["token"]), entry.principal.unwrap()))
            .collect()
    }

    fn owned(told: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
        told.iter().map(|(act, token, who)| ((*act).into(), (*token).into(), (*who).into())).collect()
    }

    #[tokio::test]
    async fn what_changes_is_recorded_once() {
        let (folder, log) = (tempfile::tempdir().unwrap(), AuditLog::in_memory(128));
        let tokens = Tokens::of(folder.path());
        let now = bulla::Timestamp::now();
        tokens.create(new("before"), now).unwrap();
        let changes = TokenChanges::new(log.clone(), &tokens);
        changes.tick(&tokens);
        assert_eq!(log.size(), 0);
        tokens.create(new("after"), now).unwrap();
        changes.tick(&tokens);
        tokens.revoke("before", now).unwrap();
        changes.tick(&tokens);
        changes.tick(&tokens);
        let expected =
            [("token.revoked", "before", LOCAL_OPERATOR), ("token.created", "after", LOCAL_OPERATOR)];
        assert_eq!(told(&log).await, owned(&expected));
    }

    #[tokio::test]
    async fn what_a_caller_changes_is_recorded_as_the_callers_and_what_others_did_beside_as_theirs() {
        let (folder, log) = (tempfile::tempdir().unwrap(), AuditLog::in_memory(128));
        let tokens = Tokens::of(folder.path());
        let changes = TokenChanges::new(log.clone(), &tokens);
        let now = bulla::Timestamp::now();
        tokens.create(new("by hand"), now).unwrap_err();
        tokens.create(new("by-hand"), now).unwrap();
        let made = changes.make(&tokens, &ann(), "token.created", |tokens| {
            // Another hand, in the middle of it.
            tokens.create(new("beside"), now)?;
            tokens.create(new("made"), now).map(|(secret, token)| (token, secret))
        });
        let fingerprint = made.unwrap().0.fingerprint().to_owned();
        changes.tick(&tokens);
        let revoke = |tokens: &Tokens| Ok((tokens.revoke_fingerprint(&fingerprint, now)?, ()));
        changes.make(&tokens, &ann(), "token.revoked", revoke).unwrap();
        changes.tick(&tokens);
        let again = changes.make(&tokens, &ann(), "token.revoked", revoke).unwrap_err();
        assert_eq!(again.code(), Code::TokenNotFound);
        let expected = [
            ("token.revoked", "made", "ann"),
            ("token.created", "beside", LOCAL_OPERATOR),
            ("token.created", "made", "ann"),
            ("token.created", "by-hand", LOCAL_OPERATOR),
        ];
        assert_eq!(told(&log).await, owned(&expected));
    }

    #[tokio::test]
    async fn what_cannot_be_recorded_is_not_begun() {
        let folder = tempfile::tempdir().unwrap();
        let log = AuditLog::open(folder.path().join("audit")).unwrap();
        let tokens = Tokens::of(folder.path());
        let changes = TokenChanges::new(log.clone(), &tokens);
        log.close().await.unwrap();
        let made = changes.make(&tokens, &ann(), "token.created", |tokens| {
            tokens.create(new("made"), bulla::Timestamp::now()).map(|(secret, token)| (token, secret))
        });
        assert_eq!(made.unwrap_err().code(), Code::ShuttingDown);
        assert!(tokens.list().unwrap().is_empty());
    }
}
