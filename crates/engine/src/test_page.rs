//! Test pages: from the request through the outbox and a channel to the far side, as pages of incidents go.

use problem::Problem;
use tokio::sync::oneshot;
use wcore::event::Actor;

use crate::handle::Engine;
use crate::queue::{Input, TestPageInput};

impl Engine {
    /// Sends a test page to every contact of a person, and says its id, by which
    /// [`View::test_page`](crate::View::test_page) finds what became of it.
    pub async fn test_page(&self, person: &str, by: Actor) -> Result<String, Problem> {
        let (reply, answer) = oneshot::channel();
        let input = TestPageInput { person: person.to_owned(), by, reply };
        self.inner.shared.queue.push(Input::TestPage(input))?;
        answer.await.map_err(|_| crate::queue::stopping())?
    }
}
