//! Decimal numbers as the C2SP formats write them: ASCII digits, no sign, no leading zero.

/// Reads a whole string as a number; `None` for anything that printing the number would not give back.
pub(crate) fn parse_decimal(text: &str) -> Option<u64> {
    let canonical = match text.as_bytes() {
        [b'0'] => true,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if canonical { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::parse_decimal;

    #[test]
    fn only_the_printed_form_of_a_number_is_read() {
        let check = |text, expected| assert_eq!(parse_decimal(text), expected, "{text:?}");
        check("0", Some(0));
        check("7", Some(7));
        check("1234067", Some(1_234_067));
        check("18446744073709551615", Some(u64::MAX));
        check("18446744073709551616", None);
        for refused in ["", "00", "01", "+1", "-1", " 1", "1 ", "1\n", "0x1", "1_000", "٣", "1.0"] {
            check(refused, None);
        }
    }
}
