//! What clients were told, and whether the log agrees: every acknowledged record is there exactly once, under the
//! number and leaf hash of its receipt; a record whose fate was not told is there at most once; and nothing else is.

use std::collections::BTreeMap;

use bulla::LogReader;
use serde_json::Value;

/// What one client did.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// What the ids of its records begin with.
    pub(super) client: String,
    /// Receipts by the number of the record.
    receipts: BTreeMap<u64, (u64, String)>,
    /// Numbers of records that were sent, this one excluded.
    sent: u64,
    /// What it did, and how often.
    pub(super) done: BTreeMap<String, u64>,
}

impl Ledger {
    pub(super) fn of(client: &str) -> Self {
        Self { client: client.to_owned(), ..Self::default() }
    }

    /// A record that is new, and its number.
    pub(super) fn next_record(&mut self) -> (u64, String) {
        let number = self.sent;
        self.sent += 1;
        let client = &self.client;
        let record = format!(
            "{{\"id\":\"{client}/{number}\",\"category\":\"api\",\"action\":\"load {client}\",\"outcome\":\"success\",\
             \"principal\":\"p{}\",\"detail\":{{\"path\":\"/v1/things/{number}\",\"text\":\"{}\"}}}}",
            number % 7,
            "lorem ipsum ".repeat(16)
        );
        (number, record)
    }

    /// Takes note of a receipt; one that comes again must be the same.
    pub(super) fn acknowledged(&mut self, number: u64, receipt: &Value) {
        let told = (
            receipt["seq"].as_u64().unwrap_or_else(|| panic!("no receipt: {receipt}")),
            receipt["leaf_hash"].as_str().unwrap().to_owned(),
        );
        let kept = self.receipts.entry(number).or_insert_with(|| told.clone());
        assert_eq!(*kept, told, "{}/{number} has two receipts", self.client);
    }

    pub(super) fn did(&mut self, what: &str) {
        *self.done.entry(what.to_owned()).or_default() += 1;
    }

    /// A number and seq of an acknowledged record, one of the newest.
    pub(super) fn newest(&self) -> Option<(u64, u64)> {
        self.receipts.last_key_value().map(|(number, (seq, _))| (*number, *seq))
    }

    pub(super) fn count(&self) -> u64 {
        self.receipts.len() as u64
    }
}

/// Holds the log against what clients were told; gives how many records of theirs it has.
pub(super) fn check(log: &std::path::Path, ledgers: &[Ledger]) -> u64 {
    let mut open: BTreeMap<&str, (&Ledger, Vec<bool>)> = ledgers
        .iter()
        .map(|ledger| (ledger.client.as_str(), (ledger, vec![false; usize::try_from(ledger.sent).unwrap()])))
        .collect();
    let mut count = 0;
    for entry in LogReader::open(log).unwrap().read(0..u64::MAX) {
        let entry = entry.unwrap();
        let fields: Value = serde_json::from_slice(entry.line()).unwrap();
        if fields["source"].is_null() {
            continue;
        }
        let id = fields["id"].as_str().unwrap();
        let (client, number) = id.split_once('/').unwrap_or_else(|| panic!("nobody sent {id}"));
        let (ledger, seen) = open.get_mut(client).unwrap_or_else(|| panic!("nobody sent {id}"));
        let number: u64 = number.parse().unwrap();
        let is_seen = &mut seen[usize::try_from(number).unwrap()];
        assert!(!*is_seen, "{id} is in the log twice");
        *is_seen = true;
        count += 1;
        if let Some((seq, hash)) = ledger.receipts.get(&number) {
            let stored = (entry.seq().get(), entry.leaf_hash().to_base64());
            assert_eq!(stored, (*seq, hash.clone()), "{id} is not what its receipt says");
        }
    }
    for (client, (ledger, seen)) in &open {
        let lost = ledger.receipts.keys().find(|number| !seen[usize::try_from(**number).unwrap()]);
        assert_eq!(lost, None, "a record of {client} was acknowledged and is not in the log");
    }
    count
}
