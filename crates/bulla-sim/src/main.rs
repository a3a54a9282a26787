//! Runs seeds from the command line: `--seeds N --from S` many of them, `--seed S --trace` one, told step by step.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is a program that reports")]

use std::process::ExitCode;

use bulla_sim::seeds;

const USAGE: &str = "usage: bulla-sim [--seeds N] [--from S] | --seed S [--trace]";

/// What was asked for.
#[derive(Debug, Default)]
struct Arguments {
    seed: Option<u64>,
    seeds: Option<u64>,
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
    match arguments.seed {
        Some(seed) => run_one(seed, arguments.trace),
        None => run_many(arguments.from.unwrap_or(0), arguments.seeds.unwrap_or(10_000)),
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

fn run_many(from: u64, count: u64) -> ExitCode {
    match seeds::run_many(from, count) {
        Ok(covered) => {
            println!("{covered}: every promise was kept");
            ExitCode::SUCCESS
        }
        Err(broken) => {
            println!("{broken}");
            ExitCode::FAILURE
        }
    }
}
