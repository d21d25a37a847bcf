//! Statements run beside the platform: to arrange rows, to look at them, and as ceilings.

use std::{
    ffi::OsStr,
    fs,
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

/// Runs a script with psql, and gives the lines it printed.
pub fn run(url: &str, script: &str) -> Result<Vec<String>> {
    run_with(url, script, &[])
}

/// The same with psql variables.
pub fn run_with(url: &str, script: &str, variables: &[(&str, String)]) -> Result<Vec<String>> {
    let mut command = Command::new("psql");
    command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-"]);
    for (name, value) in variables {
        command.arg("-v").arg(format!("{name}={value}"));
    }
    let mut child = command
        .arg(url)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("psql is needed: apt-get install postgresql-client")?;
    if let Some(mut stdin) = child.stdin.take() {
        // Where psql ended early, its exit status and what it said tell why.
        let _ = stdin.write_all(script.as_bytes());
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("psql: {}", String::from_utf8_lossy(&output.stderr));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().map(str::to_owned).collect())
}

/// What PostgreSQL spent most of its time on since the last call: for each statement how often it
/// was executed and planned, and the microseconds of each execution. What functions do is counted
/// apart, and in the statement that calls them as well.
pub fn statements(url: &str) -> Result<Vec<String>> {
    run(
        url,
        "SELECT format('%8s executed %8s planned %6s µs  %s', calls, plans,
                       round(1000 * (total_exec_time + total_plan_time) / calls),
                       left(translate(query, chr(10), ' '), 160))
           FROM pg_stat_statements WHERE calls > 5
          ORDER BY total_exec_time + total_plan_time DESC LIMIT 40;
         SELECT FROM pg_stat_statements_reset()",
    )
}

/// The one number that a query returns.
pub fn number(url: &str, query: &str) -> Result<u64> {
    let lines = run(url, query)?;
    let line = lines.first().context("the query returned nothing")?;
    line.parse()
        .with_context(|| format!("{line} is not a number"))
}

/// Runs a statement again and again with pgbench, prepared, and gives how many it did a second.
pub fn pgbench(url: &str, statement: &str, clients: u64, seconds: u64) -> Result<u64> {
    let script = ScriptFile::new(statement)?;
    let (clients, seconds) = (clients.to_string(), seconds.to_string());
    let output = Command::new(pgbench_program())
        .args(["-n", "-M", "prepared", "-j", "1", "-c", &clients])
        .args(["-T", &seconds, "-f"])
        .arg(&script.0)
        .arg(url)
        .stdin(Stdio::null())
        .output()
        .context("pgbench is needed: apt-get install postgresql-contrib")?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        bail!("pgbench: {}", String::from_utf8_lossy(&output.stderr));
    }
    let tps = said
        .lines()
        .find_map(|line| line.strip_prefix("tps = "))
        .and_then(|rest| rest.split('.').next()?.parse().ok());
    tps.with_context(|| format!("pgbench printed no rate: {said}"))
}

/// In the search path, else where Debian keeps it.
fn pgbench_program() -> PathBuf {
    let found = |path: &PathBuf| path.is_file();
    let searched = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&searched)
        .map(|directory| directory.join("pgbench"))
        .find(found);
    in_path
        .or_else(|| {
            let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
                .ok()?
                .filter_map(|entry| Some(entry.ok()?.path().join("bin/pgbench")))
                .filter(found)
                .collect();
            versions.sort();
            versions.pop()
        })
        .unwrap_or_else(|| OsStr::new("pgbench").into())
}

/// A file that is gone when it is no longer needed.
struct ScriptFile(PathBuf);

impl ScriptFile {
    fn new(text: &str) -> Result<Self> {
        let name = format!("gigdesk-bench-{}.sql", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, text)?;
        Ok(Self(path))
    }
}

impl Drop for ScriptFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
