//! How large an environment to invent.

/// What to build: the same specification gives the same environment, byte for byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// How large: 1 is a handful of modules and some thousand rows, 100 is a large factory with millions of rows.
    /// Values outside 1 to 200 are taken as the nearest of the two.
    pub scale: u32,
    /// What the invented data is drawn from. Planted leftovers do not depend on it.
    pub seed: u64,
}

/// The numbers that follow from a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) modules: u64,
    pub(crate) entities: u64,
    pub(crate) external_entities: u64,
    pub(crate) orphan_tables: u64,
    pub(crate) extra_tenants: i64,
    pub(crate) application_rows: u64,
    pub(crate) log_rows: u64,
    pub(crate) old_log_rows: u64,
    pub(crate) users: i64,
    pub(crate) attempts: i64,
    pub(crate) mails: i64,
    pub(crate) processes: i64,
    pub(crate) sessions: i64,
}

impl Spec {
    pub(crate) fn sizes(&self) -> Sizes {
        let scale = u64::from(self.scale.clamp(1, 200));
        let grown = |small: u64, large: u64| small + (large - small) * (scale - 1) / 99;
        Sizes {
            modules: grown(13, 850),
            entities: grown(48, 2600),
            external_entities: grown(5, 94),
            orphan_tables: grown(2, 200),
            extra_tenants: grown(0, 12) as i64,
            application_rows: scale * grown(1500, 18_000),
            log_rows: scale * grown(1500, 24_000),
            old_log_rows: scale * grown(300, 1200),
            users: grown(60, 6000) as i64,
            attempts: grown(40, 12_000) as i64,
            mails: grown(25, 8000) as i64,
            processes: grown(12, 6000) as i64,
            sessions: grown(10, 3000) as i64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Spec;

    fn sizes(scale: u32) -> super::Sizes {
        Spec { scale, seed: 0 }.sizes()
    }

    #[test]
    fn a_hundred_is_a_large_factory() {
        let large = sizes(100);
        assert_eq!((large.modules, large.entities), (850, 2600));
        assert_eq!(large.application_rows + large.log_rows, 4_200_000);
    }

    #[test]
    fn out_of_range_means_the_nearest() {
        assert_eq!(sizes(0), sizes(1));
        assert_eq!(sizes(u32::MAX), sizes(200));
    }
}
