//! What the targets begin with: the vectors of `spec/`, real inputs where they are at hand, and a log made on the spot.
//! Nothing of it is kept in the project.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::damage::SEALED;
use crate::keys::witnesses;
use crate::notes::signer;
use crate::small_log;

/// 4,096 bytes: the part of a real file that a seed takes; longer ones make slow runs.
const SEED_BYTES_MAX: usize = 4096;

/// 40 seeds of each real file, spread over it.
const SEEDS_OF_A_FILE: usize = 40;

/// Writes a folder of seeds for each target below `corpus`; gives how many.
///
/// # Errors
/// When a folder or file cannot be read or written.
pub fn write(corpus: &Path, vectors: &Path, real: Option<&Path>) -> io::Result<usize> {
    let mut seeds = Seeds { corpus: corpus.to_owned(), count: 0 };
    seeds.vectors(vectors)?;
    seeds.small_log()?;
    seeds.queries()?;
    seeds.paths()?;
    match real.filter(|real| real.is_dir()) {
        Some(real) => seeds.real_inputs(real)?,
        None => println!("no real inputs: the importers begin with the entries of a small log only"),
    }
    Ok(seeds.count)
}

struct Seeds {
    corpus: PathBuf,
    count: usize,
}

impl Seeds {
    fn add(&mut self, target: &str, bytes: &[u8]) -> io::Result<()> {
        let folder = self.corpus.join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("seed-{:05}", self.count)), bytes)?;
        self.count += 1;
        Ok(())
    }

    /// Every string of every vector, for every target of `bulla-proof`: a target takes what it can read.
    fn vectors(&mut self, folder: &Path) -> io::Result<()> {
        let mut texts = Vec::new();
        for file in fs::read_dir(folder)? {
            let value: Value = serde_json::from_slice(&fs::read(file?.path())?)?;
            collect_strings(&value, &mut texts);
        }
        texts.sort_unstable();
        texts.dedup();
        for text in &texts {
            let targets: &[&str] = match text {
                text if text.starts_with("c2sp.org/tlog-proof") => &["proof-file"],
                text if text.contains("\n\n\u{2014} ") => &["note"],
                text if text.starts_with('\u{2014}') => &["note"],
                text if text.starts_with("tile/") => &["tile"],
                text if text.contains("quorum ") => &["policy"],
                text if text.matches('\n').count() > 2 => &["checkpoint"],
                text if text.matches('+').count() > 1 => &["key"],
                _ => continue,
            };
            targets.iter().try_for_each(|target| self.add(target, text.as_bytes()))?;
        }
        self.keys_and_policies()
    }

    fn keys_and_policies(&mut self) -> io::Result<()> {
        let [w1, w2, w3] = witnesses();
        for key in [&w1, &w2, &w3] {
            self.add("key", key.to_secret_string().as_bytes())?;
            self.add("key", key.verifier_key().to_string().as_bytes())?;
        }
        self.add("key", signer().to_secret_string().as_bytes())?;
        let defined = format!(
            "log {}\nwitness a {}\nwitness b {} https://w.example\nwitness c {}\n",
            signer().verifier_key(),
            w1.verifier_key(),
            w2.verifier_key(),
            w3.verifier_key()
        );
        for quorum in [
            "quorum none",
            "quorum a",
            "group g 2 a b c\nquorum g",
            "group g all a b c\nquorum g",
            "group g any a b\ngroup h all g c\nquorum h",
        ] {
            self.add("policy", format!("{defined}{quorum}\n").as_bytes())?;
        }
        Ok(())
    }

    /// The small log's segment for the segment target, its lines for whoever reads entries.
    fn small_log(&mut self) -> io::Result<()> {
        let log = small_log::sealed();
        self.add("sealed-segment", &log.copy().bytes(SEALED))?;
        for line in log.lines.iter().take(SEEDS_OF_A_FILE) {
            for target in ["record", "export", "import-jsonl", "import-seed"] {
                self.add(target, line)?;
            }
            let text = String::from_utf8_lossy(line);
            if let Some((_, event)) = text.split_once("Z\",") {
                self.add("record", format!("{{{event}").as_bytes())?;
            }
            self.add("query", &[b"outcome:success\n-entry*\n", line.as_slice()].concat())?;
        }
        let next = small_log::open().lines.last().expect("a log has an entry");
        let next = String::from_utf8_lossy(next).replacen(
            &format!("\"seq\":{}", small_log::open().lines.len() - 1),
            &format!("\"seq\":{}", small_log::open().lines.len()),
            1,
        );
        self.add("tail", format!("{next}\n").as_bytes())?;
        self.add("tail", next.as_bytes())?;
        for (file, act) in (0..16).flat_map(|file| (0..7).map(move |act| (file, act))) {
            self.add("damage", &[file, act, file * 16 + 7, act, 3, 1, 2, 3])?;
        }
        // Line ends between tokens, escapes without need, a secret, and what a spreadsheet would run.
        let odd = "{\r\n\"category\" : \"api\",\r\n\"action\":\"-1+\\u0061\",\"principal\":\"@x\",\"outcome\":\"denied\",\
                   \"detail\":{\"Password\":\"p\",\"n\":1.0e2}}";
        ["record", "export"].iter().try_for_each(|target| self.add(target, odd.as_bytes()))?;
        (0..32_u8).try_for_each(|first| {
            let choices: Vec<u8> =
                (0..60_u8).map(|at| first.wrapping_mul(37).wrapping_add(at.wrapping_mul(101))).collect();
            self.add("sequence", &choices)
        })
    }

    fn queries(&mut self) -> io::Result<()> {
        const LINE: &str = r#"{"seq":41,"timestamp":"2026-11-23T12:00:00.122Z","action":"GET /health","principal":"alice@example.org","outcome":"denied","detail":{"n":2,"f":0.5,"args":["-l","x"],"deep":[{"name":"x"}]},"targets":[{"id":"t1"}],"duration_ms":18}"#;
        for (one, two) in [
            ("outcome:denied", "-principal:alice*"),
            ("action:\"GET /health\"", "NOT has:tool"),
            ("detail.n:>=1", "detail.f:0.1..0.6"),
            ("timestamp:2026-10-01..2026-12-01", "since:2h"),
            ("until:2026-12-01", "seq:..50"),
            ("\"get \\\"x\\\"\"", "health"),
            ("detail.deep.name:x", "targets.id:*"),
            ("ΟΔΟΣ", "Ünal 日本"),
            ("outcome:(denied OR failure) zzz", "a OR (b -c) AND *"),
            ("action:\"GET /he\"*", "\"get heal\"*"),
            ("detail.n:>1..<3", "\"outcom\":x heal*"),
        ] {
            self.add("query", format!("{one}\n{two}\n{LINE}").as_bytes())?;
            for (plain, escaped) in
                [("denied", r"\u0064enied"), ("/health", r"\/health"), ("alice", r"\u0061lice")]
            {
                let line = LINE.replace(plain, escaped);
                self.add("query", format!("{one}\n{two}\n{line}").as_bytes())?;
            }
        }
        Ok(())
    }

    /// Places, sizes, and as many hashes as may fit: see `proofs::path`.
    fn paths(&mut self) -> io::Result<()> {
        for (index, size, hashes) in
            [(0, 1, 0), (0, 2, 1), (5, 7, 3), (6, 7, 2), (255, 256, 8), (3, 1 << 40, 40)]
        {
            let number = |number: u64| [&[0][..], &number.to_le_bytes()].concat();
            self.add("path", &[number(index), number(size), (0..hashes).collect()].concat())?;
        }
        Ok(())
    }

    fn real_inputs(&mut self, real: &Path) -> io::Result<()> {
        for (file, targets) in [
            ("agent-sessions/claude-opus-4-6.jsonl", &["import-claude-code", "import-jsonl"][..]),
            ("agent-sessions/codex-gpt-5-2.jsonl", &["import-codex", "import-jsonl"]),
            ("cloudtrail/ec2-proxy-s3-exfiltration.jsonl", &["import-cloudtrail", "import-jsonl"]),
        ] {
            let Ok(text) = fs::read_to_string(real.join(file)) else { continue };
            let lines: Vec<&str> = text.lines().filter(|line| line.len() < SEED_BYTES_MAX).collect();
            let step = (lines.len() / SEEDS_OF_A_FILE).max(1);
            for part in lines.chunks(step) {
                // Neighbours, because importers join calls and results.
                let mut seed = String::new();
                let fits = |line: &&&str| line.len() < SEED_BYTES_MAX / 2;
                part.iter().filter(fits).take(3).for_each(|line| seed.extend([line, "\n"]));
                targets.iter().try_for_each(|target| self.add(target, seed.as_bytes()))?;
            }
        }
        Ok(())
    }
}

fn collect_strings(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect_strings(item, into)),
        Value::Object(members) => members.values().for_each(|member| collect_strings(member, into)),
        _ => {}
    }
}
