//! What a word is: the one definition that free text in queries, single entries and an index share.
//!
//! Invariant: the words of a word are the word itself, so that words can be written down and read again.

/// 64: only so many letters of a word count. A digest in hexadecimal has 64, and nothing that is looked for has more.
pub const WORD_LETTERS_MAX: usize = 64;

/// Gives the words of a text to `visit`, in order: runs of letters and digits in lower case. Scripts that put no spaces
/// between words have a word for each letter.
///
/// ```
/// let mut found = Vec::new();
/// bulla::query::words("GET /Über-uns?id=42 日本", |word| found.push(word.to_owned()));
/// assert_eq!(found, ["get", "über", "uns", "id", "42", "日", "本"]);
/// ```
pub fn words(text: &str, mut visit: impl FnMut(&str)) {
    let bytes = text.as_bytes();
    let mut spelled = String::new();
    let mut at = 0;
    while at < bytes.len() {
        let end = at + run_of_ascii(&bytes[at..]);
        if bytes.get(end).is_none_or(u8::is_ascii) {
            visit_ascii(&text[at..end], &mut visit);
            // Past the one letter that is neither letter nor digit.
            at = end + 1;
        } else {
            at += visit_run(&text[at..], &mut spelled, &mut visit);
        }
    }
}

/// Whether a text has any word.
pub(super) fn has_words(text: &str) -> bool {
    text.contains(char::is_alphanumeric)
}

fn run_of_ascii(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(bytes.len())
}

fn visit_ascii(run: &str, visit: &mut impl FnMut(&str)) {
    let word = &run[..run.len().min(WORD_LETTERS_MAX)];
    if word.is_empty() {
        return;
    }
    if !word.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return visit(word);
    }
    let mut lower = [0; WORD_LETTERS_MAX];
    let lower = &mut lower[..word.len()];
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    visit(std::str::from_utf8(lower).expect("ASCII is text"));
}

/// Gives away the run of letters at the beginning of `text`; how many bytes it has, or those of one other letter.
fn visit_run(text: &str, spelled: &mut String, visit: &mut impl FnMut(&str)) -> usize {
    spelled.clear();
    let (mut letters, mut end) = (0, text.len());
    for (at, letter) in text.char_indices() {
        let is_alone = is_word_alone(letter);
        if !letter.is_alphanumeric() || (is_alone && letters > 0) {
            // What ends a word of letters begins the next, if it is a word alone.
            end = if letters > 0 { at } else { at + letter.len_utf8() };
            break;
        }
        if letters < WORD_LETTERS_MAX {
            fold(letter, spelled);
        }
        letters += 1;
        if is_alone {
            end = at + letter.len_utf8();
            break;
        }
    }
    if letters > 0 {
        visit(spelled);
    }
    end
}

/// A letter in one case. What a letter becomes must not depend on its neighbours, or a word would not be found in every
/// text that has it (`str::to_lowercase` gives a capital sigma another form at the end of a word). Marks that a letter
/// falls apart into are left out, because they are not letters.
fn fold(letter: char, into: &mut String) {
    let lower = letter.to_lowercase().map(|letter| if letter == 'ς' { 'σ' } else { letter });
    into.extend(lower.filter(|letter| letter.is_alphanumeric()));
}

