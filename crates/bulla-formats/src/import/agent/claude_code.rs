//! Claude Code transcripts. A line becomes one entry per content block; the first carries the line itself.

use std::borrow::Cow;

use bulla::entry::Model;
use bulla::{AuditCategory, AuditEntry, AuditOutcome};
use serde_json::value::RawValue;

use super::transcript::{self, Ended, OpenCalls, Remembered, Tokens};
use crate::import::found::{Found, TEXT_BYTES_MAX};
use crate::import::name::snake_case;
use crate::import::seal::{Draft, Fact, Mapping};
use crate::record::{Record, clip};

const AGENT: &str = "claude-code";

/// 1,024: a model's turn has a handful of blocks; a line with more becomes one entry, which still has them all.
const BLOCKS_MAX: usize = 1024;

/// Starts of results that mean that somebody said no.
const REFUSALS: [&str; 5] = [
    "The user doesn't want to proceed with this tool use",
    "The user doesn't want to take this action",
    "User rejected tool use",
    "Permission to use",
    "Claude requested permissions to",
];

/// Joins the lines of one transcript.
#[derive(Default)]
pub(crate) struct ClaudeCode {
    calls: OpenCalls,
    /// Entry of each line, by the line's uuid: what the next line's `parentUuid` means.
    entries: Remembered<String>,
    /// Tokens that each message has counted: a message comes in several lines, each with the counts so far.
    counted: Remembered<Tokens>,
}

impl Mapping for ClaudeCode {
    fn map<'a>(&mut self, found: &Found<'a>, drafts: &mut Vec<Draft<'a>>) {
        let message = found.record.object("message");
        let content = message.as_ref().and_then(|message| message.value("content"));
        let blocks = content.map(crate::record::items).unwrap_or_default();
        let kind = found.record.word("type").unwrap_or(Cow::Borrowed("unknown"));
        match (kind.as_ref(), &message) {
            ("user" | "assistant", Some(message)) if (1..=BLOCKS_MAX).contains(&blocks.len()) => {
                for (index, block) in blocks.iter().enumerate() {
                    let draft = self.block(found, message, block, drafts, kind == "assistant");
                    drafts.push(self.named(draft, found, index, blocks.len()));
                }
            }
            ("user", Some(_)) => self.whole_line(found, prompt(found), drafts),
            ("assistant", Some(message)) => {
                let entry = self.turn(found, message, "message", "model.message");
                self.whole_line(found, entry, drafts);
            }
            (kind, _) => self.whole_line(found, session(found, kind), drafts),
        }
    }
}

