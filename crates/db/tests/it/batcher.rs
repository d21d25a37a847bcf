//! Callers who come at the same time are served together.

use std::{
    collections::HashSet,
    future::Future,
    sync::{Arc, Condvar, Mutex},
    thread,
    time::Duration,
};

use db::{Batcher, testing::TestDatabase};
use tokio::{runtime, task::JoinHandle};

/// Which groups have begun, and which may end, by who is first in them.
#[derive(Default)]
struct Groups {
    begun: Mutex<Vec<Vec<u32>>>,
    may_end: Mutex<HashSet<u32>>,
    told: Condvar,
}

/// Work that notes its groups, and ends each when it is told to.
struct Bench {
    _database: TestDatabase,
    batcher: Arc<Batcher<u32, u32>>,
    groups: Arc<Groups>,
}

impl Bench {
    fn new(at_once: usize, most: usize) -> Self {
        let mut database = TestDatabase::create();
        let db = database.db();
        let groups = Arc::new(Groups::default());
        let noted = Arc::clone(&groups);
        let work = move |asked: Vec<u32>| {
            noted.begun.lock().unwrap().push(asked.clone());
            let may_end = noted.may_end.lock().unwrap();
            let patience = Duration::from_secs(10);
            let waits = |may_end: &mut HashSet<u32>| !may_end.contains(&asked[0]);
            let (may_end, out) = noted
                .told
                .wait_timeout_while(may_end, patience, waits)
                .unwrap();
            drop(may_end);
            assert!(!out.timed_out() && asked[0] != 13, "thirteen is unlucky");
            asked.iter().map(|number| number * 2).collect()
        };
        Self {
            _database: database,
            batcher: Arc::new(Batcher::new(&db, at_once, most, work)),
            groups,
        }
    }

    fn ask_under(&self, key: &'static str, number: u32) -> JoinHandle<diesel::QueryResult<u32>> {
        let batcher = self.batcher.clone();
        tokio::spawn(async move { batcher.ask(key, number).await })
    }

    fn ask(&self, number: u32) -> JoinHandle<diesel::QueryResult<u32>> {
        self.ask_under("key", number)
    }

