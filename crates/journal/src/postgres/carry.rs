//! Rows of a database in and out, for another kind of database.

use std::path::PathBuf;
use std::sync::Arc;

use tokio_postgres::Row;

use super::fault::Fault;
use super::session::{Query, Session};
use super::{Postgres, Shared};
use crate::carry::{Carried, Field, Kind, Source, TABLES, Table, Target, carry};
use crate::store::Store;
use crate::verify::{Verification, verify};
use crate::{Error, Progress, Result, Workspace};

/// A database as it was when this was made, whatever is written meanwhile.
struct Rows {
    session: Session,
    shared: Arc<Shared>,
}

/// An empty database, within one transaction.
struct Filled<'s> {
    session: &'s Session,
    path: PathBuf,
}

impl Postgres {
    /// All rows as they are now; later commits are not among them.
    pub fn rows(&self) -> Result<Box<dyn Source>> {
        let shared = Arc::clone(&self.shared);
        let open = || {
            let session = Session::open(&shared.driver, &shared.address)?;
            session.begin_copy("ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
            Ok(session)
        };
        let session = open().map_err(|fault: Fault| fault.at(self.shown()))?;
        Ok(Box::new(Rows { session, shared }))
    }

    /// Takes in the rows of another database in one transaction, all or none, and recomputes the chain.
    /// A database that is not empty is refused; servers that start meanwhile wait for the end.
    pub fn fill(&self, source: &mut dyn Source, progress: &mut dyn FnMut(Progress)) -> Result<(Carried, Verification)> {
        let session =
            Session::open(&self.shared.driver, &self.shared.address).map_err(|fault| fault.at(self.shown()))?;
        let filled = self.fill_within(&session, source, progress);
        let carried = match filled {
            Ok(carried) => carried,
            Err(error) => {
                session.roll_back();
                return Err(error);
            }
        };
        session.end_copy().map_err(|fault| fault.at(self.shown()))?;
        let verified = verify(&*self.reader(Workspace::default())?, Workspace::default())?;
        Ok((carried, verified))
    }

    fn fill_within(
        &self,
        session: &Session,
        source: &mut dyn Source,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Carried> {
        let path = self.shown().to_owned();
        // A head on which nothing was ever written does not count: servers make one when they start.
        let lock = "LOCK TABLE head IN ACCESS EXCLUSIVE MODE; DELETE FROM head WHERE position = 0";
        let begun = session.begin_copy("READ WRITE").and_then(|()| session.run(lock));
        begun.map_err(|fault| fault.at(&path))?;
        let mut target = Filled { session, path };
        for table in TABLES {
            if target.count(table)? > 0 {
                return Err(Error::Filled { path: target.path });
            }
        }
        carry(source, &mut target, progress)
    }
}

impl Source for Rows {
    fn count(&mut self, table: &Table) -> Result<u64> {
        count(&self.session, table).map_err(|fault| fault.at(&self.shared.address.shown))
    }

    fn page(&mut self, table: &Table, after: &[Field]) -> Result<Vec<Vec<Field>>> {
        let mut query = Query::new(table.select(after.is_empty()));
        for field in after {
            match field {
                Field::Number(number) => query.push(*number),
                Field::Text(text) => query.push(text.as_str()),
                Field::Flag(flag) => query.push(*flag),
                Field::Bytes(bytes) => query.push(bytes.as_slice()),
                Field::None => query.push(None::<i64>),
            };
        }
        let rows = self.session.query(&query).map_err(|fault| fault.at(&self.shared.address.shown))?;
        let fields = |row: &Row| (0..).zip(table.columns).map(|(at, (_, kind))| field(row, at, *kind)).collect();
        rows.iter().map(fields).collect::<Result<_, _>>().map_err(|fault: Fault| fault.at(&self.shared.address.shown))
    }
}

impl Target for Filled<'_> {
    fn put(&mut self, table: &Table, rows: &[Vec<Field>]) -> Result<()> {
        let parameters: Vec<String> = (1..=table.columns.len()).map(|n| format!("${n}")).collect();
        let mut query = Query::new(format!(
            "INSERT INTO {} ({}) SELECT * FROM unnest({})",
            table.name,
            table.all(),
            parameters.join(", ")
        ));
        for (at, (_, kind)) in table.columns.iter().enumerate() {
            let column = rows.iter().map(|row| &row[at]);
            match kind {
                Kind::Number => query.push(column.map(Field::number).collect::<Vec<_>>()),
                Kind::Flag => query.push(column.map(Field::flag).collect::<Vec<_>>()),
                Kind::Text => query.push(column.map(Field::text).collect::<Vec<_>>()),
                Kind::Bytes => query.push(column.map(Field::bytes).collect::<Vec<_>>()),
            };
        }
        self.session.query(&query).map(|_| ()).map_err(|fault| fault.at(&self.path))
    }

    fn count(&mut self, table: &Table) -> Result<u64> {
        count(self.session, table).map_err(|fault| fault.at(&self.path))
    }
}

fn count(session: &Session, table: &Table) -> Result<u64, Fault> {
    let rows = session.query(&Query::new(format!("SELECT count(*) FROM {}", table.name)))?;
    let counted: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
    Ok(counted.unsigned_abs())
}

fn field(row: &Row, at: usize, kind: Kind) -> Result<Field, Fault> {
    let found = match kind {
        Kind::Number => row.try_get::<_, Option<i64>>(at)?.map(Field::Number),
        Kind::Flag => row.try_get::<_, Option<bool>>(at)?.map(Field::Flag),
        Kind::Text => row.try_get::<_, Option<String>>(at)?.map(Field::Text),
        Kind::Bytes => row.try_get::<_, Option<Vec<u8>>>(at)?.map(Field::Bytes),
    };
    Ok(found.unwrap_or(Field::None))
}

/// What a column takes; what is of another kind is no value, which its column then refuses.
impl Field {
    fn number(&self) -> Option<i64> {
        if let Field::Number(number) = self { Some(*number) } else { None }
    }

    fn flag(&self) -> Option<bool> {
        if let Field::Flag(flag) = self { Some(*flag) } else { None }
    }

    fn text(&self) -> Option<&str> {
        if let Field::Text(text) = self { Some(text) } else { None }
    }

    fn bytes(&self) -> Option<&[u8]> {
        if let Field::Bytes(bytes) = self { Some(bytes) } else { None }
    }
}
