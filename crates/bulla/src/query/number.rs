//! Numbers of JSON in one total order: exact for whole numbers, and for whole numbers beside fractions.
//!
//! The order is that of the pair (nearest `f64`, what remains of a whole number against it), so it is also an order of
//! bytes ([`Number::key`]), and a single entry and an index of many compare alike.

use std::fmt;

/// A number, compared exactly.
///
/// ```
/// use bulla::query::Number;
/// let number = |text| Number::parse(text).unwrap();
/// assert!(number("9007199254740993") > number("9007199254740992")); // the same f64, but not the same number
/// assert_eq!(number("1e2"), number("100.0"));
/// assert_eq!(number("-0.0"), number("0"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number {
    /// The nearest `f64`, as bits whose order is that of the numbers.
    nearest: u64,
    /// A whole number less its nearest `f64`. Those of 64 bits lie at most 2,048 apart from 2^63 on, so at most 1,024.
    remainder: i16,
}

/// The bit that holds the sign of an `f64`.
const SIGN: u64 = 1 << 63;

impl Number {
    /// Reads a number as a query or JSON writes it. A whole number of more than 64 bits is the nearest `f64`, as it is
    /// to readers of JSON.
    pub fn parse(text: &str) -> Option<Self> {
        let ends_with_digit = text.bytes().next_back().is_some_and(|byte| byte.is_ascii_digit());
        if !ends_with_digit || !is_part_of_number(text) {
            return None;
        }
        let unsigned = text.parse::<u64>().map(Self::from);
        let whole = unsigned.or_else(|_| text.parse::<i64>().map(Self::from));
        whole.or_else(|_| text.parse::<f64>().map(Self::from_float)).ok()
    }

    /// A number that was read from JSON.
    pub fn of_json(number: &serde_json::Number) -> Self {
        let unsigned = number.as_u64().map(Self::from);
        let whole = unsigned.or_else(|| number.as_i64().map(Self::from));
        whole.unwrap_or_else(|| Self::from_float(number.as_f64().expect("a number of JSON is one of three")))
    }

    /// The number a float is. NaN, which JSON cannot say, would be larger than all.
    pub(super) fn from_float(float: f64) -> Self {
        Self { nearest: ordered(float), remainder: 0 }
    }

    /// The nearest `f64`.
    pub fn as_f64(self) -> f64 {
        let is_negative = self.nearest & SIGN == 0;
        f64::from_bits(if is_negative { !self.nearest } else { self.nearest ^ SIGN })
    }

    /// Ten bytes whose order is that of the numbers.
    pub fn key(self) -> [u8; 10] {
        let mut key = [0; 10];
        key[..8].copy_from_slice(&self.nearest.to_be_bytes());
        key[8..].copy_from_slice(&(self.remainder as u16 ^ 0x8000).to_be_bytes());
        key
    }

    /// The number whose [`Number::key`] this is.
    pub fn from_key(key: [u8; 10]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j] = key;
        Self {
            nearest: u64::from_be_bytes([a, b, c, d, e, f, g, h]),
            remainder: (u16::from_be_bytes([i, j]) ^ 0x8000) as i16,
        }
    }

    /// The whole number of 64 bits that it is, if it is one.
    fn whole(self) -> Option<i128> {
        let nearest = self.as_f64();
        let range = i128::from(i64::MIN)..=i128::from(u64::MAX);
        let whole = (nearest.fract() == 0.0).then(|| nearest as i128 + i128::from(self.remainder));
        whole.filter(|whole| range.contains(whole))
    }
}

/// The bits of a float in an order that is that of the floats: a negative one's are turned, and come first.
fn ordered(float: f64) -> u64 {
    // Adding makes -0.0 a 0.
    let bits = (float + 0.0).to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

/// Whether a number could be spelled so, or begin so; numbers have several spellings.
pub(super) fn is_part_of_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || b".-+eE".contains(&byte))
}

