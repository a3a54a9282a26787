"""Reads what `bulla export` wrote, with software that was not written for Bulla, and compares all of it with the stored
lines. Ends with a line that says what agreed, or with the assertion that failed."""

import hashlib
import json
import re
import sys
from collections import Counter
from pathlib import Path

import duckdb
import pandas
import pyarrow.parquet
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

FOLDER = Path(sys.argv[1])


def path(kind):
    return str(FOLDER / f"export.{kind}")


def records(kind):
    """Lines end with a newline and nothing else: entries hold other characters that some take for one."""
    lines = Path(path(kind)).read_bytes().split(b"\n")
    assert lines.pop() == b"", f"{kind} ends in the middle of a line"
    return lines


LINES = records("jsonl")
STORED = [json.loads(line) for line in LINES]
HASHES = [hashlib.sha256(b"\0" + line).hexdigest() for line in LINES]
DURATIONS = sum(entry.get("duration_ms", 0) for entry in STORED)
CATEGORIES = Counter(entry["category"] for entry in STORED)


def check_parquet_with_duckdb():
    table = duckdb.sql(f"FROM '{path('parquet')}'")
    types = {name: str(kind) for name, kind in zip(table.columns, table.types, strict=True)}
    for name, kind in {
        "seq": "UBIGINT",
        "recorded_at": "TIMESTAMP",
        "timestamp": "TIMESTAMP",
        "duration_ms": "UBIGINT",
        "request_status_code": "USMALLINT",
        "tool_is_error": "BOOLEAN",
        "detail": "VARCHAR",
        "leaf_hash": "VARCHAR",
    }.items():
        assert types[name].startswith(kind), (name, types[name])
    rows = duckdb.sql(f"SELECT seq, id, action, leaf_hash, detail FROM '{path('parquet')}' ORDER BY seq").fetchall()
    assert len(rows) == len(STORED)
    for row, entry, leaf in zip(rows, STORED, HASHES, strict=True):
        assert row[:4] == (entry["seq"], entry["id"], entry["action"], leaf), row
        assert (json.loads(row[4]) if row[4] else None) == entry.get("detail"), row
    total = duckdb.sql(f"SELECT sum(duration_ms) FROM '{path('parquet')}'").fetchall()[0][0]
    assert int(total or 0) == DURATIONS
    by_category = duckdb.sql(f"SELECT category, count(*) FROM '{path('parquet')}' GROUP BY category").fetchall()
    assert dict(by_category) == CATEGORIES


def check_csv_with_duckdb():
    source = f"read_csv('{path('csv')}', header = true, all_varchar = true, quote = '\"', escape = '\"')"
    rows = duckdb.sql(f"SELECT seq, id, duration_ms, entry FROM {source} ORDER BY seq::UBIGINT").fetchall()
    assert len(rows) == len(STORED)
    for row, entry, line in zip(rows, STORED, LINES, strict=True):
        assert row[0] == str(entry["seq"]) and row[1] == entry["id"] and row[3].encode() == line, row
    assert sum(int(row[2] or 0) for row in rows) == DURATIONS


def check_parquet_with_pandas():
    frame = pandas.read_parquet(path("parquet"))
    assert len(frame) == len(STORED)
    assert str(frame["timestamp"].dtype) == "datetime64[ns, UTC]", frame["timestamp"].dtype
    assert str(frame["seq"].dtype) == "uint64"
    for column in ["recorded_at", "timestamp"]:
        expected = pandas.to_datetime(pandas.Series([entry[column] for entry in STORED]), format="ISO8601")
        assert (frame[column].reset_index(drop=True) == expected).all(), column
    assert dict(frame["category"].value_counts()) == CATEGORIES
    file = pyarrow.parquet.ParquetFile(path("parquet"))
    assert file.metadata.metadata[b"bulla.origin"]
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"


def check_cloudevents_with_their_sdk():
    events = [JSONFormat().read(CloudEvent, line) for line in records("cloudevents")]
    assert len(events) == len(STORED)
    for event, entry, leaf in zip(events, STORED, HASHES, strict=True):
        assert event.get_id() == entry["id"] and event.get_specversion() == "1.0"
        assert event.get_type().startswith(f"bulla.{entry['category']}")
        assert event.get_time() is not None and event.get_data()["action"] == entry["action"]
        assert event.get_extension("leafhash") == leaf and int(event.get_extension("sequence")) == entry["seq"]
    assert len({(event.get_source(), event.get_id()) for event in events}) == len(events)


