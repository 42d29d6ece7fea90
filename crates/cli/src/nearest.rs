//! What somebody may have meant who wrote a name that does not exist.

/// How many names are offered.
const OFFERED: usize = 3;

/// The names that are nearest to one that does not exist, the nearest first.
#[must_use]
pub fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<(usize, &str)> = names
        .into_iter()
        .map(|name| (distance(wrong, name), name))
        .collect();
    names.sort();
    names.truncate(OFFERED);
    names.into_iter().map(|(_, name)| name).collect()
}

/// A hint that offers them.
#[must_use]
pub fn hint<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = nearest(wrong, names)
        .into_iter()
        .map(|name| format!("`{name}`"))
        .collect();
    format!(
        "the nearest ids are {}; `envclone steps` lists them all",
        names.join(", ")
    )
}

/// How many letters must be changed, added or taken away to make one text of the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (at, letter) in from.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(at + 1);
        for (column, (other, pair)) in to.iter().zip(row.windows(2)).enumerate() {
            let &[diagonal, above] = pair else { continue };
            let left = next.get(column).copied().unwrap_or_default();
            let changed = diagonal + usize::from(letter != *other);
            next.push(changed.min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_apart() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("saml", "saml"), 0);
    }

    #[test]
    fn a_slip_of_the_finger_is_the_nearest() {
        let ids = ["sessions", "front-ends", "saml", "catalogs"];
        assert_eq!(nearest("front-end", ids)[0], "front-ends");
        assert_eq!(nearest("sesions", ids)[0], "sessions");
    }
}
