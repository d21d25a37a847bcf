//! Payloads and small steps that the tests share.

use db::testing::Sandbox;
use jobs::{Claimed, Payload};
use kernel::JobId;

#[derive(serde::Serialize)]
pub struct Greeting {
    pub to: u32,
}

impl Payload for Greeting {
    fn kind(&self) -> &'static str {
        "greeting"
    }
}

pub fn enqueue(sandbox: &mut Sandbox, to: u32) -> JobId {
    sandbox
        .write(|tx| jobs::enqueue(tx, &Greeting { to }))
        .unwrap()
}

pub fn claim(sandbox: &mut Sandbox) -> Vec<Claimed> {
    sandbox.write(|tx| jobs::claim(tx, 10)).unwrap()
}

/// Claims what must be exactly one job.
pub fn claim_one(sandbox: &mut Sandbox) -> Claimed {
    let mut claimed = claim(sandbox);
    assert_eq!(claimed.len(), 1, "{claimed:?}");
    claimed.remove(0)
}
