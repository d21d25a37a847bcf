//! Memory: one node with many agents who watch their desks.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail};
use tokio::{task::JoinSet, time::sleep};

use super::{
    client::{Client, Request},
    report::{Bound, Figure, Ratio},
    stage::Stage,
    usage::resident_mib,
};

/// How many watch.
const STREAMS: usize = 2_000;

/// Measures what a node holds while all of them watch.
pub async fn measure(stage: &mut Stage) -> Result<()> {
    let port = stage.serve(&["--no-worker"]).await?;
    let people = Arc::clone(&stage.people);
    let mut watching = JoinSet::new();
    for agent in people.agents.iter().take(STREAMS) {
        let client = Client::connect(port).await?;
        let request = Request::get("/desk/events", &agent.token);
        watching.spawn(client.listen(request));
        // They do not all come in the same instant.
        sleep(Duration::from_micros(500)).await;
    }
    sleep(Duration::from_secs(if stage.plan.is_quick {
        3
    } else {
        15
    }))
    .await;
    if let Some(ended) = watching.try_join_next() {
        bail!("a stream ended: {ended:?}: {}", stage.platform.log());
    }
    let node = stage.platform.nodes().first().context("no node")?;
    let mib = resident_mib(node.pid())?;
    watching.shutdown().await;
    let what = format!("memory of a node with {STREAMS} streams");
    stage.report.add(Figure::new(what.clone(), "MiB").once(mib));
    let bound = Bound::AtMost(Ratio::milli(150_000));
    let what = format!("{what}, in MiB");
    stage
        .report
        .judge("memory", &what, Ratio::milli(mib * 1_000), bound);
    Ok(())
}
