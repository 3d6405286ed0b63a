//! Medians, percentiles, spreads.

use std::time::Duration;

/// Values, sorted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series(Vec<f64>);

impl Series {
    /// Of values in any order.
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    /// Of durations, in milliseconds.
    pub fn of_milliseconds(durations: &[Duration]) -> Self {
        Self::of(durations.iter().map(|duration| duration.as_secs_f64() * 1e3).collect())
    }

    /// The middle one, or between the middle two.
    pub fn median(&self) -> f64 {
        match self.0.len() {
            0 => f64::NAN,
            n if n % 2 == 1 => self.0[n / 2],
            n => f64::midpoint(self.0[n / 2 - 1], self.0[n / 2]),
        }
    }

    /// The least value that so many percent of the values do not exceed.
    pub fn percentile(&self, percent: usize) -> f64 {
        let rank = (self.0.len() * percent).div_ceil(100);
        self.0.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
    }

    /// The smallest.
    pub fn least(&self) -> f64 {
        self.0.first().copied().unwrap_or(f64::NAN)
    }

    /// The largest.
    pub fn most(&self) -> f64 {
        self.0.last().copied().unwrap_or(f64::NAN)
    }

    /// All of them, from the smallest.
    pub fn values(&self) -> &[f64] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_percentiles() {
        let series = Series::of((1..=200).rev().map(f64::from).collect());
        assert_eq!((series.least(), series.median(), series.most()), (1.0, 100.5, 200.0));
        assert_eq!((series.percentile(99), series.percentile(100)), (198.0, 200.0));
        let one = Series::of_milliseconds(&[Duration::from_millis(7)]);
        assert_eq!((one.median(), one.percentile(99)), (7.0, 7.0));
    }

    #[test]
    fn nothing_has_no_median() {
        let nothing = Series::default();
        assert!(
            nothing.median().is_nan() && nothing.percentile(99).is_nan() && nothing.most().is_nan()
        );
    }
}
