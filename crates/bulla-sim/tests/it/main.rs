//! The simulator itself, and the short run of its seeds.

use bulla_sim::seeds::{self, Covered};

/// 200 seeds take a few seconds; `BULLA_SLOW_TESTS` makes it 20,000.
fn seeds_to_run() -> u64 {
    if std::env::var_os("BULLA_SLOW_TESTS").is_some() { 20_000 } else { 200 }
}

#[test]
fn every_promise_is_kept_through_random_faults_and_crashes() {
    let half = seeds_to_run() / 2;
    let mut covered = Covered::default();
    std::thread::scope(|scope| {
        let halves = [0, half].map(|from| scope.spawn(move || seeds::run_many(from, half)));
        for run in halves {
            covered.add(run.join().unwrap().unwrap_or_else(|broken| panic!("{broken}")));
        }
    });
    println!("covered: {covered}");
    assert!(covered.faults > 0 && covered.kills > 0 && covered.power_failures > 0, "{covered}");
}

#[test]
fn the_same_seed_twice_gives_the_same_acts_and_the_same_bytes() {
    for seed in 0..20 {
        let (one, two) = (seeds::run(seed), seeds::run(seed));
        assert_eq!(one.story, two.story, "seed {seed}");
        assert_eq!(one.files, two.files, "seed {seed}");
        assert!(!one.files.is_empty());
    }
}