    /// Waits until so many groups have begun.
    async fn begun(&self, count: usize) {
        for _ in 0..1_000 {
            if self.begun_so_far().len() >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{count} groups did not begin: {:?}", self.begun_so_far());
    }

    /// Lets the groups end in which these are first.
    fn end(&self, first: &[u32]) {
        self.groups.may_end.lock().unwrap().extend(first);
        self.groups.told.notify_all();
    }

    fn begun_so_far(&self) -> Vec<Vec<u32>> {
        self.groups.begun.lock().unwrap().clone()
    }
}

/// On one thread, so that those who ask do so in order.
fn run(test: impl Future<Output = ()>) {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(test);
}

/// Lets all who were spawned ask.
async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn who_comes_first_goes_at_once_and_who_comes_meanwhile_goes_together() {
    run(async {
        let bench = Bench::new(1, 3);
        let first = bench.ask(1);
        bench.begun(1).await;
        let others: Vec<_> = (2..=6).map(|number| bench.ask(number)).collect();
        settle().await;
        bench.end(&[1, 2, 5]);
        assert_eq!(first.await.unwrap().unwrap(), 2);
        for (asked, answer) in (2..=6).zip(others) {
            assert_eq!(answer.await.unwrap().unwrap(), asked * 2);
        }
        assert_eq!(bench.begun_so_far(), [vec![1], vec![2, 3, 4], vec![5, 6]]);
    });
}

#[test]
fn a_second_group_begins_when_it_is_as_large_as_the_first() {
    run(async {
        let bench = Bench::new(2, 16);
        let mut asked = vec![bench.ask(1)];
        bench.begun(1).await;
        asked.push(bench.ask(2));
        bench.begun(2).await;
        asked.extend([bench.ask(3), bench.ask(4), bench.ask(5)]);
        settle().await;
        bench.end(&[1]);
        bench.begun(3).await;
        asked.extend([bench.ask(6), bench.ask(7)]);
        settle().await;
        bench.end(&[2]);
        asked.swap_remove(1).await.unwrap().unwrap();
        // Two are fewer than the three that are at work.
        assert_eq!(bench.begun_so_far(), [vec![1], vec![2], vec![3, 4, 5]]);
        asked.push(bench.ask(8));
        bench.begun(4).await;
        bench.end(&[3, 6]);
        for answer in asked {
            answer.await.unwrap().unwrap();
        }
        assert_eq!(bench.begun_so_far().last().unwrap(), &[6, 7, 8]);
    });
}

#[test]
fn ever_more_groups_are_all_seen_to() {
    run(async {
        let bench = Bench::new(1, 1);
        let numbers: Vec<u32> = (100..200).collect();
        let asked: Vec<_> = numbers.iter().map(|number| bench.ask(*number)).collect();
        bench.end(&numbers);
        for (number, answer) in numbers.iter().zip(asked) {
            assert_eq!(answer.await.unwrap().unwrap(), number * 2);
        }
        assert_eq!(bench.begun_so_far().len(), 100);
    });
}

#[test]
fn those_who_come_under_different_keys_are_kept_apart() {
    run(async {
        let bench = Bench::new(1, 16);
        let mut asked = vec![bench.ask_under("a", 1)];
        bench.begun(1).await;
        for (key, number) in [("a", 2), ("b", 3), ("a", 4), ("b", 5)] {
            asked.push(bench.ask_under(key, number));
        }
        settle().await;
        bench.end(&[1, 2, 3]);
        for answer in asked {
            answer.await.unwrap().unwrap();
        }
        assert_eq!(bench.begun_so_far(), [vec![1], vec![2, 4], vec![3, 5]]);
    });
}

#[test]
fn whoever_goes_away_leaves_nobody_behind() {
    run(async {
        let bench = Bench::new(1, 16);
        let first = bench.ask(1);
        bench.begun(1).await;
        let (second, third) = (bench.ask(2), bench.ask(3));
        settle().await;
        first.abort();
        second.abort();
        settle().await;
        bench.end(&[1, 2]);
        assert_eq!(third.await.unwrap().unwrap(), 6);
        assert_eq!(bench.begun_so_far(), [vec![1], vec![2, 3]]);
    });
}

#[test]
fn work_that_panics_is_an_error_for_its_callers_and_for_nobody_else() {
    run(async {
        let bench = Bench::new(1, 16);
        let unlucky = bench.ask(13);
        bench.begun(1).await;
        let next = bench.ask(1);
        settle().await;
        bench.end(&[13, 1]);
        let error = unlucky.await.unwrap().unwrap_err();
        assert_eq!(db::code_of(&error), "database_unavailable");
        assert_eq!(next.await.unwrap().unwrap(), 2);
    });
}

#[test]
fn work_that_is_given_up_before_it_begins_leaves_nobody_waiting() {
    let bench = Bench::new(1, 16);
    let own = runtime::Builder::new_current_thread().enable_all().build();
    let own = own.unwrap();
    // Asked on a runtime that ends before it turns to the work.
    let batcher = bench.batcher.clone();
    let asking = async move { batcher.ask("key", 1).await };
    own.block_on(async {
        tokio::select! {
            biased;
            _ = asking => panic!("nobody has told it to end"),
            () = std::future::ready(()) => {}
        }
    });
    run(async {
        let waits = bench.ask(2);
        settle().await;
        thread::spawn(move || drop(own)).join().unwrap();
        waits.await.unwrap().unwrap_err();
        let next = bench.ask(3);
        bench.end(&[3]);
        assert_eq!(next.await.unwrap().unwrap(), 6);
    });
}
