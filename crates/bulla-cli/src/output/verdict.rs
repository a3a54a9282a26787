//! A verdict for people: what was checked, what is wrong and where, what is not covered, what it does not show.

use bulla::proof::{Finding, Verdict};

use super::amount;
use super::palette::{Palette, painted};
use super::stdout::Out;
use super::text::shown;

/// 50: more findings than anybody reads; `--json` has all.
const FINDINGS_SHOWN: usize = 50;

/// Prints the verdict about `what`.
pub(crate) fn print(verdict: &Verdict, what: &str, palette: &Palette, out: &mut Out) -> anyhow::Result<()> {
    let (style, word) = match (verdict.is_clean(), verdict.findings.is_empty()) {
        (true, _) => (palette.good, "clean"),
        (false, true) => (palette.warning, "nothing was checked"),
        (false, false) => (palette.bad, "NOT CLEAN"),
    };
    out.line(format!("{}: {what}", painted(style, word)))?;
    if let Some(origin) = &verdict.origin {
        out.line(format!(
            "log {}, {}",
            shown(origin),
            amount::counted(verdict.size.get(), "entry", "entries")
        ))?;
    }
    section(out, palette, "Found", &findings(verdict, palette))?;
    let checked: Vec<String> = verdict.checked.iter().map(|line| shown(line).into_owned()).collect();
    section(out, palette, "Checked", &checked)?;
    if let Some(tail) = verdict.not_covered.as_ref().filter(|tail| !tail.is_empty()) {
        let range = match tail.end - tail.start {
            1 => format!("entry {}", tail.start),
            _ => format!("entries {} to {}", tail.start, tail.end - 1),
        };
        let text = format!("{range}: no checkpoint covers them yet; neither right nor wrong");
        section(out, palette, "Not covered", &[text])?;
    }
    let not_proved: Vec<String> = verdict.not_proved.iter().map(|line| shown(line).into_owned()).collect();
    section(out, palette, "Not proved", &not_proved)
}

fn findings(verdict: &Verdict, palette: &Palette) -> Vec<String> {
    let mut lines: Vec<String> =
        verdict.findings.iter().take(FINDINGS_SHOWN).map(|found| finding(found, palette)).collect();
    if verdict.findings.len() > FINDINGS_SHOWN {
        lines.push(format!("and {} more: see --json", verdict.findings.len() - FINDINGS_SHOWN));
    }
    lines
}

fn finding(finding: &Finding, palette: &Palette) -> String {
    let mut text = painted(palette.bad, &shown(&finding.to_string()));
    for evidence in &finding.evidence {
        for line in evidence.lines() {
            text.push_str(&format!("\n      {}", shown(line)));
        }
    }
    text
}

fn section(out: &mut Out, palette: &Palette, title: &str, lines: &[String]) -> anyhow::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    out.line(painted(palette.strong, title))?;
    lines.iter().try_for_each(|line| out.line(format!("  - {line}")))
}
