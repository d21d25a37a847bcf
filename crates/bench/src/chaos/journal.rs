//! What the platform acknowledged, as the callers remember it.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// A message as it was acknowledged.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Said {
    /// The ticket's id.
    pub ticket: String,
    /// By whom: `customer` or `agent`.
    pub author: &'static str,
    /// The caller's own name for it.
    pub client_id: String,
}

/// What was acknowledged. Nothing else counts: a write without an answer may be there or not.
#[derive(Debug, Default)]
pub struct Journal {
    tickets: Mutex<HashMap<String, String>>,
    messages: Mutex<HashMap<Said, i64>>,
    resolved: Mutex<HashMap<String, String>>,
    /// Requests that had to be sent again.
    pub retries: AtomicU64,
    /// Repeated requests whose second answer was not the first one.
    pub other_answers: AtomicU64,
    /// Answers that blame the platform: status 500.
    pub internal_errors: AtomicU64,
}

impl Journal {
    /// An escalation was answered: its external id, and the ticket's id.
    pub fn escalated(&self, external_id: String, ticket: String) {
        self.note(&self.tickets, external_id, ticket);
    }

    /// A message was answered with its number.
    pub fn said(&self, said: Said, number: i64) {
        self.note(&self.messages, said, number);
    }

    /// An engagement was resolved: its id, and its ticket's.
    pub fn resolved(&self, engagement: String, ticket: String) {
        self.note(&self.resolved, engagement, ticket);
    }

    /// One more of these.
    pub fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Acknowledged escalations.
    pub fn tickets(&self) -> HashMap<String, String> {
        lock(&self.tickets).clone()
    }

    /// Acknowledged messages.
    pub fn messages(&self) -> HashMap<Said, i64> {
        lock(&self.messages).clone()
    }

    /// Acknowledged ends.
    pub fn ends(&self) -> HashMap<String, String> {
        lock(&self.resolved).clone()
    }

    /// The same request must not be acknowledged twice with different facts.
    fn note<K: Eq + std::hash::Hash, V: PartialEq>(
        &self,
        list: &Mutex<HashMap<K, V>>,
        key: K,
        value: V,
    ) {
        let mut list = lock(list);
        if list.get(&key).is_some_and(|known| *known != value) {
            Self::count(&self.other_answers);
        }
        list.entry(key).or_insert(value);
    }
}

fn lock<T>(list: &Mutex<T>) -> MutexGuard<'_, T> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_answers_to_one_request_are_noticed() {
        let journal = Journal::default();
        journal.escalated("one".to_owned(), "tkt_1".to_owned());
        journal.escalated("one".to_owned(), "tkt_1".to_owned());
        assert_eq!(journal.other_answers.load(Ordering::Relaxed), 0);

        journal.escalated("one".to_owned(), "tkt_2".to_owned());

        assert_eq!(journal.other_answers.load(Ordering::Relaxed), 1);
        assert_eq!(journal.tickets().len(), 1);
    }
}
