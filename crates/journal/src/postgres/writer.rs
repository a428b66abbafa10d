//! Commits: one batch, one transaction, two round trips. The first locks the head, the second writes and
//! commits; where a change names rows that may be there already, they are looked up in between.

use std::cell::{Cell, OnceCell};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::column::{self, Fields, HEAD, signed};
use super::facts::{Facts, Named};
use super::fault::Fault;
use super::session::{Query, Session};
use super::{Shared, outbox, rows};
use crate::chain::{self, Sealed};
use crate::store::{Present, Writer};
use crate::{Batch, Error, Head, IncidentRow, OutboxChanges, Result, Workspace};

/// After a commit whose outcome is not known, the server is looked for this long: a restart or a fail-over
/// of a supervised server takes less.
const RESOLVE_WITHIN: Duration = Duration::from_secs(15);
/// Pause between two attempts at that.
const RESOLVE_PAUSE: Duration = Duration::from_millis(200);
/// A change is begun again once on a new connection; what ends that one as well is no accident.
const TRIES: u32 = 2;

pub(super) struct PostgresWriter {
    shared: Arc<Shared>,
    workspace: Workspace,
    /// None after it was lost, and before the first use.
    session: Option<Session>,
    /// The head, while its lock is held: since [`Writer::begin`].
    turn: Option<Head>,
}

/// How far a change came.
enum Ended {
    /// It is on disk.
    Committed,
    /// The connection was lost before anything was written.
    NotBegun(Fault),
    /// The connection was lost while committing.
    Unknown(Fault),
    /// Refused, and rolled back.
    Refused(Fault),
}

impl PostgresWriter {
    pub(super) fn new(shared: Arc<Shared>, workspace: Workspace) -> Result<PostgresWriter> {
        let mut writer = PostgresWriter { shared, workspace, session: None, turn: None };
        writer.create_head()?;
        Ok(writer)
    }

    /// A workspace's first batch needs a row to lock, too.
    fn create_head(&mut self) -> Result<()> {
        let genesis = Head::genesis();
        let workspace = column::workspace(self.workspace);
        self.change(|session| {
            session.begin(&[])?;
            let insert = "INSERT INTO head (workspace, position, hash, recorded_at, next_incident, tzdata)
                          VALUES ($1, 0, $2, $3, $4, '') ON CONFLICT DO NOTHING";
            let insert = Query::new(insert).bind(workspace).bind(&genesis.hash[..]);
            Ok(vec![insert.bind(genesis.recorded_at.as_micros()).bind(signed(genesis.next_incident))])
        })
    }

