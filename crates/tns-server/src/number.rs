//! NUMBER as Oracle stores it: an exponent, and digits to the base of a hundred.

/// As many pairs of digits as a NUMBER has at most.
const PAIRS: usize = 20;
/// Ends a negative number that has fewer.
const END: u8 = 102;
/// The exponent's byte for numbers from 0.01 up to 1.
const BIAS: i32 = 192;

/// A decimal number in Oracle's bytes; nothing if it is not one.
pub(crate) fn encode(text: &str) -> Option<Vec<u8>> {
    let (negative, digits, point) = parse(text)?;
    if digits.is_empty() {
        return Some(vec![0x80]);
    }
    let mut digits = digits;
    let mut point = point;
    if point.rem_euclid(2) == 1 {
        digits.insert(0, 0);
        point += 1;
    }
    if digits.len() % 2 == 1 {
        digits.push(0);
    }
    let exponent = u8::try_from(BIAS + point / 2).ok()?;
    let mut pairs: Vec<u8> = digits.chunks(2).map(|two| two[0] * 10 + two[1]).collect();
    pairs.truncate(PAIRS);
    let mut bytes = Vec::with_capacity(pairs.len() + 2);
    if negative {
        bytes.push(!exponent);
        bytes.extend(pairs.iter().map(|pair| 101 - pair));
        if pairs.len() < PAIRS {
            bytes.push(END);
        }
    } else {
        bytes.push(exponent);
        bytes.extend(pairs.iter().map(|pair| pair + 1));
    }
    Some(bytes)
}

/// Sign, digits without zeros at either end, and how many of them stand before the point.
fn parse(text: &str) -> Option<(bool, Vec<u8>, i32)> {
    let text = text.trim();
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut digits = Vec::new();
    for digit in whole.bytes().chain(fraction.bytes()) {
        digits.push(digit.is_ascii_digit().then_some(digit)? - b'0');
    }
    let mut point = i32::try_from(whole.len()).ok()? + exponent;
    let zeros = digits.iter().take_while(|digit| **digit == 0).count();
    digits.drain(..zeros);
    point -= i32::try_from(zeros).ok()?;
    while digits.last() == Some(&0) {
        digits.pop();
    }
    Some((negative && !digits.is_empty(), digits, point))
}

/// The number in Oracle's bytes as text without an exponent.
pub(crate) fn decode(bytes: &[u8]) -> Option<String> {
    let (first, mantissa) = bytes.split_first()?;
    let negative = first & 0x80 == 0;
    let exponent = i32::from(if negative { !first } else { *first }) - BIAS;
    let mut digits = String::new();
    for byte in mantissa {
        let pair = match negative {
            true if *byte == END => break,
            true => 101_u8.checked_sub(*byte)?,
            false => byte.checked_sub(1)?,
        };
        digits += &format!("{pair:02}");
    }
    if digits.bytes().all(|digit| digit == b'0') {
        return Some("0".to_owned());
    }
    let point = exponent * 2;
    let length = i32::try_from(digits.len()).ok()?;
    let (whole, fraction) = if point <= 0 {
        (
            "0".to_owned(),
            "0".repeat(point.unsigned_abs() as usize) + &digits,
        )
    } else if point >= length {
        (
            digits + &"0".repeat((point - length) as usize),
            String::new(),
        )
    } else {
        let fraction = digits.split_off(point as usize);
        (digits, fraction)
    };
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let sign = if negative { "-" } else { "" };
    Some(match fraction.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        fraction => format!("{sign}{whole}.{fraction}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive() {
        for text in [
            "0",
            "1",
            "-1",
            "10",
            "99",
            "100",
            "101",
            "-100",
            "12345.678",
            "0.1",
            "0.01",
            "0.001",
            "-0.05",
            "123456789012345678901234567890",
            "9223372036854775807",
            "-9223372036854775808",
            "1000000",
            "-12.5",
        ] {
            assert_eq!(decode(&encode(text).unwrap()).unwrap(), text);
        }
        assert_eq!(encode("1").unwrap(), [0xC1, 2]);
        assert_eq!(encode("-1").unwrap(), [0x3E, 100, 102]);
        assert_eq!(encode("1.50e2"), encode("150"));
        assert_eq!(encode("-0.0"), encode("0"));
        assert_eq!(encode("1x"), None);
        assert_eq!(encode(""), None);
    }
}
