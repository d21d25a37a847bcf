//! `gigdesk demo`: a marketplace that is alive, for somebody who looks around.

use std::{fs, net::TcpListener, process::ExitCode, time::Duration};

use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use simulation::{Credentials, Marketplace, Target, Wanted};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use super::inhouse::{self, Running};
use crate::settings::Settings;

/// How the demonstration starts.
#[derive(Args, Clone, Copy, Debug)]
pub struct Arguments {
    /// Throw the data of the last demonstration away first
    #[arg(long)]
    fresh: bool,
}

/// Serves the demonstration until SIGINT or SIGTERM. Its data stays.
pub fn run(settings: Settings, arguments: Arguments) -> Result<ExitCode> {
    if !settings.bind.ip().is_loopback() {
        return Err(anyhow!(
            "the demonstration has well-known passwords and is for this machine only; \
             leave GIGDESK_BIND at a loopback address"
        ));
    }
    // Nothing is touched while another demonstration is at it.
    TcpListener::bind(settings.bind).with_context(|| {
        format!(
            "{} is in use; stop what listens there, or set GIGDESK_BIND",
            settings.bind
        )
    })?;
    let data_dir = settings.data_dir().join("demo");
    if arguments.fresh && data_dir.exists() {
        println!("Throwing the data of the last demonstration away …");
        fs::remove_dir_all(&data_dir).with_context(|| data_dir.display().to_string())?;
    }
    fs::create_dir_all(&data_dir).with_context(|| data_dir.display().to_string())?;
    let url = settings.public_url.to_string();
    let target = Target {
        base_url: format!("http://{}", settings.bind),
        admin_email: inhouse::ADMIN.to_owned(),
        admin_password: inhouse::PASSWORD.to_owned(),
        outbox: data_dir.join("outbox"),
    };
    println!("Starting a private PostgreSQL in {} …", data_dir.display());
    let running = Running::start(inhouse::for_demonstration(Settings {
        data_dir: Some(data_dir),
        database_url: None,
        secret: None,
        ..settings
    }))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let played = runtime.block_on(play(&target, &url));
    running.stop()?;
    played?;
    println!("Stopped. The data is kept; `--fresh` starts anew.");
    Ok(ExitCode::SUCCESS)
}

async fn play(target: &Target, url: &str) -> Result<()> {
    let (stop, stopped) = watch::channel(false);
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let playing = async {
        let wanted = Wanted {
            agents: 0,
            for_demo: true,
            password: inhouse::PASSWORD.to_owned(),
        };
        println!("Opening the marketplace through its own API …");
        let tell = |what: &str| println!("  {what}");
        let marketplace = simulation::set_up(target, &wanted, &tell).await?;
        welcome(&marketplace, url);
        simulation::live(target, &marketplace, stopped).await
    };
    tokio::pin!(playing);
    tokio::select! {
        played = &mut playing => return played,
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    println!("\nStopping …");
    let _ = stop.send(true);
    // Customers and agents get a moment to put things down.
    let _ = tokio::time::timeout(Duration::from_secs(3), playing).await;
    Ok(())
}

/// One sign-in for each role, and what to open first.
fn welcome(marketplace: &Marketplace, url: &str) {
    let sign_in = |role: &str, who: &Credentials| {
        println!("  {role:<17} {:<42} {}", who.email, who.password);
    };
    println!("\nGigdesk is at {url}\n\nSign in as");
    if let Some(visitor) = &marketplace.visitor {
        sign_in("agent", visitor);
    }
    sign_in("supervisor", &marketplace.supervisor);
    sign_in("finance preparer", &marketplace.finance_preparer);
    sign_in("finance approver", &marketplace.finance_approver);
    sign_in("admin", &marketplace.admin);
    println!(
        "\nOpen first\n  {url}/desk      as the agent: go available; a customer arrives within seconds\n  \
         {url}/ops       as the supervisor: the live queue\n  \
         {url}/finance   as finance: payout runs\n\n\
         Letters, such as invitations and codes, are at {url}/dev/outbox\nCtrl-C stops everything."
    );
}
