//! What every command is given: where the log is, how to answer, and what time it is.

use std::path::PathBuf;

use bulla::{Filter, Timestamp, parse_moment};

use crate::args::{Global, RemoteArgs};
use crate::output::palette::Palette;
use crate::output::stdout::Out;

/// The log directory when none is named.
const LOG_DEFAULT: &str = "audit";

/// One run of the command.
pub(crate) struct Invocation {
    pub(crate) log: PathBuf,
    /// The log directory, when one was named.
    pub(crate) log_given: Option<PathBuf>,
    pub(crate) remote: RemoteArgs,
    pub(crate) json: bool,
    pub(crate) palette: Palette,
    pub(crate) out: Out,
    /// When the command began; relative times are before it.
    pub(crate) now: Timestamp,
}

impl Invocation {
    pub(crate) fn new(global: Global) -> Self {
        Palette::choose(global.color);
        let palette = Palette::of_stdout();
        Self {
            log: global.log.clone().unwrap_or_else(|| PathBuf::from(LOG_DEFAULT)),
            log_given: global.log,
            remote: global.remote,
            json: global.json,
            palette,
            out: Out::new(),
            now: Timestamp::now(),
        }
    }

    /// The filter of a query, and of `--since` and `--until`.
    pub(crate) fn filter(
        &self,
        query: &str,
        since: Option<&str>,
        until: Option<&str>,
    ) -> anyhow::Result<Filter> {
        let mut filter = Filter::parse(query, self.now)?;
        let moment = |option: &str, text: &str| {
            parse_moment(text, self.now).map_err(|error| anyhow::anyhow!("{option}: {error}"))
        };
        if let Some(since) = since {
            filter = filter.since(moment("--since", since)?);
        }
        if let Some(until) = until {
            filter = filter.until(moment("--until", until)?);
        }
        Ok(filter)
    }
}

/// Who runs the command, as the system or the environment says; for entries about the log's own use.
pub(crate) fn user() -> Option<String> {
    let name = ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    Some(
        name.filter(|name| !name.is_empty())
            .unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw())),
    )
}
