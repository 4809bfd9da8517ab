//! A charter as a sheet's rows hold it: what it holds by year is a list there, each with its year.
//!
//! Knows the one place where a charter's JSON and the shape of [`shape::of_charter`] differ.
//!
//! [`shape::of_charter`]: crate::shape::of_charter

use serde_json::{Map, Value, json};

/// A charter's JSON as rows.
pub(crate) fn rows(mut charter: Value) -> Value {
    if let Some(years) = charter.pointer_mut("/calendar/years") {
        let by_year = years.as_object_mut().map(std::mem::take);
        let row = |(year, notice): (String, Value)| {
            let mut row = Map::from_iter([("year".to_owned(), json!(year))]);
            row.extend(notice.as_object().cloned().unwrap_or_default());
            Value::Object(row)
        };
        *years = by_year.unwrap_or_default().into_iter().map(row).collect();
    }
    charter
}

/// Rows as a charter's JSON; or which row has the year of one before it.
pub(crate) fn charter(mut rows: Value) -> Result<Value, usize> {
    if let Some(years) = rows.pointer_mut("/calendar/years") {
        let listed = years.as_array_mut().map(std::mem::take);
        let mut by_year = Map::new();
        for (place, mut row) in listed.unwrap_or_default().into_iter().enumerate() {
            let year = row.as_object_mut().and_then(|row| row.remove("year"));
            let year = year.as_ref().and_then(Value::as_str).unwrap_or_default();
            if by_year.insert(year.to_owned(), row).is_some() {
                return Err(place);
            }
        }
        *years = Value::Object(by_year);
    }
    Ok(rows)
}

/// Where the rows have what a charter's reader names by this path.
pub(crate) fn path_in_rows(path: &str, rows: &Value) -> String {
    const YEARS: &str = "calendar.years.";
    let Some(of_year) = path.strip_prefix(YEARS) else {
        return path.to_owned();
    };
    let (year, rest) = of_year.split_once('.').unwrap_or((of_year, ""));
    let years = rows.pointer("/calendar/years").and_then(Value::as_array);
    let place = years.and_then(|years| years.iter().position(|row| row["year"] == year));
    match (place, rest) {
        (None, _) => "calendar.years".to_owned(),
        (Some(place), "") => format!("calendar.years[{place}].year"),
        (Some(place), rest) => format!("calendar.years[{place}].{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger_core::charter::Charter;

    #[test]
    fn rows_are_made_back_into_the_same_charter() {
        let text: Value = serde_json::from_str(Charter::default_text()).unwrap();
        let rows = rows(text.clone());
        assert_eq!(rows["calendar"]["years"][0]["year"], "2018");
        assert_eq!(charter(rows.clone()).unwrap(), text);
        let at = |path| path_in_rows(path, &rows);
        assert_eq!(at("calendar.years.2019.off[3]"), "calendar.years[1].off[3]");
        assert_eq!(at("calendar.years.1999.source"), "calendar.years");
        assert_eq!(at("steps.bidding.content"), "steps.bidding.content");
    }

    #[test]
    fn a_year_that_is_there_twice_is_not_lost() {
        let years = json!([{"year": "2026", "off": ["a"]}, {"year": "2026", "off": ["b"]}]);
        assert_eq!(charter(json!({"calendar": {"years": years}})), Err(1));
    }
}
