//! Batches: what several callers ask for at the same time is done at once.
//!
//! A transaction has a price whatever it does: its beginning and end, its round trips, the wait for
//! the disk, and the constraints that PostgreSQL reads anew for each statement. Together, callers
//! pay it once (which for the disk is called group commit). Nobody waits while nothing is done: who
//! comes first goes at once, and who comes while others are at work goes with all who came meanwhile.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use diesel::QueryResult;
use tokio::{
    runtime::Handle,
    sync::oneshot::{self, Sender},
    task::spawn_blocking,
};

use crate::connect::{Db, unavailable};

/// Does one kind of work for its callers, in groups.
pub struct Batcher<W, A>(Arc<Shared<W, A>>);

type Work<W, A> = dyn Fn(Vec<W>) -> Vec<A> + Send + Sync;

struct Shared<W, A> {
    db: Db,
    callers: Mutex<Callers<W, A>>,
    at_once: usize,
    most: usize,
    work: Box<Work<W, A>>,
}

struct Callers<W, A> {
    waiting: VecDeque<Caller<W, A>>,
    /// The sizes of the groups that are at work.
    at_work: Vec<usize>,
}

struct Caller<W, A> {
    key: String,
    work: W,
    answer: Sender<A>,
}

struct Group<W, A> {
    works: Vec<W>,
    answers: Vec<Sender<A>>,
}

impl<W: Send + 'static, A: Send + 'static> Batcher<W, A> {
    /// Up to `at_once` groups of up to `most` callers are at work at a time. `work` answers each
    /// caller, in their order; it runs on a thread that may block, and may use one connection of
    /// this door.
    pub fn new(
        db: &Db,
        at_once: usize,
        most: usize,
        work: impl Fn(Vec<W>) -> Vec<A> + Send + Sync + 'static,
    ) -> Self {
        let callers = Callers {
            waiting: VecDeque::new(),
            at_work: Vec::new(),
        };
        Self(Arc::new(Shared {
            db: db.clone(),
            callers: Mutex::new(callers),
            at_once,
            most,
            work: Box::new(work),
        }))
    }

    /// Does this with whatever others ask for at the same time under the same key.
    ///
    /// Work that has begun is ended even if nobody waits for its answer any longer.
    ///
    /// # Errors
    ///
    /// The database is not available, where this node is shutting down or the work panicked.
    pub async fn ask(&self, key: &str, work: W) -> QueryResult<A> {
        let (answer, answered) = oneshot::channel();
        self.0.lock().waiting.push_back(Caller {
            key: key.to_owned(),
            work,
            answer,
        });
        let mut crew = Crew::new(&self.0);
        if let Some(group) = crew.next() {
            see_to(Handle::current(), crew, group);
        }
        let given = answered.await;
        given.map_err(|_| unavailable("the work was given up"))
    }
}

/// So many groups in a row, and then others may have the connection.
const TURNS: usize = 16;

/// Begins to work for a group, by itself: whoever made it may go away.
fn see_to<W: Send + 'static, A: Send + 'static>(
    runtime: Handle,
    mut crew: Crew<W, A>,
    first: Group<W, A>,
) {
    runtime.clone().spawn(async move {
        let Ok(permit) = crew.shared.db.permit().await else {
            return;
        };
        spawn_blocking(move || {
            let mut next = first;
            for _ in 0..TURNS {
                crew.shared.work_for(next);
                let Some(group) = crew.next() else {
                    return;
                };
                next = group;
            }
            drop(permit);
            see_to(runtime, crew, next);
        });
    });
}

/// Who works for one group after another.
struct Crew<W, A> {
    shared: Arc<Shared<W, A>>,
    /// How many it works for; none before and after.
    size: Option<usize>,
}

impl<W, A> Crew<W, A> {
    fn new(shared: &Arc<Shared<W, A>>) -> Self {
        Self {
            shared: Arc::clone(shared),
            size: None,
        }
    }

    /// The next group to work for, if it is time for one.
    fn next(&mut self) -> Option<Group<W, A>> {
        let mut callers = self.shared.lock();
        callers.leave(self.size.take());
        let is_time = callers.is_time(self.shared.at_once);
        let group = is_time.then(|| callers.group(self.shared.most)).flatten()?;
        callers.at_work.push(group.works.len());
        self.size = Some(group.works.len());
        Some(group)
    }
}

/// Given up in the middle, as by a node that shuts down, it must leave nobody who waits in vain.
impl<W, A> Drop for Crew<W, A> {
    fn drop(&mut self) {
        if self.size.is_some() {
            let mut callers = self.shared.lock();
            callers.leave(self.size.take());
            if callers.at_work.is_empty() {
                callers.waiting.clear();
            }
        }
    }
}

impl<W, A> Callers<W, A> {
    fn leave(&mut self, size: Option<usize>) {
        let left = self.at_work.iter().position(|other| Some(*other) == size);
        if let Some(index) = left {
            self.at_work.swap_remove(index);
        }
    }

    /// Whether a group may begin: at once where none is at work; beside others only if it is as
    /// large as they are, so that all grow to the same size.
    fn is_time(&self, at_once: usize) -> bool {
        let largest = self.at_work.iter().max();
        self.at_work.len() < at_once && largest.is_none_or(|size| self.waiting.len() >= *size)
    }

    /// Who has waited longest, and whoever came under the same key.
    fn group(&mut self, most: usize) -> Option<Group<W, A>> {
        let first = self.waiting.pop_front()?;
        let mut group = Group {
            works: vec![first.work],
            answers: vec![first.answer],
        };
        for caller in std::mem::take(&mut self.waiting) {
            if group.works.len() < most && caller.key == first.key {
                group.works.push(caller.work);
                group.answers.push(caller.answer);
            } else {
                self.waiting.push_back(caller);
            }
        }
        Some(group)
    }
}

impl<W, A> Shared<W, A> {
    fn work_for(&self, group: Group<W, A>) {
        let Group { works, answers } = group;
        // Where the work panics, the senders are dropped, and their callers learn of it.
        let done = catch_unwind(AssertUnwindSafe(|| (self.work)(works)));
        for (sender, answer) in answers.into_iter().zip(done.unwrap_or_default()) {
            // Whoever is gone needs no answer.
            let _ = sender.send(answer);
        }
    }

    /// A panic elsewhere leaves the callers whole: each change of them is one call.
    fn lock(&self) -> MutexGuard<'_, Callers<W, A>> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