    /// Makes a change that may be made twice: everything in it is as good the second time.
    fn change<'a>(&mut self, prepare: impl Fn(&Session) -> Result<Vec<Query<'a>>, Fault>) -> Result<()> {
        let mut tries = 1;
        loop {
            match self.attempt(&prepare) {
                Ended::Committed => return Ok(()),
                Ended::NotBegun(_) | Ended::Unknown(_) if tries < TRIES => tries += 1,
                Ended::NotBegun(fault) | Ended::Unknown(fault) | Ended::Refused(fault) => return Err(self.told(fault)),
            }
        }
    }

    /// Runs one transaction; `prepare` begins it and says what to write.
    fn attempt<'a>(&mut self, prepare: impl FnOnce(&Session) -> Result<Vec<Query<'a>>, Fault>) -> Ended {
        let session = match self.session() {
            Ok(session) => session,
            Err(fault) => return Ended::Refused(fault),
        };
        let ended = match prepare(session) {
            Ok(writes) => match session.write_and_commit(&writes) {
                Ok(()) => Ended::Committed,
                Err(fault) if fault.is_lost() => Ended::Unknown(fault),
                Err(fault) => Ended::Refused(fault),
            },
            Err(fault) if fault.is_lost() => Ended::NotBegun(fault),
            Err(fault) => {
                session.roll_back();
                Ended::Refused(fault)
            }
        };
        if !session.is_usable() {
            self.session = None;
        }
        ended
    }

    fn session(&mut self) -> Result<&Session, Fault> {
        let usable = self.session.take().filter(Session::is_usable);
        let session = match usable {
            Some(session) => session,
            None => Session::open(&self.shared.driver, &self.shared.address)?,
        };
        Ok(self.session.insert(session))
    }

    /// Whether a batch whose commit was cut off is on disk. The head's lock is had only once the cut-off
    /// transaction has ended, one way or the other.
    fn is_written(&mut self, sealed: &Sealed) -> Result<bool> {
        let workspace = column::workspace(self.workspace);
        let end = Instant::now() + RESOLVE_WITHIN;
        loop {
            let looked = self.session().and_then(|session| {
                let hash = Query::new("SELECT hash FROM batch WHERE workspace = $1 AND position = $2");
                let hash = hash.bind(workspace).bind(signed(sealed.head.position.0));
                let found = session.begin(&[lock(workspace), hash]);
                session.roll_back();
                found?[1].first().map(|row| Fields::of(row).exact::<32>()).transpose()
            });
            match looked {
                Ok(found) => return Ok(found == Some(sealed.head.hash)),
                Err(fault) if Instant::now() >= end => {
                    let told = self.told(fault);
                    let detail = format!("{told}; whether batch {} was written is not known", sealed.head.position);
                    return Err(Error::Unreachable { path: self.path().to_owned(), detail });
                }
                Err(_) => {
                    self.session = None;
                    thread::sleep(RESOLVE_PAUSE);
                }
            }
        }
    }

    /// The head whose lock is still held, to use it up.
    fn take_turn(&mut self) -> Option<Head> {
        let usable = self.session.as_ref().is_some_and(Session::is_usable);
        self.turn.take().filter(|_| usable)
    }

    fn told(&self, fault: Fault) -> Error {
        fault.at(self.path())
    }

    fn path(&self) -> &Path {
        &self.shared.address.shown
    }
}

impl Writer for PostgresWriter {
    fn head(&mut self) -> Result<Head> {
        self.give_up();
        let workspace = column::workspace(self.workspace);
        let mut tries = 1;
        loop {
            let read = self.session().and_then(|session| {
                let rows = session.read(&[head_query(workspace, "")])?;
                read_head(&rows[0])
            });
            match read {
                Err(fault) if fault.is_lost() && tries < TRIES => {
                    self.session = None;
                    tries += 1;
                }
                read => return read.map_err(|fault| self.told(fault)),
            }
        }
    }

    fn begin(&mut self) -> Result<Option<Present>> {
        self.give_up();
        let workspace = column::workspace(self.workspace);
        let mut tries = 1;
        loop {
            let begun = self.session().and_then(|session| {
                let present = session.begin(&[lock(workspace), clock()]).and_then(|answers| read_present(&answers));
                present.inspect_err(|_| session.roll_back())
            });
            match begun {
                Ok(present) => {
                    self.turn = Some(present.head.clone());
                    return Ok(Some(present));
                }
                Err(fault) if fault.is_lost() && tries < TRIES => {
                    self.session = None;
                    tries += 1;
                }
                Err(fault) => return Err(self.told(fault)),
            }
        }
    }

