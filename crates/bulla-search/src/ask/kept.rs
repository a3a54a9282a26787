//! Sets that were made for the newest questions: whoever looks at a list asks for its counts, its histogram and its facets,
//! which are the same matches. A part of the index never changes, so neither does what is found in it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tantivy::index::SegmentId;

use super::sets::Set;

/// 16 MiB: all matches of twelve questions to ten million entries.
const BYTES_MAX: usize = 16 << 20;

/// The set of a question in a part.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<VecDeque<(Key, Arc<Set>)>>);

/// A part, and the question as text.
type Key = (SegmentId, Arc<str>);

impl Kept {
    /// The set of a question in a part; `make` makes it when it is not there, or says that it is not worth it.
    pub(crate) fn get_or_make<E>(
        &self,
        part: SegmentId,
        question: &Arc<str>,
        make: impl FnOnce() -> Result<Option<Set>, E>,
    ) -> Result<Option<Arc<Set>>, E> {
        if let Some(set) = self.get(part, question) {
            return Ok(Some(set));
        }
        let made = make()?.map(Arc::new);
        if let Some(set) = &made {
            self.keep((part, question.clone()), set.clone());
        }
        Ok(made)
    }

    fn get(&self, part: SegmentId, question: &str) -> Option<Arc<Set>> {
        let mut sets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = sets.iter().position(|((of_part, asked), _)| *of_part == part && **asked == *question)?;
        let found = sets.remove(at)?;
        sets.push_front(found);
        sets.front().map(|(_, set)| set.clone())
    }

    fn keep(&self, key: Key, set: Arc<Set>) {
        let mut sets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sets.push_front((key, set));
        let mut bytes = 0;
        let fitting = sets.iter().take_while(|(_, set)| {
            bytes += set.bytes();
            bytes <= BYTES_MAX
        });
        let fitting = fitting.count();
        sets.truncate(fitting);
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn get(kept: &Kept, part: SegmentId, question: &str, make: Option<Set>) -> Option<u64> {
        let made = kept.get_or_make(part, &question.into(), || Ok::<_, Infallible>(make));
        made.unwrap().map(|set| set.len())
    }

    #[test]
    fn a_set_is_that_of_its_part_and_question() {
        let (kept, part) = (Kept::default(), SegmentId::generate_random());
        let of = |docs: &[u32]| Some(Set::of(100, docs));
        assert_eq!(get(&kept, part, "a", None), None);
        assert_eq!(get(&kept, part, "a", of(&[1, 2])), Some(2));
        assert_eq!(get(&kept, part, "b", of(&[1])), Some(1));
        assert_eq!(get(&kept, SegmentId::generate_random(), "a", of(&[1, 2, 3])), Some(3));
        assert_eq!(get(&kept, part, "a", None), Some(2));
        assert_eq!(get(&kept, part, "b", None), Some(1));
    }

    #[test]
    fn the_newest_stay_and_what_they_take_is_bounded() {
        let (kept, part) = (Kept::default(), SegmentId::generate_random());
        let third = || Some(Set::of((BYTES_MAX / 3 * 8 - 64) as u32, &[1]));
        for question in ["a", "b", "c", "a", "d"] {
            get(&kept, part, question, third());
        }
        assert_eq!(get(&kept, part, "b", None), None, "a was asked for again, b was not");
        assert_eq!(["a", "c", "d"].map(|asked| get(&kept, part, asked, None)), [Some(1); 3]);
        get(&kept, part, "large", Some(Set::of((BYTES_MAX * 9) as u32, &[1])));
        assert!(kept.0.lock().unwrap().is_empty(), "what does not fit is not kept");
    }
}
