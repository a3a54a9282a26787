//! Runs seeds from the command line: `--seeds N --from S` many of them, `--minutes M --from S` as many as there is time
//! for, `--seed S --trace` one, told step by step.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is a program that reports")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use bulla_sim::seeds::{self, Covered};

const USAGE: &str = "usage: bulla-sim [--seeds N | --minutes M] [--from S] | --seed S [--trace]";

/// Seeds between two looks at the clock: a second or two.
const SEEDS_AT_A_TIME: u64 = 100;

/// What was asked for.
#[derive(Debug, Default)]
struct Arguments {
    seed: Option<u64>,
    seeds: Option<u64>,
    minutes: Option<u64>,
    from: Option<u64>,
    trace: bool,
}

fn parse(mut words: impl Iterator<Item = String>) -> Option<Arguments> {
    let mut arguments = Arguments::default();
    while let Some(word) = words.next() {
        let mut number = || words.next()?.parse().ok();
        match word.as_str() {
            "--seed" => arguments.seed = Some(number()?),
            "--seeds" => arguments.seeds = Some(number()?),
            "--minutes" => arguments.minutes = Some(number()?),
            "--from" => arguments.from = Some(number()?),
            "--trace" => arguments.trace = true,
            _ => return None,
        }
    }
    Some(arguments)
}

fn main() -> ExitCode {
    let Some(arguments) = parse(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let from = arguments.from.unwrap_or(0);
    match (arguments.seed, arguments.minutes) {
        (Some(seed), _) => run_one(seed, arguments.trace),
        (None, Some(minutes)) => {
            let end = Instant::now() + Duration::from_secs(60 * minutes);
            run_many(from, |_| if Instant::now() < end { SEEDS_AT_A_TIME } else { 0 })
        }
        (None, None) => {
            let seeds = arguments.seeds.unwrap_or(10_000);
            run_many(from, |covered| seeds - covered.seeds)
        }
    }
}

fn run_one(seed: u64, trace: bool) -> ExitCode {
    let run = seeds::run(seed);
    if trace {
        run.story.iter().for_each(|line| println!("{line}"));
    }
    println!("{}", run.covered);
    match run.broken {
        Some(broken) => {
            println!("seed {seed}: {broken}");
            ExitCode::FAILURE
        }
        None => ExitCode::SUCCESS,
    }
}

/// Runs as many seeds at a time as `next` says, until it says none.
fn run_many(from: u64, next: impl Fn(&Covered) -> u64) -> ExitCode {
    let mut covered = Covered::default();
    loop {
        let count = next(&covered);
        if count == 0 {
            println!("covered: {covered}");
            println!("seeds from {from} on: every promise was kept");
            return ExitCode::SUCCESS;
        }
        match seeds::run_many(from + covered.seeds, count) {
            Ok(run) => covered.add(run),
            Err(broken) => {
                println!("{broken}");
                return ExitCode::FAILURE;
            }
        }
    }
}