/// Whether a letter is a word of its own: its script has no spaces between words (or, as Hangul, has them between longer
/// parts).
pub(super) fn is_word_alone(letter: char) -> bool {
    matches!(u32::from(letter),
        0x0E00..=0x0FFF        // Thai, Lao, Tibetan
        | 0x1000..=0x109F      // Myanmar
        | 0x1780..=0x17FF      // Khmer
        | 0x1950..=0x19DF      // Tai Le, New Tai Lue
        | 0x1A20..=0x1AAF      // Tai Tham
        | 0x1B00..=0x1B7F      // Balinese
        | 0x3005..=0x3007      // marks of iteration, ideographic zero
        | 0x3021..=0x3029      // Hangzhou numerals
        | 0x3031..=0x30FF      // kana
        | 0x3100..=0x312F      // Bopomofo
        | 0x31A0..=0x31BF
        | 0x31F0..=0x31FF
        | 0x3400..=0x4DBF      // ideographs
        | 0x4E00..=0x9FFF
        | 0xA980..=0xA9FF      // Javanese, more Myanmar
        | 0xAA60..=0xAADF      // more Myanmar, Tai Viet
        | 0xAC00..=0xD7A3      // Hangul syllables
        | 0xF900..=0xFAFF      // ideographs for compatibility
        | 0xFF66..=0xFF9F      // kana of half width
        | 0x1B000..=0x1B16F    // more kana
        | 0x20000..=0x3FFFF    // more ideographs
    )
}

/// Words that stand one after the other in one text.
///
/// ```
/// use bulla::query::Words;
/// let words = Words::new("such fi", true).unwrap();
/// assert!(words.stand_in("No such file"));
/// assert!(!Words::new("such fi", false).unwrap().stand_in("No such file"));
/// assert!(Words::new("--", false).is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    words: Vec<String>,
    last_is_prefix: bool,
    /// How many words still match when those up to the same place matched and the next did not (Knuth, Morris, Pratt).
    /// Of all words but the last, which may be a beginning.
    fallback: Vec<usize>,
}

impl Words {
    /// The words of a text; the last may be only the beginning of a word. `None` when it has none.
    pub fn new(text: &str, last_is_prefix: bool) -> Option<Self> {
        let mut found = Vec::new();
        words(text, |word| found.push(word.to_owned()));
        let fallback = fallback(found.split_last()?.1);
        Some(Self { words: found, last_is_prefix, fallback })
    }

    /// The words, in order, never none.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Whether the last word may be only the beginning of one.
    pub fn last_is_prefix(&self) -> bool {
        self.last_is_prefix
    }

    /// Whether the words stand in a text, one after the other.
    pub fn stand_in(&self, text: &str) -> bool {
        let (mut matched, mut is_found) = (0, false);
        words(text, |word| {
            matched = self.matched_with(matched, word);
            is_found |= matched == self.words.len();
            matched %= self.words.len();
        });
        is_found
    }

    /// How many words match up to `word`, when so many matched up to the one before it.
    fn matched_with(&self, mut matched: usize, word: &str) -> usize {
        loop {
            if self.matches(matched, word) {
                return matched + 1;
            }
            if matched == 0 {
                return 0;
            }
            matched = self.fallback[matched - 1];
        }
    }

    fn matches(&self, place: usize, word: &str) -> bool {
        let is_last = place + 1 == self.words.len();
        let expected = self.words[place].as_str();
        if is_last && self.last_is_prefix { word.starts_with(expected) } else { word == expected }
    }
}

