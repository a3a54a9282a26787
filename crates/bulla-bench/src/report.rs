//! What a measurement says: one JSON line for scripts, rows for people.

use serde::Serialize;

/// One bar's result.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    pub(crate) bar: u32,
    /// The measured figure, in `unit`.
    pub(crate) value: f64,
    /// The reference of the same run, in the same unit.
    pub(crate) reference: f64,
    pub(crate) ratio: f64,
    pub(crate) holds: bool,
    pub(crate) unit: &'static str,
    pub(crate) what: &'static str,
    /// What the bar asks for.
    pub(crate) bound: &'static str,
    /// Parts of the bar and what else was seen.
    pub(crate) parts: Vec<Part>,
}

/// One part of a bar, or something seen beside it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    /// Whether it holds, when something is asked of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) holds: Option<bool>,
}

impl Part {
    pub(crate) fn seen(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, holds: None }
    }

    pub(crate) fn asked(name: impl Into<String>, value: f64, unit: &'static str, holds: bool) -> Self {
        Self { name: name.into(), value, unit, holds: Some(holds) }
    }
}

#[expect(clippy::print_stdout, reason = "the result of the command")]
pub(crate) fn print_text(text: &str) {
    println!("{text}");
}

pub(crate) fn print_line(figure: &Figure) -> anyhow::Result<()> {
    print_text(&serde_json::to_string(figure)?);
    Ok(())
}

pub(crate) fn print_figure(figure: &Figure) {
    let Figure { bar, what, value, reference, ratio, unit, bound, .. } = figure;
    print_text(&format!(
        "\n{bar:>3}  {what}\n     {} {unit}, reference {}, ratio {ratio:.3}; asked: {bound}: {}",
        number(*value),
        number(*reference),
        word(figure.holds)
    ));
    for part in &figure.parts {
        let holds = part.holds.map_or(String::new(), |holds| format!(": {}", word(holds)));
        print_text(&format!("       {:<52} {:>14} {}{holds}", part.name, number(part.value), part.unit));
    }
}

pub(crate) fn print_summary(figures: &[Figure]) {
    let held = figures.iter().filter(|figure| figure.holds).count();
    print_text(&format!("\n{held} of {} bars hold", figures.len()));
}

fn word(holds: bool) -> &'static str {
    if holds { "holds" } else { "DOES NOT HOLD" }
}

fn number(value: f64) -> String {
    if value.abs() >= 1000.0 { format!("{value:.0}") } else { format!("{value:.3}") }
}
