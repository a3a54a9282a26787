//! Parquet, read back.

use arrow_array::cast::AsArray;
use arrow_array::types::{TimestampNanosecondType, UInt16Type, UInt64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use bulla::Timestamp;
use bulla_formats::export::ExportFormat::Parquet;
use bulla_formats::export::Exporter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::RowGroupMetaData;

use super::kept::Leaves;
use super::{ORIGIN, exported, line};

fn reader(file: Vec<u8>) -> ParquetRecordBatchReaderBuilder<bytes::Bytes> {
    ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(file)).unwrap()
}

fn batches(file: Vec<u8>) -> Vec<RecordBatch> {
    reader(file).build().unwrap().map(Result::unwrap).collect()
}

fn only_batch(file: Vec<u8>) -> RecordBatch {
    let mut batches = batches(file);
    assert_eq!(batches.len(), 1);
    batches.remove(0)
}

/// A value as text; `None` where there is none.
fn cell(batch: &RecordBatch, name: &str, row: usize) -> Option<String> {
    let column = batch.column_by_name(name).unwrap();
    if column.is_null(row) {
        return None;
    }
    Some(match column.data_type() {
        DataType::UInt64 => column.as_primitive::<UInt64Type>().value(row).to_string(),
        DataType::UInt16 => column.as_primitive::<UInt16Type>().value(row).to_string(),
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        DataType::Timestamp(..) => {
            let nanos = column.as_primitive::<TimestampNanosecondType>().value(row);
            Timestamp::from_unix_nanos(nanos.into()).unwrap().to_rfc3339()
        }
        _ => column.as_string::<i32>().value(row).to_owned(),
    })
}

/// The values of each row.
pub(super) fn leaves(file: Vec<u8>) -> Vec<Leaves> {
    let of_batch =
        |batch: RecordBatch| (0..batch.num_rows()).map(|row| of_row(&batch, row)).collect::<Vec<_>>();
    batches(file).into_iter().flat_map(of_batch).collect()
}

fn of_row(batch: &RecordBatch, row: usize) -> Leaves {
    let mut leaves = Leaves::default();
    for field in batch.schema().fields() {
        let Some(cell) = cell(batch, field.name(), row) else { continue };
        match field.data_type() {
            _ if ["detail", "other"].contains(&field.name().as_str()) => {
                leaves.add_json(&serde_json::from_str(&cell).unwrap());
            }
            DataType::Timestamp(..) => {
                // Either form of writing this moment is the one that was stored.
                let nine = cell.parse::<Timestamp>().unwrap().to_rfc3339_nanos();
                if nine != cell {
                    leaves.add(nine);
                }
                leaves.add(cell);
            }
            _ => leaves.add(cell),
        }
    }
    leaves
}

#[test]
fn each_field_has_its_column_and_the_rest_is_json() {
    let line = line(
        r#""category":"api","action":"GET /","principal":null,"outcome":"success","detail":{"n":1.50},"duration_ms":7,"request":{"status_code":200,"method":"GET","made_up":1},"tool":{"is_error":false},"source":{"seq":3},"targets":[],"labels":{"a":"b"}"#,
    );
    let file = exported(Parquet, &[line.as_bytes()]);
    let batch = only_batch(file.clone());
    for (column, expected) in [
        ("seq", Some("41")),
        ("recorded_at", Some("2026-11-23T12:00:00.123456789Z")),
        ("timestamp", Some("2026-11-23T12:00:00.122Z")),
        ("action", Some("GET /")),
        ("principal", None),
        ("duration_ms", Some("7")),
        ("request_status_code", Some("200")),
        ("tool_is_error", Some("false")),
        ("tool_name", None),
        ("source_seq", Some("3")),
        ("detail", Some(r#"{"n":1.50}"#)),
        ("other", Some(r#"{"principal":null,"request":{"made_up":1},"targets":[],"labels":{"a":"b"}}"#)),
        ("leaf_hash", Some(bulla_proof::leaf_hash(line.as_bytes()).to_string().as_str())),
    ] {
        assert_eq!(cell(&batch, column, 0).as_deref(), expected, "{column}");
    }
    let reader = reader(file);
    let written = reader.metadata().file_metadata().key_value_metadata().unwrap().iter();
    let origin = written.filter(|pair| pair.key == "bulla.origin").map(|pair| pair.value.as_deref());
    assert_eq!(origin.collect::<Vec<_>>(), [Some(ORIGIN)]);
}

#[test]
fn moments_that_a_column_cannot_hold_stay_in_the_rest() {
    for text in ["1500-01-01T00:00:00Z", "2026-11-23T13:00:00+01:00", "2026-11-23T12:00:00.10Z"] {
        let line = line(r#""category":"api","action":"x""#).replace("2026-11-23T12:00:00.122Z", text);
        let batch = only_batch(exported(Parquet, &[line.as_bytes()]));
        assert_eq!(cell(&batch, "timestamp", 0), None, "{text}");
        assert_eq!(cell(&batch, "other", 0), Some(format!(r#"{{"timestamp":"{text}"}}"#)));
    }
}

/// Rows of each row group.
fn groups(starts: &[u64], seqs: impl Iterator<Item = u64>, padding: usize) -> Vec<i64> {
    let mut exporter = Exporter::new(Parquet, ORIGIN, Vec::new()).unwrap().with_segments(starts.to_vec());
    let padding = "x".repeat(padding);
    for seq in seqs {
        exporter.write(format!(r#"{{"seq":{seq},"detail":"{padding}"}}"#).as_bytes()).unwrap();
    }
    let reader = reader(exporter.finish().unwrap());
    reader.metadata().row_groups().iter().map(RowGroupMetaData::num_rows).collect()
}

#[test]
fn a_row_group_begins_with_each_segment_and_never_grows_without_end() {
    assert_eq!(groups(&[0, 256, 512], 0..600, 0), [256, 256, 88]);
    assert_eq!(groups(&[0, 256, 512, 768], (0..1000).filter(|seq| seq % 250 == 0), 0), [2, 1, 1]);
    assert_eq!(groups(&[256, 0], 100..300, 0), [156, 44]);
    assert_eq!(groups(&[], 0..5000, 0), [5000], "batches are no groups");
    assert_eq!(groups(&[], 0..3, 32 << 20), [2, 1]);
    assert!(groups(&[0], 0..0, 0).is_empty());
}

#[test]
fn a_line_without_a_number_is_left_out_and_the_table_goes_on() {
    let mut exporter = Exporter::new(Parquet, ORIGIN, Vec::new()).unwrap();
    exporter.write(br#"{"seq":1}"#).unwrap();
    assert!(exporter.write(b"{}").unwrap_err().is_about_entry());
    assert!(exporter.write(b"7").unwrap_err().is_about_entry());
    exporter.write(br#"{"seq":2}"#).unwrap();
    assert_eq!(only_batch(exporter.finish().unwrap()).num_rows(), 2);
}

#[test]
fn a_sink_that_takes_no_more_is_named_as_such() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::Error::from(std::io::ErrorKind::StorageFull))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let written = Exporter::new(Parquet, ORIGIN, Full).and_then(Exporter::finish);
    let error = written.err().unwrap();
    assert!(!error.is_about_entry() && error.to_string().contains("storage"), "{error}");
}