impl ClaudeCode {
    fn whole_line<'a>(&mut self, found: &Found<'a>, entry: AuditEntry, drafts: &mut Vec<Draft<'a>>) {
        let draft = transcript::draft(self.in_session(found, entry), Vec::new(), found.raw, drafts);
        drafts.push(self.named(draft, found, 0, 1));
    }

    fn block<'a>(
        &mut self,
        found: &Found<'a>,
        message: &Record<'a>,
        block: &'a RawValue,
        drafts: &[Draft<'a>],
        by_agent: bool,
    ) -> Draft<'a> {
        let parts = Record::parse(block);
        let kind = parts.as_ref().and_then(|parts| parts.word("type")).unwrap_or(Cow::Borrowed("unknown"));
        let (entry, facts) = match &parts {
            Some(parts) if kind.ends_with("tool_use") => self.call(found, message, parts),
            Some(parts) if kind.ends_with("tool_result") => self.result(found, parts),
            _ if by_agent => {
                let (action, name) = match kind.as_ref() {
                    "text" => ("message", "model.message".to_owned()),
                    "thinking" | "redacted_thinking" => ("thinking", "model.thinking".to_owned()),
                    other => (other, format!("model.{}", snake_case(other, 64))),
                };
                (self.turn(found, message, action, &name), Vec::new())
            }
            _ => (prompt(found), Vec::new()),
        };
        transcript::draft(self.in_session(found, entry), facts, block, drafts)
    }

    fn call<'a>(
        &mut self,
        found: &Found<'a>,
        message: &Record<'a>,
        block: &Record<'a>,
    ) -> (AuditEntry, Vec<Fact<'a>>) {
        let name = block.word("name").unwrap_or(Cow::Borrowed("unknown"));
        let call_id = block.word("id").unwrap_or_default();
        let mut entry = transcript::pre(found, &call_id, &name, &mut self.calls);
        if call_id.is_empty() {
            entry.id.clear();
        }
        entry.model = Some(Box::new(self.model(message)));
        entry.targets =
            block.object("input").map(|input| transcript::targets_of_input(&input)).unwrap_or_default();
        let input = block.value("input").and_then(|input| transcript::input_fact(Cow::Borrowed(input.get())));
        (entry, input.into_iter().collect())
    }

    fn result<'a>(&mut self, found: &Found<'a>, block: &Record<'a>) -> (AuditEntry, Vec<Fact<'a>>) {
        let call_id = block.word("tool_use_id").unwrap_or_default();
        let ended = ended(block, found.record.value("toolUseResult"));
        let mut entry = transcript::post(found, &call_id, &ended, &mut self.calls);
        if call_id.is_empty() {
            entry.id.clear();
            entry.cause_id = None;
        }
        let exit_code = ended.exit_code.map(|code| ("exit_code", Cow::Owned(code.to_string())));
        (entry, exit_code.into_iter().collect())
    }

    /// A model's turn that is no tool call.
    fn turn(&mut self, found: &Found<'_>, message: &Record<'_>, action: &str, name: &str) -> AuditEntry {
        let mut entry = transcript::entry_at(found, AuditCategory::Cognition, action).event_name(name);
        entry.model = Some(Box::new(self.model(message)));
        entry.outcome = AuditOutcome::Success;
        if found.record.flag("isApiErrorMessage") == Some(true) {
            let text = message.value("content").and_then(transcript::text_of_content).unwrap_or_default();
            let ended = Ended::badly(AuditOutcome::Failure, "api_error", &text);
            entry.outcome = ended.outcome;
            entry.reason = ended.reason.map(Box::new);
        }
        entry
    }

    /// The model, with the tokens that this line adds to what its message has counted before.
    fn model(&mut self, message: &Record<'_>) -> Model {
        let mut model = Model {
            provider: Some("anthropic".to_owned()),
            response: message.word("model").map(|name| clip(&name, TEXT_BYTES_MAX)),
            ..Model::default()
        };
        let id = message.word("id").unwrap_or_default();
        for (name, value) in
            [("response_id", Some(&id)), ("finish_reason", message.word("stop_reason").as_ref())]
        {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                model.other.insert(name.to_owned(), clip(value, TEXT_BYTES_MAX).into());
            }
        }
        if let Some(usage) = message.object("usage") {
            self.count(&mut model, &usage, &id);
        }
        model
    }

    fn count(&mut self, model: &mut Model, usage: &Record<'_>, message_id: &str) {
        let number = |name| usage.number(name).unwrap_or(0);
        let so_far = Tokens {
            input: number("input_tokens"),
            output: number("output_tokens"),
            cache_read: number("cache_read_input_tokens"),
            cache_write: number("cache_creation_input_tokens"),
        };
        let before = self.counted.find(message_id).copied();
        if message_id.is_empty() {
            add_tokens(model, so_far);
            return;
        }
        let added = so_far.since(before.unwrap_or_default());
        self.counted.insert(message_id, so_far);
        if before.is_none() || added != Tokens::default() {
            add_tokens(model, added);
        }
    }

    /// Adds what every line says: session, cause, directory, branch, and who acted.
    fn in_session(&self, found: &Found<'_>, mut entry: AuditEntry) -> AuditEntry {
        let line = &found.record;
        let copy = |name| line.word(name).map(|text| clip(&text, TEXT_BYTES_MAX));
        entry.session_id = copy("sessionId");
        if entry.cause_id.is_none() {
            let parent = line.word("parentUuid");
            entry.cause_id = parent.map(|uuid| match self.entries.find(&uuid) {
                Some(id) => id.clone(),
                None => clip(&uuid, TEXT_BYTES_MAX),
            });
        }
        let is_prompt = entry.category == AuditCategory::Session;
        let is_sidechain = line.flag("isSidechain") == Some(true);
        let session = entry.session_id.clone().unwrap_or_default();
        let subagent = is_sidechain.then(|| (copy("agentId"), session.as_str()));
        if is_prompt && !is_sidechain && line.word("type").is_some_and(|kind| kind == "user") {
            entry.principal = Some("user".to_owned());
            entry.actor = Some(Box::new(transcript::user()));
        } else {
            let version = line.word("version");
            entry.principal = Some(AGENT.to_owned());
            entry.actor = Some(Box::new(transcript::agent(AGENT, version.as_deref(), subagent)));
        }
        for (label, value) in [("cwd", copy("cwd")), ("git.branch", copy("gitBranch"))] {
            if let Some(value) = value {
                entry = entry.label(label, value);
            }
        }
        entry
    }

    /// Names the entry after its line unless it is named after its call, and remembers it as that line's.
    fn named<'a>(
        &mut self,
        mut draft: Draft<'a>,
        found: &Found<'a>,
        index: usize,
        blocks: usize,
    ) -> Draft<'a> {
        let Draft::Entry(entry, _) = &mut draft else { return draft };
        let Some(uuid) = found.record.word("uuid") else { return draft };
        if entry.id.is_empty() {
            entry.id = if blocks == 1 { uuid.clone().into_owned() } else { format!("{uuid}:{index}") };
        }
        self.entries.insert(&uuid, entry.id.clone());
        draft
    }
}

