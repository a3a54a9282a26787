//! The server's own lines: what went wrong and what was done, for whoever runs it. Never a token, a cookie, a query or
//! an entry: the log of entries is elsewhere.

use std::str::FromStr;

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{FilterExt, Targets, filter_fn};
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry;

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl FromStr for LogFormat {
    type Err = InvalidLogFormat;

    fn from_str(text: &str) -> Result<Self, InvalidLogFormat> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(InvalidLogFormat(text.to_owned())),
        }
    }
}

/// A format that there is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("log format {0:?} is neither `text` nor `json`")]
pub struct InvalidLogFormat(String);

/// Which lines are written: `info`, or levels by target as in `warn,bulla_server=debug`.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLevels(Targets);

impl Default for LogLevels {
    fn default() -> Self {
        Self(Targets::new().with_default(Level::INFO))
    }
}

impl FromStr for LogLevels {
    type Err = InvalidLogLevels;

    fn from_str(text: &str) -> Result<Self, InvalidLogLevels> {
        text.parse().map(Self).map_err(|_| InvalidLogLevels(text.to_owned()))
    }
}

/// Levels that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "log level {0:?} is not understood: give error, warn, info, debug, trace or off, or levels by target such as \
     `warn,bulla_server=debug`"
)]
pub struct InvalidLogLevels(String);

/// What takes the server's lines; [`install`] puts it in its place.
///
/// Two things are left out whatever `levels` says. The line that the library writes for each entry (`audit`), which
/// would copy the log. And the details of other crates below `info`: what a protocol implementation says while one
/// hunts a bug holds headers, and so tokens.
pub fn subscriber<W>(format: LogFormat, levels: LogLevels, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let lines = fmt::layer().with_writer(writer).with_ansi(false);
    let lines: Box<dyn Layer<registry::Registry> + Send + Sync> = match format {
        LogFormat::Text => Box::new(lines),
        LogFormat::Json => Box::new(lines.json().flatten_event(true)),
    };
    registry().with(lines.with_filter(levels.0.and(filter_fn(may_be_written))))
}

/// Sends the lines of this process to stderr, in this form. Once; who comes second is not heard.
pub fn install(format: LogFormat, levels: LogLevels) {
    let subscriber = subscriber(format, levels, std::io::stderr);
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        tracing::warn!("lines go where they went before: something else takes them already");
    }
}

fn may_be_written(metadata: &Metadata<'_>) -> bool {
    let is_entry = metadata.fields().field("audit_id").is_some();
    let is_ours = metadata.target().starts_with("bulla");
    !is_entry && (is_ours || *metadata.level() <= Level::INFO)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Debug, Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(format: LogFormat, levels: &str, work: impl FnOnce()) -> String {
        let lines = Lines::default();
        let made = lines.clone();
        let subscriber = subscriber(format, levels.parse().unwrap(), move || made.clone());
        tracing::subscriber::with_default(subscriber, work);
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn entries_and_the_details_of_other_crates_are_never_written() {
        let lines = written(LogFormat::Text, "trace", || {
            let log = bulla::AuditLog::in_memory(128);
            log.submit(bulla::AuditEntry::api("GET /secret-path").outcome(bulla::AuditOutcome::Success))
                .unwrap();
            tracing::debug!(target: "h2::codec", "authorization: Bearer secret-token");
            tracing::warn!(target: "h2::codec", "said by another crate");
            tracing::trace!(target: "bulla_server", "said by this one");
        });
        assert!(!lines.contains("secret"), "{lines}");
        assert!(lines.contains("said by another crate") && lines.contains("said by this one"), "{lines}");
    }

    #[test]
    fn json_lines_are_objects_and_levels_choose() {
        let lines = written(LogFormat::Json, "warn", || {
            tracing::info!("not this");
            tracing::error!(file = "a\nb", "a file is gone");
        });
        assert_eq!(lines.lines().count(), 1, "{lines}");
        let line: serde_json::Value = serde_json::from_str(&lines).unwrap();
        assert_eq!(
            (&line["level"], &line["message"], &line["file"]),
            (&"ERROR".into(), &"a file is gone".into(), &"a\nb".into())
        );
    }

    #[test]
    fn what_is_not_understood_is_named() {
        assert!("bulla=loud".parse::<LogLevels>().unwrap_err().to_string().contains("bulla=loud"));
        assert!("xml".parse::<LogFormat>().unwrap_err().to_string().contains("xml"));
        for (text, format) in [("text", LogFormat::Text), ("json", LogFormat::Json)] {
            assert_eq!(text.parse(), Ok(format));
        }
    }
}
