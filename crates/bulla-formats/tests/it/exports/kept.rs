//! Nothing is lost: every value of a stored line is in what it becomes, in every format that has a place for all.

use std::collections::HashMap;

use bulla_formats::export::ExportFormat;
use proptest::prelude::*;
use serde_json::Value;

use super::samples::{random_line, real_lines};
use super::{cef, exported, ocsf_rules, text};

/// How often each value stands somewhere: strings by their content, everything else by its JSON text.
#[derive(Debug, Default)]
pub(crate) struct Leaves(HashMap<String, usize>);

impl Leaves {
    pub(crate) fn of(json: &Value) -> Self {
        let mut leaves = Self::default();
        leaves.add_json(json);
        leaves
    }

    pub(crate) fn add(&mut self, leaf: impl Into<String>) {
        *self.0.entry(leaf.into()).or_default() += 1;
    }

    pub(crate) fn add_json(&mut self, json: &Value) {
        match json {
            Value::Object(members) if !members.is_empty() => {
                members.values().for_each(|value| self.add_json(value));
            }
            Value::Array(items) if !items.is_empty() => items.iter().for_each(|item| self.add_json(item)),
            Value::String(text) => self.add(text.clone()),
            other => self.add(other.to_string()),
        }
    }

    /// What is in `self` more often than in `other`.
    fn missing_in(&self, other: &Self) -> Vec<&str> {
        let is_missing = |(leaf, count): &(&String, &usize)| other.0.get(*leaf).is_none_or(|had| had < count);
        self.0.iter().filter(is_missing).map(|(leaf, _)| leaf.as_str()).collect()
    }
}

/// The values of each of the records that lines become.
fn records(format: ExportFormat, lines: &[&[u8]]) -> Vec<Leaves> {
    match format {
        ExportFormat::Cef => text(format, lines).split_inclusive('\n').map(cef::leaves).collect(),
        #[cfg(feature = "parquet")]
        ExportFormat::Parquet => super::table::leaves(exported(format, lines)),
        ExportFormat::Csv => {
            let text = text(format, lines);
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let whole =
                |row: csv::StringRecord| Leaves::of(&serde_json::from_str(&row[row.len() - 1]).unwrap());
            reader.records().map(|row| whole(row.unwrap())).collect()
        }
        _ => {
            let text = text(format, lines);
            text.split_inclusive('\n').map(|line| Leaves::of(&serde_json::from_str(line).unwrap())).collect()
        }
    }
}

fn assert_kept(lines: &[&[u8]]) {
    for format in ExportFormat::ALL.iter().filter(|format| **format != ExportFormat::Seed) {
        let records = records(*format, lines);
        assert_eq!(records.len(), lines.len(), "{format}: one record for each line");
        for (line, found) in lines.iter().zip(&records) {
            let stored = Leaves::of(&serde_json::from_slice(line).unwrap());
            let missing = stored.missing_in(found);
            assert!(missing.is_empty(), "{format} lost {missing:?} of {}", String::from_utf8_lossy(line));
        }
    }
}

fn assert_valid_ocsf(line: &[u8]) {
    let event = exported(ExportFormat::Ocsf, &[line]);
    let problems = ocsf_rules::problems(&serde_json::from_slice(&event).unwrap());
    assert!(problems.is_empty(), "{problems:?}: {}", String::from_utf8_lossy(&event));
}

#[test]
fn real_entries_are_kept_whole_and_are_valid_events() {
    let lines = real_lines();
    assert_kept(&lines.iter().map(Vec::as_slice).collect::<Vec<_>>());
    lines.iter().for_each(|line| assert_valid_ocsf(line));
}

#[test]
fn what_is_missing_is_noticed() {
    let stored = Leaves::of(&serde_json::json!({"a": "x", "b": ["x", 1.5, null], "c": {}}));
    let missing = |json: Value| {
        let found = Leaves::of(&json);
        let mut missing: Vec<String> = stored.missing_in(&found).into_iter().map(str::to_owned).collect();
        missing.sort();
        missing
    };
    assert!(missing(serde_json::json!(["x", "x", 1.5, null, {}, 7])).is_empty());
    assert_eq!(missing(serde_json::json!(["x", 1.50, []])), ["null", "x", "{}"]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn random_entries_are_kept_whole_and_are_valid_events(lines in prop::collection::vec(random_line(), 1..9)) {
        assert_kept(&lines.iter().map(String::as_bytes).collect::<Vec<_>>());
        lines.iter().for_each(|line| assert_valid_ocsf(line.as_bytes()));
    }
}
