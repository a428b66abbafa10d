//! Retention: what is older than its time goes, in small steps through the engine's queue.
//!
//! Digests stay, so that the chain holds; so do the blocks that a decision names, or may still
//! name because a detector remembers them. It touches no event, no incident and no detector.

use std::collections::BTreeSet;
use std::time::Duration as StdDuration;

use calendar::{Duration, Instant};
use journal::{EventPlace, Position, Reader};
use problem::Problem;
use serde::{Deserialize, Serialize};
use wcore::decision::Decision;

use crate::erase::decisions;
use crate::view::{View, stored_entry};
use crate::{Engine, SETTINGS, codec};

/// Blocks that one step looks at: its transaction delays a waiting act by some milliseconds.
const STEP_BLOCKS: u32 = 256;
/// Bytes of blocks that one step removes, for the same reason.
const STEP_BYTES: u64 = 16 << 20;
/// Events read at once.
const PAGE: u32 = 1_000;
/// From the start of a server to its first pass: what fell due while it was down goes first.
const FIRST_PASS: StdDuration = StdDuration::from_mins(5);
/// Between passes: each looks through the events since the last block removed.
const EVERY: StdDuration = StdDuration::from_hours(24);
/// The document with the settings that a server runs under, for `doctor`.
const RETENTION: &str = "retention";
/// The document with how far passes have come.
const REACH: &str = "pruned";

/// How long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// Signals that are no evidence of a decision.
    pub signals: Duration,
    /// What customers said in signals, evidence or not.
    pub private_texts: Duration,
}

impl Default for Retention {
    /// Signals: a year and a month, so that the same season can be compared. Words: half a year.
    fn default() -> Retention {
        Retention { signals: Duration::from_hours(400 * 24), private_texts: Duration::from_hours(180 * 24) }
    }
}

/// How far passes have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// Blocks up to this position are gone, but for evidence.
    pub signals: u64,
    /// Words of blocks up to this position are gone.
    pub words: u64,
    /// From here on no signal was removed; none before the first removal.
    pub complete_from: Option<Instant>,
}

/// What one transaction takes away.
#[derive(Debug, Default)]
pub(crate) struct Step {
    /// Positions of blocks that go.
    pub(crate) blocks: Vec<u64>,
    /// Positions of blocks whose words go.
    pub(crate) words: Vec<u64>,
    /// Signals in `blocks`.
    pub(crate) signals: u64,
    bytes: u64,
    /// How far this comes.
    pub(crate) reach: Reach,
}

/// What a pass took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Blocks removed.
    pub blocks: u64,
    /// Signals in them.
    pub signals: u64,
    /// Blocks whose words were removed.
    pub words: u64,
}

/// What goes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// The settings that the server was last started with.
    pub retention: Retention,
    /// Blocks that fall due within a day, as far as [`Forecast::AHEAD`] looks; evidence is not among them.
    pub blocks: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When the oldest block that was not looked at yet reaches its age; none where there is no block.
    pub next_at: Option<Instant>,
}

impl Forecast {
    /// Blocks that a forecast looks at.
    pub const AHEAD: u32 = 1_000;
}

/// How far passes have come, for the engine itself.
pub(crate) fn reach_of(reader: &dyn Reader) -> Result<Reach, Problem> {
    let body = codec::stored(reader.document(SETTINGS, REACH))?;
    body.map_or_else(|| Ok(Reach::default()), |body| decoded(REACH, &body))
}

/// How far passes have come.
pub fn reach(view: &View) -> Result<Reach, Problem> {
    document(view, REACH).map(Option::unwrap_or_default)
}

fn document<T: for<'a> Deserialize<'a>>(view: &View, id: &str) -> Result<Option<T>, Problem> {
    let Some(body) = view.document(SETTINGS, id)? else { return Ok(None) };
    decoded(id, &body).map(Some)
}

fn decoded<T: for<'a> Deserialize<'a>>(id: &str, body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|e| codec::unreadable(format!("the document `{id}` does not decode ({e})")))
}

/// Blocks whose removal the journal records: `audit verify` holds it against those that are gone.
pub fn recorded(reader: &dyn Reader) -> Result<u64, Problem> {
    let (mut blocks, mut before) = (0, None);
    loop {
        let events = codec::stored(reader.events_of_kind(codec::PRUNED, before, PAGE))?;
        let Some(last) = events.last() else { return Ok(blocks) };
        before = Some(last.place);
        for stored in &events {
            let body: serde_json::Value = serde_json::from_slice(&stored.event.body)
                .map_err(|e| codec::unreadable(format!("a record of retention does not decode ({e})")))?;
            blocks += body["blocks"].as_array().map_or(0, |positions| positions.len() as u64);
        }
    }
}

/// What goes next under the settings of the last start; none before the first.
pub fn forecast(view: &View, now: Instant) -> Result<Option<Forecast>, Problem> {
    let Some(retention) = document::<Retention>(view, RETENTION)? else { return Ok(None) };
    let from = Position(reach(view)?.signals);
    let ahead = codec::stored(view.reader().blocks(from, Forecast::AHEAD))?;
    let falls_due = |at: Instant| at + retention.signals;
    let mut found = Forecast { retention, blocks: 0, bytes: 0, next_at: None };
    found.next_at = ahead.first().map(|block| falls_due(block.recorded_at));
    let mut due =
        ahead.iter().filter(|block| falls_due(block.recorded_at) <= now + Duration::from_hours(24)).peekable();
    if due.peek().is_some() {
        let evidence = evidence(view.reader(), from)?;
        for block in due.filter(|block| !evidence.contains(&block.position.0)) {
            found.blocks += 1;
            found.bytes += block.block.bytes.len() as u64;
        }
    }
    Ok(Some(found))
}

