//! What several attributes of an event are made of, read once. All of it stays in the fields for whoever takes it.

use std::borrow::Cow;

use crate::export::fields::Fields;
use crate::export::{ExportError, needed};
use crate::record::{Record, items};

/// What an entry is, as far as its class and its required attributes depend on it.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub(super) id: Cow<'a, str>,
    pub(super) category: Cow<'a, str>,
    pub(super) action: Cow<'a, str>,
    pub(super) event_name: Option<Cow<'a, str>>,
    pub(super) outcome: Outcome,
    pub(super) method: Option<Cow<'a, str>>,
    phase: Option<Cow<'a, str>>,
    tool_kind: Option<Cow<'a, str>>,
    /// Emitter of the entry, or instance of it.
    pub(super) source: Option<Cow<'a, str>>,
    /// What the first target is called, and its type.
    pub(super) target: Option<(String, Option<String>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Success,
    Failure,
    Denied,
    Unknown,
}

impl<'a> Facts<'a> {
    pub(super) fn read(fields: &mut Fields<'a>) -> Result<Self, ExportError> {
        let word = |fields: &mut Fields<'a>, path| fields.see_text(path).filter(|text| !text.is_empty());
        let outcome = match fields.see_text("outcome").as_deref() {
            Some("success") => Outcome::Success,
            Some("failure") => Outcome::Failure,
            Some("denied") => Outcome::Denied,
            _ => Outcome::Unknown,
        };
        Ok(Self {
            id: needed(fields, "id")?,
            category: needed(fields, "category")?,
            action: needed(fields, "action")?,
            event_name: word(fields, "event_name"),
            outcome,
            method: word(fields, "request.method"),
            phase: word(fields, "phase"),
            tool_kind: word(fields, "tool.kind"),
            source: word(fields, "source.instance").or_else(|| word(fields, "source.id")),
            target: first_target(fields),
        })
    }

    /// What an activity without a number is called.
    pub(super) fn name(&self) -> &str {
        self.event_name.as_deref().unwrap_or(&self.action)
    }

    pub(super) fn is_shell(&self) -> bool {
        self.tool_kind.as_deref() == Some("shell")
    }

    /// Whether the entry was written after its act, which therefore took place.
    pub(super) fn is_over(&self) -> bool {
        self.phase.as_deref() == Some("post") && self.outcome != Outcome::Denied
    }

    /// First word of the operation in lower case: `get` of `s3.amazonaws.com:GetObject`, `list` of `list pods`.
    pub(super) fn verb(&self) -> String {
        let operation = self.action.rsplit(':').next().unwrap_or_default().trim_start();
        let (mut verb, mut was_lower) = (String::new(), false);
        for character in operation.chars() {
            if !character.is_alphabetic() || (was_lower && character.is_uppercase()) {
                break;
            }
            was_lower = character.is_lowercase();
            verb.extend(character.to_lowercase());
        }
        verb
    }

    /// Whether somebody logs in or out, as an activity of the class Authentication.
    pub(super) fn login(&self) -> Option<(u32, &'static str)> {
        let name = self.name().to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if says(&["logout", "logoff", "log_out", "sign_out", "signout"]) {
            Some((2, "Logoff"))
        } else if says(&["login", "logon", "log_in", "sign_in", "signin"]) {
            Some((1, "Logon"))
        } else {
            None
        }
    }
}

fn first_target(fields: &mut Fields<'_>) -> Option<(String, Option<String>)> {
    let targets = items(fields.see("targets")?);
    let target = Record::parse(targets.first()?)?;
    let name = ["name", "id", "uri"].into_iter().find_map(|key| target.word(key))?;
    Some((name.into_owned(), target.word("type").map(Cow::into_owned)))
}