OCSF_CLASSES = {
    0: set(),
    1007: {"actor", "device", "process"},
    1008: set(),
    3002: {"user"},
    3004: {"entity"},
    6002: {"application"},
    6003: {"actor", "api", "src_endpoint"},
}
OCSF_BASE = {"activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"}


def check_ocsf():
    events = [json.loads(line) for line in records("ocsf")]
    assert len(events) == len(STORED)
    for event, entry, leaf in zip(events, STORED, HASHES, strict=True):
        required = OCSF_BASE | OCSF_CLASSES[event["class_uid"]]
        assert required <= event.keys(), (required - event.keys(), event)
        assert event["category_uid"] == event["class_uid"] // 1000
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
        assert event["status_id"] == {"success": 1, "failure": 2, "denied": 2, "unknown": 0}[entry["outcome"]]
        assert event.get("action_id") == (2 if entry["outcome"] == "denied" else None)
        assert event["metadata"]["uid"] == entry["id"] and event["metadata"]["version"] == "1.9.0"
        assert event["attestation_list"][0]["fingerprint"]["value"] == leaf
        if event["class_uid"] == 6003:
            assert event["api"]["operation"] and event["api"]["request"]["uid"]
            assert event["src_endpoint"].get("ip") or event["src_endpoint"].get("name")
    return Counter(event["class_uid"] for event in events)


# The newest schema that is packaged in its compiled form, and the attributes that 1.9 adds to it.
OCSF_COMPILED = "1.8.0"
OCSF_SINCE = {"application", "attestation_list"}


def check_ocsf_with_its_compiled_schema():
    """Attributes that a class does not have, and values that an attribute cannot have, are errors of the schema."""
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=OCSF_COMPILED))
    validators = {}
    for line in records("ocsf"):
        event = {name: value for name, value in json.loads(line).items() if name not in OCSF_SINCE}
        kind = event["class_uid"], tuple(event["metadata"]["profiles"])
        if kind not in validators:
            name = schema.lookup_class_name_from_uid(class_uid=kind[0])
            described = schema.get_class_schema(class_name=name, profiles=list(kind[1]))
            validators[kind] = Draft202012Validator(described)
        for error in validators[kind].iter_errors(event):
            raise AssertionError(f"class {kind[0]}, {error.json_path}: {error.message}\n{line.decode()}")
    assert validators, "there is no event"


ECS_OUTCOMES = {"success": "success", "failure": "failure", "denied": "failure", "unknown": "unknown"}


def check_ecs():
    documents = [json.loads(line) for line in records("ecs")]
    assert len(documents) == len(STORED)
    for document, entry, leaf in zip(documents, STORED, HASHES, strict=True):
        event = document["event"]
        assert document["ecs"]["version"] and event["id"] == entry["id"] and event["hash"] == leaf
        assert event["outcome"] == ECS_OUTCOMES[entry["outcome"]]
        assert ("denied" in event["type"]) == (entry["outcome"] == "denied")
        if "duration_ms" in entry:
            assert event["duration"] == entry["duration_ms"] * 1_000_000


def parse_cef(line):
    """Header fields, and the extension as a dictionary: a key is a word before an `=` that is not escaped."""
    parts = re.split(r"(?<!\\)(?:\\\\)*\|", line, maxsplit=7)
    assert len(parts) == 8 and parts[0] == "CEF:0", line
    extension = parts[7]
    keys = list(re.finditer(r"(?:^|(?<= ))([A-Za-z0-9_]+)=", extension))
    ends = [key.start() - 1 for key in keys[1:]] + [len(extension)]
    unescape = lambda text: re.sub(r"\\(.)", lambda found: {"n": "\n", "r": "\r"}.get(found[1], found[1]), text)
    pairs = {key[1]: unescape(extension[key.end() : end]) for key, end in zip(keys, ends, strict=True)}
    return parts[:7], pairs


def check_cef():
    lines = records("cef")
    assert len(lines) == len(STORED)
    for line, entry, leaf in zip(lines, STORED, HASHES, strict=True):
        text = line.decode()
        assert len(text.splitlines()) == 1, text
        _, event = parse_cef(text)
        rest = json.loads(event["msg"])
        assert event["externalId"] == entry["id"] and event["cs3"] == leaf and int(event["cn1"]) == entry["seq"]
        assert rest.get("action", event["act"]) == entry["action"]
        assert rest.get("detail") == entry.get("detail")


check_parquet_with_duckdb()
check_csv_with_duckdb()
check_parquet_with_pandas()
check_cloudevents_with_their_sdk()
classes = check_ocsf()
check_ocsf_with_its_compiled_schema()
check_ecs()
check_cef()
print(f"{len(STORED)} entries agree in all formats; OCSF classes: {dict(sorted(classes.items()))}")
