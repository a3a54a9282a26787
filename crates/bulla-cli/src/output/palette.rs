//! Colours. Every word that has one also says what it means without it.

use std::io;
use std::sync::OnceLock;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use bulla::AuditOutcome;

use crate::args::ColorWhen;

/// What `--color` said, for stderr too.
static CHOSEN: OnceLock<ColorWhen> = OnceLock::new();

/// Styles for one stream; all plain when it shows no colour.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Palette {
    pub(crate) good: Style,
    pub(crate) bad: Style,
    pub(crate) warning: Style,
    pub(crate) denied: Style,
    pub(crate) faint: Style,
    pub(crate) strong: Style,
}

impl Palette {
    /// Remembers what `--color` said.
    pub(crate) fn choose(when: ColorWhen) {
        let _ = CHOSEN.set(when);
    }

    pub(crate) fn of_stdout() -> Self {
        Self::of(AutoStream::choice(&io::stdout()))
    }

    pub(crate) fn of_stderr() -> Self {
        Self::of(AutoStream::choice(&io::stderr()))
    }

    fn of(stream: ColorChoice) -> Self {
        let is_coloured = match CHOSEN.get() {
            Some(ColorWhen::Always) => true,
            Some(ColorWhen::Never) => false,
            Some(ColorWhen::Auto) | None => stream != ColorChoice::Never,
        };
        if !is_coloured {
            return Self::default();
        }
        let colour = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
        Self {
            good: colour(AnsiColor::Green),
            bad: colour(AnsiColor::Red).bold(),
            warning: colour(AnsiColor::Yellow),
            denied: colour(AnsiColor::Magenta),
            faint: Style::new().dimmed(),
            strong: Style::new().bold(),
        }
    }

    pub(crate) fn outcome(&self, outcome: AuditOutcome) -> Style {
        match outcome {
            AuditOutcome::Success => self.good,
            AuditOutcome::Failure => self.bad,
            AuditOutcome::Denied => self.denied,
            _ => self.warning,
        }
    }
}

/// Text in a style.
pub(crate) fn painted(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}
