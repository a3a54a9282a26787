//! Bar 15: what embedding the library costs: crates, and a clean release build.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, ensure};

use super::Bench;
use crate::report::{Figure, Part};

pub(crate) fn measure(bench: &Bench) -> anyhow::Result<Figure> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tree = run(workspace, &["tree", "-p", "bulla", "-e", "normal", "--prefix", "none"])?;
    let mut crates: Vec<&str> =
        tree.lines().map(|line| line.trim_end_matches(" (*)")).filter(|line| !line.is_empty()).collect();
    crates.sort_unstable();
    crates.dedup();
    let target = bench.folder.join("clean-build");
    // The index and the sources are fetched before, so that only the build is timed.
    run(workspace, &["fetch"])?;
    let started = Instant::now();
    let target_text = target.to_string_lossy();
    run(workspace, &["build", "--release", "-p", "bulla", "--target-dir", &target_text])?;
    let seconds = started.elapsed().as_secs_f64();
    std::fs::remove_dir_all(&target)?;
    #[expect(clippy::cast_precision_loss, reason = "a few dozen")]
    let count = crates.len() as f64;
    Ok(Figure {
        bar: 15,
        value: count,
        reference: 60.0,
        ratio: count / 60.0,
        holds: count <= 60.0 && seconds <= 45.0,
        unit: "crates",
        what: "unique crates of bulla with default features, itself included",
        bound: "at most 60; clean release build at most 45 s on two cores",
        parts: vec![Part::asked("clean release build", seconds, "s", seconds <= 45.0)],
    })
}

fn run(workspace: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output =
        Command::new("cargo").args(arguments).current_dir(workspace).output().context("run cargo")?;
    let words = arguments.join(" ");
    ensure!(output.status.success(), "cargo {words}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}
