//! `gigdesk explain`: why an offer came about, in plain words.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use dispatch::agent_of;
use kernel::{AgentId, OfferId};

use super::Database;
use crate::{
    explained::{Explained, in_words},
    settings::Settings,
};

/// Which offer, and about whom.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// The offer, such as `off_0190…`
    offer: OfferId,

    /// Say what was made of this agent, too
    #[arg(long, value_name = "AGENT")]
    agent: Option<AgentId>,
}

/// Prints the explanation.
pub fn run(settings: &Settings, arguments: &Arguments) -> Result<ExitCode> {
    let database = Database::open(settings)?;
    let id = arguments.offer;
    let explained = database
        .connect(1)?
        .read_blocking(|conn| Explained::look(conn, id));
    database.close()?;
    let explained = explained?;
    let Explained {
        offer,
        record,
        explanation,
        names,
        ..
    } = &explained;
    println!(
        "{} was made at {} by version {} of the policy.",
        offer.id,
        record.decided_at.format("%Y-%m-%d %H:%M:%S%.3f UTC"),
        offer.policy_version.unwrap_or_default()
    );
    println!("{}\n", explanation.words);
    for candidate in &explanation.candidates {
        let name = names.get(&agent_of(candidate.agent));
        let parts: Vec<String> = candidate
            .parts
            .named()
            .into_iter()
            .map(|(part, points)| format!("{part} {points}"))
            .collect();
        println!(
            "{} {:>6}  {:<24} {}",
            if candidate.asked { "*" } else { " " },
            candidate.total,
            name.map_or("?", String::as_str),
            parts.join(", ")
        );
    }
    for (objection, count) in &explanation.objections {
        println!("  {count} × {objection}");
    }
    if let Some(agent) = arguments.agent {
        println!("\n{agent}: {}", in_words(&explained.why_not(agent)));
    }
    Ok(ExitCode::SUCCESS)
}
