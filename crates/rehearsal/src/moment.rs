//! Dates without a clock: everything happened at so many seconds before or after one fixed morning.

use crate::Cell;

/// The date that stands for no date in a column that allows none.
pub(crate) const NO_DATE: &str = "1900-01-01 00:00:00";

/// A second of the calendar, counted from 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(i64);

pub(crate) const MINUTE: i64 = 60;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;
pub(crate) const WEEK: i64 = 7 * DAY;

/// Monday 2026-03-02, 08:00: the morning on which the environment was copied.
pub(crate) const BASE: Moment = Moment(1_772_438_400);

/// The first day of the first log cycle, 2000-01-01.
const FIRST_CYCLE: i64 = 946_684_800;

impl Moment {
    pub(crate) fn before(self, seconds: i64) -> Self {
        Self(self.0 - seconds)
    }

    pub(crate) fn after(self, seconds: i64) -> Self {
        Self(self.0 + seconds)
    }

    /// Seconds from another moment to this one.
    pub(crate) fn since(self, other: Self) -> i64 {
        self.0 - other.0
    }

    /// The log cycle of this moment: its tables end in `cycle % 10`.
    pub(crate) fn cycle(self) -> i64 {
        (self.0 - FIRST_CYCLE).div_euclid(WEEK)
    }

    /// The first second of a log cycle.
    pub(crate) fn of_cycle(cycle: i64) -> Self {
        Self(FIRST_CYCLE + cycle * WEEK)
    }

    /// .NET ticks, the unit of some expiry columns.
    pub(crate) fn ticks(self) -> i64 {
        (self.0 + 62_135_596_800) * 10_000_000
    }

    pub(crate) fn text(self) -> String {
        let (year, month, day) = civil(self.0.div_euclid(DAY));
        let second = self.0.rem_euclid(DAY);
        let mut text = String::with_capacity(19);
        push(&mut text, year, 4);
        for (mark, value) in [
            ('-', month),
            ('-', day),
            (' ', second / HOUR),
            (':', second / MINUTE % 60),
            (':', second % 60),
        ] {
            text.push(mark);
            push(&mut text, value, 2);
        }
        text
    }
}

fn push(text: &mut String, value: i64, digits: u32) {
    for place in (0..digits).rev() {
        let digit = value / 10_i64.pow(place) % 10;
        text.push(char::from(b'0' + digit as u8));
    }
}

/// Year, month and day of a day counted from 1970-01-01, by the proleptic Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

impl From<Moment> for Cell {
    fn from(moment: Moment) -> Self {
        moment.text().into()
    }
}

#[cfg(test)]
mod tests {
    use super::{BASE, DAY, HOUR, Moment};

    #[test]
    fn the_base_is_a_monday_morning() {
        assert_eq!(BASE.text(), "2026-03-02 08:00:00");
    }

    #[test]
    fn leap_days_and_years_turn_over() {
        assert_eq!(BASE.before(733 * DAY).text(), "2024-02-28 08:00:00");
        assert_eq!(BASE.before(732 * DAY).text(), "2024-02-29 08:00:00");
        assert_eq!(BASE.after(305 * DAY).text(), "2027-01-01 08:00:00");
        assert_eq!(Moment(0).text(), "1970-01-01 00:00:00");
        assert_eq!(Moment(-1).text(), "1969-12-31 23:59:59");
    }

    #[test]
    fn a_cycle_is_a_week() {
        assert_eq!(BASE.cycle(), 1365);
        assert_eq!(BASE.after(7 * DAY).cycle(), 1366);
        assert_eq!(Moment::of_cycle(0).text(), "2000-01-01 00:00:00");
        assert!(Moment::of_cycle(BASE.cycle()) <= BASE.after(HOUR));
    }
}
