//! The pool, and the two kinds of transaction.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    IntoSql as _, PgConnection, QueryResult, RunQueryDsl as _,
    connection::{AnsiTransactionManager, SimpleConnection as _, TransactionManager},
    r2d2::{ConnectionManager, CustomizeConnection, Pool, PooledConnection},
    result::{DatabaseErrorKind, Error as DieselError},
};
use kernel::{Classify, TicketId};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
};

use crate::{
    bell::Bell,
    clock::Clock,
    contention::{CONTENTION, UNAVAILABLE, is_disconnect},
    tx::Tx,
};

/// How often a transaction that met contention is run before its caller hears of it.
const ATTEMPTS: u32 = 4;

/// Where the database is and how much of it this node may use.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A libpq URL.
    pub url: String,
    /// Connections this node holds at most.
    pub pool_size: u32,
}

/// The one door to PostgreSQL. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    pool: Pool<ConnectionManager<PgConnection>>,
    permits: Arc<Semaphore>,
    clock: Clock,
    bell: Bell,
    actor: Arc<str>,
    /// Who acts for which ticket, as JSON; where several act in one transaction.
    actors: Option<Arc<str>>,
}

#[derive(Debug)]
struct Customize;

impl CustomizeConnection<PgConnection, diesel::r2d2::Error> for Customize {
    fn on_acquire(&self, conn: &mut PgConnection) -> Result<(), diesel::r2d2::Error> {
        conn.batch_execute(
            "SET statement_timeout = '20s'; SET lock_timeout = '5s'; \
             SET idle_in_transaction_session_timeout = '30s'; SET timezone = 'UTC'; \
             SET default_transaction_read_only = on",
        )
        .map_err(diesel::r2d2::Error::QueryError)
    }
}

impl Db {
    /// Opens the pool, and checks that the database answers.
    pub fn connect(settings: &Settings) -> Result<Self, String> {
        let pool = Pool::builder()
            .max_size(settings.pool_size)
            .min_idle(Some(1))
            .test_on_check_out(false)
            .connection_timeout(Duration::from_secs(2))
            .connection_customizer(Box::new(Customize))
            .build(ConnectionManager::new(settings.url.clone()))
            .map_err(|error| format!("the database does not answer: {error}"))?;
        let permits = usize::try_from(settings.pool_size).unwrap_or(1);
        let db = Self {
            pool,
            permits: Arc::new(Semaphore::new(permits)),
            clock: Clock::default(),
            bell: Bell::start(settings.url.clone()),
            actor: "system".into(),
            actors: None,
        };
        db.follow_clock(TimeDelta::zero())
            .map_err(|error| error.to_string())?;
        Ok(db)
    }

    /// The same door, with every write on record as this actor's.
    #[must_use]
    pub fn acting_as(&self, actor: &str) -> Self {
        Self {
            actor: actor.into(),
            ..self.clone()
        }
    }

