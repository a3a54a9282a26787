//! Tokens that are made or revoked while the server runs go on the record: the command that does it cannot write a log
//! that the server holds.

use std::sync::{Arc, Mutex};

use bulla::{AuditCategory, AuditEntry, AuditLog, AuditOutcome};

use super::tokens::{Token, Tokens};

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

    /// Records what has changed since the last look.
    pub(crate) fn tick(&self, tokens: &Tokens) {
        let Ok(now) = tokens.list() else { return };
        let mut known = self.known.lock().expect("no panic while held");
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
            if self.log.submit(entry(name, token)).is_err() {
                self.log.report_dropped("a change of tokens could not be queued", 1);
            }
        }
        *known = now;
    }
}

fn entry(name: &str, token: &Token) -> AuditEntry {
    AuditEntry::new(AuditCategory::Config, name)
        .event_name(name)
        .principal("local-operator")
        .outcome(AuditOutcome::Success)
        .detail(token.described())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::scope::Scope;
    use crate::access::tokens::NewToken;

    #[tokio::test]
    async fn what_changes_is_recorded_once() {
        let (folder, log) = (tempfile::tempdir().unwrap(), AuditLog::in_memory(128));
        let tokens = Tokens::of(folder.path());
        let new = |name: &str| NewToken {
            name: name.into(),
            source: None,
            scopes: vec![Scope::Read],
            expires_at: None,
        };
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
        let actions: Vec<_> = log.recent(9).await.into_iter().map(|entry| entry.action).collect();
        assert_eq!(actions, ["token.revoked", "token.created"]);
    }
}