fn add_tokens(model: &mut Model, tokens: Tokens) {
    model.input_tokens = Some(tokens.input);
    model.output_tokens = Some(tokens.output);
    let cached =
        [("cache_read_input_tokens", tokens.cache_read), ("cache_creation_input_tokens", tokens.cache_write)];
    for (name, count) in cached.into_iter().filter(|(_, count)| *count > 0) {
        model.other.insert(name.to_owned(), count.into());
    }
}

fn prompt(found: &Found<'_>) -> AuditEntry {
    transcript::entry_at(found, AuditCategory::Session, "prompt")
        .event_name("session.prompt")
        .outcome(AuditOutcome::Success)
}

/// A line about the session itself: summaries, queue operations, snapshots, hooks, and kinds of later versions.
fn session(found: &Found<'_>, kind: &str) -> AuditEntry {
    let more = found.record.word("subtype").or_else(|| found.record.word("operation"));
    let action = more.map_or_else(|| kind.to_owned(), |more| format!("{kind}:{more}"));
    let failed = found.record.word("level").is_some_and(|level| level == "error");
    transcript::entry_at(found, AuditCategory::Session, &action)
        .event_name(format!("session.{}", snake_case(kind, 64)))
        .outcome(if failed { AuditOutcome::Failure } else { AuditOutcome::Success })
}

/// How a call ended: the result's own `is_error`, an interruption, an exit code, or an HTTP status.
fn ended(block: &Record<'_>, tool_use_result: Option<&RawValue>) -> Ended {
    let text = block.value("content").and_then(transcript::text_of_content).unwrap_or_default();
    let about = tool_use_result.and_then(Record::parse);
    let status =
        about.as_ref().and_then(|about| about.number("code")).filter(|code| (100..600).contains(code));
    let is_interrupted = about.as_ref().and_then(|about| about.flag("interrupted")) == Some(true);
    let ended = if block.flag("is_error") == Some(true) {
        failed(text.trim_start_matches("<tool_use_error>").trim_end_matches("</tool_use_error>"))
    } else if is_interrupted {
        Ended::badly(AuditOutcome::Failure, "interrupted", &text)
    } else if let Some(status @ 400..) = status {
        Ended::badly(AuditOutcome::Failure, &format!("http_{status}"), &text)
    } else {
        Ended::well()
    };
    Ended { transport_status: status.map(|status| status.to_string()), ..ended }
}

fn failed(text: &str) -> Ended {
    if REFUSALS.iter().any(|refusal| text.starts_with(refusal)) {
        return Ended::badly(AuditOutcome::Denied, "refused", text);
    }
    let exit_code = text.strip_prefix("Exit code ").map(|rest| rest.split_once('\n').unwrap_or((rest, "")));
    match exit_code.and_then(|(code, output)| Some((code.trim().parse::<i64>().ok()?, output))) {
        Some((code @ 1.., output)) => Ended::with_exit_code(code, output),
        _ => Ended::badly(AuditOutcome::Failure, "tool_error", text),
    }
}