    fn give_up(&mut self) {
        if self.turn.take().is_some()
            && let Some(session) = &self.session
        {
            session.roll_back();
        }
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn commit(&mut self, batch: &Batch) -> Result<Head> {
        let workspace = self.workspace;
        let mut turn = self.take_turn();
        let mut tries = 1;
        loop {
            let sealed = OnceCell::new();
            let locked = turn.take();
            let ended = self.attempt(|session| {
                let (head, facts) = match locked {
                    Some(head) => (head, look_up(session, workspace, batch)?),
                    None => begin_commit(session, workspace, batch)?,
                };
                let next = chain::seal(workspace, &head, batch)?;
                facts.admit(&batch.private, &batch.requests)?;
                let outcome = facts.outcome(&batch.requests, &batch.deliveries)?;
                let sealed = sealed.get_or_init(|| next);
                Ok(rows::of_batch(column::workspace(workspace), batch, sealed, &outcome))
            });
            let fault = match (ended, sealed.into_inner()) {
                (Ended::Committed, Some(sealed)) => return Ok(sealed.head),
                (Ended::Unknown(fault), Some(sealed)) => {
                    if self.is_written(&sealed)? {
                        return Ok(sealed.head);
                    }
                    fault
                }
                (Ended::NotBegun(fault), _) => fault,
                (Ended::Refused(fault) | Ended::Unknown(fault), _) => return Err(self.told(fault)),
                (Ended::Committed, None) => unreachable!("what was not sealed was not written"),
            };
            if tries == TRIES {
                return Err(self.told(fault));
            }
            tries += 1;
        }
    }

    fn apply(&mut self, changes: &OutboxChanges) -> Result<()> {
        let workspace = column::workspace(self.workspace);
        let named = Named::in_change(&[], &[], &changes.deliveries);
        let locked = Cell::new(self.take_turn().is_some());
        self.change(|session| {
            let queries = named.queries(workspace);
            let answers = if locked.take() { session.look_up(&queries)? } else { session.begin(&queries)? };
            let facts = Facts::read(&answers)?;
            let outcome = facts.outcome(&[], &changes.deliveries)?;
            let mut writes = outbox::deliveries(workspace, &[], &outcome);
            writes.extend(outbox::documents(workspace, &changes.documents));
            writes.extend(changes.forget_expired.map(|until| outbox::forget(workspace, until)));
            Ok(writes)
        })
    }

    fn replace_incidents(&mut self, rows: &[IncidentRow]) -> Result<()> {
        self.give_up();
        let workspace = column::workspace(self.workspace);
        self.change(|session| {
            session.begin(&[lock(workspace)])?;
            let mut writes = rows::no_incidents(workspace);
            writes.extend(rows::incidents(workspace, rows));
            Ok(writes)
        })
    }
}

/// Locks the head, and reads what the batch depends on.
fn begin_commit(session: &Session, workspace: Workspace, batch: &Batch) -> Result<(Head, Facts), Fault> {
    let workspace = column::workspace(workspace);
    let mut queries = vec![lock(workspace)];
    queries.extend(Named::in_change(&batch.private, &batch.requests, &batch.deliveries).queries(workspace));
    let answers = session.begin(&queries)?;
    Ok((read_head(&answers[0])?, Facts::read(&answers[1..])?))
}

/// The same for a head that is locked already. What a batch makes new is not looked for: its places in the
/// journal are its own, and should a row be there all the same, its table refuses another.
fn look_up(session: &Session, workspace: Workspace, batch: &Batch) -> Result<Facts, Fault> {
    let queries = Named::before(&batch.requests, &batch.deliveries).queries(column::workspace(workspace));
    Facts::read(&session.look_up(&queries)?)
}

/// The server's clock at this moment, not at the transaction's beginning: the lock may have been waited for.
pub(super) fn clock() -> Query<'static> {
    Query::new("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
}

/// What [`head_query`] and [`clock`] answered.
pub(super) fn read_present(answers: &[Vec<tokio_postgres::Row>]) -> Result<Present, Fault> {
    let now = answers[1].first().map(|row| Fields::of(row).instant()).transpose()?;
    Ok(Present { head: read_head(&answers[0])?, now })
}

/// The head, locked until the transaction ends: who has it decides what comes next.
fn lock(workspace: i64) -> Query<'static> {
    head_query(workspace, "FOR UPDATE")
}

pub(super) fn head_query(workspace: i64, lock: &str) -> Query<'static> {
    Query::new(format!("SELECT {HEAD} FROM head WHERE workspace = $1 {lock}")).bind(workspace)
}

pub(super) fn read_head(rows: &[tokio_postgres::Row]) -> Result<Head, Fault> {
    rows.first().map_or_else(|| Ok(Head::genesis()), |row| column::head(&mut Fields::of(row)))
}
