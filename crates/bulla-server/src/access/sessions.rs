//! People who are logged in: one-time login codes, and the sessions that they become. Both live in memory only and
//! end with the server; of both, only the SHA-256 is kept.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::scope::Scope;
use super::secret::{Fingerprint, new_secret};

/// 10 minutes from the printing of a link to its use.
pub(crate) const CODE_LIFETIME: Duration = Duration::from_secs(10 * 60);
/// 12 hours: a working day; then a new login is needed.
pub(crate) const SESSION_LIFETIME: Duration = Duration::from_secs(12 * 60 * 60);
/// 16 links that were not used yet; the oldest goes.
const CODES_MAX: usize = 16;
/// 1,024 people at once; the one who logged in first goes.
pub(crate) const SESSIONS_MAX: usize = 1024;

/// A person who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    /// Who: `local-operator` by the printed link, otherwise the name of the token that was used.
    pub(crate) name: String,
    pub(crate) scopes: Vec<Scope>,
    /// Fingerprint of the token that was used; the login is valid as long as that is.
    pub(crate) token: Option<String>,
    /// First digits of the session's hash, to tell sessions apart in entries.
    pub(crate) fingerprint: String,
    since: Instant,
}

impl Session {
    /// When it ends by itself.
    pub(crate) fn end(&self) -> Instant {
        self.since + SESSION_LIFETIME
    }
}

#[derive(Debug, Default)]
pub(crate) struct Sessions {
    codes: Mutex<Vec<(Fingerprint, Instant)>>,
    sessions: Mutex<HashMap<[u8; 32], Session>>,
}

impl Sessions {
    /// A new one-time login code.
    pub(crate) fn new_code(&self, now: Instant) -> String {
        let code = new_secret("");
        let mut codes = self.codes.lock().expect("no panic while held");
        codes.retain(|(_, made)| now.duration_since(*made) < CODE_LIFETIME);
        if codes.len() == CODES_MAX {
            codes.remove(0);
        }
        codes.push((Fingerprint::of(&code), now));
        code
    }

    /// Uses up a login code; true when it was valid.
    pub(crate) fn take_code(&self, code: &str, now: Instant) -> bool {
        let print = Fingerprint::of(code);
        let mut codes = self.codes.lock().expect("no panic while held");
        codes.retain(|(_, made)| now.duration_since(*made) < CODE_LIFETIME);
        let found = codes.iter().position(|(kept, _)| kept.is(&print));
        found.map(|index| codes.remove(index)).is_some()
    }

    /// Begins a session; returns the secret for its cookie.
    pub(crate) fn begin(
        &self,
        name: &str,
        scopes: Vec<Scope>,
        token: Option<String>,
        now: Instant,
    ) -> (String, Session) {
        let secret = new_secret("");
        let print = Fingerprint::of(&secret);
        let fingerprint = print.to_hex()[..12].to_owned();
        let session = Session { name: name.to_owned(), scopes, token, fingerprint, since: now };
        let mut sessions = self.sessions.lock().expect("no panic while held");
        sessions.retain(|_, session| now.duration_since(session.since) < SESSION_LIFETIME);
        if sessions.len() >= SESSIONS_MAX
            && let Some(oldest) =
                sessions.iter().min_by_key(|(_, session)| session.since).map(|(key, _)| *key)
        {
            sessions.remove(&oldest);
        }
        sessions.insert(print.0, session.clone());
        (secret, session)
    }

    /// The session that a cookie's secret stands for.
    pub(crate) fn find(&self, secret: &str, now: Instant) -> Option<Session> {
        let sessions = self.sessions.lock().expect("no panic while held");
        let session = sessions.get(&Fingerprint::of(secret).0)?;
        (now.duration_since(session.since) < SESSION_LIFETIME).then(|| session.clone())
    }

    /// Ends a session.
    pub(crate) fn end(&self, secret: &str) -> Option<Session> {
        self.sessions.lock().expect("no panic while held").remove(&Fingerprint::of(secret).0)
    }
}

/// Seconds that a browser keeps the cookie.
pub(crate) const COOKIE_SECONDS: u64 = SESSION_LIFETIME.as_secs();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_works_once_and_not_for_ever() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let code = sessions.new_code(now);
        assert!(!sessions.take_code("other", now));
        assert!(sessions.take_code(&code, now));
        assert!(!sessions.take_code(&code, now), "it is used up");
        let late = sessions.new_code(now);
        assert!(!sessions.take_code(&late, now + CODE_LIFETIME));
    }

    #[test]
    fn a_session_ends_by_logout_and_by_time() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let (one, session) = sessions.begin("ann", vec![Scope::Read], None, now);
        assert_eq!(sessions.find(&one, now).as_ref(), Some(&session));
        assert_eq!(sessions.find(&one, now + SESSION_LIFETIME), None);
        assert!(sessions.end(&one).is_some());
        assert_eq!(sessions.find(&one, now), None);
    }

    #[test]
    fn codes_and_sessions_are_bounded_and_the_oldest_goes() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let first = sessions.new_code(now);
        (0..CODES_MAX).for_each(|_| drop(sessions.new_code(now)));
        assert!(!sessions.take_code(&first, now));
        let (oldest, _) = sessions.begin("old", Vec::new(), None, now);
        let later = now + Duration::from_secs(1);
        (0..SESSIONS_MAX).for_each(|_| drop(sessions.begin("new", Vec::new(), None, later)));
        assert_eq!(sessions.find(&oldest, later), None);
        assert_eq!(sessions.sessions.lock().unwrap().len(), SESSIONS_MAX);
    }
}
