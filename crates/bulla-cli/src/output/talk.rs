//! Talk to the person at the terminal: stderr. Nobody there to listen is no reason to stop.

use std::fmt::Display;
use std::io::{self, Write};

use super::palette::Palette;
use super::text::shown;

/// Says something worth knowing.
pub(crate) fn note(text: impl Display) {
    let _ = writeln!(io::stderr(), "{}", shown(&text.to_string()));
}

/// Says what is wrong although the command goes on.
pub(crate) fn warn(text: impl Display) {
    let warn = Palette::of_stderr().warning;
    let _ = writeln!(io::stderr(), "{warn}warning:{warn:#} {}", shown(&text.to_string()));
}

/// Says why the command ended.
pub(crate) fn fail(error: &anyhow::Error) {
    let bad = Palette::of_stderr().bad;
    let _ = writeln!(io::stderr(), "{bad}bulla:{bad:#} {}", shown(&format!("{error:#}")));
}