fn fallback(words: &[String]) -> Vec<usize> {
    let mut fallback = vec![0; words.len()];
    let mut matched = 0;
    for at in 1..words.len() {
        while matched > 0 && words[at] != words[matched] {
            matched = fallback[matched - 1];
        }
        matched += usize::from(words[at] == words[matched]);
        fallback[at] = matched;
    }
    fallback
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        words(text, |word| found.push(word.to_owned()));
        found
    }

    #[test]
    fn texts_fall_into_words() {
        let check = |text: &str, expected: &[&str]| assert_eq!(all(text), expected, "{text:?}");
        check("", &[]);
        check(" -- /", &[]);
        check("GET /health", &["get", "health"]);
        check("alice@example.org", &["alice", "example", "org"]);
        check("snake_case, kebab-case", &["snake", "case", "kebab", "case"]);
        check("1e-7 -5 0.25", &["1e", "7", "5", "0", "25"]);
        check("ÜBUNG", &["übung"]);
        check("naïve Straße", &["naïve", "straße"]);
        check("aé éa é", &["aé", "éa", "é"]);
        check("ΟΔΟΣ οδος", &["οδοσ", "οδοσ"]);
        check("İx \u{212a}elvin", &["ix", "kelvin"]);
        check("日本語abcカナ", &["日", "本", "語", "abc", "カ", "ナ"]);
        check("한국 어", &["한", "국", "어"]);
        check("ab·cd—ef", &["ab", "cd", "ef"]);
        check("ก ข", &["ก", "ข"]);
        check("😀a😀", &["a"]);
    }

    #[test]
    fn only_the_first_letters_of_a_long_word_count() {
        let long = "a".repeat(WORD_LETTERS_MAX);
        assert_eq!(all(&format!("{long}bc d")), [long.as_str(), "d"]);
        assert_eq!(all(&format!("{}BC d", long.to_uppercase())), [long.as_str(), "d"]);
        let long = "é".repeat(WORD_LETTERS_MAX);
        assert_eq!(all(&format!("{long}É d")), [long.as_str(), "d"]);
    }

    #[test]
    fn words_of_every_letter_are_words_of_themselves() {
        for letter in '\0'..=char::MAX {
            let found = all(&letter.to_string());
            assert_eq!(found.len(), usize::from(letter.is_alphanumeric()), "{letter:?}");
            for word in found {
                assert_eq!(all(&word), [word.as_str()], "{letter:?}");
            }
        }
    }

    #[test]
    fn ways_through_ascii_and_through_any_letter_agree() {
        let letters = ['a', 'Z', '0', ' ', '-', 'é', 'É', '日', '—'];
        for code in 0..letters.len().pow(4) {
            let text: String =
                (0..4).map(|place| letters[code / letters.len().pow(place) % letters.len()]).collect();
            let mut slowly = Vec::new();
            let (mut rest, mut spelled) = (text.as_str(), String::new());
            while !rest.is_empty() {
                let end = visit_run(rest, &mut spelled, &mut |word| slowly.push(word.to_owned()));
                rest = &rest[end..];
            }
            assert_eq!(all(&text), slowly, "{text:?}");
        }
    }

    #[test]
    fn words_stand_one_after_the_other() {
        let check = |words: &str, text: &str, whole: bool, as_prefix: bool| {
            for (last_is_prefix, expected) in [(false, whole), (true, as_prefix)] {
                let words = Words::new(words, last_is_prefix).unwrap();
                assert_eq!(words.stand_in(text), expected, "{words:?} in {text:?}");
            }
        };
        check("such file", "No such file.", true, true);
        check("such fil", "No such file.", false, true);
        check("uch file", "No such file.", false, false);
        check("no file", "No such file.", false, false);
        check("file such", "no such file such", true, true);
        check("a a b", "a a a b", true, true);
        check("a b a c", "a b a b a c", true, true);
        check("a b a c", "a b a b a cd", false, true);
        check("a a", "ab aab aa", false, false);
        check("a a a", "a a ab", false, true);
        check("日本", "xx日本語", true, true);
        check("health", "GET /HEALTH", true, true);
    }

    #[test]
    fn words_are_found_wherever_a_slow_search_finds_them() {
        let sequence = |code: usize, length: u32| -> Vec<&str> {
            (0..length).map(|place| ["a", "ab"][code >> place & 1]).collect()
        };
        for text in (0..1 << 8).map(|code| sequence(code, 8)) {
            for (code, length) in (1..=4).flat_map(|length| (0..1 << length).map(move |code| (code, length)))
            {
                let words = sequence(code, length);
                for last_is_prefix in [false, true] {
                    let (last, first) = words.split_last().unwrap();
                    let slowly = text.windows(words.len()).any(|window| {
                        window.starts_with(first)
                            && (window[first.len()] == *last
                                || last_is_prefix && window[first.len()].starts_with(last))
                    });
                    let searched = Words::new(&words.join(" "), last_is_prefix).unwrap();
                    assert_eq!(searched.stand_in(&text.join(" ")), slowly, "{searched:?} in {text:?}");
                }
            }
        }
    }
}
