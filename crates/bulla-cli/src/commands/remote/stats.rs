//! `bulla stats` of a server: how far its log is.

use bulla_client::{Client, Search, Status};
use serde_json::json;

use super::read;
use crate::args::StatsArgs;
use crate::ended::Ended;
use crate::invocation::Invocation;
use crate::output::amount::count;
use crate::output::palette::painted;
use crate::output::text::{padded, shown};

/// Columns of the names.
const NAME_COLUMNS: usize = 12;

pub(super) fn run(this: &mut Invocation, client: &Client, args: &StatsArgs) -> anyhow::Result<Ended> {
    if let Some(field) = &args.by {
        return read::count_by(this, client, &Search::of(""), field, usize::MAX);
    }
    let status = client.status()?;
    if this.json {
        this.out.json(&as_json(&status))?;
        return Ok(Ended::Fine);
    }
    let marks = status.watermarks;
    let rows = [
        ("log", shown(&status.origin).into_owned()),
        ("key", shown(&status.vkey).into_owned()),
        ("server", format!("{}, bulla {}", shown(client.url()), shown(&status.version))),
        ("durable", count(marks.durable)),
        ("published", count(marks.published)),
        ("witnessed", count(marks.witnessed)),
    ];
    for (name, value) in rows {
        let name = painted(this.palette.strong, &padded(name, NAME_COLUMNS));
        this.out.line(format!("{name} {value}"))?;
    }
    Ok(Ended::Fine)
}

fn as_json(status: &Status) -> serde_json::Value {
    let marks = status.watermarks;
    let mut all = status.other.clone();
    all.insert("version".to_owned(), json!(status.version));
    all.insert("origin".to_owned(), json!(status.origin));
    all.insert("vkey".to_owned(), json!(status.vkey));
    all.insert("first_seq".to_owned(), json!(status.first_seq));
    let marks = json!({
        "durable": marks.durable, "integrated": marks.integrated,
        "published": marks.published, "witnessed": marks.witnessed,
    });
    all.insert("watermarks".to_owned(), marks);
    all.into()
}
