//! What becomes of the many records of one request: the runs of numbers that they have in the log, and those that were
//! rejected. Memory does not grow with the number of records: receipts are read back from the log when they are sent.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bulla::{RecordError, State};
use bytes::Bytes;
use futures_util::stream;
use serde::Serialize;
use utoipa::ToSchema;

use super::emitter::Emitter;
use super::intake::{Admitted, Intake, Settled};
use super::sources::Brought;
use crate::api::wire::Receipt;
use crate::problem::{Code, Problem};
use crate::state::Shared;

/// 8,192 records of one request are on their way at once: a few batches of the writer.
const IN_FLIGHT_MAX: usize = 8192;
/// 1,000 rejected records are answered one by one; the rest of them is counted.
const REJECTED_MAX: usize = 1000;
/// 8,192 receipts of new records are kept for the answer, half a MiB; those of the rest are read back from the log, so
/// that a stream of any length is answered in constant memory.
const KEPT_MAX: usize = 8192;
/// 256 receipts are sent in one piece: about 40 KiB.
const PIECE: u64 = 256;

/// A record that was not taken; nothing of it is stored.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct RejectedRecord {
    /// Its number in the request, from 0; for NDJSON the line, blank ones counted.
    pub(crate) index: u64,
    /// The stable word for the reason.
    pub(crate) code: Code,
    /// What is wrong with it.
    pub(crate) detail: String,
}

/// The answer to many records.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ManyReceipts {
    /// One for each record that is in the log, in their order.
    receipts: Vec<Receipt>,
    /// Those that are not, in their order; at most 1,000.
    rejected: Vec<RejectedRecord>,
    /// How many there are that are not.
    rejected_count: u64,
}

/// Records with numbers that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    first: u64,
    count: u64,
    is_duplicate: bool,
}

/// What is known of the records so far.
#[derive(Debug, Default)]
pub(crate) struct Outcomes {
    in_flight: VecDeque<Admitted>,
    runs: Vec<Run>,
    /// Receipts of the first new records.
    kept: VecDeque<bulla::Receipt>,
    rejected: Vec<RejectedRecord>,
    pub(crate) brought: Brought,
    highest: Option<u64>,
}

impl Outcomes {
    /// Takes note of a record; waits for the oldest one when too many are on their way.
    pub(crate) async fn add(
        &mut self,
        intake: &Intake,
        index: u64,
        admitted: Result<Admitted, Problem>,
    ) -> Result<(), RecordError> {
        match admitted {
            Ok(admitted) => {
                self.in_flight.push_back(admitted);
                if self.in_flight.len() > IN_FLIGHT_MAX {
                    self.settle_oldest(intake).await?;
                }
            }
            Err(problem) => {
                self.brought.rejected += 1;
                if self.rejected.len() < REJECTED_MAX {
                    let (code, detail) = (problem.code(), problem.detail().to_owned());
                    self.rejected.push(RejectedRecord { index, code, detail });
                }
            }
        }
        Ok(())
    }

    /// Whether nothing of the request is in the log, nor on its way there.
    pub(crate) fn is_nothing_recorded(&self) -> bool {
        self.in_flight.is_empty() && self.runs.is_empty()
    }

    /// What the request brought, when nobody waits for what is on its way.
    pub(crate) fn brought_at_least(&self) -> Brought {
        Brought { recorded: self.brought.recorded + self.in_flight.len() as u64, ..self.brought }
    }

    /// Waits until every record is durable.
    pub(crate) async fn settle_all(&mut self, intake: &Intake) -> Result<(), RecordError> {
        while !self.in_flight.is_empty() {
            self.settle_oldest(intake).await?;
        }
        Ok(())
    }

    async fn settle_oldest(&mut self, intake: &Intake) -> Result<(), RecordError> {
        let Some(oldest) = self.in_flight.front() else { return Ok(()) };
        let settled = intake.settle(oldest).await?;
        self.in_flight.pop_front();
        let (seq, is_duplicate) = (settled.seq(), matches!(settled, Settled::Before(_)));
        self.highest = self.highest.max(Some(seq));
        match settled {
            Settled::Before(_) => self.brought.duplicates += 1,
            Settled::New(receipt) => {
                // All before it are kept, or none after it is.
                if self.brought.recorded == self.kept.len() as u64 && self.kept.len() < KEPT_MAX {
                    self.kept.push_back(receipt);
                }
                self.brought.recorded += 1;
            }
        }
        match self.runs.last_mut() {
            Some(run) if run.first + run.count == seq && run.is_duplicate == is_duplicate => run.count += 1,
            _ => self.runs.push(Run { first: seq, count: 1, is_duplicate }),
        }
        Ok(())
    }

