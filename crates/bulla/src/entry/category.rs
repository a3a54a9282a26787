//! What kind of action an entry is about: nine kinds of the replaced module, the log's own, and any other name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Kind of action. An open set: a name that is not listed here is kept as [`AuditCategory::Custom`].
///
/// ```
/// use bulla::AuditCategory;
/// assert_eq!(AuditCategory::ToolExecution.as_str(), "tool_execution");
/// assert_eq!("billing".parse::<AuditCategory>()?.as_str(), "billing");
/// # Ok::<(), bulla::InvalidCategory>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum AuditCategory {
    /// An HTTP or RPC request and its response.
    Api,
    /// A tool that an agent or a user ran.
    ToolExecution,
    /// Life of a session: created, loaded, prompted, ended.
    Session,
    /// What a model decided or said.
    Cognition,
    /// Several agents at work together.
    Swarm,
    /// Authentication and authorisation.
    Auth,
    /// Kubernetes and deployment.
    K8s,
    /// Sandboxed code.
    Sandbox,
    /// Configuration.
    Config,
    /// The log's own entries. Only the log writes them.
    Audit,
    /// Any other name.
    Custom(CategoryName),
}

/// A custom category's name: snake_case ASCII, at most [`CategoryName::LEN_MAX`] bytes, kept inline so that
/// [`AuditCategory`] stays `Copy`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CategoryName {
    bytes: [u8; Self::LEN_MAX],
    len: u8,
}

/// A category name that is empty, too long or not snake_case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "category {0:?} is not a snake_case name of 1 to {max} bytes (a-z, 0-9 and _, starting with a letter)",
    max = CategoryName::LEN_MAX
)]
pub struct InvalidCategory(String);

impl CategoryName {
    /// 47: with its length byte a name fills 48 bytes.
    pub const LEN_MAX: usize = 47;

    fn new(name: &str) -> Result<Self, InvalidCategory> {
        let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let starts_well = name.as_bytes().first().is_some_and(u8::is_ascii_lowercase);
        if !starts_well || name.len() > Self::LEN_MAX || !name.bytes().all(is_word) {
            return Err(InvalidCategory(name.chars().take(80).collect()));
        }
        let mut bytes = [0; Self::LEN_MAX];
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        Ok(Self { bytes, len: u8::try_from(name.len()).expect("a name is at most 47 bytes") })
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).expect("a name is ASCII")
    }
}

const LISTED: [(AuditCategory, &str); 10] = [
    (AuditCategory::Api, "api"),
    (AuditCategory::ToolExecution, "tool_execution"),
    (AuditCategory::Session, "session"),
    (AuditCategory::Cognition, "cognition"),
    (AuditCategory::Swarm, "swarm"),
    (AuditCategory::Auth, "auth"),
    (AuditCategory::K8s, "k8s"),
    (AuditCategory::Sandbox, "sandbox"),
    (AuditCategory::Config, "config"),
    (AuditCategory::Audit, "audit"),
];

impl AuditCategory {
    /// A category of that name, listed or custom.
    ///
    /// # Errors
    /// When the name is not snake_case of 1 to 47 bytes.
    pub fn named(name: &str) -> Result<Self, InvalidCategory> {
        match LISTED.iter().find(|(_, listed)| *listed == name) {
            Some((category, _)) => Ok(*category),
            None => CategoryName::new(name).map(Self::Custom),
        }
    }

    /// The name as it is written in an entry.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Custom(name) => name.as_str(),
            listed => {
                let row = LISTED.iter().find(|(category, _)| category == listed);
                row.expect("every listed category has a row").1
            }
        }
    }
}

impl fmt::Display for AuditCategory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for AuditCategory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api => f.write_str("Api"),
            Self::ToolExecution => f.write_str("ToolExecution"),
            Self::Session => f.write_str("Session"),
            Self::Cognition => f.write_str("Cognition"),
            Self::Swarm => f.write_str("Swarm"),
            Self::Auth => f.write_str("Auth"),
            Self::K8s => f.write_str("K8s"),
            Self::Sandbox => f.write_str("Sandbox"),
            Self::Config => f.write_str("Config"),
            Self::Audit => f.write_str("Audit"),
            Self::Custom(name) => write!(f, "Custom({:?})", name.as_str()),
        }
    }
}

impl FromStr for AuditCategory {
    type Err = InvalidCategory;

    fn from_str(name: &str) -> Result<Self, InvalidCategory> {
        Self::named(name)
    }
}

impl Serialize for AuditCategory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for AuditCategory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::named(&name).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_name_reads_back_as_itself() {
        for (category, name) in LISTED {
            assert_eq!(AuditCategory::named(name), Ok(category));
            assert_eq!(serde_json::to_string(&category).unwrap(), format!("{name:?}"));
        }
    }

    #[test]
    fn names_that_are_not_snake_case_are_refused() {
        let too_long = "a".repeat(CategoryName::LEN_MAX + 1);
        for name in ["", "Api", "tool execution", "1st", "a-b", "é", "a\n", too_long.as_str()] {
            assert!(AuditCategory::named(name).is_err(), "{name:?}");
        }
        assert!(AuditCategory::named(&"a".repeat(CategoryName::LEN_MAX)).is_ok());
    }
}