/// The next step; none where nothing is old enough. `known` keeps the evidence for the rest of the pass.
fn plan(
    view: &View,
    retention: Retention,
    now: Instant,
    known: &mut Option<BTreeSet<u64>>,
) -> Result<Option<Step>, Problem> {
    let reader = view.reader();
    let reach = reach(view)?;
    let older = |age: Duration| codec::stored(reader.position_before(now - age));
    // Words never outlive their signal, so they go first.
    let words_until = older(retention.private_texts.min(retention.signals))?;
    let mut step = Step { reach, ..Step::default() };
    for block in codec::stored(reader.blocks(Position(reach.words), STEP_BLOCKS))? {
        if block.position <= words_until {
            step.reach.words = block.position.0;
            step.words.push(block.position.0);
        }
    }
    if !step.words.is_empty() {
        return Ok(Some(step));
    }
    let signals_until = older(retention.signals)?;
    let mut blocks = codec::stored(reader.blocks(Position(reach.signals), STEP_BLOCKS))?;
    blocks.retain(|block| block.position <= signals_until);
    if blocks.is_empty() {
        return Ok(None);
    }
    let evidence = match known {
        Some(evidence) => evidence,
        None => known.insert(self::evidence(reader, Position(reach.signals))?),
    };
    for block in blocks {
        step.reach.signals = block.position.0;
        if evidence.contains(&block.position.0) {
            continue;
        }
        step.reach.complete_from = Some(block.recorded_at + Duration::from_micros(1));
        step.blocks.push(block.position.0);
        step.signals += u64::from(block.block.count);
        step.bytes += block.block.bytes.len() as u64;
        if step.bytes >= STEP_BYTES {
            break;
        }
    }
    Ok(Some(step))
}

/// Positions after one that decisions name, or that detectors may still make them name.
///
/// Detectors are read before events: what a decision of tomorrow can name was seen before today,
/// so that it is in a detector now, or in an event.
fn evidence(reader: &dyn Reader, after: Position) -> Result<BTreeSet<u64>, Problem> {
    let mut positions = BTreeSet::new();
    for (_, bytes) in codec::stored(reader.detectors())? {
        // What another version wrote is begun anew at the next start, so that it names nothing.
        let Some(detector) = codec::detector(&bytes) else { continue };
        positions.extend(detector.places().map(|place| place.position));
    }
    let mut place = EventPlace::end_of(after);
    loop {
        let events = codec::stored(reader.events(place, PAGE))?;
        let Some(last) = events.last() else { return Ok(positions) };
        place = last.place;
        for stored in &events {
            let mut named = |decision: &Decision| {
                positions.insert(stored.place.position.0);
                positions.extend(decision.signals.iter().map(|place| place.position));
            };
            if let Some(entry) = stored_entry(stored)? {
                decisions(&entry).for_each(&mut named);
            } else if stored.event.kind == codec::OBSERVED {
                named(&codec::observed(&stored.event.body)?);
            }
        }
    }
}

impl Engine {
    /// Removes what is old enough, step by step, while everything else goes on.
    pub async fn prune(&self, retention: Retention) -> Result<Pruned, Problem> {
        let (mut total, mut known) = (Pruned::default(), None);
        loop {
            let now = self.now();
            let mut evidence = known.take();
            let planned = self.read(move |view| Ok((plan(view, retention, now, &mut evidence)?, evidence)));
            let (step, evidence) = planned.await?;
            known = evidence;
            let Some(step) = step else { return Ok(total) };
            total.blocks += step.blocks.len() as u64;
            total.signals += step.signals;
            total.words += step.words.len() as u64;
            self.take_away(step).await?;
        }
    }

    /// Prunes once a day for as long as the engine runs.
    pub async fn retain(self, retention: Retention) {
        let settings = codec::json(&retention);
        if let Err(problem) = self.put_document(SETTINGS, RETENTION, Some(settings)).await {
            tracing::warn!(code = problem.code.id, "retention.settings_not_stored");
        }
        let mut wait = FIRST_PASS;
        loop {
            tokio::time::sleep(wait).await;
            wait = EVERY;
            match self.prune(retention).await {
                Ok(done) => tracing::info!(signals = done.signals, words = done.words, "retention.pruned"),
                Err(problem) if *problem.code == problem::STOPPING => return,
                Err(problem) => {
                    tracing::warn!(code = problem.code.id, detail = problem.detail, "retention.failed");
                }
            }
        }
    }
}

impl Step {
    /// Whether it takes anything away: otherwise it only says how far a pass has come.
    pub(crate) fn is_empty(&self) -> bool {
        self.blocks.is_empty() && self.words.is_empty()
    }

    /// What the journal keeps of it.
    pub(crate) fn record(&self) -> Vec<u8> {
        codec::json(&serde_json::json!({"blocks": self.blocks, "signals": self.signals, "words": self.words.len()}))
    }

    /// The document with how far passes have come.
    pub(crate) fn document(&self) -> (&'static str, &'static str, Vec<u8>) {
        (SETTINGS, REACH, codec::json(&self.reach))
    }
}