    /// What is certain when the request breaks off: said in the error, so that nobody has to guess.
    pub(crate) async fn explain(mut self, intake: &Intake, emitter: &Emitter, problem: Problem) -> Problem {
        let settled = self.settle_all(intake).await;
        intake.brought(emitter, self.brought);
        let durable = self.brought.recorded + self.brought.duplicates;
        let rest = if settled.is_ok() { "the others are not" } else { "of the others it is not certain" };
        problem.with_note(&format!(
            "the first {durable} good records of the request are in the log, {rest}; send it again: records with an \
             id, or under the same Idempotency-Key, are not recorded twice"
        ))
    }

    /// The answer, once every record is in the state asked for.
    pub(crate) async fn into_response(self, shared: Arc<Shared>, state: State) -> Response {
        if let Some(highest) = self.highest
            && let Err(problem) = shared.intake.wait_for(highest, state).await
        {
            return problem.into_response();
        }
        let status = if self.brought.rejected == 0 { StatusCode::OK } else { StatusCode::MULTI_STATUS };
        let tail = tail(&self.rejected, self.brought.rejected);
        let body = Body::from_stream(stream::try_unfold(
            Pieces {
                shared,
                runs: self.runs.into(),
                kept: self.kept,
                state,
                tail,
                progress: Progress::Begin,
            },
            next_piece,
        ));
        (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
    }
}

fn tail(rejected: &[RejectedRecord], count: u64) -> Vec<u8> {
    let mut tail = b"],\"rejected\":".to_vec();
    serde_json::to_writer(&mut tail, rejected).expect("strings and numbers are JSON");
    tail.extend_from_slice(format!(",\"rejected_count\":{count}}}\n").as_bytes());
    tail
}

/// The answer on its way out.
struct Pieces {
    shared: Arc<Shared>,
    runs: VecDeque<Run>,
    kept: VecDeque<bulla::Receipt>,
    state: State,
    tail: Vec<u8>,
    progress: Progress,
}

#[derive(PartialEq, Eq)]
enum Progress {
    Begin,
    Within,
    Done,
}

async fn next_piece(mut pieces: Pieces) -> Result<Option<(Bytes, Pieces)>, std::io::Error> {
    if pieces.progress == Progress::Done {
        return Ok(None);
    }
    let mut text = Vec::new();
    if pieces.progress == Progress::Begin {
        text.extend_from_slice(b"{\"receipts\":[");
    }
    if let Some(run) = pieces.runs.pop_front() {
        let now = pieces.cut(run);
        if pieces.progress == Progress::Within {
            text.push(b',');
        }
        pieces.write_receipts(&mut text, now).await.map_err(std::io::Error::other)?;
        pieces.progress = Progress::Within;
    }
    if pieces.runs.is_empty() {
        text.append(&mut pieces.tail);
        pieces.progress = Progress::Done;
    }
    Ok(Some((text.into(), pieces)))
}

impl Pieces {
    /// The part of a run that goes out next; the rest of it goes back. Its receipts are all kept, or none is.
    fn cut(&mut self, run: Run) -> Run {
        let kept = if run.is_duplicate { 0 } else { self.kept.len() as u64 };
        let count = run.count.min(PIECE).min(if kept > 0 { kept } else { PIECE });
        if run.count > count {
            self.runs.push_front(Run { first: run.first + count, count: run.count - count, ..run });
        }
        Run { count, ..run }
    }

    async fn write_receipts(&mut self, text: &mut Vec<u8>, run: Run) -> Result<(), String> {
        if run.is_duplicate || self.kept.is_empty() {
            return self.read_back(text, run).await;
        }
        for (index, receipt) in self.kept.drain(..run.count as usize).enumerate() {
            write_one(text, index, &Receipt { state: self.state.into(), ..Receipt::from(&receipt) });
        }
        Ok(())
    }

    async fn read_back(&self, text: &mut Vec<u8>, run: Run) -> Result<(), String> {
        let missing = || "an entry that was recorded cannot be read back".to_owned();
        let mut entries = self.shared.log.follow(run.first).map_err(|error| error.to_string())?;
        for index in 0..run.count as usize {
            let next = entries.next().await.map_err(|error| error.to_string())?;
            let entry = next.ok_or_else(missing)?;
            let receipt = Receipt::of_stored(&entry, self.state, run.is_duplicate)
                .map_err(|problem| problem.detail().to_owned())?;
            write_one(text, index, &receipt);
        }
        Ok(())
    }
}

fn write_one(text: &mut Vec<u8>, index: usize, receipt: &Receipt) {
    if index > 0 {
        text.push(b',');
    }
    serde_json::to_writer(text, receipt).expect("strings and numbers are JSON");
}
