//! Codex CLI rollouts: `session_meta`, `turn_context`, `response_item` and `event_msg` lines, and kinds of later
//! versions. Each line becomes one entry that carries it.

use std::borrow::Cow;

use bulla::entry::Model;
use bulla::{AuditCategory, AuditEntry, AuditOutcome};

use super::transcript::{self, Ended, OpenCalls, Tokens};
use crate::import::found::{Found, TEXT_BYTES_MAX};
use crate::import::name::snake_case;
use crate::import::seal::{Draft, Fact, Mapping};
use crate::record::{Record, clip};

const AGENT: &str = "codex";

/// Starts of outputs that mean that somebody or something said no.
const REFUSALS: [&str; 4] =
    ["exec command rejected", "patch rejected", "rejected by user", "command rejected by"];

/// Starts of outputs that mean that the tool itself failed.
const FAILURES: [&str; 6] = [
    "execution error",
    "failed to",
    "exec_command failed",
    "apply_patch verification failed",
    "aborted",
    "unsupported call",
];

/// Joins the lines of one rollout.
#[derive(Default)]
pub(crate) struct Codex {
    calls: OpenCalls,
    session: Option<String>,
    cwd: Option<String>,
    branch: Option<String>,
    version: Option<String>,
    provider: Option<String>,
    model: Option<String>,
    /// Tokens of the whole session, as last told.
    counted: Tokens,
}

impl Mapping for Codex {
    fn map<'a>(&mut self, found: &Found<'a>, drafts: &mut Vec<Draft<'a>>) {
        let kind = found.record.word("type").unwrap_or(Cow::Borrowed("unknown"));
        let payload = found.record.object("payload");
        let (entry, facts) = match (kind.as_ref(), &payload) {
            ("session_meta", Some(meta)) => (self.session_meta(found, meta), Vec::new()),
            ("turn_context", Some(context)) => (self.turn_context(found, context), Vec::new()),
            ("response_item", Some(item)) => self.item(found, item),
            ("event_msg", Some(event)) => (self.event(found, event), Vec::new()),
            (other, _) => (session(found, other, &format!("session.{}", snake_case(other, 64))), Vec::new()),
        };
        drafts.push(transcript::draft(self.in_session(entry), facts, found.raw, drafts));
    }
}

impl Codex {
    fn session_meta(&mut self, found: &Found<'_>, meta: &Record<'_>) -> AuditEntry {
        self.session = copy(meta, "id");
        self.cwd = copy(meta, "cwd");
        self.version = copy(meta, "cli_version");
        self.provider = copy(meta, "model_provider");
        self.branch = meta.object("git").and_then(|git| copy(&git, "branch"));
        session(found, "session_start", "session.start")
    }

    fn turn_context(&mut self, found: &Found<'_>, context: &Record<'_>) -> AuditEntry {
        self.model = copy(context, "model");
        self.cwd = copy(context, "cwd").or_else(|| self.cwd.take());
        let mut entry = session(found, "turn_context", "session.turn");
        entry.model = Some(Box::new(self.model()));
        entry
    }

