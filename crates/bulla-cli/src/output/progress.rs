//! Progress of long work, on a terminal's stderr only.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar over bytes of a file; a spinner when its length is not known.
pub(crate) fn over_bytes(len: Option<u64>, what: &str) -> ProgressBar {
    let template = match len {
        Some(_) => "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
        None => "{msg} {spinner} {bytes} {bytes_per_sec}",
    };
    begin(ProgressBar::with_draw_target(len, ProgressDrawTarget::stderr()), template, what)
}

/// A bar over entries.
pub(crate) fn over_entries(len: u64, what: &str) -> ProgressBar {
    let template = "{msg} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}";
    begin(ProgressBar::with_draw_target(Some(len), ProgressDrawTarget::stderr()), template, what)
}

/// A sign that something goes on.
pub(crate) fn spinner(what: &str) -> ProgressBar {
    begin(
        ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()),
        "{spinner} {msg} {elapsed}",
        what,
    )
}

fn begin(bar: ProgressBar, template: &str, what: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).expect("the templates of this file are valid");
    bar.set_style(style);
    bar.set_message(super::text::shown(what).into_owned());
    if !bar.is_hidden() {
        bar.enable_steady_tick(Duration::from_millis(100));
    }
    bar
}
