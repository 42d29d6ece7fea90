//! DATE and TIMESTAMP as Oracle stores them.

use jiff::civil::DateTime;

/// Seven bytes; eleven where there are fractions of a second.
pub(crate) fn encode(moment: DateTime) -> Vec<u8> {
    let year = moment.year();
    let mut bytes = vec![
        (year / 100 + 100) as u8,
        (year % 100 + 100) as u8,
        moment.month() as u8,
        moment.day() as u8,
        moment.hour() as u8 + 1,
        moment.minute() as u8 + 1,
        moment.second() as u8 + 1,
    ];
    let nanoseconds = moment.subsec_nanosecond();
    if nanoseconds != 0 {
        bytes.extend(nanoseconds.to_be_bytes());
    }
    bytes
}

/// A moment from its bytes; a time zone after them is not looked at.
pub(crate) fn decode(bytes: &[u8]) -> Option<DateTime> {
    let [
        century,
        year,
        month,
        day,
        hour,
        minute,
        second,
        fraction @ ..,
    ] = bytes
    else {
        return None;
    };
    let nanoseconds = match fraction {
        [a, b, c, d, ..] => i32::from_be_bytes([*a, *b, *c, *d]),
        _ => 0,
    };
    let year = (i16::from(*century) - 100) * 100 + i16::from(*year) - 100;
    let part = |byte: &u8| Some(i8::try_from(*byte).ok()? - 1);
    let (month, day) = (i8::try_from(*month).ok()?, i8::try_from(*day).ok()?);
    DateTime::new(
        year,
        month,
        day,
        part(hour)?,
        part(minute)?,
        part(second)?,
        nanoseconds,
    )
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::datetime;

    #[test]
    fn moments_survive() {
        for moment in [
            datetime(1900, 1, 1, 0, 0, 0, 0),
            datetime(2026, 2, 28, 23, 59, 59, 0),
            datetime(9999, 12, 31, 23, 59, 59, 123_456_000),
        ] {
            assert_eq!(decode(&encode(moment)), Some(moment));
        }
        assert_eq!(decode(&[120]), None);
    }
}