    fn item<'a>(&mut self, found: &Found<'a>, item: &Record<'a>) -> (AuditEntry, Vec<Fact<'a>>) {
        let kind = item.word("type").unwrap_or(Cow::Borrowed("unknown"));
        match kind.as_ref() {
            "message" => (self.message(found, item), Vec::new()),
            "reasoning" => (self.turn(found, "reasoning", "model.reasoning"), Vec::new()),
            kind if kind.ends_with("_call") => self.call(found, item, kind),
            kind if kind.ends_with("_output") && item.word("call_id").is_some() => self.result(found, item),
            other => (self.turn(found, other, &format!("model.{}", snake_case(other, 64))), Vec::new()),
        }
    }

    fn message(&self, found: &Found<'_>, item: &Record<'_>) -> AuditEntry {
        match item.word("role").as_deref() {
            Some("assistant") => self.turn(found, "message", "model.message"),
            // What the model was given: the prompt, but also instructions and surroundings that the agent adds.
            Some("user") => session(found, "message:user", "session.message"),
            Some(role) => session(found, &format!("message:{role}"), "session.instructions"),
            None => session(found, "message", "session.message"),
        }
    }

    /// A call of a tool. One without an id has no result of its own: its entry is the only one.
    fn call<'a>(&mut self, found: &Found<'a>, item: &Record<'a>, kind: &str) -> (AuditEntry, Vec<Fact<'a>>) {
        let name = item.word("name").unwrap_or_else(|| Cow::Owned(kind.trim_end_matches("_call").to_owned()));
        let mut entry = match item.word("call_id") {
            Some(call_id) => transcript::pre(found, &call_id, &name, &mut self.calls),
            None => single_call(found, item, &name),
        };
        entry.model = Some(Box::new(self.model()));
        let input = item.value("arguments").or_else(|| item.value("input")).or_else(|| item.value("action"));
        let Some(input) = input else { return (entry, Vec::new()) };
        // `arguments` is JSON inside a string, a patch is text, and an `action` is an object.
        let text = crate::record::text_of(input);
        let json = text.as_deref().filter(|text| Record::parse_text(text).is_some());
        entry.targets = match (json, &text) {
            (Some(json), _) => Record::parse_text(json).map(|input| transcript::targets_of_input(&input)),
            (None, Some(text)) => Some(transcript::targets_of_patch(text)),
            (None, None) => None,
        }
        .unwrap_or_default();
        let json = json.map_or(Cow::Borrowed(input.get()), |json| Cow::Owned(json.to_owned()));
        (entry, transcript::input_fact(json).into_iter().collect())
    }

    fn result<'a>(&mut self, found: &Found<'a>, item: &Record<'a>) -> (AuditEntry, Vec<Fact<'a>>) {
        let call_id = item.word("call_id").unwrap_or_default();
        let ended = ended(item);
        let entry = transcript::post(found, &call_id, &ended, &mut self.calls);
        let exit_code = ended.exit_code.map(|code| ("exit_code", Cow::Owned(code.to_string())));
        (entry, exit_code.into_iter().collect())
    }

    /// What the agent showed: it repeats response items, so its names are not theirs.
    fn event(&mut self, found: &Found<'_>, event: &Record<'_>) -> AuditEntry {
        let kind = event.word("type").unwrap_or(Cow::Borrowed("unknown"));
        let mut entry = match kind.as_ref() {
            "user_message" => session(found, "prompt", "session.prompt"),
            "token_count" => self.token_count(found, event),
            "agent_message" => self.turn(found, "agent_message", "agent.message"),
            kind if kind.starts_with("agent_reasoning") => self.turn(found, kind, "agent.reasoning"),
            other => session(found, other, &format!("session.{}", snake_case(other, 64))),
        };
        entry.correlation_id = copy(event, "call_id");
        let exit_code = event.value("exit_code").and_then(|code| code.get().parse::<i64>().ok());
        let has_failed = matches!(kind.as_ref(), "error" | "stream_error" | "turn_aborted")
            || exit_code.is_some_and(|code| code != 0)
            || event.flag("success") == Some(false);
        if has_failed {
            let message = event.word("message").or_else(|| event.word("reason")).unwrap_or_default();
            let ended = Ended::badly(AuditOutcome::Failure, &snake_case(&kind, 64), &message);
            entry.outcome = ended.outcome;
            entry.reason = ended.reason.map(Box::new);
        }
        entry
    }

    /// Tokens since the count before: the same count is told more than once.
    fn token_count(&mut self, found: &Found<'_>, event: &Record<'_>) -> AuditEntry {
        let mut entry = self.turn(found, "token_count", "model.usage");
        let total = event.object("info").and_then(|info| info.object("total_token_usage"));
        let Some(total) = total else { return entry };
        let number = |name| total.number(name).unwrap_or(0);
        let so_far = Tokens {
            input: number("input_tokens"),
            output: number("output_tokens"),
            cache_read: number("cached_input_tokens"),
            cache_write: 0,
        };
        let added = so_far.since(self.counted);
        self.counted = so_far;
        let mut model = self.model();
        if added != Tokens::default() {
            model.input_tokens = Some(added.input);
            model.output_tokens = Some(added.output);
            model.other.insert("cache_read_input_tokens".to_owned(), added.cache_read.into());
        }
        entry.model = Some(Box::new(model));
        entry
    }

    fn turn(&self, found: &Found<'_>, action: &str, name: &str) -> AuditEntry {
        let mut entry = transcript::entry_at(found, AuditCategory::Cognition, action)
            .event_name(name)
            .outcome(AuditOutcome::Success);
        entry.model = Some(Box::new(self.model()));
        entry
    }

    fn model(&self) -> Model {
        Model { provider: self.provider.clone(), request: self.model.clone(), ..Model::default() }
    }

    /// Adds what the lines before have said: session, directory, branch, and who acted.
    fn in_session(&self, mut entry: AuditEntry) -> AuditEntry {
        entry.session_id = self.session.clone();
        let by_user = matches!(entry.event_name.as_deref(), Some("session.prompt"));
        entry.principal = Some(if by_user { "user" } else { AGENT }.to_owned());
        let agent = || transcript::agent(AGENT, self.version.as_deref(), None);
        entry.actor = Some(Box::new(if by_user { transcript::user() } else { agent() }));
        for (label, value) in [("cwd", &self.cwd), ("git.branch", &self.branch)] {
            if let Some(value) = value {
                entry = entry.label(label, value);
            }
        }
        entry
    }
}

