//! `gigdesk simulate`: plays recorded conversations through the API to their end.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use secrecy::ExposeSecret as _;
use simulation::{Replay, Report, Target, Wanted};

use super::inhouse::{self, Running};
use crate::settings::Settings;

/// What is played, and where.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// A file with one conversation a line (JSON); without it, those that come with Gigdesk
    #[arg(long, value_name = "FILE")]
    conversations: Option<PathBuf>,

    /// A record of calls (CSV) from which the customers' arrivals are taken; without it, they come
    /// as fast as the agents can take them
    #[arg(long, value_name = "FILE")]
    arrivals: Option<PathBuf>,

    /// How many times faster than recorded; 0 for no pauses at all
    #[arg(long, default_value_t = 0)]
    speed: u32,

    /// Only the first so many conversations
    #[arg(long)]
    count: Option<usize>,

    /// How many agents take part
    #[arg(long, default_value_t = 20)]
    agents: usize,

    /// Where to write the report as JSON
    #[arg(long, value_name = "FILE.json")]
    report: Option<PathBuf>,

    /// Tells this replay from others on the same platform
    #[arg(long)]
    label: Option<String>,

    /// A platform that is running; without it, one is started for the purpose and thrown away.
    /// Needs an admin's address and password, and the platform's letters in the data directory
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

/// Plays, prints the closing table, and fails unless nothing was lost, doubled or broken.
pub fn run(settings: Settings, arguments: &Arguments) -> Result<ExitCode> {
    let report = match &arguments.url {
        Some(url) => {
            let target = running_target(&settings, url)?;
            play(&target, arguments)?
        }
        None => play_in_house(settings, arguments)?,
    };
    println!("{report}");
    if let Some(path) = &arguments.report {
        let json = serde_json::to_string_pretty(&report)?;
        fs::write(path, json + "\n").with_context(|| path.display().to_string())?;
    }
    Ok(if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn running_target(settings: &Settings, url: &str) -> Result<Target> {
    let (Some(email), Some(password)) = (&settings.admin_email, &settings.admin_password) else {
        return Err(anyhow!(
            "with --url, GIGDESK_ADMIN_EMAIL and GIGDESK_ADMIN_PASSWORD must be those of an admin"
        ));
    };
    Ok(Target {
        base_url: url.trim_end_matches('/').to_owned(),
        admin_email: email.clone(),
        admin_password: password.expose_secret().to_owned(),
        outbox: settings.data_dir().join("outbox"),
    })
}

/// Plays on a platform in a directory of its own, which is removed afterwards.
fn play_in_house(settings: Settings, arguments: &Arguments) -> Result<Report> {
    let bind = inhouse::free_address()?;
    let public_url = format!("http://{bind}");
    let data_dir = std::env::temp_dir().join(format!("gigdesk-simulate-{}", std::process::id()));
    fs::create_dir_all(&data_dir)?;
    let target = Target {
        base_url: public_url.clone(),
        admin_email: inhouse::ADMIN.to_owned(),
        admin_password: inhouse::PASSWORD.to_owned(),
        outbox: data_dir.join("outbox"),
    };
    let running = Running::start(inhouse::for_demonstration(Settings {
        bind,
        public_url: public_url.parse().map_err(|refusal| anyhow!("{refusal}"))?,
        data_dir: Some(data_dir.clone()),
        database_url: None,
        secret: None,
        ..settings
    }))?;
    let report = play(&target, arguments);
    running.stop()?;
    fs::remove_dir_all(&data_dir).with_context(|| data_dir.display().to_string())?;
    report
}

fn play(target: &Target, arguments: &Arguments) -> Result<Report> {
    let bar = ProgressBar::new_spinner();
    bar.set_style(ProgressStyle::with_template(
        "{elapsed_precise} [{bar:40}] {pos}/{len} conversations {msg}",
    )?);
    let wanted = Wanted {
        agents: arguments.agents,
        for_demo: false,
        password: inhouse::PASSWORD.to_owned(),
    };
    let replay = Replay {
        conversations: arguments.conversations.clone(),
        arrivals: arguments.arrivals.clone(),
        speed: arguments.speed,
        count: arguments.count,
        agents: arguments.agents,
        label: arguments.label.clone(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let tell = |what: &str| bar.set_message(format!("(setting up: {what})"));
        let marketplace = simulation::set_up(target, &wanted, &tell).await?;
        bar.set_message("");
        simulation::replay(target, &marketplace, &replay, &bar).await
    })
}
