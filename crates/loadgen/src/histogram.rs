//! Latencies, counted in buckets that grow with the value.

/// Values are told apart to one part in `2^PRECISION`, the error of every answer.
const PRECISION: u32 = 7;
const LINEAR: u64 = 1 << PRECISION;
const BUCKETS: usize = (64 - PRECISION as usize) * LINEAR as usize + LINEAR as usize;

/// A histogram of `u64` values of any size. Recording neither allocates nor branches much.
///
/// Values below `2^PRECISION` have a bucket each. Above, every power of two is split into
/// `2^PRECISION` buckets of equal width: the highest bit chooses the row, the bits after it the bucket.
pub struct Histogram {
    buckets: Box<[u64]>,
    count: u64,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: vec![0; BUCKETS].into(),
            count: 0,
            max: 0,
        }
    }
}

impl Histogram {
    pub fn record(&mut self, value: u64) {
        self.buckets[bucket(value)] += 1;
        self.count += 1;
        self.max = self.max.max(value);
    }

    pub fn clear(&mut self) {
        self.buckets.fill(0);
        self.count = 0;
        self.max = 0;
    }

    pub fn max(&self) -> u64 {
        self.max
    }

    /// The value that the given share (0 to 1) of the recorded ones does not exceed; 0 without any.
    pub fn quantile(&self, share: f64) -> u64 {
        let rank = (self.count as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (index, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= rank.max(1) {
                return upper_edge(index).min(self.max);
            }
        }
        self.max
    }
}

fn bucket(value: u64) -> usize {
    if value < LINEAR {
        return value as usize;
    }
    let row = 63 - value.leading_zeros() - PRECISION;
    let column = (value >> row) - LINEAR;
    (row as usize + 1) * LINEAR as usize + column as usize
}

/// The largest value that falls into a bucket.
fn upper_edge(index: usize) -> u64 {
    let (row, column) = (index as u64 / LINEAR, index as u64 % LINEAR);
    match row.checked_sub(1) {
        None => column,
        Some(shift) => ((LINEAR + column) << shift) + ((1 << shift) - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_and_buckets_agree() {
        for value in (0..5000).chain([1 << 20, (1 << 40) + 12345, u64::MAX]) {
            let edge = upper_edge(bucket(value));
            assert!(edge >= value, "{value}");
            assert!(edge - value <= value / LINEAR, "{value} {edge}");
            assert_eq!(bucket(edge), bucket(value));
        }
    }

    #[test]
    fn quantiles_are_those_of_the_recorded_values() {
        let mut histogram = Histogram::default();
        (1..=100_000)
            .rev()
            .for_each(|value| histogram.record(value));
        for (share, exact) in [
            (0.5, 50_000),
            (0.99, 99_000),
            (0.999, 99_900),
            (1.0, 100_000),
        ] {
            let got = histogram.quantile(share);
            assert!(
                got >= exact && got - exact <= exact / LINEAR,
                "{share}: {got}"
            );
        }
        assert_eq!(histogram.max(), 100_000);
    }

    #[test]
    fn an_empty_or_cleared_one_answers_zero() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile(0.5), 0);
        histogram.record(9);
        histogram.clear();
        assert_eq!((histogram.quantile(0.5), histogram.max()), (0, 0));
    }
}
