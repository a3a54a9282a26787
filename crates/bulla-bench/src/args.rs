//! The command's arguments, as typed.

use std::path::PathBuf;

use anyhow::Context;
use clap::Parser;

use crate::bars::{self, Bench};
use crate::{fill, machine, report};

/// Measures Bulla's bars, each against a reference in the same run.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// Measure this bar only and print one JSON line; several times for several bars, which share their logs.
    #[arg(long, value_name = "N")]
    bar: Vec<u32>,

    /// Put logs here; the disk under it is what is measured. Default: a folder under `target`.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,

    /// The log of bars 11 and 12, ten million entries made from real ones: made here unless it is there, and kept.
    #[arg(long, value_name = "DIR")]
    real_log: Option<PathBuf>,

    /// Less of everything, to see that it runs; the figures mean nothing.
    #[arg(long)]
    quick: bool,

    /// Internal: record under load until killed, printing receipts (bar 8).
    #[arg(long, hide = true, value_name = "DIR")]
    victim: Option<PathBuf>,

    /// Internal: write `--entries` to a log at full rate and say how much memory it took (bars 6 and 13).
    #[arg(long, hide = true, value_name = "DIR", requires = "entries")]
    fill: Option<PathBuf>,

    /// Internal: how many entries `--fill` writes.
    #[arg(long, hide = true, value_name = "N")]
    entries: Option<usize>,

    /// Internal: `--fill` leaves all segments plain.
    #[arg(long, hide = true)]
    plain: bool,
}

impl Args {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        if let Some(directory) = &self.victim {
            return bars::kill::victim(directory);
        }
        if let (Some(directory), Some(entries)) = (&self.fill, self.entries) {
            return fill::run(directory, entries, !self.plain);
        }
        let folder = self.folder.clone().unwrap_or_else(default_folder);
        std::fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
        let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(&folder)?;
        let bench = Bench {
            real_log: self.real_log.clone().unwrap_or_else(|| folder.path().join("real")),
            folder: folder.path().to_owned(),
            quick: self.quick,
        };
        if self.bar.is_empty() {
            return self.run_all(&bench);
        }
        self.bar.iter().try_for_each(|number| report::print_line(&bars::measure(*number, &bench)?))
    }

    fn run_all(&self, bench: &Bench) -> anyhow::Result<()> {
        report::print_text(&machine::describe(&bench.folder));
        let mut figures = Vec::new();
        for number in bars::NUMBERS {
            figures.push(bars::measure(number, bench).with_context(|| format!("measure bar {number}"))?);
            report::print_figure(figures.last().expect("one was pushed"));
        }
        report::print_summary(&figures);
        Ok(())
    }
}

/// Beside the build: the same file system as the project, not a memory file system.
fn default_folder() -> PathBuf {
    let exe = std::env::current_exe().ok();
    let target = exe.as_deref().and_then(|exe| exe.parent()).map(std::path::Path::to_owned);
    target.unwrap_or_else(std::env::temp_dir).join("bench-logs")
}
