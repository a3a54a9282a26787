//! Puts the lines of a damaged segment in their places: a line removed or inserted must not accuse all that follow.
//!
//! A line whose bytes have the hash that `tree/` has for the number it bears is known: it is that entry, wherever it
//! lies. The longest run of known lines in order stays in place; the others were moved or doubled. What is not
//! known stands for what is missing around it.

use crate::read::verify::examine::lines::Line;

/// Lines looked ahead before it is decided which of them are in order: so far may a line be moved, or so many
/// inserted or removed at once, and the rest still be in place. More is told as lines that changed.
const WINDOW: usize = 4096;

/// Where a line belongs, in the order of the numbers.
#[derive(Debug)]
pub(in crate::read::verify) enum Placed {
    /// This line is in the place of this entry.
    At(u64, Line),
    /// No line is in the place of these entries.
    Missing(u64, u64),
    /// This line is in no entry's place, before this one.
    Inserted(u64, Line),
    /// This line is the entry with the first number, and lies before the entry with the second.
    Displaced(u64, u64, Line),
}

/// Lines that wait for their place.
#[derive(Debug)]
pub(in crate::read::verify) struct Aligner {
    /// Number of the next place.
    next: u64,
    /// Number after the last place.
    end: u64,
    /// From this number on no line can be known: one that bears the next number is taken at its word.
    hashes: u64,
    ahead: Vec<(Line, bool)>,
    /// Lines that are not known, since the last place.
    unknown: Vec<Line>,
}

impl Aligner {
    /// For the places from `base` to `end`.
    pub(in crate::read::verify) fn new(base: u64, end: u64, hashes: u64) -> Self {
        Self { next: base, end, hashes, ahead: Vec::new(), unknown: Vec::new() }
    }

    /// Adds a line, known or not, and places those that can be.
    pub(in crate::read::verify) fn add<E>(
        &mut self,
        line: Line,
        is_known: bool,
        place: &mut impl FnMut(Placed) -> Result<(), E>,
    ) -> Result<(), E> {
        self.ahead.push((line, is_known));
        if self.ahead.len() >= 2 * WINDOW { self.decide(WINDOW, place) } else { Ok(()) }
    }

    /// Places all lines, and says what is missing before `end`. Lines after it go on from there.
    pub(in crate::read::verify) fn settle_to<E>(
        &mut self,
        end: u64,
        place: &mut impl FnMut(Placed) -> Result<(), E>,
    ) -> Result<(), E> {
        self.decide(self.ahead.len(), place)?;
        if end >= self.next {
            self.settle_gap(end, place)?;
            self.next = end;
        }
        Ok(())
    }

    /// Goes on from `next`: what lay before cannot be read.
    pub(in crate::read::verify) fn skip_to(&mut self, next: u64) {
        self.next = next;
    }

    /// Decides about the first `count` lines ahead.
    fn decide<E>(&mut self, count: usize, place: &mut impl FnMut(Placed) -> Result<(), E>) -> Result<(), E> {
        let in_order = self.in_order();
        let mut in_order = in_order.into_iter().peekable();
        let rest = self.ahead.split_off(count);
        let decided = std::mem::replace(&mut self.ahead, rest);
        for (index, (line, is_known)) in decided.into_iter().enumerate() {
            if in_order.next_if_eq(&index).is_some() {
                let seq = line.seq.expect("a known line bears a number");
                self.settle_gap(seq, place)?;
                place(Placed::At(seq, line))?;
                self.next = seq + 1;
            } else if let (true, Some(seq)) = (is_known, line.seq) {
                place(Placed::Displaced(seq, self.next, line))?;
            } else if self.unknown.is_empty() && self.next >= self.hashes && line.seq == Some(self.next) {
                place(Placed::At(self.next, line))?;
                self.next += 1;
            } else {
                self.unknown.push(line);
                if self.unknown.len() >= WINDOW {
                    let furthest = self.next + 2 * WINDOW as u64;
                    let borne = self.unknown.iter().filter_map(|line| line.seq).filter(|seq| *seq < furthest);
                    let end =
                        borne.max().map_or(0, |seq| seq + 1).max(self.next + WINDOW as u64).min(self.end);
                    self.settle_gap(end, place)?;
                    self.next = end;
                }
            }
        }
        Ok(())
    }