fn copy(record: &Record<'_>, name: &str) -> Option<String> {
    record.word(name).map(|text| clip(&text, TEXT_BYTES_MAX))
}

fn session(found: &Found<'_>, action: &str, name: &str) -> AuditEntry {
    transcript::entry_at(found, AuditCategory::Session, action)
        .event_name(name)
        .outcome(AuditOutcome::Success)
}

/// A call that the model's provider ran, such as a web search.
fn single_call(found: &Found<'_>, item: &Record<'_>, name: &str) -> AuditEntry {
    let mut entry = transcript::entry_at(found, AuditCategory::ToolExecution, &format!("tool:{name}"));
    entry.event_name = Some("tool.call".to_owned());
    let status = item.word("status").unwrap_or(Cow::Borrowed("completed"));
    let has_failed = matches!(status.as_ref(), "failed" | "incomplete");
    entry.outcome = if has_failed { AuditOutcome::Failure } else { AuditOutcome::Success };
    entry.tool = Some(Box::new(bulla::entry::Tool {
        name: Some(clip(name, TEXT_BYTES_MAX)),
        kind: Some("function".to_owned()),
        is_error: Some(has_failed),
        ..bulla::entry::Tool::default()
    }));
    entry
}

/// How a call ended: an exit code in the output's head or metadata, the output's own `success`, or its words.
fn ended(item: &Record<'_>) -> Ended {
    let Some(output) = item.value("output") else { return Ended::well() };
    if let Some(parts) = Record::parse(output) {
        let text = parts.value("content").and_then(transcript::text_of_content).unwrap_or_default();
        return match parts.flag("success") {
            Some(false) => Ended::badly(AuditOutcome::Failure, "tool_error", &text),
            _ => ended_text(&text),
        };
    }
    transcript::text_of_content(output).map_or_else(Ended::well, |text| ended_text(&text))
}

fn ended_text(text: &str) -> Ended {
    let exec = Record::parse_text(text);
    let metadata = exec.as_ref().and_then(|exec| exec.object("metadata"));
    if let (Some(exec), Some(metadata)) = (&exec, metadata)
        && let Some(code) = metadata.value("exit_code").and_then(|code| code.get().parse().ok())
    {
        return Ended::with_exit_code(code, &exec.text("output").unwrap_or_default());
    }
    if let Some((code, output)) = exit_code_of_head(text) {
        return Ended::with_exit_code(code, output);
    }
    let starts = |list: &[&str]| list.iter().any(|start| text.starts_with(start));
    if starts(&REFUSALS) {
        Ended::badly(AuditOutcome::Denied, "refused", text)
    } else if starts(&FAILURES) {
        Ended::badly(AuditOutcome::Failure, "tool_error", text)
    } else {
        Ended::well()
    }
}

/// The exit code that the agent wrote above `Output:`; what stands below is the process's own and proves nothing.
fn exit_code_of_head(text: &str) -> Option<(i64, &str)> {
    let (head, output) = text.split_once("\nOutput:").unwrap_or((text, ""));
    // A head is a handful of short lines; a text without one is not searched as if it were.
    let head = head.lines().take(8);
    let code = |line: &str| {
        let words = ["Process exited with code ", "Exit code: "];
        words.iter().find_map(|start| line.strip_prefix(start)).and_then(|code| code.trim().parse().ok())
    };
    head.filter_map(code).next().map(|code| (code, output))
}
