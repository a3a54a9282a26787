//! Which parts of the index become one: neighbours of about the same size, so that an entry is written again only once
//! in a while, and a search looks at few parts.

use std::ops::Range;

/// 8 parts become one: an entry is rewritten once for each factor of 8 of the log's size.
const WIDTH: usize = 8;
/// 20 million entries: no part is larger, or joining would take minutes and twice its room. A hundred are a log of two
/// billion.
const PART_ENTRIES_MAX: u64 = 20_000_000;

/// The class of a part by its size; parts of one class are within a factor of [`WIDTH`].
fn class(entries: u32) -> u32 {
    entries.max(1).ilog(WIDTH as u32)
}

/// The first run of neighbours that should become one, given the sizes of all parts, oldest first.
///
/// A part between larger ones joins a run as well: it would stand in the way of its neighbours for ever.
pub(crate) fn to_merge(sizes: &[u32]) -> Option<Range<usize>> {
    let classes: Vec<u32> = sizes.iter().map(|size| class(*size)).collect();
    let top = classes.iter().max().copied()?;
    for level in 0..=top {
        let mut start = 0;
        while start < classes.len() {
            let len = classes[start..].iter().take_while(|class| **class <= level).count();
            if let Some(run) = run(sizes, &classes, start..start + len, level) {
                return Some(run);
            }
            start += len + 1;
        }
    }
    None
}

/// The first [`WIDTH`] parts of `level` in a range of parts that are not larger, with all between them.
fn run(sizes: &[u32], classes: &[u32], range: Range<usize>, level: u32) -> Option<Range<usize>> {
    let of_level: Vec<usize> = range.clone().filter(|at| classes[*at] == level).collect();
    let of_all = |run: &Range<usize>| sizes[run.clone()].iter().map(|size| u64::from(*size)).sum::<u64>();
    let mut runs = of_level.windows(WIDTH).map(|members| members[0]..members[WIDTH - 1] + 1);
    runs.find(|run| of_all(run) <= PART_ENTRIES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_of_a_size_become_one_and_fewer_stay() {
        assert_eq!(to_merge(&[]), None);
        assert_eq!(to_merge(&[10; 7]), None);
        assert_eq!(to_merge(&[10; 8]), Some(0..8));
        assert_eq!(to_merge(&[1_000_000, 10, 10, 10, 10, 10, 10, 10, 10, 10]), Some(1..9));
        assert_eq!(to_merge(&[40_000; 8]), Some(0..8));
        // A small one between them joins them.
        let mut sizes = [40_000; 9];
        sizes[3] = 10;
        assert_eq!(to_merge(&sizes), Some(0..9));
    }

    #[test]
    fn a_part_never_grows_beyond_its_limit() {
        assert_eq!(to_merge(&[4_000_000; 20]), None);
        assert_eq!(to_merge(&[1_000_000; 8]), Some(0..8));
    }

    /// However the log grows, parts stay few and each entry is rewritten a few times only.
    #[test]
    fn parts_stay_few_and_rewriting_bounded() {
        for step in [1, 100, 250_000] {
            let (mut sizes, mut rewritten, mut all) = (Vec::new(), 0u64, 0u64);
            for _ in 0..3000 {
                sizes.push(step);
                all += u64::from(step);
                while let Some(run) = to_merge(&sizes) {
                    let sum: u32 = sizes[run.clone()].iter().sum();
                    rewritten += u64::from(sum);
                    sizes.splice(run, [sum]);
                }
            }
            assert!(sizes.len() < 130, "{step}: {sizes:?}");
            assert!(rewritten <= 6 * all, "{step}: each entry is rewritten {} times", rewritten / all);
        }
    }
}
