#!/usr/bin/env python3
"""The questions of bar 11 to the same entries, by others: jq over the lines, SQLite with matching indexes, DuckDB over the
Parquet export. Prints a table of medians in milliseconds.

    compare/search.py BULLA LOG      BULLA: the command, release build; LOG: a log with its index (`bulla index`)

Needs jq, and duckdb from PyPI. What each is given to do: the newest 100 entries of a filter of three terms, and counts by
outcome, category, principal and hour of the same.
"""

import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 5
FILTERS = {
    "outcome:failure category:tool_execution labels.host:host-17": (
        '.outcome=="failure" and .category=="tool_execution" and .labels.host=="host-17"',
        "outcome='failure' and category='tool_execution' and host='host-17'",
    ),
    "category:tool_execution has:session_id duration_ms:>2500": (
        '.category=="tool_execution" and .session_id!=null and (.duration_ms//0)>2500',
        "category='tool_execution' and session_id is not null and duration_ms>2500",
    ),
}


def median(act):
    times = []
    for _ in range(ROUNDS):
        before = time.perf_counter()
        act()
        times.append(time.perf_counter() - before)
    return statistics.median(times) * 1000


def shell(*command, stdout=subprocess.DEVNULL):
    subprocess.run(command, check=True, stdout=stdout, stderr=subprocess.DEVNULL)


def main(bulla, log):
    rows = []
    with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(log))) as folder:
        lines, parquet = os.path.join(folder, "lines.jsonl"), os.path.join(folder, "entries.parquet")
        shell(bulla, "--log", log, "export", "-o", lines)
        shell(bulla, "--log", log, "export", "--format", "parquet", "-o", parquet)
        database = fill_sqlite(lines, os.path.join(folder, "entries.db"))
        for query, (jq, sql) in FILTERS.items():
            rows.append((query, "bulla search (a process each)", newest_by_bulla(bulla, log, query), None))
            rows.append((query, "jq", once(lambda: shell("jq", "-c", f"select({jq})", lines)), None))
            rows.append((query, "SQLite, indexed", *by_sql(database.execute, "entries", sql)))
            rows.append((query, "DuckDB over Parquet", *by_duckdb(parquet, sql)))
    print(f"{'query':62} {'by':32} {'newest 100':>12} {'counts':>12}   ms")
    for query, by, newest, counts in rows:
        print(f"{query:62} {by:32} {newest:12.1f} {counts if counts is None else round(counts, 1)!s:>12}")


def once(act):
    before = time.perf_counter()
    act()
    return (time.perf_counter() - before) * 1000


def newest_by_bulla(bulla, log, query):
    return median(lambda: shell(bulla, "--log", log, "search", "--json", "-n", "100", query))


def fill_sqlite(lines, path):
    database = sqlite3.connect(path)
    database.execute("pragma journal_mode=off")
    database.execute("pragma synchronous=off")
    database.execute(
        "create table entries (seq integer primary key, timestamp text, outcome text, category text, principal text,"
        " session_id text, duration_ms integer, host text, line text)"
    )

    def records():
        with open(lines, encoding="utf-8") as file:
            for line in file:
                entry = json.loads(line)
                yield (
                    entry["seq"], entry["timestamp"], entry["outcome"], entry["category"], entry.get("principal"),
                    entry.get("session_id"), entry.get("duration_ms"), (entry.get("labels") or {}).get("host"), line,
                )

    database.executemany("insert into entries values (?,?,?,?,?,?,?,?,?)", records())
    database.execute("create index by_host on entries (category, outcome, host, seq)")
    database.execute("create index by_duration on entries (category, duration_ms, seq)")
    database.execute("analyze")
    database.commit()
    return database


def by_sql(execute, table, where):
    newest = median(lambda: execute(f"select line from {table} where {where} order by seq desc limit 100").fetchall())

    def counts():
        for field in ["outcome", "category", "principal", "substr(timestamp,1,13)"]:
            execute(f"select {field}, count(*) from {table} where {where} group by 1").fetchall()

    return newest, median(counts)


def by_duckdb(parquet, where):
    import duckdb

    database = duckdb.connect()
    database.execute("set threads=2")
    where = where.replace("host=", "json_extract_string(other, '$.labels.host')=")
    table = f"read_parquet('{parquet}')"
    newest = median(
        lambda: database.execute(
            f"select seq, timestamp, action, detail from {table} where {where} order by seq desc limit 100"
        ).fetchall()
    )

    def counts():
        for field in ["outcome", "category", "principal", "date_trunc('hour', timestamp)"]:
            database.execute(f"select {field}, count(*) from {table} where {where} group by 1").fetchall()

    return newest, median(counts)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
