//! Following others: where the journal is further than this node knows, its memory goes on with what they wrote.
//!
//! Nodes on one database are equal. Who decides holds the head's lock first and follows up to there, so
//! that no decision rests on an old memory. It decides nothing and writes nothing.

use std::sync::Arc;

use calendar::{Duration, Instant};
use journal::{EventPlace, Head, Present, StoredBlock, StoredEvent};
use problem::Problem;
use wcore::trigger::Detectors;

use crate::hold::Hold;
use crate::rules::{Documents, Rules};
use crate::run::{Thread, rebuild_duplicates};
use crate::time::{TimeSource, wall_now};
use crate::{codec, hold, remembered, start};

/// Between two looks at the head while others may write: people who watch another node's page see it by then.
pub(crate) const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(250);
/// How far this machine's clock may be from the database's. What a node promises by its clock, another keeps by its own.
const CLOCK_OFF_MAX: Duration = Duration::from_secs(2);
/// Events read at once.
const EVENTS: u32 = 1_000;
/// Blocks read at once: each holds up to some thousand signals.
const BLOCKS: u32 = 64;

/// What others have written, read before any of it is taken over.
struct News {
    events: Vec<StoredEvent>,
    blocks: Vec<(Vec<u128>, Instant)>,
    detectors: Detectors,
    /// The last policy and roster that came into force.
    rules: Option<Arc<Rules>>,
    hold: Option<Hold>,
}

impl Thread {
    /// Takes the right to write next, and follows whoever wrote last. The memory is the journal's from here
    /// on until the batch is written.
    pub(crate) fn begin(&mut self) -> Result<(), Problem> {
        let Some(present) = codec::stored(self.writer.begin())? else { return Ok(()) };
        let followed = self.take_over(&present);
        if followed.is_err() {
            self.writer.give_up();
        }
        followed
    }

    /// Looks whether others have written; whether all is well.
    pub(crate) fn look_around(&mut self) -> bool {
        let looked = codec::stored(self.reader.present()).and_then(|present| self.take_over(&present));
        if let Err(problem) = &looked {
            tracing::error!(code = problem.code.id, detail = problem.detail, "engine.left_behind");
            self.shared.failed(problem);
        }
        looked.is_ok()
    }

    /// The present by the journal's clock, as far as it is known.
    pub(crate) fn now(&self) -> Instant {
        self.shared.time.now() + self.skew
    }

    fn take_over(&mut self, present: &Present) -> Result<(), Problem> {
        if let (Some(now), TimeSource::System) = (present.now, &self.shared.time) {
            let off = wall_now().since(now);
            if off.abs() > CLOCK_OFF_MAX {
                let detail = format!("this machine's clock is {off:#} off that of the database");
                return Err(Problem::new(&problem::CLOCK_OFF, detail));
            }
            self.skew = now.since(self.shared.time.now());
        }
        self.follow(&present.head)
    }

    /// Goes on with what was written up to a head. Until all of it could be read, the known head stays, so that
    /// nothing that was decided on an old memory is ever committed.
    pub(crate) fn follow(&mut self, head: &Head) -> Result<(), Problem> {
        if *head == self.head {
            return Ok(());
        }
        codec::stored(head.admits_tzdata(calendar::tzdata()))?;
        if head.position <= self.head.position {
            self.read_anew(head)?;
        } else {
            let news = self.news(head)?;
            self.go_on(news);
        }
        self.shared.set_detectors_due(self.detectors.next_due());
        self.shared.committed(head.recorded_at, head.position.0);
        self.shared.bell.ring();
        self.head = head.clone();
        Ok(())
    }

    fn news(&self, head: &Head) -> Result<News, Problem> {
        let events = self.events_until(head)?;
        let blocks = self.keys_until(head)?;
        let mut rules = None;
        if let Some(last) = events.iter().rfind(|stored| stored.event.kind == codec::ACTIVATED) {
            rules = Some(self.compile(head, &last.event.body)?);
            start::must_decide_alike(&*self.reader)?;
        }
        let office = events.iter().any(|stored| stored.event.incident.is_none());
        let hold = if office { hold::read(&*self.reader)? } else { self.shared.running_hold() };
        Ok(News { events, blocks, detectors: self.stored_detectors(head)?, rules, hold })
    }

