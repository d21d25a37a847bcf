//! Requests, counted as they are answered.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Data,
};
use tokio::time::Instant;

use crate::state::State;

/// The upper bounds of the histogram, in milliseconds.
pub(super) const BOUNDS: [u64; 10] = [1, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000];
/// From 1xx to 5xx.
pub(super) const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// What was answered so far.
#[derive(Default)]
pub(crate) struct Requests {
    by_class: [AtomicU64; CLASSES.len()],
    /// By the first bound that held them; the last is beyond all.
    by_bound: [AtomicU64; BOUNDS.len() + 1],
    microseconds: AtomicU64,
}

impl Requests {
    pub(super) fn count(&self, status: u16, took: Duration) {
        let class = usize::from(status / 100).clamp(1, CLASSES.len()) - 1;
        self.by_class[class].fetch_add(1, Ordering::Relaxed);
        let milliseconds = took.as_millis();
        let bound = BOUNDS
            .iter()
            .position(|bound| milliseconds < u128::from(*bound))
            .unwrap_or(BOUNDS.len());
        self.by_bound[bound].fetch_add(1, Ordering::Relaxed);
        let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.microseconds.fetch_add(microseconds, Ordering::Relaxed);
    }

    pub(super) fn by_class(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self.by_class.iter();
        CLASSES
            .into_iter()
            .zip(counts.map(|count| count.load(Ordering::Relaxed)))
    }

    /// For each bound, how many took less; then how many there were.
    pub(super) fn cumulated(&self) -> (Vec<(u64, u64)>, u64) {
        let mut sum = 0;
        let mut add = |count: &AtomicU64| {
            sum += count.load(Ordering::Relaxed);
            sum
        };
        let bounds = BOUNDS.iter().zip(&self.by_bound);
        let bounds = bounds.map(|(bound, count)| (*bound, add(count))).collect();
        let all = add(&self.by_bound[BOUNDS.len()]);
        (bounds, all)
    }

    pub(super) fn microseconds(&self) -> u64 {
        self.microseconds.load(Ordering::Relaxed)
    }
}

/// Counts a request by its answer. Of a stream the time to its head counts.
pub(crate) async fn measure<B: MessageBody>(
    state: Data<State>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let began = Instant::now();
    let outcome = next.call(request).await;
    let status = match &outcome {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    state.requests.count(status.as_u16(), began.elapsed());
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_histogram_counts_each_request_in_all_bounds_above_it() {
        let requests = Requests::default();
        for (status, milliseconds) in [(200, 0), (204, 7), (404, 7), (503, 9_000)] {
            requests.count(status, Duration::from_millis(milliseconds));
        }
        let classes: Vec<_> = requests.by_class().collect();
        let expected = [("1xx", 0), ("2xx", 2), ("3xx", 0), ("4xx", 1), ("5xx", 1)];
        assert_eq!(classes, expected);
        let (bounds, all) = requests.cumulated();
        assert_eq!(bounds[..3], [(1, 1), (5, 1), (10, 3)]);
        assert_eq!((bounds[9], all), ((5_000, 3), 4));
        assert_eq!(requests.microseconds(), 9_014_000);
    }
}