impl From<u64> for Number {
    fn from(whole: u64) -> Self {
        let nearest = whole as f64;
        Self { nearest: ordered(nearest), remainder: (i128::from(whole) - nearest as i128) as i16 }
    }
}

impl From<i64> for Number {
    fn from(whole: i64) -> Self {
        let nearest = whole as f64;
        Self { nearest: ordered(nearest), remainder: (i128::from(whole) - nearest as i128) as i16 }
    }
}

/// Writes it so that [`Number::parse`] gives it back.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.whole(), self.as_f64()) {
            (Some(whole), _) => write!(f, "{whole}"),
            (None, f64::INFINITY) => f.write_str("1e999"),
            (None, f64::NEG_INFINITY) => f.write_str("-1e999"),
            (None, float) => write!(f, "{float:?}"),
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In order, each once.
    const ASCENDING: &[&str] = &[
        "-1e999",
        "-1e300",
        "-18446744073709551616",
        "-9223372036854775808",
        "-9223372036854775807",
        "-9007199254740993",
        "-9007199254740992",
        "-2",
        "-1.5",
        "-1e-320",
        "0",
        "5e-324",
        "0.1",
        "0.5",
        "1",
        "9007199254740991",
        "9007199254740992",
        "9007199254740993",
        "9007199254740994",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709550591",
        "18446744073709550592",
        "18446744073709550593",
        "18446744073709551615",
        "18446744073709551616",
        "1e300",
        "1e999",
    ];

    #[test]
    fn order_of_numbers_is_that_of_their_keys() {
        let numbers: Vec<Number> = ASCENDING.iter().map(|text| Number::parse(text).unwrap()).collect();
        for (i, a) in numbers.iter().enumerate() {
            for (j, b) in numbers.iter().enumerate() {
                assert_eq!(a.cmp(b), i.cmp(&j), "{} and {}", ASCENDING[i], ASCENDING[j]);
                assert_eq!(a.key().cmp(&b.key()), i.cmp(&j), "{} and {}", ASCENDING[i], ASCENDING[j]);
            }
        }
    }

    #[test]
    fn whole_numbers_around_every_power_of_two_are_in_order() {
        let around = |bit: u32| (-2_i128..=2).map(move |near| (1_i128 << bit) + near);
        let mut wholes: Vec<i128> = (0..=64).flat_map(around).flat_map(|whole| [whole, -whole]).collect();
        wholes.retain(|whole| (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(whole));
        wholes.sort_unstable();
        wholes.dedup();
        let numbers: Vec<Number> =
            wholes.iter().map(|whole| Number::parse(&whole.to_string()).unwrap()).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b && a.key() < b.key()));
        for (whole, number) in wholes.iter().zip(numbers) {
            assert_eq!(number.to_string(), whole.to_string());
            assert_eq!(number.as_f64(), *whole as f64);
        }
    }

    #[test]
    fn numbers_are_equal_in_every_spelling_and_are_written_to_be_read_again() {
        for (a, b) in [
            ("100", "1e2"),
            ("100", "100.0"),
            ("0", "-0.0"),
            ("0", "-0"),
            (".5", "5e-1"),
            ("+7", "007"),
            ("18446744073709551616", "1.8446744073709552e19"),
        ] {
            assert_eq!(Number::parse(a), Number::parse(b), "{a} and {b}");
        }
        for text in ASCENDING {
            let number = Number::parse(text).unwrap();
            assert_eq!(Number::parse(&number.to_string()), Some(number), "{text}");
            if let Ok(json) = serde_json::from_str::<serde_json::Number>(text) {
                assert_eq!(Number::of_json(&json), number, "{text}");
            }
        }
        for text in ["", "-", "e", "1e", "inf", "NaN", "1_000", " 1", "1 ", "0x10", "--1", "."] {
            assert_eq!(Number::parse(text), None, "{text:?}");
        }
    }
}
