//! Queries beside a second, naive evaluator that reads a line as a tree of values and knows nothing of the first, over
//! entries and queries made up at random.

use std::cmp::Ordering;

use bulla::query::{Condition, Edge, Expression, Test, Words, leaves};
use bulla::{AuditLog, Event, EventOptions, Filter, Timestamp};
use bulla_sim::queries;
use serde_json::Value;

/// How many seeds each test takes: few, or with `BULLA_SLOW_TESTS` many.
fn seeds() -> u64 {
    if std::env::var_os("BULLA_SLOW_TESTS").is_some() { 10_000 } else { 600 }
}

#[test]
fn filters_agree_with_a_naive_evaluator() {
    let mut matched = 0;
    for seed in 0..seeds() {
        let mut choose = queries::choices(seed);
        let line = queries::line(seed, &mut choose);
        // A member with an escape that it does not need: the line cannot be ruled out by its bytes.
        let spelled = line.replacen('{', r#"{"\u007a\u007a":null,"#, 1);
        let value: Value = serde_json::from_str(&line).unwrap();
        for _ in 0..8 {
            let filter = Filter::from(queries::expression(&mut choose));
            let expected = holds(filter.expression(), &value);
            assert_eq!(filter.matches(line.as_bytes()), expected, "seed {seed}: {filter}\n{line}");
            assert_eq!(filter.matches(spelled.as_bytes()), expected, "seed {seed}: {filter}\n{spelled}");
            matched += u64::from(expected);
        }
    }
    // Neither all nor none, or the tests above would say little.
    assert!((seeds()..seeds() * 7).contains(&matched), "{matched}");
}

#[test]
fn single_conditions_agree_with_a_naive_evaluator() {
    let (mut matched, mut looked_at) = (0, 0);
    for seed in 0..seeds() {
        let mut choose = queries::choices(seed ^ 0x5eed);
        let line = queries::line(seed, &mut choose);
        let value: Value = serde_json::from_str(&line).unwrap();
        for condition in queries::expression(&mut choose).conditions() {
            let filter = Filter::from(Expression::from(condition.clone()));
            let expected = condition_holds(condition, &value);
            assert_eq!(filter.matches(line.as_bytes()), expected, "seed {seed}: {filter}\n{line}");
            matched += u64::from(expected);
            looked_at += 1;
        }
    }
    assert!(looked_at > seeds() && matched > looked_at / 20, "{matched} of {looked_at}");
}

#[test]
fn what_is_written_reads_back_as_the_same_tree() {
    for seed in 0..seeds() {
        let mut choose = queries::choices(seed ^ 0xface);
        let filter = Filter::from(queries::expression(&mut choose));
        let written = filter.to_string();
        let read: Filter = written.parse().unwrap_or_else(|error| panic!("seed {seed}: {written}: {error}"));
        assert_eq!(read, filter, "seed {seed}: {written}");
    }
}

#[test]
fn any_row_of_signs_is_a_query_or_has_a_mistake_at_a_place_in_it() {
    let mut read = 0;
    for seed in 0..seeds() * 8 {
        let query = queries::tokens(&mut queries::choices(seed ^ 0xabcd));
        match Filter::parse(&query, Timestamp::UNIX_EPOCH) {
            Ok(filter) => {
                let written = filter.to_string();
                assert_eq!(written.parse::<Filter>().unwrap(), filter, "{query:?} is {written:?}");
                read += 1;
            }
            Err(error) => {
                let end = error.position() - 1 + error.length();
                assert!(error.position() >= 1 && end <= query.chars().count(), "{query:?}: {error}");
                assert!(!error.problem().is_empty(), "{query:?}");
            }
        }
    }
    assert!((seeds()..seeds() * 7).contains(&read), "{read}");
}

#[test]
fn entries_that_are_made_up_are_recorded_as_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let log = AuditLog::open(directory.path().join("audit")).unwrap();
    let first = log.reader().unwrap().size().unwrap();
    for seed in 0..200 {
        let event = queries::event(&mut queries::choices(seed));
        let event = Event::from_json(None, event.as_bytes(), Timestamp::UNIX_EPOCH, &EventOptions::default());
        log.submit_event_blocking(event.unwrap()).unwrap().wait_durable().unwrap();
    }
    let filter: Filter = "outcome:(denied OR failure) has:detail".parse().unwrap();
    let found: Vec<_> = log.filter(filter.clone(), first..u64::MAX).unwrap().map(Result::unwrap).collect();
    let expected: Vec<_> = log
        .read(first..u64::MAX)
        .unwrap()
        .map(Result::unwrap)
        .filter(|entry| holds(filter.expression(), &serde_json::from_slice(entry.line()).unwrap()))
        .collect();
    assert!(found.len() > 20 && found == expected, "{found:?} {expected:?}");
}

