//! From a number, or any bytes, to a workload with faults and crashes, and whether the log kept its promises through it.

use std::fmt;

use crate::chance::Chance;
use crate::check::Broken;
use crate::driver::Driver;
use crate::fault::{Errno, Fault, Trigger};
use crate::image::Survival;
use crate::trace::Act;

/// What runs have covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "counts of what their names say")]
pub struct Covered {
    pub seeds: u64,
    pub acts: u64,
    pub faults: u64,
    pub kills: u64,
    pub power_failures: u64,
    pub openings: u64,
    pub entries: u64,
}

impl Covered {
    /// Adds another run's.
    pub fn add(&mut self, other: Self) {
        self.seeds += other.seeds;
        self.acts += other.acts;
        self.faults += other.faults;
        self.kills += other.kills;
        self.power_failures += other.power_failures;
        self.openings += other.openings;
        self.entries += other.entries;
    }
}

impl fmt::Display for Covered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seeds, acts, faults, kills, power_failures, openings, entries } = self;
        write!(
            f,
            "{seeds} seeds, {acts} disk acts, {faults} simulated faults, {kills} simulated kills, {power_failures} \
             simulated power failures, {openings} openings, {entries} acknowledged entries"
        )
    }
}

/// A run of one seed.
#[derive(Debug)]
pub struct Run {
    /// What it covered.
    pub covered: Covered,
    /// Steps and acts in order, to be read.
    pub story: Vec<String>,
    /// The first broken promise.
    pub broken: Option<Broken>,
    /// The directory at the end.
    pub files: std::collections::BTreeMap<String, Vec<u8>>,
}

/// Runs one seed.
pub fn run(seed: u64) -> Run {
    run_chance(Chance::seeded(seed))
}

/// Runs the workload whose every choice is made by the next of these bytes; it ends with them.
pub fn run_choices(bytes: &[u8]) -> Run {
    run_chance(Chance::given(bytes))
}

fn run_chance(mut chance: Chance) -> Run {
    let segment_bytes = chance.choice(&[1, 20_000, 1 << 20]);
    let driver = Driver::new(chance.seed(), segment_bytes).sealing(chance.number(0..256) < 200);
    let mut player = Player { driver, chance, covered: Covered::default(), story: Vec::new(), told: 0 };
    let broken = player.play().err();
    player.tell_acts();
    player.covered.seeds = 1;
    player.covered.entries = player.driver.model.acknowledged.len() as u64;
    Run { covered: player.covered, story: player.story, broken, files: player.driver.disk.files() }
}

/// Runs seeds `from..from + count`; stops at the first that breaks a promise.
///
/// # Errors
/// The seed, and what it broke, with the command that shows it.
pub fn run_many(from: u64, count: u64) -> Result<Covered, Broken> {
    let mut covered = Covered::default();
    for seed in from..from + count {
        let run = run(seed);
        covered.add(run.covered);
        if let Some(broken) = run.broken {
            return Err(Broken(format!("{broken}; see `cargo run -p bulla-sim -- --seed {seed} --trace`")));
        }
    }
    Ok(covered)
}

struct Player {
    driver: Driver,
    chance: Chance,
    covered: Covered,
    story: Vec<String>,
    /// Acts of the present disk that are in the story.
    told: usize,
}

/// One step of a workload.
#[derive(Debug, Clone, Copy)]
enum Step {
    Record(usize),
    Batch(usize),
    Flood,
    Payload(usize),
    Publish,
    Seal,
    Reopen,
    Kill,
    FailPower(Survival),
}

/// Acts that one opening takes at most, about: a fault while opening lies among them.
const ACTS_OF_AN_OPENING: u64 = 40;

impl Player {
    fn play(&mut self) -> Result<(), Broken> {
        if self.chance.flip() {
            self.plant_fault(ACTS_OF_AN_OPENING);
        }
        self.recover()?;
        for _ in 0..self.chance.count(4..24) {
            if self.chance.is_spent() {
                break;
            }
            if self.chance.number(0..256) < 60 {
                self.plant_fault(16);
            }
            let step = self.step();
            self.story.push(format!("{step:?}"));
            let went_well = self.take(step)?;
            self.tell_acts();
            if !went_well || !self.driver.disk.has_power() {
                self.crash();
                self.recover()?;
            }
            self.driver.look()?;
        }
        self.fail_power(Survival::AnyPieces);
        self.covered.openings += 2;
        self.driver.settle()
    }

    fn step(&mut self) -> Step {
        match self.chance.number(0..100) {
            0..30 => Step::Record(self.chance.count(1..2000)),
            30..50 => Step::Batch(self.chance.count(1..200)),
            50..55 => Step::Flood,
            55..65 => Step::Payload(self.chance.count(0..3000)),
            65..80 => Step::Publish,
            80..86 => Step::Seal,
            86..92 => Step::Reopen,
            92..96 => Step::Kill,
            _ => Step::FailPower(self.survival()),
        }
    }

