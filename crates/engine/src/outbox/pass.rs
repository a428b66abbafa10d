//! A pass: lets one person acknowledge one incident from a mail, without signing in.
//!
//! Its code is random and stands in the mail only; the journal keeps its hash. It opens nothing
//! else, ends by itself, and asks for a button: what it may do is checked where it is used.

use std::sync::atomic::{AtomicU32, Ordering};

use calendar::{Duration, Instant};
use channel::Target;
use journal::{DeliveryRow, DocumentChange, OutboxChanges};
use problem::Problem;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Mail;
use super::clerk::Clerk;
use crate::codec;
use crate::queue::{Input, WriteInput, stopping};
use crate::view::View;

/// Collection of the passes, by the hash of their code.
const COLLECTION: &str = "passes";
/// How long a pass is good: a page that nobody took is read by the next shift at the latest.
const LIFETIME: Duration = Duration::from_hours(24);
/// Random bytes of a code.
const CODE_BYTES: usize = 32;
/// Longest code that is looked at, in bytes: ours have 64.
const CODE_MAX: usize = 128;
/// After so many passes, and with the first, those that have ended are swept away.
const SWEEP_EVERY: u32 = 256;

/// Whom a pass is for, and what it acknowledges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// The person to whom the mail went.
    pub person: String,
    /// Number of the incident.
    pub incident: u64,
    /// From then on it is not valid.
    pub expires_at: Instant,
}

impl View {
    /// The pass of that code, if it is valid at `now`.
    pub fn pass(&self, code: &str, now: Instant) -> Result<Option<Pass>, Problem> {
        if code.len() > CODE_MAX {
            return Ok(None);
        }
        let Some(body) = self.document(COLLECTION, &hash(code))? else { return Ok(None) };
        let pass: Pass =
            serde_json::from_slice(&body).map_err(|e| codec::unreadable(format!("a pass does not decode ({e})")))?;
        Ok(Some(pass).filter(|pass| now < pass.expires_at))
    }
}

/// Counts passes made, for sweeping.
#[derive(Debug, Default)]
pub(crate) struct Made(AtomicU32);

impl Clerk {
    /// The link that a mail carries to acknowledge with; none where it is no page to one person
    /// by mail. A pass that cannot be written never holds the page up.
    pub(super) async fn acknowledge_link(&self, row: &DeliveryRow, mail: &Mail, target: &Target) -> Option<String> {
        let no = row.incident.filter(|_| mail.until_acknowledged && !row.person.is_empty())?;
        if !matches!(target, Target::Email(_)) {
            return None;
        }
        let now = self.shared.time.now();
        let pass = Pass { person: row.person.clone(), incident: no.0, expires_at: now + LIFETIME };
        match self.issue(&pass, now).await {
            Ok(code) => Some(format!("{}/a/{code}", self.shared.public_url)),
            Err(problem) => {
                tracing::warn!(delivery = row.id, %problem, "outbox.pass_not_written");
                None
            }
        }
    }

    /// Makes a pass; it is durable before its code is told.
    async fn issue(&self, pass: &Pass, now: Instant) -> Result<String, Problem> {
        let code = code()?;
        let mut documents = vec![document(&hash(&code), Some(codec::json(pass)))];
        if self.shared.passes.0.fetch_add(1, Ordering::Relaxed).is_multiple_of(SWEEP_EVERY) {
            documents.extend(self.ended(now)?);
        }
        let (reply, answer) = tokio::sync::oneshot::channel();
        let changes = OutboxChanges { documents, ..OutboxChanges::default() };
        self.shared.queue.push(Input::Write(WriteInput { changes, follow_ups: Vec::new(), reply }))?;
        answer.await.map_err(|_| stopping())??;
        Ok(code)
    }

    /// Deletes what has ended.
    fn ended(&self, now: Instant) -> Result<Vec<DocumentChange>, Problem> {
        let over = |body: &[u8]| serde_json::from_slice::<Pass>(body).is_ok_and(|pass| pass.expires_at <= now);
        let all = View::new(std::sync::Arc::clone(&self.reader)).documents(COLLECTION)?;
        Ok(all.into_iter().filter(|(_, body)| over(body)).map(|(id, _)| document(&id, None)).collect())
    }
}

fn document(id: &str, body: Option<Vec<u8>>) -> DocumentChange {
    DocumentChange { collection: COLLECTION.to_owned(), id: id.to_owned(), body }
}

fn code() -> Result<String, Problem> {
    let mut bytes = [0; CODE_BYTES];
    let unlucky = |error| Problem::new(&problem::STORE_FAILED, format!("the system gave no random bytes ({error})"));
    getrandom::fill(&mut bytes).map_err(unlucky)?;
    Ok(hex(&bytes))
}

fn hash(code: &str) -> String {
    hex(&Sha256::digest(code.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