    /// The same door for several who act in one transaction: what is written about each ticket is on
    /// record as by whoever acts through the other door.
    #[must_use]
    pub fn acting_for<'d>(&self, each: impl IntoIterator<Item = (TicketId, &'d Self)>) -> Self {
        let actor = |(ticket, door): (TicketId, &Self)| {
            (
                ticket.uuid().to_string(),
                serde_json::Value::from(&*door.actor),
            )
        };
        let actors: serde_json::Map<_, _> = each.into_iter().map(actor).collect();
        Self {
            actors: Some(serde_json::Value::from(actors).to_string().into()),
            ..self.clone()
        }
    }

    /// The platform's clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The instant now.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Connections to the database that are open, and how many of them are idle.
    pub fn connections(&self) -> (u32, u32) {
        let state = self.pool.state();
        (state.connections, state.idle_connections)
    }

    /// The bell that tells what changed.
    pub fn bell(&self) -> &Bell {
        &self.bell
    }

    /// Compares this node's clock with the database's and corrects what is over 50 ms.
    pub fn check_clock(&self) -> QueryResult<()> {
        self.follow_clock(TimeDelta::milliseconds(50))
    }

    fn follow_clock(&self, tolerance: TimeDelta) -> QueryResult<()> {
        let mut conn = self.connection()?;
        let now = diesel::select(diesel::dsl::now.into_sql::<diesel::sql_types::Timestamptz>())
            .get_result(&mut conn)?;
        self.clock.follow(now, tolerance);
        Ok(())
    }

    /// Runs `work` in a write transaction, off the async threads, and commits it if it succeeds.
    /// Contention (a deadlock, a lock time-out) is met by running it again, so `work` must change
    /// nothing but the database. `name` goes into the audit trail.
    pub async fn write<T, E>(
        &self,
        name: &'static str,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: Classify + From<DieselError> + Send + 'static,
    {
        let db = self.clone();
        self.off_thread(move || db.write_blocking(name, work)).await
    }

    /// As [`Db::write`], on this thread.
    pub fn write_blocking<T, E>(
        &self,
        name: &str,
        mut work: impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: Classify + From<DieselError>,
    {
        let begin = self.begin_sql(name);
        let mut attempt = 1;
        loop {
            let mut conn = self.begin(&begin)?;
            match self.attempt(&mut conn, &mut work) {
                Err(error) if error.code() == CONTENTION && attempt < ATTEMPTS => {
                    tracing::debug!(name, attempt, "contention; once more");
                    std::thread::sleep(Duration::from_millis(u64::from(5 * attempt)));
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    fn attempt<T, E>(
        &self,
        conn: &mut PgConnection,
        work: &mut impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<DieselError>,
    {
        // A panic in `work` must not hand the pool a connection with an open transaction.
        let mut guard = RollbackOnDrop { conn, armed: true };
        let mut tx = Tx::new(guard.conn, self.clock.now());
        let value = work(&mut tx)?;
        let topics = tx.into_topics();
        guard.armed = false;
        AnsiTransactionManager::commit_transaction(&mut *guard.conn)?;
        self.bell.ring(&topics);
        Ok(value)
    }

    /// Runs `work` in a READ ONLY transaction, off the async threads.
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&mut PgConnection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DieselError> + Send + 'static,
    {
        let db = self.clone();
        self.off_thread(move || db.read_blocking(work)).await
    }

    /// As [`Db::read`], on this thread.
    pub fn read_blocking<T, E>(
        &self,
        work: impl FnOnce(&mut PgConnection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<DieselError>,
    {
        let mut conn = self.begin("BEGIN READ ONLY")?;
        let guard = RollbackOnDrop {
            conn: &mut conn,
            armed: true,
        };
        work(&mut *guard.conn)
    }

    /// Runs a single query, off the async threads, without the round trips that begin and end a
    /// transaction. Connections are READ ONLY until a write says otherwise, so it can write as
    /// little as in [`Db::read`]. On a connection that died while idle it is run again.
    pub async fn look<T, E>(
        &self,
        query: impl Fn(&mut PgConnection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: Classify + From<DieselError> + Send + 'static,
    {
        let db = self.clone();
        self.off_thread(move || db.look_blocking(query)).await
    }

    /// As [`Db::look`], on this thread.
    pub fn look_blocking<T, E>(
        &self,
        query: impl Fn(&mut PgConnection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: Classify + From<DieselError>,
    {
        let mut spares = self.pool.max_size();
        loop {
            let mut conn = self.connection()?;
            match query(&mut conn) {
                Err(error) if error.code() == UNAVAILABLE => {
                    discard(&mut conn);
                    if spares == 0 {
                        return Err(error);
                    }
                    spares -= 1;
                }
                outcome => return outcome,
            }
        }
    }

    /// As many are at work at once as there are connections: the rest waits here and holds no
    /// thread.
    pub(crate) async fn permit(&self) -> QueryResult<OwnedSemaphorePermit> {
        let permit = self.permits.clone().acquire_owned().await;
        permit.map_err(|_| unavailable("closed"))
    }

    /// Who acts, as it is on record.
    pub fn actor(&self) -> &str {
        &self.actor
    }

    async fn off_thread<T, E>(
        &self,
        work: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DieselError> + Send + 'static,
    {
        let permit = self.permit().await?;
        let outcome = spawn_blocking(move || {
            let outcome = work();
            drop(permit);
            outcome
        });
        match outcome.await {
            Ok(outcome) => outcome,
            Err(failed) => match failed.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(unavailable("shutting down").into()),
            },
        }
    }

    /// Begins a transaction; connections that died while idle are thrown away on the way.
    fn begin(&self, sql: &str) -> QueryResult<PooledConnection<ConnectionManager<PgConnection>>> {
        let spares = self.pool.max_size();
        let mut tries = 0;
        loop {
            let mut conn = self.connection()?;
            match AnsiTransactionManager::begin_transaction_sql(&mut *conn, sql) {
                Ok(()) => return Ok(conn),
                Err(error) if tries < spares && is_disconnect(&error) => {
                    tries += 1;
                    discard(&mut conn);
                }
                Err(error) => {
                    discard(&mut conn);
                    return Err(error);
                }
            }
        }
    }

    fn connection(&self) -> QueryResult<PooledConnection<ConnectionManager<PgConnection>>> {
        self.pool
            .get()
            .map_err(|error| unavailable(&error.to_string()))
    }

    fn begin_sql(&self, name: &str) -> String {
        let mut sql = String::from("BEGIN READ WRITE");
        let actors = self.actors.as_deref().map(|actors| ("actors", actors));
        for (setting, value) in [("actor", &*self.actor), ("action", name)]
            .into_iter()
            .chain(actors)
        {
            let _ = write!(
                sql,
                "; SET LOCAL gigdesk.{setting} = '{}'",
                value.replace('\'', "''")
            );
        }
        sql
    }
}

/// The pool throws a connection away whose transaction manager is in error.
fn discard(conn: &mut PgConnection) {
    AnsiTransactionManager::transaction_manager_status_mut(conn).set_in_error();
}

pub(crate) fn unavailable(message: &str) -> DieselError {
    DieselError::DatabaseError(
        DatabaseErrorKind::UnableToSendCommand,
        Box::new(format!("the database is not available: {message}")),
    )
}

struct RollbackOnDrop<'c> {
    conn: &'c mut PgConnection,
    armed: bool,
}

impl Drop for RollbackOnDrop<'_> {
    fn drop(&mut self) {
        if self.armed && AnsiTransactionManager::rollback_transaction(&mut *self.conn).is_err() {
            discard(self.conn);
        }
    }
}
