//! `bulla session`: who did what in one session, as a header and a timeline with the calls' real outcomes.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::bail;
use bulla::{AuditOutcome, Filter, StoredEntry};
use bulla_search::{Missing, PageLimits, Session, Step};

use crate::args::SessionArgs;
use crate::ended::Ended;
use crate::invocation::Invocation;
use crate::log_access;
use crate::output::amount::{self, count, counted};
use crate::output::palette::painted;
use crate::output::text::{clip, padded, shown};

/// Names of a kind that are printed in the header.
const NAMES_SHOWN: usize = 8;

/// Sessions that are named when a beginning of an id fits several.
const SESSIONS_SHOWN: usize = 10;

/// Columns of a call's input when stdout is no terminal.
const WHAT_COLUMNS: usize = 80;

pub(crate) fn run(this: &mut Invocation, args: &SessionArgs) -> anyhow::Result<Ended> {
    let view = log_access::search(&this.log)?.now()?;
    let limits = PageLimits { entries: usize::MAX, bytes: usize::MAX, time: Duration::MAX };
    let session = find(&args.id, |filter| Ok(view.entries_of_sessions(filter, usize::MAX, limits)?.0))?;
    print(this, &session, args.verbose)
}

pub(crate) fn print(this: &mut Invocation, session: &Session, verbose: bool) -> anyhow::Result<Ended> {
    if this.json {
        this.out.json(session)?;
        return Ok(Ended::Fine);
    }
    header(this, session)?;
    this.out.line("")?;
    timeline(this, session, verbose)?;
    Ok(Ended::Fine)
}

/// The one session whose id is, or begins with, what was typed. `look` gets all entries that a filter wants, oldest first.
pub(crate) fn find(
    id: &str,
    mut look: impl FnMut(&Filter) -> anyhow::Result<BTreeMap<String, Vec<StoredEntry>>>,
) -> anyhow::Result<Session> {
    // The whole id first: it may begin other ids as well.
    for filter in [Filter::new().session(id), Filter::new().field_prefix("session_id", id)] {
        let sessions = look(&filter)?;
        if sessions.len() > 1 {
            return Err(ambiguous(id, &sessions));
        }
        let found = sessions.iter().next().and_then(|(id, entries)| Session::of(id, entries));
        if let Some(session) = found {
            return Ok(session);
        }
    }
    bail!("no entry has a session that begins with {id}: `bulla search --count-by session_id` lists sessions")
}

fn ambiguous<T>(id: &str, sessions: &BTreeMap<String, T>) -> anyhow::Error {
    let names: Vec<&str> = sessions.keys().take(SESSIONS_SHOWN).map(String::as_str).collect();
    let more = if sessions.len() > SESSIONS_SHOWN { ", …" } else { "" };
    anyhow::anyhow!(
        "{} sessions begin with {id}: {}{more}; type more of the id",
        sessions.len(),
        names.join(", ")
    )
}

fn header(this: &mut Invocation, session: &Session) -> anyhow::Result<()> {
    let span = amount::duration(amount::elapsed(session.began, session.ended));
    let calls: u64 = session.tools.values().sum();
    field(this, "session", &shown(&session.session_id))?;
    field(this, "who", &names(&session.principals))?;
    if !session.models.is_empty() {
        let tokens =
            format!("{} tokens in, {} out", count(session.input_tokens), count(session.output_tokens));
        field(this, "model", &format!("{}; {tokens}", names(&session.models)))?;
    }
    let (began, ended) = (amount::moment(session.began), amount::moment(session.ended));
    field(this, "when", &format!("{began} to {ended} ({span})"))?;
    let entries = counted(session.entries, "entry", "entries");
    field(this, "entries", &format!("{entries}, #{} to #{}", session.first_seq, session.last_seq))?;
    if calls > 0 {
        field(this, "tools", &format!("{}: {}", counted(calls, "call", "calls"), names(&session.tools)))?;
        let outcomes = outcomes(this, session);
        field(this, "outcomes", &outcomes)?;
    }
    coverage(this, session)?;
    let vantages = names(&session.vantages);
    match session.vantages.keys().map(String::as_str).collect::<Vec<_>>()[..] {
        ["imported"] => {
            field(this, "vantage", "imported: the record was made elsewhere, the log keeps what it said")
        }
        _ => field(this, "vantage", &vantages),
    }
}

/// Whether every call has both of its entries.
fn coverage(this: &mut Invocation, session: &Session) -> anyhow::Result<()> {
    let (no_end, no_begin) = (session.missing(Missing::End), session.missing(Missing::Begin));
    if no_end.is_empty() && no_begin.is_empty() {
        return field(this, "coverage", "every call that began has its end");
    }
    if !no_end.is_empty() {
        let calls = counted(no_end.len() as u64, "call began and has", "calls began and have");
        let text = format!("{calls} no end: {} (under way, crashed, or not reported)", seqs(&no_end));
        field(this, "coverage", &painted(this.palette.warning, &text))?;
    }
    if !no_begin.is_empty() {
        let calls = counted(no_begin.len() as u64, "end has", "ends have");
        let text = format!("{calls} no beginning: {}", seqs(&no_begin));
        field(this, "coverage", &painted(this.palette.warning, &text))?;
    }
    Ok(())
}

