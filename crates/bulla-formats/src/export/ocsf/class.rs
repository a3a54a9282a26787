//! Which OCSF class an entry belongs to, and which of the class's activities it is.

use super::facts::Facts;

/// Classes that entries become, all of OCSF 1.9.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// What no class describes: categories of the user's own.
    BaseEvent,
    /// A command or sandboxed code.
    Process,
    /// The log's own entries.
    EventLog,
    /// Logins and other proofs of who one is.
    Authentication,
    /// Configuration.
    Entity,
    /// A session of an application.
    Application,
    /// Requests, tool calls, model turns.
    Api,
}

/// One of a class's activities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Activity {
    pub(super) id: u32,
    pub(super) name: String,
}

/// An activity that its class has no number for.
const OTHER: u32 = 99;

impl Class {
    pub(super) fn of(facts: &Facts<'_>) -> Self {
        match facts.category.as_ref() {
            "tool_execution" if facts.is_shell() => Self::Process,
            "api" | "k8s" | "tool_execution" | "cognition" | "swarm" => Self::Api,
            "auth" => Self::Authentication,
            "session" if facts.login().is_some() => Self::Authentication,
            "session" => Self::Application,
            "sandbox" => Self::Process,
            "config" => Self::Entity,
            "audit" => Self::EventLog,
            _ => Self::BaseEvent,
        }
    }

    pub(super) fn uid(self) -> u32 {
        match self {
            Self::BaseEvent => 0,
            Self::Process => 1007,
            Self::EventLog => 1008,
            Self::Authentication => 3002,
            Self::Entity => 3004,
            Self::Application => 6002,
            Self::Api => 6003,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::BaseEvent => "Base Event",
            Self::Process => "Process Activity",
            Self::EventLog => "Event Log Activity",
            Self::Authentication => "Authentication",
            Self::Entity => "Entity Management",
            Self::Application => "Application Lifecycle",
            Self::Api => "API Activity",
        }
    }

    /// Number and name of the category: the thousands of the class's number.
    pub(super) fn category(self) -> (u32, &'static str) {
        let name = match self {
            Self::BaseEvent => "Uncategorized",
            Self::Process | Self::EventLog => "System Activity",
            Self::Authentication | Self::Entity => "Identity & Access Management",
            Self::Application | Self::Api => "Application Activity",
        };
        (self.uid() / 1000, name)
    }

    /// Whether the class has `src_endpoint`.
    pub(super) fn has_source(self) -> bool {
        matches!(self, Self::EventLog | Self::Authentication | Self::Entity | Self::Api)
    }

    /// Whether the class has `http_request` and `http_response`.
    pub(super) fn has_http(self) -> bool {
        matches!(self, Self::Authentication | Self::Entity | Self::Api)
    }

    /// Whether the class has attributes of the profiles `ai_operation` and `trace`.
    pub(super) fn has_operation(self) -> bool {
        matches!(self, Self::Api | Self::Process)
    }

    /// Whether `actor` comes with the profile `host` and not with the class.
    pub(super) fn needs_host_for_actor(self) -> bool {
        !matches!(self, Self::Api | Self::Process | Self::EventLog)
    }

    pub(super) fn activity(self, facts: &Facts<'_>) -> Activity {
        let known = match self {
            Self::BaseEvent => None,
            Self::Process if facts.is_over() => Some((2, "Terminate")),
            Self::Process => Some((1, "Launch")),
            Self::EventLog => of_log(facts),
            Self::Authentication => facts.login(),
            Self::Entity => Some(change(facts).unwrap_or((3, "Update"))),
            Self::Application => of_session(facts),
            Self::Api => change(facts),
        };
        match known {
            Some((id, name)) => Activity { id, name: name.to_owned() },
            None => Activity { id: OTHER, name: facts.name().to_owned() },
        }
    }
}

type Known = (u32, &'static str);

/// Create, read, update or delete, as the HTTP method or the operation's first word says.
fn change(facts: &Facts<'_>) -> Option<Known> {
    let method = facts.method.as_deref().unwrap_or_default();
    let of_method = match method {
        "GET" | "HEAD" => Some((2, "Read")),
        "POST" => Some((1, "Create")),
        "PUT" | "PATCH" => Some((3, "Update")),
        "DELETE" => Some((4, "Delete")),
        _ => None,
    };
    of_method.or_else(|| match facts.verb().as_str() {
        "create" | "run" | "post" => Some((1, "Create")),
        "get" | "list" | "describe" | "head" | "read" | "watch" | "lookup" => Some((2, "Read")),
        "put" | "update" | "modify" | "patch" | "set" | "attach" | "detach" => Some((3, "Update")),
        "delete" | "deletecollection" | "remove" | "terminate" => Some((4, "Delete")),
        _ => None,
    })
}

fn of_log(facts: &Facts<'_>) -> Option<Known> {
    match facts.event_name.as_deref()? {
        "payload.erased" | "retention.applied" => Some((2, "Delete")),
        "export.created" => Some((3, "Export")),
        "log.opened" => Some((6, "Start")),
        "log.closed" => Some((7, "Stop")),
        _ => None,
    }
}

fn of_session(facts: &Facts<'_>) -> Option<Known> {
    match facts.event_name.as_deref()? {
        "session.start" | "session.started" | "session.created" | "session.create" => Some((3, "Start")),
        "session.end" | "session.ended" | "session.closed" | "session.close" => Some((4, "Stop")),
        "session.resume" | "session.resumed" => Some((5, "Restart")),
        _ => None,
    }
}
