//! Watchbell complains about itself: one document per code, and people are told now and then.

use std::borrow::Cow;

use calendar::Duration;
use journal::EventRow;
use problem::Problem;

use super::Work;
use crate::codec;
use crate::outbox::Request;
use crate::view::{SELF_ALERTS, SelfAlert};

/// People are told of the same self-alert at most once in this time.
const SELF_ALERT_EVERY: Duration = Duration::from_hours(1);
/// Severity under which complaints travel: behind a SEV-1, before what is merely degraded.
pub(crate) const SELF_ALERT_SEVERITY: u8 = 2;

impl Work<'_, '_> {
    /// Records a complaint; people are told of each code at most once an hour.
    pub(super) fn self_alert(&mut self, problem: &Problem) -> Result<(), Problem> {
        let code = problem.code.id;
        let now = self.basis.now;
        let here = self.documents.get(&(SELF_ALERTS.to_owned(), code.to_owned())).cloned().flatten();
        let body = match here {
            Some(body) => Some(body),
            None => codec::stored(self.basis.reader.document(SELF_ALERTS, code))?,
        };
        let known: Option<SelfAlert> = body.and_then(|body| serde_json::from_slice(&body).ok());
        let tell = known.as_ref().is_none_or(|known| now.since(known.told_at) >= SELF_ALERT_EVERY);
        let alert = SelfAlert {
            code: code.to_owned(),
            detail: problem.detail.clone(),
            count: known.as_ref().map_or(0, |known| known.count) + 1,
            first_at: known.as_ref().map_or(now, |known| known.first_at),
            last_at: now,
            told_at: known.filter(|_| !tell).map_or(now, |known| known.told_at),
        };
        if tell {
            let request = Request::SelfAlert { code: code.to_owned(), detail: problem.detail.clone() };
            self.push_request(None, SELF_ALERT_SEVERITY, request);
        }
        let body = codec::json(&alert);
        self.events.push(EventRow { incident: None, kind: Cow::Borrowed(codec::SELF_ALERT), body: body.clone() });
        self.document(SELF_ALERTS, code, Some(body));
        self.moves_head = true;
        Ok(())
    }
}
