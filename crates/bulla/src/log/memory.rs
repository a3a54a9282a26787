//! A log without a directory: the ring and nothing else, as the replaced module had it. Entries are numbered and
//! hashed all the same, so that receipts have the same shape; none of them says more than submitted.

use std::sync::{Arc, Mutex};

use bulla_proof::Frontier;

use super::receipt::{Receipt, State, Ticket, TicketKind};
use super::write::batch::{Batch, Scratch};
use crate::clock::{Clock, Timestamp};
use crate::entry::Event;
use crate::read::recent::Recent;

#[derive(Debug)]
pub(crate) struct MemoryLog {
    pub(crate) recent: Arc<Recent>,
    clock: Arc<dyn Clock>,
    state: Mutex<Numbered>,
}

#[derive(Debug)]
struct Numbered {
    frontier: Frontier,
    last: Timestamp,
}

impl MemoryLog {
    pub(crate) fn new(recent: Arc<Recent>, clock: Arc<dyn Clock>) -> Self {
        let state = Numbered { frontier: Frontier::new(), last: Timestamp::UNIX_EPOCH };
        Self { recent, clock, state: Mutex::new(state) }
    }

    pub(crate) fn size(&self) -> u64 {
        self.state.lock().expect("no panic while held").frontier.size().get()
    }

    pub(crate) fn record(&self, event: &Event) -> Ticket {
        let mut state = self.state.lock().expect("no panic while held");
        state.last = state.last.max(self.clock.now());
        let mut batch = Batch::begin(state.last, state.frontier.clone(), Scratch::default());
        batch.add_own(event.body());
        state.frontier.clone_from(&batch.frontier);
        let seq = batch.lines.first;
        let leaf = bulla_proof::leaf_hash(batch.lines.line(seq));
        self.recent.push(batch.take_lines());
        Ticket { kind: TicketKind::InMemory(Receipt::new(seq, leaf, state.last, State::Submitted)) }
    }
}
