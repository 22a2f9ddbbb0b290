//! A tiny seeded generator, so that random tests repeat themselves.

/// Knuth's MMIX generator; the upper bits are good enough for tests.
#[derive(Clone, Debug)]
pub(crate) struct Lcg(u64);

#[allow(dead_code)]
impl Lcg {
    pub(crate) fn new(seed: u64) -> Self {
        let mut lcg = Self(seed ^ 0x9e37_79b9_7f4a_7c15);
        lcg.next();
        lcg
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 ^ (self.0 >> 33)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 16) % end.max(1)
    }

    /// One of these.
    pub(crate) fn pick<'t, T: ?Sized>(&mut self, of: &[&'t T]) -> &'t T {
        of[self.below(of.len() as u64) as usize]
    }
}
