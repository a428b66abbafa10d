//! Rows of a database in and out, for another kind of database.

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, params_from_iter};

use super::fault::Fault;
use super::schema::SPAN;
use super::{Sqlite, open};
use crate::carry::{Carried, Field, Kind, Source, TABLES, Table, Target, carry};
use crate::{Error, Progress, Result};

/// A database as it was when this was made, whatever is written meanwhile.
struct Rows {
    connection: Connection,
    path: std::path::PathBuf,
}

/// An empty database, within one transaction.
struct Filled<'c> {
    connection: &'c Connection,
    path: &'c std::path::Path,
}

impl Sqlite {
    /// All rows as they are now; later commits are not among them.
    pub fn rows(&self) -> Result<Box<dyn Source>> {
        let connection = open::reader(self.path())?;
        let pinned = connection.execute_batch("BEGIN; SELECT count(*) FROM head");
        pinned.map_err(|error| Fault::from(error).at(self.path()))?;
        Ok(Box::new(Rows { connection, path: self.path().to_owned() }))
    }

    /// Takes in the rows of another database, all or none.
    pub(super) fn fill(&self, source: &mut dyn Source, progress: &mut dyn FnMut(Progress)) -> Result<Carried> {
        let path = self.path();
        let mut connection = open::writer(path)?;
        let told = |error: rusqlite::Error| Fault::from(error).at(path);
        let transaction = connection.transaction().map_err(told)?;
        let mut target = Filled { connection: &transaction, path };
        for table in TABLES {
            if target.count(table)? > 0 {
                return Err(Error::Filled { path: path.to_owned() });
            }
        }
        let carried = carry(source, &mut target, progress)?;
        // Its own index of events, as its migration made it.
        let spans = format!(
            "INSERT INTO event_span SELECT DISTINCT workspace, incident, position / {SPAN} FROM event WHERE incident IS NOT NULL"
        );
        transaction.execute(&spans, []).map_err(told)?;
        transaction.commit().map_err(told)?;
        Ok(carried)
    }
}

impl Source for Rows {
    fn count(&mut self, table: &Table) -> Result<u64> {
        count(&self.connection, table).map_err(|fault| fault.at(&self.path))
    }

    fn page(&mut self, table: &Table, after: &[Field]) -> Result<Vec<Vec<Field>>> {
        let read = || -> Result<Vec<Vec<Field>>, Fault> {
            let mut statement = self.connection.prepare_cached(&table.select(after.is_empty()))?;
            let mut rows = statement.query(params_from_iter(after.iter().map(value)))?;
            let mut page = Vec::new();
            while let Some(row) = rows.next()? {
                let fields = (0..).zip(table.columns).map(|(at, (_, kind))| field(row.get_ref(at)?, *kind));
                page.push(fields.collect::<Result<Vec<Field>, rusqlite::Error>>()?);
            }
            Ok(page)
        };
        read().map_err(|fault| fault.at(&self.path))
    }
}

impl Target for Filled<'_> {
    fn put(&mut self, table: &Table, rows: &[Vec<Field>]) -> Result<()> {
        let places: Vec<String> = (1..=table.columns.len()).map(|n| format!("${n}")).collect();
        let insert = format!("INSERT INTO {} ({}) VALUES ({})", table.name, table.all(), places.join(", "));
        let write = || -> Result<(), Fault> {
            let mut statement = self.connection.prepare_cached(&insert)?;
            for row in rows {
                statement.execute(params_from_iter(row.iter().map(value)))?;
            }
            Ok(())
        };
        write().map_err(|fault| fault.at(self.path))
    }

    fn count(&mut self, table: &Table) -> Result<u64> {
        count(self.connection, table).map_err(|fault| fault.at(self.path))
    }
}

fn count(connection: &Connection, table: &Table) -> Result<u64, Fault> {
    let counted =
        connection.query_row(&format!("SELECT count(*) FROM {}", table.name), [], |row| row.get::<_, i64>(0))?;
    Ok(counted.unsigned_abs())
}

fn value(field: &Field) -> Value {
    match field {
        Field::None => Value::Null,
        Field::Number(number) => Value::Integer(*number),
        Field::Flag(flag) => Value::Integer(i64::from(*flag)),
        Field::Text(text) => Value::Text(text.clone()),
        Field::Bytes(bytes) => Value::Blob(bytes.clone()),
    }
}

fn field(value: ValueRef<'_>, kind: Kind) -> Result<Field, rusqlite::Error> {
    Ok(match (value, kind) {
        (ValueRef::Null, _) => Field::None,
        (ValueRef::Integer(number), Kind::Flag) => Field::Flag(number != 0),
        (value, Kind::Number | Kind::Flag) => Field::Number(value.as_i64()?),
        (value, Kind::Text) => Field::Text(value.as_str()?.to_owned()),
        (value, Kind::Bytes) => Field::Bytes(value.as_blob()?.to_vec()),
    })
}
