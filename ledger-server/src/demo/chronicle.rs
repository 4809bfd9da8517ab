//! What happens to the ledger itself during the year: roster, charter, declarations, attestations. (账本大事)

use ledger_core::time::Date;

use super::charters::Charters;
use super::clock::{Clock, Workday};
use super::fault::DemoError;

/// An event in the ledger's own stream. (大事)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Own {
    /// The council meets on the year's business. (理事会会议)
    CouncilMet,
    /// A council member declares a relative's shop. (亲属申报)
    RelativeDeclared,
    /// The council attests that a quarter is complete. (季度确认)
    Attested {
        /// Which quarter, from 1.
        quarter: u8,
        /// Its first day.
        from: Date,
        /// The last day that is attested.
        until: Date,
    },
    /// A second supervisor joins. (成员入册)
    MemberEnrolled,
    /// The assembly amends the charter. (章程修订)
    CharterAdopted,
    /// A key is replaced. (换钥)
    KeyRotated,
}

/// Who joins is on the roster from the day after this one.
pub(crate) fn joins_on(clock: &Clock) -> Result<Workday, DemoError> {
    Ok(clock.from(Date::new(2018, 4, 12)?))
}

/// The year of the ledger itself, in order; each on a day of its own.
pub(crate) fn chronicle(
    clock: &Clock,
    charters: &Charters,
) -> Result<Vec<(Workday, Own)>, DemoError> {
    let on =
        |month, day| -> Result<Workday, DemoError> { Ok(clock.from(Date::new(2018, month, day)?)) };
    let quarter = |quarter: u8, from: (u8, u8), until: (u8, u8)| -> Result<Own, DemoError> {
        Ok(Own::Attested {
            quarter,
            from: Date::new(2018, from.0, from.1)?,
            until: Date::new(2018, until.0, until.1)?,
        })
    };
    Ok(vec![
        (on(1, 8)?, Own::CouncilMet),
        (on(1, 10)?, Own::RelativeDeclared),
        (on(4, 8)?, quarter(1, (1, 1), (3, 31))?),
        (joins_on(clock)?, Own::MemberEnrolled),
        (charters.amended_on, Own::CharterAdopted),
        (on(7, 4)?, quarter(2, (4, 1), (6, 30))?),
        (on(7, 11)?, Own::KeyRotated),
        (on(10, 10)?, quarter(3, (7, 1), (9, 30))?),
        (on(12, 28)?, quarter(4, (10, 1), (12, 28))?),
    ])
}