#[test]
fn examples_of_the_specification_are_queries() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/query.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, examples) = text.split_once("## Examples").unwrap();
    let rows: Vec<&str> =
        examples.lines().filter_map(|row| row.strip_prefix("| `")?.split('`').next()).collect();
    assert!(rows.len() >= 6, "{rows:?}");
    for query in rows {
        let filter =
            Filter::parse(query, Timestamp::UNIX_EPOCH).unwrap_or_else(|error| panic!("{query}: {error}"));
        assert_eq!(filter.to_string().parse::<Filter>().unwrap(), filter, "{query}");
    }
}

#[test]
fn leaves_are_the_values_of_the_tree() {
    for seed in 0..seeds() {
        let line = queries::line(seed, &mut queries::choices(seed ^ 0x1eaf));
        let value: Value = serde_json::from_str(&line).unwrap();
        let mut expected: Vec<String> = values(&value).into_iter().map(|(path, _)| path).collect();
        let mut found = Vec::new();
        leaves(line.as_bytes(), |path, _| found.push(path.to_owned())).unwrap();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{line}");
    }
}

fn holds(expression: &Expression, line: &Value) -> bool {
    match expression {
        Expression::All(parts) => parts.iter().all(|part| holds(part, line)),
        Expression::Any(parts) => parts.iter().any(|part| holds(part, line)),
        Expression::Not(inner) => !holds(inner, line),
        Expression::Is(condition) => condition_holds(condition, line),
    }
}

fn condition_holds(condition: &Condition, line: &Value) -> bool {
    match condition {
        Condition::Field { path, test } => {
            let is_time = path == "timestamp" || path == "recorded_at";
            values(line).iter().any(|(at, value)| {
                at == path && !(is_time && matches!(test, Test::Prefix(_))) && passes(test, value)
            })
        }
        Condition::Text(words) => values(line).iter().any(|(at, value)| {
            let field = at.split('.').next().unwrap();
            ["action", "principal", "reason", "detail"].contains(&field)
                && scalar(value).is_some_and(|text| stand_in(words, &text))
        }),
    }
}

/// Every value that is not an empty list, with its path.
fn values(line: &Value) -> Vec<(String, &Value)> {
    fn below<'v>(path: String, value: &'v Value, found: &mut Vec<(String, &'v Value)>) {
        match value {
            Value::Array(list) => {
                list.iter().for_each(|item| below(path.clone(), item, found));
                if !list.is_empty() {
                    found.push((path, value));
                }
            }
            Value::Object(map) => {
                map.iter().for_each(|(key, item)| below(format!("{path}.{key}"), item, found));
                found.push((path, value));
            }
            _ => found.push((path, value)),
        }
    }
    let mut found = Vec::new();
    for (key, value) in line.as_object().unwrap() {
        below(key.clone(), value, &mut found);
    }
    found
}