fn seqs(seqs: &[u64]) -> String {
    let shown: Vec<String> = seqs.iter().take(NAMES_SHOWN).map(|seq| format!("#{seq}")).collect();
    let more = if seqs.len() > NAMES_SHOWN { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// Names with their counts, the most frequent first.
fn names(counts: &BTreeMap<String, u64>) -> String {
    let mut sorted: Vec<(&String, &u64)> = counts.iter().collect();
    sorted.sort_by(|a, b| b.1.cmp(a.1));
    let mut parts: Vec<String> = sorted
        .iter()
        .take(NAMES_SHOWN)
        .map(|(name, number)| format!("{} {}", shown(name), count(**number)))
        .collect();
    if sorted.len() > NAMES_SHOWN {
        parts.push(format!("and {} more", sorted.len() - NAMES_SHOWN));
    }
    if parts.is_empty() { "nobody is named".to_owned() } else { parts.join(", ") }
}

fn outcomes(this: &Invocation, session: &Session) -> String {
    let outcomes =
        [AuditOutcome::Success, AuditOutcome::Failure, AuditOutcome::Denied, AuditOutcome::Unknown];
    let part = |outcome: AuditOutcome| {
        let number = *session.call_outcomes.get(outcome.as_str())?;
        let word = if outcome == AuditOutcome::Unknown { "without an end" } else { outcome.as_str() };
        Some(painted(this.palette.outcome(outcome), &format!("{} {word}", count(number))))
    };
    outcomes.into_iter().filter_map(part).collect::<Vec<_>>().join(", ")
}

fn field(this: &mut Invocation, name: &str, text: &str) -> anyhow::Result<()> {
    let name = painted(this.palette.strong, &padded(name, 9));
    this.out.line(format!("{name} {text}"))
}

fn timeline(this: &mut Invocation, session: &Session, is_verbose: bool) -> anyhow::Result<()> {
    let mut quiet: Vec<&Step> = Vec::new();
    for step in &session.steps {
        let is_quiet = !step.is_call && step.outcome == AuditOutcome::Success && !is_verbose;
        if is_quiet && quiet.last().is_none_or(|last| last.depth == step.depth) {
            quiet.push(step);
            continue;
        }
        print_quiet(this, &quiet)?;
        quiet.clear();
        if is_quiet { quiet.push(step) } else { print_step(this, step)? }
    }
    print_quiet(this, &quiet)
}

/// Steps between calls on one line.
fn print_quiet(this: &mut Invocation, steps: &[&Step]) -> anyhow::Result<()> {
    let (Some(first), Some(last)) = (steps.first(), steps.last()) else { return Ok(()) };
    let mut actions: Vec<(&str, usize)> = Vec::new();
    for step in steps {
        match actions.iter_mut().find(|(action, _)| *action == step.action) {
            Some((_, times)) => *times += 1,
            None => actions.push((&step.action, 1)),
        }
    }
    let action = |(action, times): &(&str, usize)| match times {
        1 => shown(action).into_owned(),
        _ => format!("{} ×{times}", shown(action)),
    };
    let actions: Vec<String> = actions.iter().map(action).collect();
    let seqs = if first.seq == last.seq {
        format!("#{}", first.seq)
    } else {
        format!("#{}..#{}", first.seq, last.seq)
    };
    let text = format!("{}  {}{}  {seqs}", clock(first), indent(first), actions.join(", "));
    this.out.line(painted(this.palette.faint, &text))
}

fn print_step(this: &mut Invocation, step: &Step) -> anyhow::Result<()> {
    let word = match step.outcome {
        AuditOutcome::Unknown => "no end",
        outcome => outcome.as_str(),
    };
    let outcome = painted(this.palette.outcome(step.outcome), &padded(word, 7));
    let action = shown(step.action.strip_prefix("tool:").unwrap_or(&step.action)).into_owned();
    let seqs = match step.end_seq {
        Some(end) => format!("#{}→#{end}", step.seq),
        None => format!("#{}", step.seq),
    };
    let took = step.duration_ms.map_or(String::new(), |ms| format!("  {}", amount::duration(ms)));
    let reason = step.reason.as_deref().filter(|_| step.outcome != AuditOutcome::Success);
    let reason = reason.map_or(String::new(), |reason| format!(" ({})", shown(reason)));
    let columns = this.out.columns().map_or(WHAT_COLUMNS, |columns| {
        columns
            .saturating_sub(30 + action.len() + seqs.len() + took.len() + reason.len() + 2 * step.depth)
            .max(20)
    });
    let what = step.what.as_deref().map_or(String::new(), |what| format!(" {}", clip(&shown(what), columns)));
    let tail = painted(this.palette.faint, &format!("{took}  {seqs}"));
    let name = painted(this.palette.strong, &action);
    this.out.line(format!("{}  {}{outcome} {name}{what}{reason}{tail}", clock(step), indent(step)))
}

fn indent(step: &Step) -> String {
    "  ".repeat(step.depth.min(20))
}

/// The time of day; the header has the date.
fn clock(step: &Step) -> String {
    amount::moment(step.timestamp).get(11..23).unwrap_or_default().to_owned()
}
