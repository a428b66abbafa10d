//! A pass: lets one person acknowledge one incident from a mail, without signing in.
//!
//! Its code cannot be guessed and stands in the mail only; the journal keeps its hash. It opens nothing
//! else, ends by itself, and asks for a button: what it may do is checked where it is used.

use std::sync::OnceLock;
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
use crate::handle::Engine;
use crate::queue::{Input, WriteInput, stopping};
use crate::view::View;

/// Collection of the passes, by the hash of their code.
pub const PASSES: &str = "passes";
/// How long a pass is good: a page that nobody took is read by the next shift at the latest.
const LIFETIME: Duration = Duration::from_hours(24);
/// Random bytes from which codes are derived.
const KEY_BYTES: usize = 32;
/// Longest wait for a pass: a page goes out without its link rather than late.
const WAIT_MAX: std::time::Duration = std::time::Duration::from_secs(2);
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
        let Some(body) = self.document(PASSES, &hash(code))? else { return Ok(None) };
        let pass: Pass =
            serde_json::from_slice(&body).map_err(|e| codec::unreadable(format!("a pass does not decode ({e})")))?;
        Ok(Some(pass).filter(|pass| now < pass.expires_at))
    }
}

/// Makes codes: the retries of a delivery carry the same one. The key is never stored, so after a
/// restart a delivery gets another.
#[derive(Debug, Default)]
pub(crate) struct Made {
    key: OnceLock<[u8; KEY_BYTES]>,
    /// Passes made, for sweeping.
    count: AtomicU32,
}

impl Made {
    fn code(&self, delivery: &str) -> Result<String, Problem> {
        let key = match self.key.get() {
            Some(key) => key,
            None => {
                let fresh = random()?;
                self.key.get_or_init(|| fresh)
            }
        };
        Ok(hex(&Sha256::new_with_prefix(key).chain_update(delivery).finalize()))
    }
}

impl Engine {
    /// Ends the passes of a person.
    pub async fn end_passes_of(&self, person: &str) -> Result<(), Problem> {
        let theirs = person.to_owned();
        let ended = self.read(move |view| among(view, |pass| pass.person == theirs)).await?;
        if ended.is_empty() {
            return Ok(());
        }
        self.write(OutboxChanges { documents: ended, ..OutboxChanges::default() }, Vec::new()).await
    }
}

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
        match tokio::time::timeout(WAIT_MAX, self.issue(row, &pass, now)).await {
            Ok(Ok(code)) => Some(format!("{}/a/{code}", self.shared.public_url)),
            Ok(Err(problem)) => {
                tracing::warn!(delivery = row.id, %problem, "outbox.pass_not_written");
                None
            }
            Err(_) => {
                tracing::warn!(delivery = row.id, "outbox.pass_too_late");
                None
            }
        }
    }

    /// Makes a pass; it is durable before its code is told.
    async fn issue(&self, row: &DeliveryRow, pass: &Pass, now: Instant) -> Result<String, Problem> {
        let code = self.shared.passes.code(&row.id)?;
        let (known, view) = (code.clone(), View::new(std::sync::Arc::clone(&self.reader)));
        if self.blocking(move |_| view.pass(&known, now)).await?.is_some() {
            return Ok(code);
        }
        let mut documents = vec![document(&hash(&code), Some(codec::json(pass)))];
        if self.shared.passes.count.fetch_add(1, Ordering::Relaxed).is_multiple_of(SWEEP_EVERY) {
            let view = View::new(std::sync::Arc::clone(&self.reader));
            documents.extend(self.blocking(move |_| among(&view, |pass| pass.expires_at <= now)).await?);
        }
        let (reply, answer) = tokio::sync::oneshot::channel();
        let changes = OutboxChanges { documents, ..OutboxChanges::default() };
        self.shared.queue.push(Input::Write(WriteInput { changes, follow_ups: Vec::new(), reply }))?;
        answer.await.map_err(|_| stopping())??;
        Ok(code)
    }
}

/// Deletes the passes that `ends` picks.
fn among(view: &View, ends: impl Fn(&Pass) -> bool) -> Result<Vec<DocumentChange>, Problem> {
    let picked = |body: &[u8]| serde_json::from_slice::<Pass>(body).is_ok_and(|pass| ends(&pass));
    let all = view.documents(PASSES)?;
    Ok(all.into_iter().filter(|(_, body)| picked(body)).map(|(id, _)| document(&id, None)).collect())
}

fn document(id: &str, body: Option<Vec<u8>>) -> DocumentChange {
    DocumentChange { collection: PASSES.to_owned(), id: id.to_owned(), body }
}

fn random() -> Result<[u8; KEY_BYTES], Problem> {
    let mut bytes = [0; KEY_BYTES];
    let unlucky = |error| Problem::new(&problem::STORE_FAILED, format!("the system gave no random bytes ({error})"));
    getrandom::fill(&mut bytes).map_err(unlucky)?;
    Ok(bytes)
}

fn hash(code: &str) -> String {
    hex(&Sha256::digest(code.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
