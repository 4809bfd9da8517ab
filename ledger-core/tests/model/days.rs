//! Time, counted day by day from 1 January 1970: no arithmetic that could share a mistake.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::Value;

/// The dates from 1970 to 2100, as text, one a day.
static DATES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut dates = Vec::new();
    for year in 1970..2100 {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let february = if leap { 29 } else { 28 };
        let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        for (month, length) in (1..).zip(lengths) {
            dates.extend((1..=length).map(|day| format!("{year}-{month:02}-{day:02}")));
        }
    }
    dates
});

static NUMBERS: LazyLock<HashMap<&str, i64>> =
    LazyLock::new(|| DATES.iter().map(String::as_str).zip(0..).collect());

fn date(day: i64) -> &'static str {
    &DATES[usize::try_from(day).unwrap()]
}

/// Seconds since 1970 of a text like `2018-03-26T09:00:00+08:00` or `…Z`.
pub(crate) fn seconds(text: &str) -> i64 {
    let number = |range: core::ops::Range<usize>| text[range].parse::<i64>().unwrap();
    let local = NUMBERS[&text[..10]] * 86_400
        + number(11..13) * 3_600
        + number(14..16) * 60
        + number(17..19);
    match &text[19..] {
        "Z" => local,
        offset => {
            let minutes = number(20..22) * 60 + number(23..25);
            let east = if offset.starts_with('-') {
                -minutes
            } else {
                minutes
            };
            local - east * 60
        }
    }
}

/// The text of a moment, in UTC.
pub(crate) fn text(seconds: i64) -> String {
    let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    format!("{}T{hour:02}:{minute:02}:{:02}Z", date(day), second % 60)
}

/// The first second after a window of `span` from `start` by a charter's calendar, or the year whose
/// notice is missing.
pub(crate) fn end_of(calendar: &Value, start: i64, span: &Value) -> Result<i64, String> {
    let length = span["length"].as_i64().unwrap();
    let each = match span["unit"].as_str().unwrap() {
        "seconds" => return Ok(start + length),
        "minutes" => return Ok(start + length * 60),
        "hours" => return Ok(start + length * 3_600),
        "days" => None,
        _ => Some(calendar),
    };
    let offset = calendar["utc_offset_minutes"].as_i64().unwrap() * 60;
    let mut day = (start + offset).div_euclid(86_400);
    let (mut left, mut missing) = (length, None);
    while left > 0 {
        day += 1;
        let (works, unknown) = each.map_or((true, None), |calendar| works(calendar, day));
        missing = missing.or(unknown);
        left -= i64::from(works);
    }
    match missing {
        Some(year) => Err(year),
        None => Ok((day + 1) * 86_400 - offset),
    }
}

/// Whether offices work on a day, and the year whose notice would have to say so.
fn works(calendar: &Value, day: i64) -> (bool, Option<String>) {
    let date = date(day);
    let years = calendar["years"].as_object().unwrap();
    let named = |list: &str| {
        let lists = years
            .values()
            .flat_map(|notice| notice[list].as_array().unwrap());
        lists.into_iter().any(|named| named == date)
    };
    if named("work") {
        return (true, None);
    }
    if named("off") {
        return (false, None);
    }
    let mut needed = vec![date[..4].to_owned()];
    if ("12-28"..="12-31").contains(&&date[5..]) {
        needed.push((date[..4].parse::<i64>().unwrap() + 1).to_string());
    }
    // 1 January 1970 was a Thursday.
    let weekend = [2, 3].contains(&(day % 7));
    (
        !weekend,
        needed.into_iter().find(|year| !years.contains_key(year)),
    )
}
