//! How the server is set up, for `doctor`. It changes nothing.

use calendar::Instant;

use super::Postgres;
use super::column::Fields;
use super::fault::Fault;
use super::session::Query;
use crate::Result;

/// What of a server's setting decides whether answers are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its version, as it says itself.
    pub version: String,
    /// Whether it syncs to its disk at all (`fsync`).
    pub syncs: bool,
    /// Whether pages torn by a power cut can be mended (`full_page_writes`).
    pub full_pages: bool,
    /// `synchronous_commit` as it is set; the journal's own transactions raise it to `on` at least.
    pub synchronous_commit: String,
    /// Whether it only follows another one, and takes no writes.
    pub standby: bool,
    /// Bytes of the database.
    pub bytes: u64,
    /// Its clock.
    pub now: Instant,
}

impl Postgres {
    /// Asks the server how it is set up.
    pub fn server(&self) -> Result<Server> {
        let sql = "SELECT current_setting('server_version'), current_setting('fsync')::boolean,
                       current_setting('full_page_writes')::boolean, current_setting('synchronous_commit'),
                       pg_is_in_recovery(), pg_database_size(current_database()),
                       (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
        let ask = |session: &super::session::Session| -> Result<Server, Fault> {
            let answers = session.read(&[Query::new(sql)])?;
            let row = answers[0].first().ok_or_else(|| Fault::Damaged("the server told nothing".to_owned()))?;
            let mut fields = Fields::of(row);
            Ok(Server {
                version: fields.take()?,
                syncs: fields.take()?,
                full_pages: fields.take()?,
                synchronous_commit: fields.take()?,
                standby: fields.take()?,
                bytes: fields.number()?,
                now: fields.instant()?,
            })
        };
        self.shared.pool.with(|session| ask(session).map_err(|fault| fault.at(self.shown())))
    }
}
