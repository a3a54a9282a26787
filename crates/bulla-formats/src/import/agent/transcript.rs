//! What transcripts of coding agents have in common: tool calls and their results, joined by the call's id.

use std::borrow::Cow;
use std::collections::HashMap;

use bulla::entry::limits::ID_BYTES_MAX;
use bulla::entry::{Actor, Reason, Target, Tool};
use bulla::{AuditCategory, AuditEntry, AuditOutcome, Phase, Timestamp};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::import::found::{Found, TEXT_BYTES_MAX, note};
use crate::import::seal::{Detail, Draft, Fact};
use crate::record::{Record, clip, items, text_of};

/// 64 Ki: more calls, lines or messages than these are forgotten and no longer joined by time or parent.
const REMEMBERED_MAX: usize = 1 << 16;

/// 4 KiB: arguments up to this size also stand under `detail.input`, at the same place for every agent.
const INPUT_BYTES_MAX: usize = 4 * 1024;

/// 16: a patch that touches more files names the first ones; the original has them all.
const TARGETS_MAX: usize = 16;

/// 200 bytes: the first line of an error, as a reason.
const REASON_BYTES_MAX: usize = 200;

/// A map that stops growing.
#[derive(Debug)]
pub(crate) struct Remembered<T>(HashMap<String, T>);

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T> Remembered<T> {
    pub(crate) fn insert(&mut self, key: &str, value: T) {
        if self.0.len() < REMEMBERED_MAX && key.len() <= ID_BYTES_MAX {
            self.0.insert(key.to_owned(), value);
        }
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<T> {
        self.0.remove(key)
    }

    pub(crate) fn find(&self, key: &str) -> Option<&T> {
        self.0.get(key)
    }
}

/// A call whose result has not come yet.
#[derive(Debug)]
pub(crate) struct OpenCall {
    at: Timestamp,
    name: String,
}

/// Calls without a result so far, by call id.
pub(crate) type OpenCalls = Remembered<OpenCall>;

/// Tokens that a message or session has counted so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) cache_read: u64,
    pub(crate) cache_write: u64,
}

impl Tokens {
    /// What was added since `earlier`; nothing where a counter fell back.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            input: self.input.saturating_sub(earlier.input),
            output: self.output.saturating_sub(earlier.output),
            cache_read: self.cache_read.saturating_sub(earlier.cache_read),
            cache_write: self.cache_write.saturating_sub(earlier.cache_write),
        }
    }
}

/// Id of the entry before a call.
pub(crate) fn pre_id(call_id: &str) -> String {
    format!("{call_id}:pre")
}

/// Id of the entry after a call.
pub(crate) fn post_id(call_id: &str) -> String {
    format!("{call_id}:post")
}

/// An entry of the transcript, at the line's `timestamp`.
pub(crate) fn entry_at(found: &Found<'_>, category: AuditCategory, action: &str) -> AuditEntry {
    found.entry(category, action, &found.when("timestamp"))
}

/// The entry before a call.
pub(crate) fn pre(found: &Found<'_>, call_id: &str, name: &str, calls: &mut OpenCalls) -> AuditEntry {
    let mut entry = entry_at(found, AuditCategory::ToolExecution, &format!("tool:{name}")).phase(Phase::Pre);
    calls.insert(call_id, OpenCall { at: entry.timestamp, name: clip(name, TEXT_BYTES_MAX) });
    entry.id = pre_id(call_id);
    entry.event_name = Some("tool.call".to_owned());
    entry.tool = Some(Box::new(tool(name, call_id)));
    entry
}

/// The entry after a call, with its duration when the call stands in the same file.
pub(crate) fn post(found: &Found<'_>, call_id: &str, ended: &Ended, calls: &mut OpenCalls) -> AuditEntry {
    let call = calls.remove(call_id);
    let name = call.as_ref().map_or("unknown", |call| call.name.as_str());
    let mut entry = entry_at(found, AuditCategory::ToolExecution, &format!("tool:{name}")).phase(Phase::Post);
    entry.id = post_id(call_id);
    entry.cause_id = Some(clip(&pre_id(call_id), TEXT_BYTES_MAX));
    entry.event_name = Some("tool.call".to_owned());
    entry.outcome = ended.outcome;
    entry.reason = ended.reason.clone().map(Box::new);
    let mut tool = tool(name, call_id);
    tool.is_error = Some(ended.outcome != AuditOutcome::Success);
    tool.transport_status = ended.transport_status.clone();
    entry.tool = Some(Box::new(tool));
    match call {
        Some(call) => {
            let took = entry.timestamp.since(call.at);
            entry.duration(took)
        }
        None => {
            note(&mut entry, "the call stands earlier than this file, or nowhere");
            entry
        }
    }
}

