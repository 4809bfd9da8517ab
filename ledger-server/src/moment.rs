//! Moments as people write and read them at a command line, and this computer's clock.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use ledger_core::state::State;
use ledger_core::time::{Date, TimeError};
use ledger_core::{LogTime, StatedTime};

/// Minutes east of UTC where a charter does not say: all of China.
pub(crate) const CHINA_OFFSET_MINUTES: i32 = 480;

/// This computer's clock, in whole seconds.
pub(crate) fn now() -> anyhow::Result<LogTime> {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .context("本机时钟早于 1970 年，请校准 (this computer's clock is before 1970)")?;
    Ok(LogTime::from_unix(i64::try_from(since.as_secs())?)?)
}

/// The day of a moment by the ledger's calendar; China's before there is one.
pub(crate) fn today(state: &State, now: LogTime) -> Date {
    match state.ledger() {
        Some(ledger) => ledger.calendar_at(state.size()).date_of(now),
        None => now.date_at(CHINA_OFFSET_MINUTES),
    }
}

/// Reads `2018-03-02 09:30`, `2018-03-02 09:30:05` or RFC 3339.
pub(crate) fn read_stated(text: &str, offset_minutes: i32) -> Result<StatedTime, TimeError> {
    let colons = text.matches(':').count();
    let local = text.len() <= 19 && (1..=2).contains(&colons);
    if !local {
        return text.parse();
    }
    let sign = if offset_minutes < 0 { '-' } else { '+' };
    let offset = offset_minutes.unsigned_abs();
    let seconds = if colons == 1 { ":00" } else { "" };
    let text = text.replacen(' ', "T", 1);
    format!("{text}{seconds}{sign}{:02}:{:02}", offset / 60, offset % 60).parse()
}

/// Writes `2018/3/2`, `2018.3.2` and `2018年3月2日` as `2018-03-02`; leaves anything else as it is.
pub(crate) fn tidy_date(text: &str) -> String {
    let parts: Vec<&str> = text
        .split(['/', '.', '-', '年', '月', '日'])
        .filter(|part| !part.is_empty())
        .collect();
    let digits = |part: &&str| part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
    match parts.as_slice() {
        [year, month, day] if parts.iter().all(digits) => {
            format!("{year:0>4}-{month:0>2}-{day:0>2}")
        }
        _ => text.to_owned(),
    }
}

/// A stated time for people; the offset is shown only if it is not China's.
pub(crate) fn stated(time: StatedTime) -> String {
    let text = time.to_string().replacen('T', " ", 1);
    match text.strip_suffix("+08:00") {
        Some(local) => local.to_owned(),
        None => text,
    }
}

/// A time of the log for people, to the second.
pub(crate) fn logged(time: LogTime, offset_minutes: i32) -> String {
    StatedTime::new(time, offset_minutes).map_or_else(|_| time.to_string(), stated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, expected) in [
            ("2018-03-02 09:30", "2018-03-02T09:30:00+08:00"),
            ("2018-03-02 09:30:05", "2018-03-02T09:30:05+08:00"),
            ("2018-03-02T09:30:00Z", "2018-03-02T09:30:00Z"),
        ] {
            assert_eq!(read_stated(text, 480).unwrap().to_string(), expected);
        }
        for bad in ["", "09:30", "2018-03-02", "2018-13-02 09:30", "yesterday"] {
            assert!(read_stated(bad, 480).is_err(), "{bad}");
        }
        let time = read_stated("2018-03-02 09:30", -210).unwrap();
        assert_eq!(time.to_string(), "2018-03-02T09:30:00-03:30");
        assert_eq!(
            stated(read_stated("2018-03-02 09:30", 480).unwrap()),
            "2018-03-02 09:30:00"
        );
    }

    #[test]
    fn dates_are_tidied_and_nothing_else() {
        for text in ["2018/3/2", "2018.3.2", "2018年3月2日", "2018-03-02"] {
            assert_eq!(tidy_date(text), "2018-03-02");
        }
        for text in ["3 March", "2018-3", "2018-3-x"] {
            assert_eq!(tidy_date(text), text);
        }
    }
}
