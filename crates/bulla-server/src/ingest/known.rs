//! Which records are in the log already, by `source.id` and `id`: the newest [`WINDOW`] that came with an id of their
//! own. A record that comes again within the window is answered with its first receipt.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;

use bulla::{RecordError, Ticket};

/// 262,144 records: 5 seconds at 50,000 a second, days for most. About 15 MiB.
pub(crate) const WINDOW: usize = 1 << 18;

/// Source and id, as 128 bits of a hash whose secret changes with each start: nobody can make two that collide.
pub(crate) type Key = (u64, u64);

/// Where a record is.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// In the log, under that number.
    Stored(u64),
    /// On its way.
    Queued(Box<Ticket>),
}

/// What became of a record that was submitted unless it came before.
#[derive(Debug)]
pub(crate) enum Submitted {
    /// It is new.
    New(Ticket),
    /// It came before.
    Before(Place),
}

#[derive(Debug, Default)]
pub(crate) struct Known {
    hashers: (RandomState, RandomState),
    records: Mutex<Records>,
}

#[derive(Debug, Default)]
struct Records {
    places: HashMap<Key, Place>,
    /// The oldest first.
    order: VecDeque<Key>,
}

impl Records {
    fn insert(&mut self, key: Key, place: Place) {
        if self.places.insert(key, place).is_some() {
            return;
        }
        self.order.push_back(key);
        if self.order.len() > WINDOW
            && let Some(oldest) = self.order.pop_front()
        {
            self.places.remove(&oldest);
        }
    }
}

impl Known {
    pub(crate) fn key(&self, source: &str, id: &str) -> Key {
        let pair = (source, id);
        (self.hashers.0.hash_one(pair), self.hashers.1.hash_one(pair))
    }

    /// Submits a record unless it came before. Both are one step: of two requests with the same record at once, one
    /// submits it and the other finds it.
    pub(crate) fn submit_once(
        &self,
        key: Key,
        submit: impl FnOnce() -> Result<Ticket, RecordError>,
    ) -> Result<Submitted, RecordError> {
        let mut records = self.records.lock().expect("no panic while held");
        if let Some(place) = records.places.get(&key) {
            return Ok(Submitted::Before(place.clone()));
        }
        let ticket = submit()?;
        records.insert(key, Place::Queued(Box::new(ticket.clone())));
        Ok(Submitted::New(ticket))
    }

    /// Remembers the number of a record that is in the log now.
    pub(crate) fn stored(&self, key: Key, seq: u64) {
        self.records.lock().expect("no panic while held").insert(key, Place::Stored(seq));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_records_are_forgotten() {
        let known = Known::default();
        for seq in 0..=WINDOW as u64 {
            known.stored(known.key("s", &seq.to_string()), seq);
        }
        let records = known.records.lock().unwrap();
        assert_eq!(records.places.len(), WINDOW);
        assert!(!records.places.contains_key(&known.key("s", "0")));
        assert!(records.places.contains_key(&known.key("s", "1")));
    }

    #[test]
    fn source_and_id_are_told_apart() {
        let known = Known::default();
        assert_ne!(known.key("ab", "c"), known.key("a", "bc"));
        assert_eq!(known.key("a", "b"), known.key("a", "b"));
    }
}
