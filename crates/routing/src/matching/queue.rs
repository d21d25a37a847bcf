//! A queue for distances that never fall below the last one taken out.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::at;

/// Distances below this have a bucket of their own. Scores are small integers and chains of moves
/// cost few points, so nearly all do.
const BUCKETS: u32 = 512;

/// Takes out the nearest entry: from a bucket in constant time, beyond the buckets from a heap.
#[derive(Debug)]
pub(super) struct Queue<T> {
    buckets: Vec<Vec<T>>,
    /// No entry lies in a bucket before this one, and none behind `last`.
    nearest: usize,
    last: usize,
    far: BinaryHeap<Reverse<(i64, T)>>,
}

impl<T: Copy + Ord> Queue<T> {
    pub fn new() -> Self {
        let buckets = (0..BUCKETS).map(|_| Vec::new()).collect();
        Self {
            buckets,
            nearest: 0,
            last: 0,
            far: BinaryHeap::new(),
        }
    }

    /// Puts in an entry at a distance that is not negative and not below the last one taken out.
    pub fn push(&mut self, distance: i64, entry: T) {
        match u32::try_from(distance) {
            Ok(bucket) if bucket < BUCKETS => {
                self.buckets[at(bucket)].push(entry);
                self.last = self.last.max(at(bucket));
            }
            _ => self.far.push(Reverse((distance, entry))),
        }
    }

    /// Takes out the nearest entry; of the equally near ones in a bucket, the latest.
    pub fn pop(&mut self) -> Option<(i64, T)> {
        while self.nearest <= self.last {
            if let Some(entry) = self.buckets[self.nearest].pop() {
                return Some((i64::try_from(self.nearest).unwrap_or(i64::MAX), entry));
            }
            self.nearest += 1;
        }
        self.far.pop().map(|Reverse(entry)| entry)
    }

    /// Empties the queue and begins at distance 0 again.
    pub fn clear(&mut self) {
        for bucket in &mut self.buckets[..=self.last] {
            bucket.clear();
        }
        self.far.clear();
        (self.nearest, self.last) = (0, 0);
    }
}
