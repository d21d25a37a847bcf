//! What was found out a moment ago, so that it need not be asked again at once.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Facts that hold for a while, by what they are about.
#[derive(Debug)]
pub struct Recent<K, V> {
    lifetime: Duration,
    most: usize,
    known: Mutex<HashMap<K, (Instant, V)>>,
}

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    /// Facts are good for `lifetime`, and there are at most so many.
    pub fn new(lifetime: Duration, most: usize) -> Self {
        Self {
            lifetime,
            most,
            known: Mutex::default(),
        }
    }

    /// What is known and still good.
    pub fn get(&self, key: &K) -> Option<V> {
        let known = self.lock();
        let (asked_at, value) = known.get(key)?;
        (asked_at.elapsed() < self.lifetime).then(|| value.clone())
    }

    /// Remembers what was found. `asked_at` is when the question was put, not when the answer
    /// came: what changed in between counts as unknown soon enough.
    pub fn put(&self, key: K, asked_at: Instant, value: V) {
        let mut known = self.lock();
        if known.len() >= self.most && !known.contains_key(&key) {
            let lifetime = self.lifetime;
            known.retain(|_, (asked_at, _)| asked_at.elapsed() < lifetime);
            if known.len() >= self.most {
                known.clear();
            }
        }
        known.insert(key, (asked_at, value));
    }

    /// Forgets everything: something changed here.
    pub fn forget(&self) {
        self.lock().clear();
    }

    /// A panic elsewhere leaves the map whole: each change of it is one call.
    fn lock(&self) -> MutexGuard<'_, HashMap<K, (Instant, V)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn a_fact_is_good_for_its_lifetime_from_when_it_was_asked() {
        let recent = Recent::new(LONG, 10);
        recent.put("key", Instant::now(), 7);
        assert_eq!(recent.get(&"key"), Some(7));

        let long_ago = Instant::now().checked_sub(LONG).unwrap();
        recent.put("key", long_ago, 7);
        assert_eq!(recent.get(&"key"), None);
    }

    #[test]
    fn what_is_forgotten_is_not_known() {
        let recent = Recent::new(LONG, 10);
        recent.put("key", Instant::now(), 7);
        recent.forget();
        assert_eq!(recent.get(&"key"), None);
    }

    #[test]
    fn there_are_never_more_than_so_many() {
        let recent = Recent::new(LONG, 3);
        for key in 0..100 {
            recent.put(key, Instant::now(), key);
            assert!(recent.lock().len() <= 3);
            assert_eq!(recent.get(&key), Some(key));
        }
    }
}