    fn survival(&mut self) -> Survival {
        self.chance.choice(&Survival::ALL)
    }

    /// Whether the log is still usable. A failure that no fault explains is a broken promise.
    fn take(&mut self, step: Step) -> Result<bool, Broken> {
        let before = self.faults_met();
        let driver = &mut self.driver;
        let failed = match step {
            Step::Record(bytes) => driver.record(bytes).err().map(|error| error.to_string()),
            Step::Batch(count) => driver.record_batch(count, 1).err().map(|error| error.to_string()),
            Step::Flood => driver.record_flood().err().map(|error| error.to_string()),
            Step::Payload(bytes) => driver.record_payload(bytes).err().map(|error| error.to_string()),
            Step::Publish => driver.publish().err().map(|error| error.to_string()),
            Step::Seal => {
                driver.seal();
                None
            }
            Step::Reopen => match driver.close() {
                Ok(()) => self.open().err(),
                Err(error) => Some(error.to_string()),
            },
            Step::Kill => {
                self.kill();
                return self.recover().map(|()| true);
            }
            Step::FailPower(survival) => {
                self.fail_power(survival);
                return self.recover().map(|()| true);
            }
        };
        match failed {
            Some(error) if self.faults_met() == before => {
                Err(Broken(format!("{step:?} failed, and nothing was wrong with the disk: {error}")))
            }
            Some(error) => {
                self.story.push(format!("    failed: {error}"));
                Ok(false)
            }
            None => Ok(true),
        }
    }

    fn open(&mut self) -> Result<(), String> {
        self.covered.openings += 1;
        self.driver.open().map_err(|error| error.to_string())
    }

    /// Lets the log end somehow: killed, or without power.
    fn crash(&mut self) {
        if self.driver.disk.has_power() && self.chance.flip() {
            self.kill();
        } else {
            let survival = self.survival();
            self.fail_power(survival);
        }
    }

    fn kill(&mut self) {
        self.tell_acts();
        self.covered.kills += 1;
        self.driver.kill(self.chance.seed());
        self.turn_to_new_disk("killed");
    }

    fn fail_power(&mut self, survival: Survival) {
        self.tell_acts();
        self.covered.power_failures += 1;
        self.driver.fail_power(survival, self.chance.seed());
        self.turn_to_new_disk(&format!("the power fails and leaves {survival:?}"));
    }

    /// Opens, crashing on the way as chance will have it, and checks what is there.
    fn recover(&mut self) -> Result<(), Broken> {
        for _ in 0..self.chance.count(0..3) {
            self.plant_fault(ACTS_OF_AN_OPENING);
            let before = self.faults_met();
            match self.open() {
                Ok(()) if self.driver.disk.has_power() => {
                    self.kill();
                }
                Ok(()) => self.crash(),
                Err(error) if self.faults_met() == before => {
                    return Err(Broken(format!("the log does not open: {error}")));
                }
                Err(error) => {
                    self.story.push(format!("    not opened: {error}"));
                    self.crash();
                }
            }
        }
        self.covered.openings += 1;
        self.driver.disk.forget_faults();
        self.driver.open_and_check()?;
        self.tell_acts();
        Ok(())
    }

    fn plant_fault(&mut self, within: u64) {
        let errno = if self.chance.flip() { Errno::Io } else { Errno::NoSpace };
        let fault = match self.chance.number(0..5) {
            0 => Fault::Fails(errno),
            1 => Fault::FailsButPersists(errno),
            2 => Fault::FailsHalfway(errno),
            _ => Fault::PowerFails,
        };
        let number = self.driver.disk.acts() + self.chance.number(0..within);
        self.driver.disk.fail(Trigger::Number(number), fault);
    }

    fn faults_met(&self) -> usize {
        let trace = self.driver.disk.trace();
        trace.iter().filter(|act| act.fault.is_some_and(|fault| fault != Fault::Waits)).count()
    }

    /// The story goes on with the acts of another disk.
    fn turn_to_new_disk(&mut self, why: &str) {
        self.story.push(format!("{why}: another disk"));
        self.told = 0;
    }

    fn tell_acts(&mut self) {
        let trace = self.driver.disk.trace();
        let new: Vec<&Act> = trace.iter().skip(self.told).collect();
        self.covered.acts += new.len() as u64;
        let has_failed = |act: &&&Act| act.fault.is_some_and(|fault| fault != Fault::Waits);
        self.covered.faults += new.iter().filter(has_failed).count() as u64;
        self.told += new.len();
        self.story.extend(new.iter().map(|act| format!("  {act}")));
    }
}
