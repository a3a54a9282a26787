//! Decides by the signed root which of the trees is right, and names what differs from it.

use std::collections::BTreeMap;

use bulla_proof::{Finding, FindingKind, Hash};

use super::findings::Findings;
use super::grow::{Difference, Grown, Roots, bytes_in};
use super::piece::{Strange, StrangeLine};
use super::trust::Signed;

/// Which tree has the signed root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Right {
    Entries,
    Leaves,
    /// That of the roots of whole tiles.
    Tiles,
    None,
}

impl Right {
    fn of(roots: &Roots, signed: Hash) -> Self {
        match signed {
            _ if roots.entries == signed => Self::Entries,
            _ if roots.leaves == signed => Self::Leaves,
            _ if roots.tiles == signed => Self::Tiles,
            _ => Self::None,
        }
    }

    fn root(self, roots: &Roots) -> Hash {
        match self {
            Self::Entries | Self::None => roots.entries,
            Self::Leaves => roots.leaves,
            Self::Tiles => roots.tiles,
        }
    }
}

/// Pins that the log cannot continue, whatever its entries are.
pub(super) fn compare_pins_beyond(newest: &Signed, pins: &[Signed], findings: &mut Findings) {
    for pin in pins.iter().filter(|pin| pin.size > newest.size) {
        let text = format!(
            "the server's newest checkpoint has {} entries, the pinned one has {}: entries were taken away, or an old \
             copy of the log is served",
            newest.size, pin.size
        );
        let evidence = vec![pin.note.clone(), newest.note.clone()];
        findings.push(Finding { evidence, ..Finding::new(FindingKind::RolledBack, text) });
    }
}

/// Names what is wrong; gives the number of signed roots that the right tree has.
pub(super) fn judge(grown: Grown, newest: &Signed, pins: &[Signed], findings: &mut Findings) -> usize {
    let roots = grown.roots.expect("the trees were grown to their end");
    let right = Right::of(&roots, newest.root);
    let mut confirmed = usize::from(right != Right::None);
    if right == Right::None {
        let text = "neither the entries nor the hashes that are served lead to the root that the log signed";
        findings.push(Finding {
            first_seq: Some(0),
            end_seq: Some(newest.size.get()),
            evidence: vec![newest.note.clone()],
            ..Finding::new(FindingKind::EntriesAndTreeChanged, text)
        });
    }
    for (pin, roots) in pins.iter().zip(&grown.at_pins) {
        if right.root(roots) == pin.root {
            confirmed += 1;
        } else if right != Right::None || pin.size == newest.size && pin.root != newest.root {
            let text = format!("two histories are signed: the log has another root at size {}", pin.size);
            let evidence = vec![pin.note.clone(), newest.note.clone()];
            findings.push(Finding { evidence, ..Finding::new(FindingKind::Fork, text) });
        }
    }
    tell_differences(&grown, right, findings);
    confirmed
}

fn tell_differences(grown: &Grown, right: Right, findings: &mut Findings) {
    let mut strange: BTreeMap<u64, &StrangeLine> =
        grown.strange.iter().map(|Strange { seq, what }| (*seq, what)).collect();
    let tiles = tiles_beside_row_1(grown);
    for difference in &grown.differences {
        match difference {
            Difference::Leaf { tile, seq } => {
                let is_entry_right = match right {
                    Right::Entries => true,
                    Right::Leaves => false,
                    Right::Tiles => tiles.get(&(seq / 256)).is_none_or(|(is_of_entries, _)| *is_of_entries),
                    Right::None => {
                        let text = "the entry does not have the hash of its place, and nothing signed says which is right";
                        findings.push(at_entry(FindingKind::EntriesAndTreeChanged, *seq, text.to_owned()));
                        continue;
                    }
                };
                if is_entry_right {
                    findings.push(Finding {
                        file: Some(tile.to_string()),
                        bytes: Some(bytes_in(*tile, *seq)),
                        ..at_entry(
                            FindingKind::TreeChanged,
                            *seq,
                            "the hash is not that of the entry, which is right".to_owned(),
                        )
                    });
                } else {
                    findings.push(changed(*seq, strange.remove(seq)));
                }
            }
            Difference::Upper { tile, place, is_of_entries, is_of_leaves } => {
                let is_wrong = match right {
                    Right::Entries => !is_of_entries,
                    Right::Leaves => !is_of_leaves,
                    Right::Tiles | Right::None => false,
                };
                let span = u32::from(tile.row()) * 8;
                let at = |finding: Finding| Finding {
                    first_seq: Some(place << span),
                    end_seq: Some((place + 1) << span),
                    ..finding
                };
                if is_wrong {
                    let text = "the hash is not that of the entries below it, which are right";
                    findings.push(at(Finding {
                        file: Some(tile.to_string()),
                        bytes: Some(bytes_in(*tile, *place)),
                        ..Finding::new(FindingKind::TreeChanged, text)
                    }));
                } else if right == Right::Tiles && tile.row() == 1 && !is_of_entries && !is_of_leaves {
                    let text = "entries were changed together with their hashes: the hash above them is the right one";
                    findings.push(at(Finding::new(FindingKind::EntriesAndTreeChanged, text)));
                }
            }
        }
    }
    // What is strange and has its hash was signed as it is.
    strange.into_iter().for_each(|(seq, what)| findings.push(signed_strange(seq, what)));
}

/// For tiles that are not as row 1 says: whether the entries are, and whether the leaf hashes are.
fn tiles_beside_row_1(grown: &Grown) -> BTreeMap<u64, (bool, bool)> {
    let of_row_1 = |difference: &Difference| match difference {
        Difference::Upper { tile, place, is_of_entries, is_of_leaves } if tile.row() == 1 => {
            Some((*place, (*is_of_entries, *is_of_leaves)))
        }
        _ => None,
    };
    grown.differences.iter().filter_map(of_row_1).collect()
}

/// An entry that is not the one that was logged.
fn changed(seq: u64, strange: Option<&StrangeLine>) -> Finding {
    match strange {
        Some(StrangeLine::Number(number)) => {
            let text = format!("the entry here bears the number {number}");
            at_entry(FindingKind::LineMoved, seq, text)
        }
        Some(StrangeLine::NoEntry(reason)) => at_entry(
            FindingKind::LineChanged,
            seq,
            format!("it is not the entry that was logged, nor any: {reason}"),
        ),
        _ => at_entry(FindingKind::LineChanged, seq, "it is not the entry that was logged".to_owned()),
    }
}

/// An entry that was logged, and should not have been.
fn signed_strange(seq: u64, strange: &StrangeLine) -> Finding {
    match strange {
        StrangeLine::Number(number) => {
            at_entry(FindingKind::SeqWrong, seq, format!("it bears the number {number}"))
        }
        StrangeLine::NoEntry(reason) => {
            at_entry(FindingKind::SeqWrong, seq, format!("it is no entry: {reason}"))
        }
        StrangeLine::Earlier => {
            let text = "it was recorded before the entry before it".to_owned();
            at_entry(FindingKind::RecordedAtWrong, seq, text)
        }
    }
}

fn at_entry(kind: FindingKind, seq: u64, message: String) -> Finding {
    Finding { first_seq: Some(seq), end_seq: Some(seq + 1), ..Finding::new(kind, message) }
}
