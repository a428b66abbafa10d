//! Credentials that other nodes gave and took away: read again from the store, where several nodes share one.
//!
//! Who signed in at one node is let in by the next at once; who was shut out at one is shut out by all within
//! half a second. Alone on a journal, nothing is read twice.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, Uri};
use journal::EventPlace;
use problem::Problem;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::Access;
use super::credential::Places;
use super::principal::Principal;

/// Between two looks at what other nodes did.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Between two readings because somebody is not known here: whoever guesses secrets gets no more of them.
const READ_EVERY: Duration = Duration::from_millis(100);
/// Kind of the entries that tell of credentials.
const ACTS: &str = "audit";

/// How fresh the shelves are.
#[derive(Default)]
pub(super) struct Fresh(Mutex<Option<Instant>>);

impl Access {
    /// Recognises the sender; one who is not known here may be known to another node.
    pub(crate) async fn recognise_anywhere(
        &self,
        headers: &HeaderMap,
        uri: &Uri,
        places: Places,
    ) -> Result<Principal, Problem> {
        let here = self.recognise(headers, uri, places);
        let unknown = [problem::TOKEN_UNKNOWN.id, problem::SESSION_ENDED.id];
        match here {
            Err(refusal) if self.engine.is_shared() && unknown.contains(&refusal.code.id) => {
                self.refresh().await?;
                self.recognise(headers, uri, places)
            }
            here => here,
        }
    }

    /// Goes after what other nodes do, for as long as the engine runs.
    pub async fn follow(self: Arc<Access>) {
        if !self.engine.is_shared() {
            return;
        }
        let mut seen = None;
        while !self.engine.health().stopping {
            tokio::time::sleep(LOOK_EVERY).await;
            let followed = self.follow_once(&mut seen).await;
            if let Err(problem) = followed {
                tracing::warn!(code = problem.code.id, detail = problem.detail, "access.not_fresh");
            }
        }
    }

    async fn follow_once(&self, seen: &mut Option<EventPlace>) -> Result<(), Problem> {
        let newest = self.engine.read(|view| {
            let acts = view.reader().events_of_kind(ACTS, None, 1).map_err(|error| error.problem())?;
            Ok(acts.first().map(|act| act.place))
        });
        let newest = newest.await?;
        if newest == *seen {
            // Links are made and used up without an entry.
            return self.links.refresh(&self.engine).await;
        }
        self.refresh().await?;
        *seen = newest;
        Ok(())
    }

    /// Reads all credentials again. Many who ask at once share one reading.
    async fn refresh(&self) -> Result<(), Problem> {
        let asked = Instant::now();
        let mut read_at = self.fresh.0.lock().await;
        if let Some(at) = *read_at {
            if at > asked {
                return Ok(());
            }
            tokio::time::sleep_until(at + READ_EVERY).await;
        }
        *read_at = Some(Instant::now());
        self.tokens.refresh(&self.engine).await?;
        self.sessions.refresh(&self.engine).await?;
        self.links.refresh(&self.engine).await?;
        self.accounts.refresh(&self.engine).await
    }
}