/// The text of a string or number.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn passes(test: &Test, value: &Value) -> bool {
    match test {
        Test::IsThere => !value.is_null(),
        Test::Prefix(start) => scalar(value).is_some_and(|text| text.starts_with(start.as_str())),
        Test::Numbers { from, to } => exact(value).is_some_and(|number| {
            let above =
                from.is_none_or(|(end, edge)| is_before(&exact_text(&end.to_string()), &number, edge));
            above && to.is_none_or(|(end, edge)| is_before(&number, &exact_text(&end.to_string()), edge))
        }),
        Test::Times { from, to } => {
            nanos(value).is_some_and(|at| from.is_none_or(|from| from <= at) && to.is_none_or(|to| at <= to))
        }
        Test::Equals(literal) => match value {
            Value::Null => literal.text() == "null",
            Value::Bool(flag) => literal.text() == flag.to_string(),
            Value::Number(_) => {
                literal.number().is_some() && {
                    let written = exact_text(literal.text());
                    exact(value).is_some_and(|number| compare(&number, &written).is_eq())
                }
            }
            Value::String(text) => {
                text == literal.text()
                    || literal.time().is_some_and(|(first, last)| {
                        nanos(value).is_some_and(|at| (first..=last).contains(&at))
                    })
            }
            _ => false,
        },
    }
}

fn nanos(value: &Value) -> Option<i64> {
    let at: Timestamp = value.as_str()?.parse().ok()?;
    Some(at.unix_nanos().clamp(i64::MIN.into(), i64::MAX.into()) as i64)
}

enum Exact {
    Whole(i128),
    Float(f64),
}

fn exact(value: &Value) -> Option<Exact> {
    value.is_number().then(|| exact_text(&value.to_string()))
}

/// A number as JSON understands it: whole if 64 bits hold it, else a float.
fn exact_text(text: &str) -> Exact {
    let whole = text.parse::<i128>().ok();
    let whole = whole.filter(|whole| *whole >= i64::MIN.into() && *whole <= u64::MAX.into());
    whole.map_or_else(|| Exact::Float(text.parse().unwrap()), Exact::Whole)
}

fn compare(a: &Exact, b: &Exact) -> Ordering {
    match (a, b) {
        (Exact::Whole(a), Exact::Whole(b)) => a.cmp(b),
        (Exact::Float(a), Exact::Float(b)) => a.partial_cmp(b).unwrap(),
        (Exact::Float(_), Exact::Whole(_)) => compare(b, a).reverse(),
        (Exact::Whole(a), Exact::Float(b)) => {
            // Rounding down saturates beyond 128 bits, where no whole number of ours is.
            a.cmp(&(b.floor() as i128)).then(if b.fract() == 0.0 { Ordering::Equal } else { Ordering::Less })
        }
    }
}

fn is_before(a: &Exact, b: &Exact, edge: Edge) -> bool {
    match compare(a, b) {
        Ordering::Less => true,
        Ordering::Equal => edge == Edge::Included,
        Ordering::Greater => false,
    }
}

fn stand_in(words: &Words, text: &str) -> bool {
    let text = split(text);
    let (last, first) = words.words().split_last().unwrap();
    text.windows(words.words().len()).any(|window| {
        let (found_last, found_first) = window.split_last().unwrap();
        found_first == first
            && (found_last == last || (words.last_is_prefix() && found_last.starts_with(last.as_str())))
    })
}

/// Words of a text, letter by letter. Only ideographs stand for the scripts without spaces.
fn split(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for letter in text.chars() {
        let is_alone = ('\u{4e00}'..='\u{9fff}').contains(&letter);
        if is_alone || !letter.is_alphanumeric() {
            words.push(String::new());
        }
        if letter.is_alphanumeric() {
            let lower = letter.to_lowercase().filter(|letter| letter.is_alphanumeric());
            let lower = lower.map(|letter| if letter == 'ς' { 'σ' } else { letter });
            words.last_mut().unwrap().extend(lower);
        }
        if is_alone {
            words.push(String::new());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