    fn events_until(&self, head: &Head) -> Result<Vec<StoredEvent>, Problem> {
        let mut events = Vec::new();
        let mut after = EventPlace::end_of(self.head.position);
        loop {
            let page = codec::stored(self.reader.events(after, EVENTS))?;
            let last = page.len() < EVENTS as usize;
            let known = page.into_iter().take_while(|stored| stored.place.position <= head.position);
            let before = events.len();
            events.extend(known);
            match events.last() {
                Some(end) if !last && events.len() > before => after = end.place,
                _ => return Ok(events),
            }
        }
    }

    fn keys_until(&self, head: &Head) -> Result<Vec<(Vec<u128>, Instant)>, Problem> {
        let mut keys = Vec::new();
        let mut after = self.head.position;
        loop {
            let page = codec::stored(self.reader.blocks(after, BLOCKS))?;
            for StoredBlock { position, recorded_at, block } in &page {
                if *position > head.position {
                    return Ok(keys);
                }
                after = *position;
                let of_block = crate::block::keys(&block.bytes).map_err(|e| codec::unreadable(e.to_string()))?;
                keys.push((of_block, *recorded_at));
            }
            if page.len() < BLOCKS as usize {
                return Ok(keys);
            }
        }
    }

    fn compile(&self, head: &Head, body: &[u8]) -> Result<Arc<Rules>, Problem> {
        let documents: Documents = serde_json::from_slice(body)
            .map_err(|e| codec::unreadable(format!("the active policy does not decode ({e})")))?;
        let unknown = |_| moved(head, "another node has put a policy in force that this version does not read");
        Rules::compile_with(documents, &self.secrets).map(Arc::new).map_err(unknown)
    }

    fn stored_detectors(&self, head: &Head) -> Result<Detectors, Problem> {
        let (detectors, unknown) = codec::stored(remembered::detectors(&*self.reader))?;
        if unknown.is_empty() {
            return Ok(detectors);
        }
        Err(moved(head, "another version of this program has written what triggers remember"))
    }

    fn go_on(&mut self, news: News) {
        for stored in &news.events {
            self.cache.follow(stored);
        }
        for (keys, at) in news.blocks {
            self.duplicates.insert(keys, at);
        }
        self.detectors = news.detectors;
        self.shared.set_hold(news.hold);
        if let Some(rules) = news.rules {
            self.pins.add(&rules.policy);
            self.rules = Arc::clone(&rules);
            self.shared.set_rules(rules);
            self.shared.enable_all();
        }
    }

    /// All of the memory: the journal is another one than it was, as after a restored backup.
    fn read_anew(&mut self, head: &Head) -> Result<(), Problem> {
        let rules = match codec::stored(self.reader.document(crate::SETTINGS, crate::ACTIVE))? {
            Some(body) => self.compile(head, &body)?,
            None => Arc::clone(&self.rules),
        };
        let detectors = self.stored_detectors(head)?;
        let hold = hold::read(&*self.reader)?;
        let duplicates = rebuild_duplicates(&*self.reader, self.now().max(head.recorded_at))?;
        self.lineage = start::lineage(&*self.reader).map_err(start::problem)?;
        self.cache.clear();
        self.duplicates = duplicates;
        self.go_on(News { events: Vec::new(), blocks: Vec::new(), detectors, rules: Some(rules), hold });
        Ok(())
    }
}

/// Only another version of the program goes on from there.
fn moved(head: &Head, why: &str) -> Problem {
    let detail =
        format!("the journal is at {} and {why}; this node writes nothing until it is upgraded", head.position);
    Problem::new(&problem::DECIDES_OLDER, detail)
}
