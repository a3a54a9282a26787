//! The policy text format (c2sp.org/tlog-policy): one log, witness, group or quorum a line, `#` comments.
//!
//! A name is defined before it is used, and used as a member once, so that no witness counts twice.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::str::FromStr;

use crate::decimal::parse_decimal;
use crate::policy::{Group, Member, Policy, PolicyLog, PolicyWitness};
use crate::{Algorithm, VerifierKey};

/// The longest policy read, 1 MiB: some 500 witnesses with ML-DSA-44 keys of 1.8 kB.
pub const POLICY_LEN_MAX: usize = 1 << 20;

/// Asks for no witness; no group or witness can have this name.
const NO_QUORUM: &str = "none";

/// Why a text is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read policy, line {line}: {problem}")]
pub struct PolicyParseError {
    line: usize,
    problem: String,
}

impl PolicyParseError {
    /// The line with the problem, from 1; for a missing quorum, the last one.
    pub const fn line(&self) -> usize {
        self.line
    }
}

impl FromStr for Policy {
    type Err = PolicyParseError;

    fn from_str(text: &str) -> Result<Self, PolicyParseError> {
        if text.len() > POLICY_LEN_MAX {
            let problem = format!("the policy is longer than {POLICY_LEN_MAX} bytes");
            return Err(PolicyParseError { line: 1, problem });
        }
        let mut reader = PolicyReader::default();
        let mut last = 1;
        for (index, line) in text.split_terminator('\n').enumerate() {
            last = index + 1;
            reader.read_line(line).map_err(|problem| PolicyParseError { line: last, problem })?;
        }
        reader.finish().map_err(|problem| PolicyParseError { line: last, problem })
    }
}

/// What the lines so far have defined.
#[derive(Default)]
struct PolicyReader {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    groups: Vec<Group>,
    quorum: Option<Option<Member>>,
    names: BTreeMap<String, Member>,
    used: BTreeSet<String>,
    log_keys: BTreeSet<Vec<u8>>,
    witness_keys: BTreeSet<Vec<u8>>,
}

impl PolicyReader {
    fn read_line(&mut self, line: &str) -> Result<(), String> {
        if line.bytes().any(|byte| (byte < b' ' && byte != b'\t') || byte == 0x7f) {
            return Err("control characters other than tab are not allowed".to_string());
        }
        // Only spaces and tabs separate: names may hold other Unicode spaces.
        let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        match *words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", key] => self.add_log(key, None),
            ["log", key, url] => self.add_log(key, Some(url)),
            ["witness", name, key] => self.add_witness(name, key, None),
            ["witness", name, key, url] => self.add_witness(name, key, Some(url)),
            ["group", name, threshold, ref members @ ..] => self.add_group(name, threshold, members),
            ["quorum", name] => self.set_quorum(name),
            [word @ ("log" | "witness" | "group" | "quorum"), ..] => {
                Err(format!("the {word} line has too few or too many parts"))
            }
            [word, ..] => Err(format!("{word:?} is not one of log, witness, group, quorum")),
        }
    }

    fn add_log(&mut self, key: &str, url: Option<&str>) -> Result<(), String> {
        let key = parse_key(key)?;
        if key.algorithm() == Algorithm::Ed25519Cosignature {
            return Err(format!("the key of log {} is a witness's", key.name()));
        }
        if !self.log_keys.insert(key.public_bytes().to_vec()) {
            return Err(format!("log {} has a key that an earlier log has", key.name()));
        }
        self.logs.push(PolicyLog { key, url: url.map(ToString::to_string) });
        Ok(())
    }

    fn add_witness(&mut self, name: &str, key: &str, url: Option<&str>) -> Result<(), String> {
        let key = parse_key(key)?;
        if key.algorithm() == Algorithm::Ed25519 {
            return Err(format!("the key of witness {name} is a log's: it carries no time"));
        }
        if !self.witness_keys.insert(key.public_bytes().to_vec()) {
            return Err(format!("witness {name} has a key that an earlier witness has"));
        }
        self.define(name, Member::Witness(self.witnesses.len()))?;
        let (name, url) = (name.to_string(), url.map(ToString::to_string));
        self.witnesses.push(PolicyWitness { name, key, url });
        Ok(())
    }

    fn add_group(&mut self, name: &str, threshold: &str, names: &[&str]) -> Result<(), String> {
        let threshold = parse_threshold(threshold, names.len())
            .ok_or_else(|| format!("group {name} needs all, any, or 1 to {} of its members", names.len()))?;
        let members = names.iter().map(|member| self.take_member(member)).collect::<Result<_, _>>()?;
        self.define(name, Member::Group(self.groups.len()))?;
        self.groups.push(Group { name: name.to_string(), threshold, members });
        Ok(())
    }

    fn set_quorum(&mut self, name: &str) -> Result<(), String> {
        if self.quorum.is_some() {
            return Err("there is an earlier quorum line".to_string());
        }
        let quorum = if name == NO_QUORUM { None } else { Some(self.defined(name)?) };
        self.quorum = Some(quorum);
        Ok(())
    }

    fn finish(self) -> Result<Policy, String> {
        let quorum = self.quorum.ok_or("there is no quorum line; `quorum none` asks for no witness")?;
        Ok(Policy { logs: self.logs, witnesses: self.witnesses, groups: self.groups, quorum })
    }

    fn define(&mut self, name: &str, member: Member) -> Result<(), String> {
        if name == NO_QUORUM {
            return Err(format!("{NO_QUORUM} cannot name a witness or group"));
        }
        match self.names.insert(name.to_string(), member) {
            None => Ok(()),
            Some(_) => Err(format!("{name} is defined on an earlier line")),
        }
    }

    fn defined(&self, name: &str) -> Result<Member, String> {
        self.names.get(name).copied().ok_or_else(|| format!("{name} is not defined on an earlier line"))
    }

    fn take_member(&mut self, name: &str) -> Result<Member, String> {
        let member = self.defined(name)?;
        if self.used.insert(name.to_string()) {
            Ok(member)
        } else {
            Err(format!("{name} is already a member of a group"))
        }
    }
}

fn parse_key(text: &str) -> Result<VerifierKey, String> {
    text.parse().map_err(|error: crate::KeyError| error.to_string())
}

/// How many of `count` members are needed, at least one.
fn parse_threshold(text: &str, count: usize) -> Option<usize> {
    let threshold = match text {
        "all" => count,
        "any" => 1,
        number => usize::try_from(parse_decimal(number)?).ok()?,
    };
    if (1..=count).contains(&threshold) { Some(threshold) } else { None }
}
