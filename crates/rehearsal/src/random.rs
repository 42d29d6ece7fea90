//! A small seeded generator: the same seed and label give the same values on every machine.

/// SplitMix64, started from a hash of a seed and a label, so that one area's values do not depend on another's.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64, label: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes());
        hasher.update(label.as_bytes());
        let mut start = [0; 8];
        hasher.finalize_xof().fill(&mut start);
        Self(u64::from_le_bytes(start))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, not including, `limit`; 0 when there is none.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }

    /// The same for the integers of cells; 0 for a limit below 1.
    pub(crate) fn int(&mut self, limit: i64) -> i64 {
        self.below(limit.max(0).unsigned_abs()) as i64
    }

    /// True once in `of` times.
    pub(crate) fn one_in(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }

    /// One of the words.
    pub(crate) fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        let at = self.below(words.len() as u64) as usize;
        words.get(at).copied().unwrap_or_default()
    }

    pub(crate) fn guid(&mut self) -> String {
        guid_of(self.next(), self.next())
    }
}

/// A GUID that depends on its label only: the same in every environment, as the keys of shipped modules are.
pub(crate) fn guid(label: &str) -> String {
    let mut rng = Rng::new(0, label);
    rng.guid()
}

/// GUIDs in rising order, as a server's sequential ones are: cheap to index by the million.
pub(crate) fn rising_guid(count: u64, rng: &mut Rng) -> String {
    guid_of(count << 16 | (rng.next() & 0xffff), rng.next())
}

fn guid_of(high: u64, low: u64) -> String {
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

/// `length` hexadecimal digits that depend on the label only.
pub(crate) fn hex(label: &str, length: usize) -> String {
    let mut rng = Rng::new(0, label);
    let mut digits = String::with_capacity(length + 16);
    while digits.len() < length {
        digits.push_str(&format!("{:016x}", rng.next()));
    }
    digits.truncate(length);
    digits
}

#[cfg(test)]
mod tests {
    use super::{Rng, guid, hex, rising_guid};

    #[test]
    fn the_same_seed_and_label_give_the_same_values() {
        let mut one = Rng::new(7, "a");
        let mut same = Rng::new(7, "a");
        let mut other = Rng::new(7, "b");
        let first = one.next();
        assert_eq!(first, same.next());
        assert_ne!(first, other.next());
    }

    #[test]
    fn numbers_stay_below_their_limit() {
        let mut rng = Rng::new(1, "below");
        assert!((0..1000).all(|_| rng.below(7) < 7));
        assert_eq!(rng.below(0), 0);
    }

    #[test]
    fn guids_have_their_shape_and_rising_ones_their_order() {
        assert_eq!(guid("x").len(), 36);
        let mut rng = Rng::new(1, "rising");
        let (first, second) = (rising_guid(1, &mut rng), rising_guid(2, &mut rng));
        assert!(first < second);
        assert_eq!(second.len(), 36);
    }

    #[test]
    fn hex_has_the_length_asked_for() {
        assert_eq!(hex("x", 40).len(), 40);
        assert_eq!(hex("x", 3).len(), 3);
    }
}
