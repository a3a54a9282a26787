//! What a credential allows.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One thing that a credential allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Recording entries.
    Write,
    /// Reading entries, statistics and status.
    Read,
    /// Reading checkpoints, tiles and proofs, and nothing that tells what an entry says.
    Verify,
    /// Everything, and credentials.
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 4] = [Self::Write, Self::Read, Self::Verify, Self::Admin];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Read => "read",
            Self::Verify => "verify",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no scope: write, read, verify or admin")]
pub struct UnknownScope(String);

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == text)
            .ok_or_else(|| UnknownScope(text.to_owned()))
    }
}

/// Whether a credential with the scopes `held` may do what needs `needed`. `admin` allows everything, `read` also
/// what `verify` does.
pub(crate) fn allows(held: &[Scope], needed: Scope) -> bool {
    held.iter().any(|scope| {
        *scope == needed || *scope == Scope::Admin || (*scope == Scope::Read && needed == Scope::Verify)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_allow_themselves_and_what_they_include() {
        use Scope::{Admin, Read, Verify, Write};
        for held in Scope::ALL {
            for needed in Scope::ALL {
                let expected = held == needed || held == Admin || (held, needed) == (Read, Verify);
                assert_eq!(allows(&[held], needed), expected, "{held} for {needed}");
            }
        }
        assert!(!allows(&[], Verify));
        assert!(allows(&[Verify, Write], Write));
    }
}
