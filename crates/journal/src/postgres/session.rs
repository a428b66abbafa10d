//! One connection and its transactions, each with its own limits.
//!
//! Nothing outlives a transaction: settings are local to it, statements have no names. So a pooler may
//! give every transaction another connection of the server's (pgbouncer's transaction mode).

use std::borrow::Cow;
use std::cell::Cell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use futures_util::future::{join, try_join_all};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use super::address::Address;
use super::driver::{Driver, wait};
use super::fault::Fault;
use crate::Result;

/// One statement of a batch, or one page of a list, far exceeds its normal time.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long to wait for the head of a workspace; longer than `IDLE_TIMEOUT`, so that a node that stopped
/// in the middle of a transaction holds others up, but does not make them fail.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);
/// A node that says nothing for so long within a transaction has stopped; the server takes its locks away.
const IDLE_TIMEOUT: Duration = Duration::from_secs(3);
/// Between two pages of a copy its other end reads or writes one, on a disk that may be slow.
const COPY_IDLE_TIMEOUT: Duration = Duration::from_secs(120);
/// Beyond the server's own limits: then the server does not answer at all.
const ANSWER_WITHIN: Duration = Duration::from_secs(40);
/// Migrations wait for other nodes' migrations and rewrite what they must.
const MIGRATION_TIMEOUT: Duration = Duration::from_secs(3_600);

/// A value and its type on the server: known here, so that nothing has to be asked or prepared.
pub(super) trait Value: ToSql + Sync {
    const TYPE: Type;
}

macro_rules! values {
    ($($name:ty => $type:ident / $array:ident)*) => {$(
        impl Value for $name { const TYPE: Type = Type::$type; }
        impl Value for Option<$name> { const TYPE: Type = Type::$type; }
        impl Value for Vec<$name> { const TYPE: Type = Type::$array; }
        impl Value for Vec<Option<$name>> { const TYPE: Type = Type::$array; }
    )*};
}
values! { i64 => INT8 / INT8_ARRAY  bool => BOOL / BOOL_ARRAY  &str => TEXT / TEXT_ARRAY  &[u8] => BYTEA / BYTEA_ARRAY }

/// A statement with its values.
pub(super) struct Query<'a> {
    sql: Cow<'a, str>,
    values: Vec<(Box<dyn ToSql + Sync + 'a>, Type)>,
}

impl<'a> Query<'a> {
    pub(super) fn new(sql: impl Into<Cow<'a, str>>) -> Query<'a> {
        Query { sql: sql.into(), values: Vec::new() }
    }

    /// Gives the next parameter its value.
    pub(super) fn bind<V: Value + 'a>(mut self, value: V) -> Query<'a> {
        self.push(value);
        self
    }

    /// The same, and says the parameter's number.
    pub(super) fn push<V: Value + 'a>(&mut self, value: V) -> usize {
        self.values.push((Box::new(value), V::TYPE));
        self.values.len()
    }

    pub(super) fn add_sql(&mut self, more: &str) {
        self.sql.to_mut().push_str(more);
    }
}

/// A connection in use.
pub(super) struct Session {
    client: Client,
    schema: String,
    /// Left in the middle of something: never used again.
    broken: Cell<bool>,
}

type Answer<'s> = Pin<Box<dyn Future<Output = Result<Vec<Row>, tokio_postgres::Error>> + 's>>;

impl Session {
    pub(super) fn open(driver: &Driver, address: &Address) -> Result<Session, Fault> {
        let client = driver.connect(address)?;
        Ok(Session { client, schema: address.schema.clone(), broken: Cell::new(false) })
    }

    pub(super) fn is_usable(&self) -> bool {
        !self.broken.get() && !self.client.is_closed()
    }

