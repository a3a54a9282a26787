//! Bulla's own numbers, each beside a reference in the same run. `--bar N` prints one JSON line for scripts;
//! without it all bars run and a table is printed for people.

mod args;
mod bars;
mod disk;
mod fill;
mod log_in_memory;
mod machine;
mod measure;
mod real;
mod report;
mod workload;

use clap::Parser;

fn main() -> anyhow::Result<()> {
    args::Args::parse().run()
}
