//! Load: closed, where each client waits for its answer; open, where requests come on time
//! whether or not the ones before were answered.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Result, bail};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use super::client::{Client, Request};

/// What was answered in how long.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Requests that were done.
    pub answered: u64,
    /// From the first request to the last answer.
    pub elapsed: Duration,
}

impl Tally {
    /// Requests a second.
    pub fn rate(&self) -> u64 {
        per_second(self.answered, self.elapsed)
    }
}

/// How many a second.
pub fn per_second(count: u64, elapsed: Duration) -> u64 {
    let micros = elapsed.as_micros().max(1);
    u64::try_from(u128::from(count) * 1_000_000 / micros).unwrap_or(u64::MAX)
}

/// So many clients, each with a connection of its own, for so long. `make` gives the request of a
/// client at its turn, or none when there is no more to do. A request that is refused ends the
/// measurement: a rate of refusals says nothing.
pub async fn closed<F>(port: u16, clients: u64, length: Duration, make: F) -> Result<Tally>
where
    F: Fn(u64, u64) -> Option<Request> + Send + Sync + 'static,
{
    let make = Arc::new(make);
    let mut running = JoinSet::new();
    let began = Instant::now();
    for number in 0..clients {
        let make = make.clone();
        let mut client = Client::connect(port).await?;
        running.spawn(async move {
            let mut answered = 0;
            while began.elapsed() < length
                && let Some(request) = make(number, answered)
            {
                let answer = client.send(&request).await?;
                if !answer.is_success() {
                    bail!("{}: {} {}", request.path, answer.status, answer.text());
                }
                answered += 1;
            }
            Ok(answered)
        });
    }
    let mut answered = 0;
    while let Some(done) = running.join_next().await {
        answered += done??;
    }
    Ok(Tally {
        answered,
        elapsed: began.elapsed(),
    })
}

/// So many requests a second, for so long, to the nodes in turn. A request that a node does not
/// answer goes to the next one under the same name, until it is answered.
pub async fn open<F>(ports: &[u16], rate: u64, length: Duration, make: F) -> Result<Tally>
where
    F: Fn(u64) -> Request,
{
    let pools = Arc::new(Pools::new(ports));
    let answered = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let gap = Duration::from_micros(1_000_000 / rate.max(1));
    let mut running = JoinSet::new();
    let mut number = 0_u32;
    while gap * number < length {
        sleep_until(began + gap * number).await;
        let (pools, answered) = (pools.clone(), answered.clone());
        let request = make(u64::from(number));
        let first = usize::try_from(number)?;
        running.spawn(async move {
            let outcome = pools.send_until_answered(first, &request).await;
            answered.fetch_add(u64::from(outcome.is_ok()), Ordering::Relaxed);
            outcome
        });
        number += 1;
    }
    while let Some(done) = running.join_next().await {
        done??;
    }
    Ok(Tally {
        answered: answered.load(Ordering::Relaxed),
        elapsed: began.elapsed(),
    })
}

/// How often a request is tried before the measurement is given up.
const TRIES: usize = 200;
/// How long to wait before a node is asked again.
const PAUSE: Duration = Duration::from_millis(50);

/// Idle connections to each node.
struct Pools(Vec<(u16, Mutex<Vec<Client>>)>);

impl Pools {
    fn new(ports: &[u16]) -> Self {
        let pool = |port: &u16| (*port, Mutex::new(Vec::new()));
        Self(ports.iter().map(pool).collect())
    }

    async fn send_until_answered(&self, first: usize, request: &Request) -> Result<()> {
        let mut last = "no connection".to_owned();
        for attempt in 0..TRIES {
            let (port, idle) = &self.0[(first + attempt) % self.0.len()];
            let kept = idle.lock().ok().and_then(|mut idle| idle.pop());
            let client = match kept {
                Some(client) => Ok(client),
                None => Client::connect(*port).await,
            };
            if let Ok(mut client) = client
                && let Ok(answer) = client.send(request).await
            {
                if answer.is_success() {
                    if let Ok(mut idle) = idle.lock() {
                        idle.push(client);
                    }
                    return Ok(());
                }
                if answer.status == 409 && answer.text().contains("engagement_ended") {
                    // It was done, and the answer was lost with a node.
                    return Ok(());
                }
                last = format!("{} {}", answer.status, answer.text());
                if !matches!(answer.status, 409 | 429 | 503) {
                    bail!("{}: {} {}", request.path, answer.status, answer.text());
                }
            }
            if attempt >= self.0.len() {
                sleep(PAUSE).await;
            }
        }
        bail!("{} was never answered: {last}", request.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_count_by_a_time() {
        assert_eq!(per_second(3, Duration::from_millis(1_500)), 2);
        assert_eq!(per_second(0, Duration::ZERO), 0);
    }
}
