//! Writes what every target begins with: `seeds <corpus folder> <spec/vectors> [<folder of real inputs>]`.

use std::path::PathBuf;
use std::process::ExitCode;

// Instrumented code calls libFuzzer, so whoever has some in it must link that.
use libfuzzer_sys as _;

fn main() -> ExitCode {
    let mut folders = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(corpus), Some(vectors)) = (folders.next(), folders.next()) else {
        eprintln!("usage: seeds <corpus folder> <spec/vectors> [<folder of real inputs>]");
        return ExitCode::from(2);
    };
    match bulla_fuzz::seeds::write(&corpus, &vectors, folders.next().as_deref()) {
        Ok(count) => {
            println!("{count} seeds");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("write seeds: {error}");
            ExitCode::FAILURE
        }
    }
}
