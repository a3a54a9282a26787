//! The one door of every record: checked, its envelope filled, known or new, submitted; and its receipt.

use std::time::Instant;

use bulla::{AuditLog, Event, EventOptions, LogReader, ReadError, RecordError, State, Ticket, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::emitter::Emitter;
use super::known::{Key, Known, Place, Submitted, WINDOW};
use super::sources::{Brought, Sources};
use crate::api::wire::Receipt;
use crate::problem::Problem;

/// What to do when the queue has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhenFull {
    /// Nothing of the request is recorded yet: it may be refused whole.
    Refuse,
    /// Some of it is: the rest waits, and the client with it.
    Wait,
}

/// A record on its way, or one that came before.
#[derive(Debug)]
pub(crate) enum Admitted {
    New { ticket: Ticket, key: Option<Key> },
    Before(Place),
}

/// A record that is durable.
#[derive(Debug)]
pub(crate) enum Settled {
    New(bulla::Receipt),
    /// It came before, and has this number.
    Before(u64),
}

impl Settled {
    pub(crate) fn seq(&self) -> u64 {
        match self {
            Self::New(receipt) => receipt.seq().get(),
            Self::Before(seq) => *seq,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Intake {
    log: AuditLog,
    reader: LogReader,
    options: EventOptions,
    known: Known,
    sources: Sources,
}

impl Intake {
    /// Begins with what the newest entries of the log tell of records that came before.
    pub(crate) fn new(log: AuditLog, reader: LogReader) -> Result<Self, ReadError> {
        let options = log.event_options();
        let intake = Self { log, reader, options, known: Known::default(), sources: Sources::default() };
        intake.recall()?;
        Ok(intake)
    }

    pub(crate) fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Takes note of what a request brought.
    pub(crate) fn brought(&self, emitter: &Emitter, brought: Brought) {
        let name = (emitter.id.as_str(), emitter.instance.as_deref());
        self.sources.brought(name, emitter.first_seq, brought, Instant::now());
    }

    /// Records the gaps that had their time.
    pub(crate) fn tick(&self, now: Instant) {
        self.sources.tick(&self.log, now);
    }

    /// Takes record `index` of a request.
    ///
    /// # Errors
    /// When the record breaks a rule, or the log takes nothing; nothing of the record is stored then.
    pub(crate) async fn admit(
        &self,
        emitter: &Emitter,
        index: u64,
        json: &[u8],
        default_id: Option<&str>,
        when_full: WhenFull,
    ) -> Result<Admitted, Problem> {
        let source = emitter.source(index);
        let (event, id) =
            Event::from_json_with_id(Some(&source), json, default_id, Timestamp::now(), &self.options)?;
        let key = id.map(|id| self.known.key(&emitter.id, &id));
        loop {
            // A record that has an id is kept for another try; one without is given away at once.
            let submitted = match key {
                Some(key) => self.known.submit_once(key, || self.log.submit_event(event.clone())),
                None => self.log.submit_event(event.clone()).map(Submitted::New),
            };
            match submitted {
                Ok(Submitted::New(ticket)) => return Ok(Admitted::New { ticket, key }),
                Ok(Submitted::Before(place)) => return Ok(Admitted::Before(place)),
                Err(RecordError::QueueFull { .. }) if when_full == WhenFull::Wait => {
                    self.log.room_for(&event).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits until a record is durable.
    pub(crate) async fn settle(&self, admitted: &Admitted) -> Result<Settled, RecordError> {
        match admitted {
            Admitted::New { ticket, key } => {
                let receipt = ticket.durable().await?;
                if let Some(key) = key {
                    self.known.stored(*key, receipt.seq().get());
                }
                Ok(Settled::New(receipt))
            }
            Admitted::Before(Place::Stored(seq)) => Ok(Settled::Before(*seq)),
            Admitted::Before(Place::Queued(ticket)) => {
                Ok(Settled::Before(ticket.durable().await?.seq().get()))
            }
        }
    }

    /// The receipt of one record, once it is in the state asked for.
    pub(crate) async fn receipt(&self, admitted: &Admitted, state: State) -> Result<Receipt, Problem> {
        let seq = self.settle(admitted).await?.seq();
        if let Admitted::New { ticket, .. } = admitted {
            let receipt = match state {
                State::Published => ticket.published().await?,
                _ => ticket.durable().await?,
            };
            return Ok(Receipt::from(&receipt));
        }
        self.wait_for(seq, state).await?;
        let mut entries = self.log.follow(seq)?;
        let entry = entries.next().await?.ok_or(RecordError::Closed)?;
        Receipt::of_stored(&entry, self.state_of(seq), true)
    }

    /// Waits until an entry that is durable is in the state asked for.
    pub(crate) async fn wait_for(&self, seq: u64, state: State) -> Result<(), Problem> {
        if state == State::Published && self.log.watermarks().published <= seq {
            self.log.publish().await?;
        }
        Ok(())
    }

    /// What is true of a durable entry now.
    pub(crate) fn state_of(&self, seq: u64) -> State {
        let marks = self.log.watermarks();
        if seq < marks.witnessed {
            State::Witnessed
        } else if seq < marks.published {
            State::Published
        } else {
            State::Durable
        }
    }

    /// Reads the newest entries for their ids, counters and gaps.
    fn recall(&self) -> Result<(), ReadError> {
        let (size, now) = (self.reader.size()?, Instant::now());
        let start = size.saturating_sub(WINDOW as u64).max(self.reader.first_seq().get());
        let mut entries = self.reader.read(start..size);
        while let Some((seq, line)) = entries.next_line()? {
            let Ok(past) = serde_json::from_slice::<Past<'_>>(line) else { continue };
            match (past.source, past.action.as_ref()) {
                (Some(PastSource { id: Some(source), instance, seq: counter }), _) => {
                    self.known.stored(self.known.key(&source, &past.id), seq.get());
                    let brought = Brought { recorded: 1, ..Brought::default() };
                    if counter.is_some() {
                        self.sources.brought((&source, instance.as_deref()), counter, brought, now);
                    }
                }
                (None, "gap.detected") => self.recall_gap(past.detail, now),
                _ => {}
            }
        }
        self.sources.forget_counts();
        Ok(())
    }

    fn recall_gap(&self, detail: Option<&RawValue>, now: Instant) {
        let told = detail.and_then(|detail| serde_json::from_str::<PastGap>(detail.get()).ok());
        if let Some(gap) = told {
            let name = (gap.source.as_str(), gap.instance.as_deref());
            self.sources.is_told(name, gap.from..gap.to.saturating_add(1), now);
        }
    }
}

/// What is wanted of an entry of the past.
#[derive(Deserialize)]
struct Past<'a> {
    #[serde(borrow)]
    id: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    action: std::borrow::Cow<'a, str>,
    source: Option<PastSource>,
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct PastSource {
    id: Option<String>,
    instance: Option<String>,
    seq: Option<u64>,
}

#[derive(Deserialize)]
struct PastGap {
    source: String,
    instance: Option<String>,
    from: u64,
    to: u64,
}
