//! The platform under test: a private durable PostgreSQL and nodes on the loopback.

use std::{
    env,
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, bail};
use local_postgres::{DATABASE, Server};

use super::{client::Client, sql};

/// What the nodes derive their keys from. It guards nothing but rows made for the measurement.
pub const SECRET: &str = "the secret of a bench on loopback";
/// A node that does not answer in this time does not start.
const PATIENCE: Duration = Duration::from_mins(1);

/// A database of one's own, and the nodes that serve it. All of it ends with this value.
pub struct Platform {
    program: PathBuf,
    directory: PathBuf,
    server: Option<Server>,
    url: String,
    nodes: Vec<Node>,
}

/// One `gigdesk` process.
pub struct Node {
    child: Child,
    port: u16,
    arguments: Vec<String>,
}

impl Node {
    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Pulls the plug: SIGKILL, nothing of it gets to run any more.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Platform {
    /// Starts a durable PostgreSQL in a new directory below `parent`, and brings it up to date.
    pub fn start(parent: &Path, counts_statements: bool) -> Result<Self> {
        let directory = parent.join(format!("bench-{}", std::process::id()));
        let mut platform = Self {
            program: program()?,
            directory,
            server: None,
            url: String::new(),
            nodes: Vec::new(),
        };
        platform.start_postgres()?;
        // The instant of a commit is what latency is measured by.
        sql::run(
            &platform.url,
            "ALTER SYSTEM SET track_commit_timestamp = on",
        )?;
        if counts_statements {
            sql::run(
                &platform.url,
                "ALTER SYSTEM SET shared_preload_libraries = pg_stat_statements",
            )?;
        }
        platform.stop_postgres()?;
        platform.start_postgres()?;
        let migrated = platform.command(&["migrate"], 0)?.status()?;
        if !migrated.success() {
            bail!("the migrations failed: {}", platform.log());
        }
        if counts_statements {
            sql::run(
                &platform.url,
                "CREATE EXTENSION pg_stat_statements;
                 ALTER SYSTEM SET pg_stat_statements.track = 'all';
                 ALTER SYSTEM SET pg_stat_statements.track_planning = on;
                 SELECT FROM pg_reload_conf()",
            )?;
        }
        Ok(platform)
    }

    /// The database, for libpq.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The nodes that run.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The first process of PostgreSQL.
    pub fn postgres_pid(&self) -> Result<u32> {
        let server = self.server.as_ref().context("PostgreSQL is stopped")?;
        Ok(server.pid())
    }

    /// Starts one more node, and waits until it answers. With `--no-worker` it matches nothing.
    pub async fn add_node(&mut self, arguments: &[&str]) -> Result<u16> {
        let port = free_port()?;
        let node = self.spawn(arguments, port)?;
        self.nodes.push(node);
        self.wait_for(port).await?;
        Ok(port)
    }

    /// Starts the killed node at this index again, on its old port; does not wait for it.
    pub fn revive(&mut self, index: usize) -> Result<()> {
        let node = self.nodes.get(index).context("no such node")?;
        let (port, arguments) = (node.port, node.arguments.clone());
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.nodes[index] = self.spawn(&words, port)?;
        Ok(())
    }

    /// Kills the node at this index.
    pub fn kill_node(&mut self, index: usize) -> Result<()> {
        self.nodes.get_mut(index).context("no such node")?.kill()
    }

    /// Ends all nodes.
    pub fn kill_nodes(&mut self) {
        self.nodes.clear();
    }

    /// Makes PostgreSQL drop everything, as `pg_ctl stop -m immediate` does, and starts it again.
    pub fn crash_postgres(&mut self) -> Result<()> {
        let pid = self.postgres_pid()?;
        let told = Command::new("kill")
            .args(["-QUIT", &pid.to_string()])
            .status()?;
        if !told.success() {
            bail!("PostgreSQL was not there to be crashed");
        }
        let began = Instant::now();
        while Path::new("/proc").join(pid.to_string()).exists() {
            if began.elapsed() > PATIENCE {
                bail!("PostgreSQL does not end");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.server = None;
        self.start_postgres()
    }

    /// Runs a subcommand of `gigdesk` to its end, and gives what it printed; fails if it did.
    pub fn gigdesk(&self, arguments: &[&str]) -> Result<String> {
        let output = self
            .command(arguments, 0)?
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output()?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        if output.status.success() {
            Ok(said)
        } else {
            Err(anyhow!("gigdesk {arguments:?} failed: {said}"))
        }
    }

    async fn wait_for(&mut self, port: u16) -> Result<()> {
        let began = Instant::now();
        while Client::connect(port).await.is_err() {
            let ended = match self.nodes.last_mut() {
                Some(node) => node.child.try_wait()?.is_some(),
                None => true,
            };
            if ended || began.elapsed() > PATIENCE {
                bail!("the node does not answer: {}", self.log());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    fn start_postgres(&mut self) -> Result<()> {
        let server = Server::start(&local_postgres::Settings::new(&self.directory))
            .context("the private PostgreSQL does not start")?;
        self.url = server.url(DATABASE);
        self.server = Some(server);
        Ok(())
    }

    fn stop_postgres(&mut self) -> Result<()> {
        match self.server.take() {
            Some(server) => server
                .stop()
                .context("the private PostgreSQL does not stop"),
            None => Ok(()),
        }
    }

    fn spawn(&self, arguments: &[&str], port: u16) -> Result<Node> {
        let words = [&["serve"], arguments].concat();
        Ok(Node {
            child: self.command(&words, port)?.spawn()?,
            port,
            arguments: arguments.iter().map(|&word| word.to_owned()).collect(),
        })
    }

    /// The program with the settings of this platform and none of whoever runs the measurement.
    fn command(&self, arguments: &[&str], port: u16) -> Result<Command> {
        let log = File::options()
            .append(true)
            .create(true)
            .open(self.log_path())?;
        let mut command = Command::new(&self.program);
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("GIGDESK_") {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .env("DATABASE_URL", &self.url)
            .env("GIGDESK_SECRET", SECRET)
            .env("GIGDESK_DATA_DIR", self.directory.join("gigdesk"))
            .env("GIGDESK_BIND", format!("127.0.0.1:{port}"))
            .env("GIGDESK_PUBLIC_URL", format!("http://127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        Ok(command)
    }

    fn log_path(&self) -> PathBuf {
        self.directory.join("nodes.log")
    }

    /// The last lines that the nodes wrote.
    pub fn log(&self) -> String {
        let text = fs::read_to_string(self.log_path()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.nodes.clear();
        // Nobody is left to be told; what cannot be removed is rows of a measurement.
        let _ = self.stop_postgres();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// The `gigdesk` that was built beside this program.
fn program() -> Result<PathBuf> {
    let path = env::current_exe()?.with_file_name("gigdesk");
    if path.exists() {
        return Ok(path);
    }
    bail!("{} is missing; build the workspace first", path.display())
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    Ok(listener.local_addr()?.port())
}
