//! Times, dates, decimals, sums and credit codes: whatever is accepted is written back.

#![no_main]

use core::fmt::Display;
use core::str::FromStr;

use ledger_core::identifier::CreditCode;
use ledger_core::money::{Area, AreaUnit, Decimal, Fen};
use ledger_core::time::{Date, LogTime, StatedTime, Year};
use libfuzzer_sys::fuzz_target;

fn round_trip<T: FromStr + Display>(text: &str) -> Option<T> {
    let value = text.parse::<T>().ok()?;
    assert_eq!(value.to_string(), text);
    Some(value)
}

fuzz_target!(|text: &str| {
    round_trip::<LogTime>(text);
    round_trip::<Year>(text);
    round_trip::<CreditCode>(text);
    if let Some(stated) = round_trip::<StatedTime>(text) {
        let day = stated.instant().date_at(stated.offset_minutes());
        assert!(text.starts_with(&day.to_string()));
    }
    if let Some(date) = round_trip::<Date>(text) {
        assert_eq!(Date::new(date.year(), date.month(), date.day()), Ok(date));
    }
    if let Some(value) = round_trip::<Decimal>(text) {
        for unit in AreaUnit::ALL {
            let area = Area { value, unit };
            assert!(area.square_metres().denominator > 0);
        }
    }
    if let Ok(fen) = Fen::from_yuan(text) {
        assert_eq!(Fen::from_yuan(&fen.to_string()), Ok(fen));
    }
});