fn tool(name: &str, call_id: &str) -> Tool {
    // Both agents name the tools of a Model Context Protocol server `mcp__SERVER__TOOL`.
    let server = name.strip_prefix("mcp__").and_then(|rest| rest.split_once("__")).map(|(server, _)| server);
    let kind = match name {
        _ if server.is_some() => "mcp",
        "Bash" | "exec_command" | "shell" | "shell_command" | "local_shell" | "write_stdin" => "shell",
        _ => "function",
    };
    Tool {
        name: Some(clip(name, TEXT_BYTES_MAX)),
        call_id: Some(clip(call_id, TEXT_BYTES_MAX)),
        kind: Some(kind.to_owned()),
        server: server.map(|server| clip(server, TEXT_BYTES_MAX)),
        ..Tool::default()
    }
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ended {
    pub(crate) outcome: AuditOutcome,
    pub(crate) reason: Option<Reason>,
    pub(crate) exit_code: Option<i64>,
    pub(crate) transport_status: Option<String>,
}

impl Ended {
    pub(crate) fn well() -> Self {
        Self { outcome: AuditOutcome::Success, reason: None, exit_code: None, transport_status: None }
    }

    /// Not well, for the reason `code`; the first line of `message` says more.
    pub(crate) fn badly(outcome: AuditOutcome, code: &str, message: &str) -> Self {
        let first_line = message.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
        let message = (!first_line.is_empty()).then(|| clip(first_line, REASON_BYTES_MAX));
        let reason = Reason { code: Some(code.to_owned()), message, ..Reason::default() };
        Self { outcome, reason: Some(reason), ..Self::well() }
    }

    /// As the exit code of a process says.
    pub(crate) fn with_exit_code(code: i64, output: &str) -> Self {
        let ended = match code {
            0 => Self::well(),
            _ => Self::badly(AuditOutcome::Failure, &format!("exit_code_{code}"), output),
        };
        Self { exit_code: Some(code), ..ended }
    }
}

/// Who acted: the agent itself, or one of its subagents.
pub(crate) fn agent(name: &str, version: Option<&str>, subagent: Option<(Option<String>, &str)>) -> Actor {
    let mut about = serde_json::Map::new();
    about.insert("name".to_owned(), Value::from(name));
    if let Some(version) = version {
        about.insert("version".to_owned(), Value::from(clip(version, 64)));
    }
    let mut actor = Actor { kind: Some("agent".to_owned()), name: Some(name.to_owned()), ..Actor::default() };
    if let Some((id, parent)) = subagent {
        actor.kind = Some("subagent".to_owned());
        actor.id = id;
        about.insert("parent".to_owned(), Value::from(clip(parent, TEXT_BYTES_MAX)));
    }
    actor.agent = Some(Value::Object(about));
    actor
}

/// The person at the keyboard; transcripts do not say who that is.
pub(crate) fn user() -> Actor {
    Actor { kind: Some("user".to_owned()), ..Actor::default() }
}

/// The arguments of a call as a fact, when they are short.
pub(crate) fn input_fact(input: Cow<'_, str>) -> Option<Fact<'_>> {
    (input.len() <= INPUT_BYTES_MAX).then_some(("input", input))
}

/// A draft of a block of a line: the first one carries the whole line, the others their block.
pub(crate) fn draft<'a>(
    entry: AuditEntry,
    mut facts: Vec<Fact<'a>>,
    block: &'a RawValue,
    drafts: &[Draft<'a>],
) -> Draft<'a> {
    let detail = if drafts.is_empty() {
        Detail::FactsAndOriginal(facts)
    } else {
        facts.push(("block", Cow::Borrowed(block.get())));
        Detail::Facts(facts)
    };
    Draft::Entry(Box::new(entry), detail)
}

/// Files and addresses that a tool's arguments name.
pub(crate) fn targets_of_input(input: &Record<'_>) -> Vec<Target> {
    let fields = [
        ("file", "file_path"),
        ("file", "notebook_path"),
        ("file", "path"),
        ("url", "url"),
        ("subagent", "subagent_type"),
    ];
    let named = fields.into_iter().filter_map(|(kind, field)| Some(target(kind, &input.word(field)?)));
    named.collect()
}

/// Files that a patch in Codex's own format names.
pub(crate) fn targets_of_patch(patch: &str) -> Vec<Target> {
    let file = |line: &str| {
        let verbs = ["*** Update File: ", "*** Add File: ", "*** Delete File: ", "*** Move to: "];
        verbs.iter().find_map(|verb| line.strip_prefix(verb)).map(|path| target("file", path.trim()))
    };
    patch.lines().filter_map(file).take(TARGETS_MAX).collect()
}

fn target(kind: &str, name: &str) -> Target {
    let text = Some(clip(name, TEXT_BYTES_MAX));
    let kind = Some(kind.to_owned());
    match kind.as_deref() {
        Some("url") => Target { kind, uri: text, ..Target::default() },
        _ => Target { kind, name: text, ..Target::default() },
    }
}

/// The text of a content field: a string, or the first text of a list of parts.
pub(crate) fn text_of_content(content: &RawValue) -> Option<Cow<'_, str>> {
    text_of(content)
        .or_else(|| items(content).into_iter().filter_map(Record::parse).find_map(|part| part.text("text")))
}
