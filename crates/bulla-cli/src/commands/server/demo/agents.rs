//! What two coding agents did, each for a person: a build is repaired with the help of a subagent; data is asked for, and
//! one question is refused. One act has no end, because the agent's host went away.

use std::time::Duration;

use bulla::entry::{Actor, Model, Tool};
use bulla::{AuditCategory, AuditEntry, AuditOutcome, Phase, Timestamp};
use serde_json::{Value, json};

use super::company::{person, target};
use super::sample::Sample;

/// 24 hours: by any clock without a changed hour, that was yesterday.
const DENIED_SECONDS_AGO: u64 = 24 * 3600;
const CUSTOMERS: &str = "prod/customers";

/// An agent at work.
struct Session<'a> {
    sample: &'a mut Sample,
    id: &'static str,
    emitter: &'static str,
    person: &'static str,
    agent: &'static str,
    /// The subagent that is at work, if there is one, and the call in which it is.
    within: Option<(&'static str, String)>,
    at: Timestamp,
    calls: u64,
}

/// A call that the agent made.
struct Call<'a> {
    tool: &'a str,
    input: Value,
    outcome: AuditOutcome,
    seconds: u64,
    /// Why it failed or was denied.
    why: Option<(&'a str, &'a str)>,
    /// What it printed, which is kept beside the log.
    output: Option<String>,
}

pub(super) fn happen(sample: &mut Sample) {
    repairing_the_build(sample);
    asking_for_data(sample);
}

fn call<'a>(tool: &'a str, input: Value, seconds: u64) -> Call<'a> {
    Call { tool, input, outcome: AuditOutcome::Success, seconds, why: None, output: None }
}

impl<'a> Call<'a> {
    fn fails(self, code: &'a str, message: &'a str) -> Self {
        Self { outcome: AuditOutcome::Failure, why: Some((code, message)), ..self }
    }

    fn prints(self, output: String) -> Self {
        Self { output: Some(output), ..self }
    }
}

impl<'a> Session<'a> {
    fn begin(
        sample: &'a mut Sample,
        seconds_ago: u64,
        id: &'static str,
        person: &'static str,
        agent: &'static str,
    ) -> Self {
        let at = sample.ago(seconds_ago);
        let mut session =
            Self { sample, id, emitter: "agent-host-1", person, agent, within: None, at, calls: 0 };
        session.mark("begin session", "session.start");
        session
    }

    /// Who acts: the agent, or its subagent, for the person.
    fn actor(&self) -> Actor {
        let on_behalf_of = vec![json!({"type": "user", "id": self.person})];
        let (kind, id, agent) = match &self.within {
            Some((subagent, _)) => ("subagent", *subagent, json!({"name": subagent, "parent": self.agent})),
            None => ("agent", self.agent, json!({"name": self.agent, "version": "1.4.2"})),
        };
        let (kind, id) = (Some(kind.to_owned()), Some(id.to_owned()));
        Actor { kind, name: id.clone(), id, on_behalf_of, agent: Some(agent), ..Actor::default() }
    }

    fn record(&mut self, entry: AuditEntry) -> String {
        let entry = entry.principal(self.person).session(self.id);
        self.sample.add(self.emitter, self.at, entry)
    }

    fn pass(&mut self, seconds: u64) {
        self.at = self.at.saturating_add(Duration::from_secs(seconds));
    }

    fn mark(&mut self, action: &str, name: &str) -> String {
        let entry = AuditEntry::new(AuditCategory::Session, action).event_name(name).actor(self.actor());
        self.record(entry.outcome(AuditOutcome::Success))
    }

    fn prompt(&mut self, text: &str) {
        let entry = AuditEntry::new(AuditCategory::Session, "prompt").event_name("session.prompt");
        self.record(
            entry.actor(person(self.person)).outcome(AuditOutcome::Success).detail(json!({"text": text})),
        );
        self.pass(3);
    }

    fn think(&mut self, input_tokens: u64, output_tokens: u64) {
        let model = Model {
            provider: Some("example".to_owned()),
            request: Some("example-large".to_owned()),
            response: Some("example-large-2026-09".to_owned()),
            input_tokens: Some(input_tokens),
            output_tokens: Some(output_tokens),
            ..Model::default()
        };
        let entry = AuditEntry::new(AuditCategory::Cognition, "model turn").event_name("model.response");
        let entry = self.inside(entry.actor(self.actor()).model(model).outcome(AuditOutcome::Success));
        self.record(entry);
        self.pass(6);
    }

    /// What happens inside of a call names it as its cause.
    fn inside(&self, entry: AuditEntry) -> AuditEntry {
        match &self.within {
            Some((_, call)) => entry.cause(call),
            None => entry,
        }
    }

    /// The entry before a call; returns its id and what both entries have in common.
    fn before(&mut self, tool: &str, input: &Value) -> (String, AuditEntry) {
        self.calls += 1;
        let mut entry = AuditEntry::tool(tool).actor(self.actor()).detail(json!({"input": input}));
        let about = Tool {
            name: Some(tool.to_owned()),
            call_id: Some(format!("{}-call-{:02}", self.id, self.calls)),
            kind: Some("function".to_owned()),
            ..Tool::default()
        };
        entry.tool = Some(Box::new(about));
        if let Some(path) = input.get("file_path").and_then(Value::as_str) {
            entry = entry.target(target("file", path));
        }
        if let Some(table) = input.get("table").and_then(Value::as_str) {
            entry = entry.target(target("table", table));
        }
        let pre = self.inside(entry.clone().phase(Phase::Pre).outcome(AuditOutcome::Unknown));
        (self.record(pre), entry)
    }

