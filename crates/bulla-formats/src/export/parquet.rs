//! A table with typed columns: Apache Parquet, compressed with zstd.
//!
//! `detail` is JSON text as it was stored, and `other` a JSON object of what has no column. A row group is what can be
//! read by itself: one for each segment of the log, and never of more than [`GROUP_BYTES`] of lines. Memory holds one
//! batch of rows and the compressed pages of one row group.

use std::io::Write;
use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, BooleanBuilder, StringBuilder, TimestampNanosecondBuilder, UInt16Builder, UInt64Builder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use bulla::Timestamp;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use serde_json::value::RawValue;

use super::fields::Fields;
use super::object::Object;
use super::{ExportError, Line};
use crate::record::text_of;

/// 64 MiB of lines, as many as a segment has by default: at most some 1,000 of the longest lines, 200,000 of usual ones.
const GROUP_BYTES: usize = 64 << 20;
/// 4 MiB of lines, or [`BATCH_ROWS`], are held as rows before they become pages.
const BATCH_BYTES: usize = 4 << 20;
const BATCH_ROWS: usize = 4096;

/// What a column holds, and where its values stand in an entry.
enum Holds {
    Whole(&'static str),
    Small(&'static str),
    Moment(&'static str),
    Text(&'static str),
    Truth(&'static str),
    Json(&'static str),
    /// What has no column.
    Rest,
    LeafHash,
}

use Holds::{Json, LeafHash, Moment, Rest, Small, Text, Truth, Whole};

/// Columns, in order. Later versions only append.
const COLUMNS: [(&str, Holds); 53] = [
    ("seq", Whole("seq")),
    ("recorded_at", Moment("recorded_at")),
    ("id", Text("id")),
    ("timestamp", Moment("timestamp")),
    ("category", Text("category")),
    ("action", Text("action")),
    ("event_name", Text("event_name")),
    ("principal", Text("principal")),
    ("outcome", Text("outcome")),
    ("phase", Text("phase")),
    ("duration_ms", Whole("duration_ms")),
    ("session_id", Text("session_id")),
    ("correlation_id", Text("correlation_id")),
    ("cause_id", Text("cause_id")),
    ("actor_type", Text("actor.type")),
    ("actor_id", Text("actor.id")),
    ("actor_name", Text("actor.name")),
    ("request_id", Text("request.id")),
    ("request_method", Text("request.method")),
    ("request_route", Text("request.route")),
    ("request_path", Text("request.path")),
    ("request_status_code", Small("request.status_code")),
    ("request_peer_ip", Text("request.peer_ip")),
    ("request_client_ip", Text("request.client_ip")),
    ("request_user_agent", Text("request.user_agent")),
    ("tool_name", Text("tool.name")),
    ("tool_call_id", Text("tool.call_id")),
    ("tool_kind", Text("tool.kind")),
    ("tool_server", Text("tool.server")),
    ("tool_method", Text("tool.method")),
    ("tool_transport_status", Text("tool.transport_status")),
    ("tool_is_error", Truth("tool.is_error")),
    ("model_provider", Text("model.provider")),
    ("model_request", Text("model.request")),
    ("model_response", Text("model.response")),
    ("model_input_tokens", Whole("model.input_tokens")),
    ("model_output_tokens", Whole("model.output_tokens")),
    ("reason_code", Text("reason.code")),
    ("reason_message", Text("reason.message")),
    ("reason_policy_id", Text("reason.policy_id")),
    ("reason_rule", Text("reason.rule")),
    ("reason_approver", Text("reason.approver")),
    ("source_id", Text("source.id")),
    ("source_instance", Text("source.instance")),
    ("source_seq", Whole("source.seq")),
    ("source_transport", Text("source.transport")),
    ("source_peer", Text("source.peer")),
    ("source_vantage", Text("source.vantage")),
    ("trace_id", Text("trace.trace_id")),
    ("span_id", Text("trace.span_id")),
    ("detail", Json("detail")),
    ("other", Rest),
    ("leaf_hash", LeafHash),
];

/// A table that is being written.
pub(super) struct Table<W: Write + Send> {
    writer: ArrowWriter<W>,
    schema: Arc<Schema>,
    rows: Rows,
    /// Bytes of the lines that are in the row group, its rows in memory included.
    group_bytes: usize,
    /// Numbers with which row groups begin, the next one last.
    starts: Vec<u64>,
}

impl<W: Write + Send> Table<W> {
    /// Begins the table of the log of that name.
    pub(super) fn begin(origin: &str, sink: W) -> Result<Self, ExportError> {
        let columns = COLUMNS.iter().map(|(name, holds)| {
            let is_always_there = matches!(holds, LeafHash) || *name == "seq";
            Field::new(*name, holds.data_type(), !is_always_there)
        });
        let schema = Arc::new(Schema::new(columns.collect::<Vec<_>>()));
        let properties = WriterProperties::builder()
            .set_created_by(format!("bulla {}", env!("CARGO_PKG_VERSION")))
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_key_value_metadata(Some(vec![KeyValue::new("bulla.origin".to_owned(), origin.to_owned())]))
            // Row groups end where this file says.
            .set_max_row_group_row_count(None)
            .build();
        let writer = ArrowWriter::try_new(sink, schema.clone(), Some(properties)).map_err(failed)?;
        Ok(Self { writer, schema, rows: Rows::new(), group_bytes: 0, starts: Vec::new() })
    }

    /// The same, with numbers of entries with which a row group begins.
    pub(super) fn with_groups(self, mut starts: Vec<u64>) -> Self {
        starts.sort_unstable_by(|a, b| b.cmp(a));
        Self { starts, ..self }
    }

    pub(super) fn write(&mut self, line: &Line<'_>) -> Result<(), ExportError> {
        let mut fields = line.fields()?;
        let seq = fields.see("seq").and_then(|value| value.get().parse::<u64>().ok());
        let seq = seq.ok_or(ExportError::MissingField("seq"))?;
        if self.begins_group(seq) || self.group_bytes >= GROUP_BYTES {
            self.end_group()?;
        }
        self.rows.push(&mut fields, line);
        self.group_bytes += line.bytes.len();
        if self.rows.is_full() { self.end_batch() } else { Ok(()) }
    }

    /// Whether a segment began since the entry before.
    fn begins_group(&mut self, seq: u64) -> bool {
        let mut begins = false;
        while self.starts.last().is_some_and(|start| *start <= seq) {
            self.starts.pop();
            begins = true;
        }
        begins
    }

    fn end_group(&mut self) -> Result<(), ExportError> {
        self.end_batch()?;
        self.group_bytes = 0;
        self.writer.flush().map_err(failed)
    }

    fn end_batch(&mut self) -> Result<(), ExportError> {
        let columns = self.rows.take();
        let batch = RecordBatch::try_new(self.schema.clone(), columns)
            .map_err(|error| ExportError::Table(error.to_string()))?;
        self.writer.write(&batch).map_err(failed)
    }

    pub(super) fn finish(mut self) -> Result<W, ExportError> {
        self.end_group()?;
        let mut sink = self.writer.into_inner().map_err(failed)?;
        sink.flush()?;
        Ok(sink)
    }
}

/// What the sink said, when it was the sink.
fn failed(error: ParquetError) -> ExportError {
    match error {
        ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
            Ok(error) => ExportError::Write(*error),
            Err(other) => ExportError::Table(other.to_string()),
        },
        other => ExportError::Table(other.to_string()),
    }
}

impl Holds {
    fn data_type(&self) -> DataType {
        match self {
            Whole(_) => DataType::UInt64,
            Small(_) => DataType::UInt16,
            Moment(_) => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
            Truth(_) => DataType::Boolean,
            Text(_) | Json(_) | Rest | LeafHash => DataType::Utf8,
        }
    }
}

/// The rows of one batch, column by column.
struct Rows {
    columns: Vec<Column>,
    count: usize,
    bytes: usize,
}

enum Column {
    Whole(UInt64Builder),
    Small(UInt16Builder),
    Moment(TimestampNanosecondBuilder),
    Truth(BooleanBuilder),
    Text(StringBuilder),
}

impl Rows {
    fn new() -> Self {
        let column = |(_, holds): &(&str, Holds)| match holds {
            Whole(_) => Column::Whole(UInt64Builder::new()),
            Small(_) => Column::Small(UInt16Builder::new()),
            Moment(_) => Column::Moment(TimestampNanosecondBuilder::new().with_timezone("UTC")),
            Truth(_) => Column::Truth(BooleanBuilder::new()),
            Text(_) | Json(_) | Rest | LeafHash => Column::Text(StringBuilder::new()),
        };
        Self { columns: COLUMNS.iter().map(column).collect(), count: 0, bytes: 0 }
    }

    fn is_full(&self) -> bool {
        self.count >= BATCH_ROWS || self.bytes >= BATCH_BYTES
    }

    fn push(&mut self, fields: &mut Fields<'_>, line: &Line<'_>) {
        for ((_, holds), column) in COLUMNS.iter().zip(&mut self.columns) {
            match (column, holds) {
                (Column::Whole(column), Whole(path)) => column.append_option(fields.take_as(path, number)),
                (Column::Small(column), Small(path)) => column.append_option(fields.take_as(path, number)),
                (Column::Moment(column), Moment(path)) => column.append_option(fields.take_as(path, nanos)),
                (Column::Truth(column), Truth(path)) => column.append_option(fields.take_as(path, number)),
                (Column::Text(column), Text(path)) => column.append_option(fields.take_text(path)),
                (Column::Text(column), Json(path)) => column.append_option(fields.take_as(path, text_as_is)),
                (Column::Text(column), Rest) => column.append_option(rest(fields)),
                (Column::Text(column), LeafHash) => column.append_value(line.leaf_hash()),
                _ => unreachable!("a column is made for what it holds"),
            }
        }
        self.count += 1;
        self.bytes += line.bytes.len();
    }

    /// The columns; the next batch begins empty.
    fn take(&mut self) -> Vec<ArrayRef> {
        self.count = 0;
        self.bytes = 0;
        let finish = |column: &mut Column| -> ArrayRef {
            match column {
                Column::Whole(column) => ArrayBuilder::finish(column),
                Column::Small(column) => ArrayBuilder::finish(column),
                Column::Moment(column) => ArrayBuilder::finish(column),
                Column::Truth(column) => ArrayBuilder::finish(column),
                Column::Text(column) => ArrayBuilder::finish(column),
            }
        };
        self.columns.iter_mut().map(finish).collect()
    }
}

fn text_as_is(value: &RawValue) -> Option<&str> {
    Some(value.get())
}

/// What the JSON text says in a column's own type.
fn number<T: std::str::FromStr>(value: &RawValue) -> Option<T> {
    value.get().parse().ok()
}

/// Nanoseconds since 1970 began, of a moment that reads back as it is written: from 1677 to 2262, in UTC.
fn nanos(value: &RawValue) -> Option<i64> {
    let text = text_of(value)?;
    let at: Timestamp = text.parse().ok()?;
    let reads_back = at.to_rfc3339() == text || at.to_rfc3339_nanos() == text;
    i64::try_from(at.unix_nanos()).ok().filter(|_| reads_back)
}

/// What has no column, as a JSON object; nothing when all has.
fn rest(fields: &Fields<'_>) -> Option<String> {
    let mut json = Vec::new();
    Object::write(&mut json, |object| fields.rest(object));
    (json != b"{}").then(|| String::from_utf8(json).expect("the fields of a line are UTF-8"))
}