    /// Reads in one round trip, from one snapshot.
    pub(super) fn read(&self, queries: &[Query<'_>]) -> Result<Vec<Vec<Row>>, Fault> {
        let begin = format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {}", self.limits(STATEMENT_TIMEOUT));
        let mut answers = vec![self.text(&begin)];
        answers.extend(queries.iter().map(|query| self.ask(query)));
        answers.push(self.text("COMMIT"));
        let mut rows = self.finished(try_join_all(answers), ANSWER_WITHIN)?;
        rows.pop();
        rows.remove(0);
        Ok(rows)
    }

    /// Begins a transaction that writes, and runs the queries that lock and read what it depends on: one round trip.
    pub(super) fn begin(&self, queries: &[Query<'_>]) -> Result<Vec<Vec<Row>>, Fault> {
        // Stronger settings of the server stay; weaker ones would answer for what is not on disk.
        let begin = format!(
            "BEGIN; {}; SELECT set_config('synchronous_commit', 'on', true)
             WHERE current_setting('synchronous_commit') IN ('off', 'local')",
            self.limits(STATEMENT_TIMEOUT)
        );
        let mut answers = vec![self.text(&begin)];
        answers.extend(queries.iter().map(|query| self.ask(query)));
        let mut rows = self.finished(try_join_all(answers), ANSWER_WITHIN)?;
        rows.remove(0);
        Ok(rows)
    }

    /// Runs queries within the present transaction, in one round trip; in none where there are none.
    pub(super) fn look_up(&self, queries: &[Query<'_>]) -> Result<Vec<Vec<Row>>, Fault> {
        if queries.is_empty() {
            return Ok(Vec::new());
        }
        self.finished(try_join_all(queries.iter().map(|query| self.ask(query))), ANSWER_WITHIN)
    }

    /// Begins a transaction that copies everything: whoever reads or writes at the other end may take long.
    pub(super) fn begin_copy(&self, mode: &str) -> Result<(), Fault> {
        let begin = format!(
            "BEGIN {mode}; {}; SET LOCAL idle_in_transaction_session_timeout = {}",
            self.limits(MIGRATION_TIMEOUT),
            COPY_IDLE_TIMEOUT.as_millis()
        );
        self.finished(self.text(&begin), ANSWER_WITHIN).map(|_| ())
    }

    /// Commits what was copied.
    pub(super) fn end_copy(&self) -> Result<(), Fault> {
        self.finished(self.text("COMMIT"), MIGRATION_TIMEOUT).map(|_| ())
    }

    /// Begins a transaction for a migration. The lock is bound to the transaction: nodes that start together queue here.
    pub(super) fn begin_migration(&self) -> Result<(), Fault> {
        let begin = format!(
            "BEGIN; {}; SET LOCAL lock_timeout = 0;
             SELECT pg_advisory_xact_lock(hashtextextended('watchbell migration of ' || current_schema(), 0))",
            self.limits(MIGRATION_TIMEOUT)
        );
        self.finished(self.text(&begin), MIGRATION_TIMEOUT).map(|_| ())
    }

    /// Writes and commits in one round trip. A server that refuses a write rolls everything back,
    /// since a failed transaction cannot commit; an error that says that the connection is lost says
    /// nothing about the outcome.
    pub(super) fn write_and_commit(&self, writes: &[Query<'_>]) -> Result<(), Fault> {
        let both = async {
            let mut written = pin!(try_join_all(writes.iter().map(|query| self.ask(query))));
            // The first poll sends. What cannot even be sent must not be left out of what is committed.
            let sent = poll_fn(|context| Poll::Ready(written.as_mut().poll(context))).await;
            match sent {
                Poll::Ready(Err(error)) => {
                    self.client.batch_execute("ROLLBACK").await?;
                    Err(error)
                }
                Poll::Ready(Ok(_)) => self.client.batch_execute("COMMIT").await,
                Poll::Pending => {
                    let (written, committed) = join(written, self.client.batch_execute("COMMIT")).await;
                    written.and(committed)
                }
            }
        };
        self.finished(both, ANSWER_WITHIN)
    }

    /// Runs statements without values within the present transaction.
    pub(super) fn run(&self, sql: &str) -> Result<(), Fault> {
        self.finished(self.text(sql), ANSWER_WITHIN).map(|_| ())
    }

    /// Runs a migration's file, and commits.
    pub(super) fn migrate(&self, sql: &str) -> Result<(), Fault> {
        self.finished(self.text(sql), MIGRATION_TIMEOUT)?;
        self.finished(self.text("COMMIT"), MIGRATION_TIMEOUT).map(|_| ())
    }

    /// Reads within the present transaction.
    pub(super) fn query(&self, query: &Query<'_>) -> Result<Vec<Row>, Fault> {
        self.finished(self.ask(query), ANSWER_WITHIN)
    }

    /// Ends the present transaction without a trace. A connection that cannot do that is not used again,
    /// and the server ends its transaction.
    pub(super) fn roll_back(&self) {
        if self.run("ROLLBACK").is_err() {
            self.broken.set(true);
        }
    }

    fn finished<T>(
        &self,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
        limit: Duration,
    ) -> Result<T, Fault> {
        let done = wait(work, limit).ok_or(Fault::Silent).and_then(|done| done.map_err(Fault::Sql));
        if done.as_ref().is_err_and(Fault::is_lost) {
            self.broken.set(true);
        }
        done
    }

    fn text<'s>(&'s self, sql: &'s str) -> Answer<'s> {
        Box::pin(async move { self.client.batch_execute(sql).await.map(|()| Vec::new()) })
    }

    fn ask<'s>(&'s self, query: &'s Query<'s>) -> Answer<'s> {
        Box::pin(async move {
            let values: Vec<(&(dyn ToSql + Sync), Type)> =
                query.values.iter().map(|(value, of)| (&**value, of.clone())).collect();
            self.client.query_typed(&query.sql, &values).await
        })
    }

    fn limits(&self, statement: Duration) -> String {
        format!(
            "SET LOCAL search_path = {}; SET LOCAL statement_timeout = {}; SET LOCAL lock_timeout = {};
             SET LOCAL idle_in_transaction_session_timeout = {}",
            self.schema,
            statement.as_millis(),
            LOCK_TIMEOUT.as_millis(),
            IDLE_TIMEOUT.as_millis()
        )
    }
}