    /// A call with the entry before and the one after it.
    fn call(&mut self, call: Call<'_>) {
        let (before, entry) = self.before(call.tool, &call.input);
        self.pass(call.seconds);
        self.end(before, entry, &call);
    }

    fn end(&mut self, before: String, entry: AuditEntry, call: &Call<'_>) {
        let mut entry = entry
            .phase(Phase::Post)
            .cause(before)
            .duration(Duration::from_secs(call.seconds))
            .outcome(call.outcome);
        if let Some(tool) = &mut entry.tool {
            tool.is_error = Some(call.outcome == AuditOutcome::Failure);
        }
        if let Some((code, message)) = call.why {
            entry = entry.reason(code, message);
        }
        if let Some(output) = &call.output {
            entry = entry.attach("output", "text/plain", output.as_bytes());
        }
        self.record(entry);
        self.pass(2);
    }
}

fn repairing_the_build(sample: &mut Sample) {
    let mut session = Session::begin(sample, 5 * 3600, "sess-build-7", "tomas@harbor.example", "build-fixer");
    session.prompt("the build of checkout is red since the last merge, please find out why and fix it");
    session.think(2_140, 310);
    session.call(
        call("bash", json!({"command": "cargo test -p checkout"}), 48)
            .fails("exit_code", "101: 2 tests failed")
            .prints(failing_tests()),
    );
    session.call(call("read_file", json!({"file_path": "checkout/src/rounding.rs"}), 1));
    session.call(call("grep", json!({"pattern": "round_half_up"}), 1));
    session.think(6_800, 920);
    session.call(call("edit_file", json!({"file_path": "checkout/src/rounding.rs", "lines": 14}), 2));
    session.call(call("bash", json!({"command": "cargo test -p checkout"}), 51));
    let (before, entry) =
        session.before("subagent", &json!({"description": "cover the rounding of refunds with tests"}));
    session.within = Some(("test-writer", before.clone()));
    session.pass(2);
    session.think(3_300, 1_450);
    session.call(call("read_file", json!({"file_path": "checkout/tests/refunds.rs"}), 1));
    session.call(call("edit_file", json!({"file_path": "checkout/tests/refunds.rs", "lines": 62}), 2));
    session.call(call("bash", json!({"command": "cargo test -p checkout refunds"}), 22));
    session.within = None;
    session.end(before, entry, &call("subagent", Value::Null, 95));
    session.call(call("bash", json!({"command": "git push origin fix-rounding"}), 4));
    session.think(1_900, 240);
    session.mark("end session", "session.end");
}

/// What the test runner said, passing tests and all.
fn failing_tests() -> String {
    let names = ["carts::", "orders::", "refunds::", "taxes::"]
        .into_iter()
        .flat_map(|module| (1..=12).map(move |number| format!("{module}case_{number:02}")));
    let mut output = String::from("     Running tests/checkout.rs\n\nrunning 50 tests\n");
    for name in names {
        output.push_str(&format!("test {name} ... ok\n"));
    }
    for name in ["rounding::half_a_cent_goes_up", "rounding::refunds_round_as_orders_do"] {
        output.push_str(&format!("test {name} ... FAILED\n"));
    }
    output.push_str(
        "\nfailures:\n\n---- rounding::half_a_cent_goes_up ----\nassertion `left == right` failed\n  left: 1004\n right: 1005\n\n\
         test result: FAILED. 48 passed; 2 failed\n",
    );
    output
}

fn asking_for_data(sample: &mut Sample) {
    // The refusal itself is 24 hours ago: what comes before it takes 29 seconds.
    let began = DENIED_SECONDS_AGO + 29;
    let mut session = Session::begin(sample, began, "sess-data-3", "ines@harbor.example", "data-helper");
    session.prompt("which customers in the north bought green tea twice last month?");
    session.think(1_200, 180);
    session.call(call(
        "sql_query",
        json!({"table": "prod/orders", "query": "select count(*) from orders where sku like 'tea-green%'"}),
        2,
    ));
    session.pass(16);
    session.call(Call {
        outcome: AuditOutcome::Denied,
        why: Some((
            "personal_data",
            "agents may not read customers without an approval: policy data/agents, rule 4",
        )),
        ..call(
            "sql_query",
            json!({"table": CUSTOMERS, "query": "select name, email from customers where region = 'north'"}),
            0,
        )
    });
    session.think(2_600, 220);
    session.prompt("then ask mira for an approval and use the view without names");
    session.call(call(
        "request_approval",
        json!({"description": "read prod/customers_by_region", "from": "mira@harbor.example"}),
        340,
    ));
    session.call(call("sql_query", json!({"table": "prod/customers_by_region", "query": "select region, count(*) from customers_by_region group by 1"}), 3));
    session.think(900, 130);
    // The host restarted: this act has a beginning and no end.
    session.before("export_report", &json!({"file_path": "reports/green-tea-north.csv"}));
}
