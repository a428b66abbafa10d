//! The board of this moment, read again only when something public may have changed.
//!
//! Strangers may ask as often as they like: between two changes they share one board.

use std::sync::Arc;

use engine::{Engine, Rules, View};
use journal::{EventPlace, Position};
use problem::Problem;
use tokio::sync::Mutex;
use wcore::event::Event;

use super::board::Board;
use super::ids::Salt;
use super::read::{self, Source};

/// Rows of the journal that are looked at for changes; with more, all is read again.
const ROWS_MAX: u32 = 512;

/// Reads the board and remembers it.
pub(crate) struct Watch {
    engine: Engine,
    url: String,
    last: Mutex<Option<Last>>,
}

/// The board, and up to where in the journal it is true.
struct Last {
    board: Arc<Board>,
    salt: Arc<Salt>,
    position: u64,
    policy: String,
}

impl Watch {
    /// Of that engine; the page is at `url`.
    pub(crate) fn new(engine: Engine, url: impl Into<String>) -> Watch {
        Watch { engine, url: url.into(), last: Mutex::new(None) }
    }

    /// The board of this moment.
    pub(crate) async fn board(&self) -> Result<Arc<Board>, Problem> {
        let mut last = self.last.lock().await;
        let position = *self.engine.positions().borrow();
        let rules = self.engine.rules();
        if let Some(known) = last.as_mut().filter(|known| known.policy == rules.policy.id) {
            let after = known.position;
            if after == position || !self.engine.read(move |view| may_have_changed(view, after)).await? {
                known.position = position;
                return Ok(Arc::clone(&known.board));
            }
        }
        let salt = match last.as_ref() {
            Some(known) => Arc::clone(&known.salt),
            None => Arc::new(Salt::obtain(&self.engine).await?),
        };
        let board = self.read(&rules, &salt).await?;
        // Two readings that say the same are one board, so that nothing is written again for them.
        let board = match last.as_ref().filter(|known| *known.board == board) {
            Some(known) => Arc::clone(&known.board),
            None => Arc::new(board),
        };
        *last = Some(Last { board: Arc::clone(&board), salt, position, policy: rules.policy.id.clone() });
        Ok(board)
    }

    async fn read(&self, rules: &Arc<Rules>, salt: &Arc<Salt>) -> Result<Board, Problem> {
        let (rules, salt, url) = (Arc::clone(rules), Arc::clone(salt), self.url.clone());
        let read = move |view: &View| read::board(view, &Source { policy: &rules.policy, salt: &salt, url: &url });
        self.engine.read(read).await
    }

    /// The engine that it reads.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }
}

/// Whether anything after that position may have changed what is public.
fn may_have_changed(view: &View, after: u64) -> Result<bool, Problem> {
    let place = EventPlace::end_of(Position(after));
    let rows = view.reader().events(place, ROWS_MAX).map_err(|error| crate::sight::stored(&error))?;
    if rows.len() == ROWS_MAX as usize {
        return Ok(true);
    }
    let entries = view.entries_after(after, ROWS_MAX)?;
    Ok(entries.iter().flat_map(|stored| &stored.entry.events).any(may_show))
}

/// Whether an event of that kind can change the page.
fn may_show(event: &Event) -> bool {
    matches!(
        event,
        Event::UpdateVisible { .. }
            | Event::Contained { .. }
            | Event::Mitigated { .. }
            | Event::Validated { .. }
            | Event::HoldBroken { .. }
            | Event::Resolved { .. }
            | Event::BrokenGlass { .. }
            | Event::Reopened { .. }
            | Event::SeverityChanged { .. }
    )
}