    /// Indices of the longest growing run of numbers among the known lines ahead.
    fn in_order(&self) -> Vec<usize> {
        // Patience: `ends[k]` is the line with the smallest number that ends a growing run of k + 1 lines.
        let mut ends: Vec<usize> = Vec::new();
        let mut before: Vec<Option<usize>> = vec![None; self.ahead.len()];
        let seq = |index: usize| self.ahead[index].0.seq.unwrap_or(0);
        for (index, (line, is_known)) in self.ahead.iter().enumerate() {
            let Some(number) = line.seq.filter(|seq| *is_known && (self.next..self.end).contains(seq)) else {
                continue;
            };
            let at = ends.partition_point(|end| seq(*end) < number);
            before[index] = at.checked_sub(1).map(|at| ends[at]);
            // Of two equal lines the first stays.
            if at == ends.len() {
                ends.push(index);
            } else if seq(ends[at]) != number {
                ends[at] = index;
            }
        }
        let mut run = Vec::with_capacity(ends.len());
        let mut at = ends.last().copied();
        while let Some(index) = at {
            run.push(index);
            at = before[index];
        }
        run.reverse();
        run
    }

    /// Gives the places from `next` up to `end` to the lines that are not known: each to its own number if it bears
    /// one of them, the others in order.
    fn settle_gap<E>(&mut self, end: u64, place: &mut impl FnMut(Placed) -> Result<(), E>) -> Result<(), E> {
        let mut next = self.next;
        let mut waiting: Vec<Line> = Vec::new();
        for line in self.unknown.drain(..) {
            match line.seq.filter(|seq| (next..end).contains(seq)) {
                Some(seq) => {
                    fill(&mut waiting, next, seq, place)?;
                    place(Placed::At(seq, line))?;
                    next = seq + 1;
                }
                None => waiting.push(line),
            }
        }
        fill(&mut waiting, next, end, place)
    }
}

/// Gives the places `next..end` to `lines` in order; says which stay empty, and which lines are too many.
fn fill<E>(
    lines: &mut Vec<Line>,
    mut next: u64,
    end: u64,
    place: &mut impl FnMut(Placed) -> Result<(), E>,
) -> Result<(), E> {
    for line in lines.drain(..) {
        if next < end {
            place(Placed::At(next, line))?;
            next += 1;
        } else {
            place(Placed::Inserted(end, line))?;
        }
    }
    if next < end { place(Placed::Missing(next, end)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use bulla_proof::Hash;

    use super::*;

    const W: u64 = WINDOW as u64;

    /// A line that bears this number, if any.
    fn line(seq: Option<u64>) -> Line {
        Line {
            bytes: 0..0,
            frame: None,
            hash: Hash::default(),
            seq,
            time: None,
            no_newline: None,
            is_torn: false,
            closes: false,
            news: None,
        }
    }

    /// Places, and the number that the line in them bears: what is missing has no line, what is inserted no place.
    type Told = (Option<(u64, u64)>, Option<u64>);

    /// Where lines that are not known are placed, in the order in which it is decided.
    fn placed(lines: impl Iterator<Item = Option<u64>>, end: u64) -> Vec<Told> {
        let mut all = Vec::new();
        let mut place = |placed| {
            all.push(match placed {
                Placed::At(seq, line) => (Some((seq, seq + 1)), line.seq),
                Placed::Missing(from, to) => (Some((from, to)), None),
                Placed::Inserted(_, line) | Placed::Displaced(_, _, line) => (None, line.seq),
            });
            Ok::<_, Infallible>(())
        };
        let mut aligner = Aligner::new(0, u64::MAX, u64::MAX);
        lines.for_each(|seq| aligner.add(line(seq), false, &mut place).unwrap());
        aligner.settle_to(end, &mut place).unwrap();
        all
    }

    fn own(seqs: std::ops::Range<u64>) -> impl Iterator<Item = Told> {
        seqs.map(|seq| (Some((seq, seq + 1)), Some(seq)))
    }

    #[test]
    fn unknown_lines_are_in_the_places_of_their_numbers_behind_as_many_that_are_gone() {
        for gone in [0, 10, 3000, W] {
            let found = placed((gone..gone + W).map(Some), gone + W);
            let missing = (gone > 0).then_some((Some((0, gone)), None));
            assert!(found.into_iter().eq(missing.into_iter().chain(own(gone..gone + W))), "{gone} are gone");
        }
    }

    #[test]
    fn a_number_far_ahead_of_what_is_looked_at_is_not_believed() {
        let nameless = |count: u64| (0..count).map(|seq| (Some((seq, seq + 1)), None));
        for (number, is_believed) in [(2 * W - 1, true), (2 * W, false), (100_000, false)] {
            let lines = (1..W).map(|_| None).chain([Some(number)]);
            let end = if is_believed { 2 * W } else { W };
            let found = placed(lines, end);
            let last: Vec<_> = if is_believed {
                vec![(Some((W - 1, number)), None), (Some((number, number + 1)), Some(number))]
            } else {
                vec![(Some((W - 1, W)), Some(number))]
            };
            assert!(found.into_iter().eq(nameless(W - 1).chain(last)), "{number}");
        }
        assert!(placed((0..W).map(|_| None), W).into_iter().eq(nameless(W)));
    }
}
