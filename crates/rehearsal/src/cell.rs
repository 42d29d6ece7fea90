//! One value of one row.

use std::borrow::Cow;

/// A value as a database stores it. Dates are text, `YYYY-MM-DD HH:MM:SS`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Cell {
    /// No value.
    Null,
    /// An integer, an identifier or a bit.
    Int(i64),
    /// A number with `scale` digits after the point.
    Decimal {
        /// The digits, read without the point.
        unscaled: i64,
        /// How many of them stand after it.
        scale: u32,
    },
    /// Text or a date.
    Text(Cow<'static, str>),
    /// A binary value.
    Bytes(Vec<u8>),
}

impl Cell {
    /// The text that a database gives for this value when it is cast to text; nothing for no value and for binary.
    pub fn to_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Null | Self::Bytes(_) => None,
            Self::Int(value) => Some(Cow::Owned(value.to_string())),
            Self::Decimal { unscaled, scale } => Some(Cow::Owned(decimal(*unscaled, *scale))),
            Self::Text(text) => Some(Cow::Borrowed(text)),
        }
    }
}

fn decimal(unscaled: i64, scale: u32) -> String {
    let width = scale as usize + 1;
    let digits = format!("{:0width$}", unscaled.unsigned_abs());
    let (whole, fraction) = digits.split_at(digits.len() - scale as usize);
    let sign = if unscaled < 0 { "-" } else { "" };
    if fraction.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    }
}

impl From<&'static str> for Cell {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<i64> for Cell {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<i32> for Cell {
    fn from(value: i32) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<Vec<u8>> for Cell {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::Cell;

    fn text(unscaled: i64, scale: u32) -> String {
        Cell::Decimal { unscaled, scale }
            .to_text()
            .unwrap()
            .into_owned()
    }

    #[test]
    fn a_decimal_keeps_its_digits_and_sign() {
        assert_eq!(text(12_345, 2), "123.45");
        assert_eq!(text(-5, 2), "-0.05");
        assert_eq!(text(7, 0), "7");
    }
}
