//! A whole journal carried from one database to another, row by row, as it is.
//!
//! Nothing is decoded: positions, hashes, salts and erased places arrive as they were, so that the chain holds
//! and every incident equals its events. What one database keeps for itself, such as an index, it makes anew.

use crate::{Progress, Result};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Number,
    Flag,
    Text,
    Bytes,
}

/// One value on its way.
#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    /// No value.
    None,
    /// A whole number, or an instant in microseconds.
    Number(i64),
    /// True or false, which some databases keep as a number.
    Flag(bool),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A table that is carried.
#[derive(Debug)]
pub struct Table {
    /// Its name, the same everywhere.
    pub name: &'static str,
    /// How many of its columns are its key, by which it is read in order; they stand first.
    pub(crate) keys: usize,
    pub(crate) columns: &'static [(&'static str, Kind)],
    /// Rows read and written at once: some megabytes at most.
    pub(crate) page: u32,
}

/// Rows of ordinary size read and written at once.
const PAGE: u32 = 500;
/// Rows at once where one may be megabytes.
const LARGE: u32 = 16;

use Kind::{Bytes, Flag, Number, Text};

/// Every table, those first that others refer to; the head, which says how far all is there, last.
pub(crate) const TABLES: &[Table] = &[
    table(
        "batch",
        2,
        PAGE,
        &[
            ("workspace", Number),
            ("position", Number),
            ("recorded_at", Number),
            ("hash", Bytes),
            ("block_digest", Bytes),
        ],
    ),
    table(
        "block",
        2,
        LARGE,
        &[
            ("workspace", Number),
            ("position", Number),
            ("count", Number),
            ("first_at", Number),
            ("last_at", Number),
            ("bytes", Bytes),
        ],
    ),
    table(
        "event",
        3,
        PAGE,
        &[
            ("workspace", Number),
            ("position", Number),
            ("idx", Number),
            ("incident", Number),
            ("kind", Text),
            ("body", Bytes),
        ],
    ),
    table(
        "incident",
        2,
        PAGE,
        &[
            ("workspace", Number),
            ("no", Number),
            ("key", Text),
            ("class", Text),
            ("service", Text),
            ("status", Number),
            ("open", Flag),
            ("severity", Number),
            ("restricted", Flag),
            ("opened_at", Number),
            ("next_due", Number),
            ("updated", Number),
            ("state", Bytes),
            ("ended_at", Number),
        ],
    ),
    table("incident_tally", 2, PAGE, &[("workspace", Number), ("no", Number), ("updated", Number), ("tally", Bytes)]),
    table("detector", 2, PAGE, &[("workspace", Number), ("key", Text), ("state", Bytes)]),
    table(
        "request",
        2,
        PAGE,
        &[
            ("workspace", Number),
            ("id", Text),
            ("incident", Number),
            ("severity", Number),
            ("kind", Text),
            ("created_at", Number),
            ("claimed_at", Number),
            ("body", Bytes),
        ],
    ),
    table(
        "delivery",
        2,
        PAGE,
        &[
            ("workspace", Number),
            ("id", Text),
            ("request", Text),
            ("incident", Number),
            ("severity", Number),
            ("person", Text),
            ("channel", Text),
            ("address", Text),
            ("idempotency_key", Text),
            ("roster_version", Text),
            ("created_at", Number),
            ("state", Number),
            ("attempts", Number),
            ("next_attempt_at", Number),
            ("attempted_at", Number),
            ("outcome", Text),
            ("body", Bytes),
        ],
    ),
    table(
        "private",
        2,
        LARGE,
        &[
            ("workspace", Number),
            ("id", Text),
            ("position", Number),
            ("idx", Number),
            ("digest", Bytes),
            ("salt", Bytes),
            ("bytes", Bytes),
        ],
    ),
    table(
        "idempotency",
        3,
        PAGE,
        &[("workspace", Number), ("scope", Text), ("key", Text), ("expires_at", Number), ("response", Bytes)],
    ),
    table("document", 3, LARGE, &[("workspace", Number), ("collection", Text), ("id", Text), ("body", Bytes)]),
    table(
        "head",
        1,
        PAGE,
        &[
            ("workspace", Number),
            ("position", Number),
            ("hash", Bytes),
            ("recorded_at", Number),
            ("next_incident", Number),
            ("tzdata", Text),
        ],
    ),
];

const fn table(name: &'static str, keys: usize, page: u32, columns: &'static [(&'static str, Kind)]) -> Table {
    Table { name, keys, columns, page }
}

impl Table {
    /// The names of its first columns, as a list for a statement.
    fn names(&self, count: usize) -> String {
        let names: Vec<&str> = self.columns.iter().take(count).map(|(name, _)| *name).collect();
        names.join(", ")
    }

    /// All columns.
    pub(crate) fn all(&self) -> String {
        self.names(self.columns.len())
    }

    /// Asks for the page after a key of `keys` parameters, or for the first one.
    pub(crate) fn select(&self, is_first: bool) -> String {
        let (all, key) = (self.all(), self.names(self.keys));
        let after = if is_first {
            String::new()
        } else {
            let parameters: Vec<String> = (1..=self.keys).map(|n| format!("${n}")).collect();
            format!(" WHERE ({key}) > ({})", parameters.join(", "))
        };
        format!("SELECT {all} FROM {}{after} ORDER BY {key} LIMIT {}", self.name, self.page)
    }
}

/// The rows of a journal at one instant.
pub trait Source {
    /// How many rows a table has.
    fn count(&mut self, table: &Table) -> Result<u64>;

    /// The rows after a key, in the order of keys; an empty key begins. An empty page is the end.
    fn page(&mut self, table: &Table, after: &[Field]) -> Result<Vec<Vec<Field>>>;
}

/// An empty journal that takes rows; they are there for others all at once, or not at all.
pub(crate) trait Target {
    fn put(&mut self, table: &Table, rows: &[Vec<Field>]) -> Result<()>;

    fn count(&mut self, table: &Table) -> Result<u64>;
}

/// How many rows of each table were carried; read from the target after they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried(pub Vec<(&'static str, u64)>);

/// Carries every row, and counts them at both ends.
pub(crate) fn carry(
    source: &mut dyn Source,
    target: &mut dyn Target,
    progress: &mut dyn FnMut(Progress),
) -> Result<Carried> {
    let counts = TABLES.iter().map(|table| source.count(table)).collect::<Result<Vec<u64>>>()?;
    let total = counts.iter().sum();
    let (mut done, mut carried) = (0, Vec::new());
    for (table, expected) in TABLES.iter().zip(counts) {
        let mut after: Vec<Field> = Vec::new();
        loop {
            let rows = source.page(table, &after)?;
            let Some(last) = rows.last() else { break };
            after = last[..table.keys].to_vec();
            target.put(table, &rows)?;
            done += rows.len() as u64;
            progress(Progress { done, total });
        }
        let found = target.count(table)?;
        if found != expected {
            let what = format!("of {expected} rows of `{}` {found} arrived", table.name);
            return Err(crate::Error::Constraint { what });
        }
        carried.push((table.name, found));
    }
    Ok(Carried(carried))
}

/// Table and column of everything that is carried.
pub fn carried_columns() -> Vec<(String, String)> {
    let columns =
        |table: &'static Table| table.columns.iter().map(move |(name, _)| (table.name.to_owned(), (*name).to_owned()));
    TABLES.iter().flat_map(columns).collect()
}
