//! Those who ask: they keep what they were answered, and ask again when they were not.

use std::collections::BTreeMap;

use engine::{Accepted, Applied, Asked, Idempotency, Rules, Stepper};
use problem::Problem;
use wcore::event::Actor;
use wcore::raise::Declaration;
use wcore::{Command, Signal};

use crate::documents::{documents, secrets};
use crate::model::{Violation, violated};

/// What somebody wants.
#[derive(Clone)]
pub(crate) enum Wish {
    Signals(Vec<Signal>),
    Command { no: u64, command: Box<Command>, by: Actor },
    Declare { declaration: Box<Declaration>, by: String },
    Activate(usize),
}

/// Somebody who wants something, once.
pub(crate) struct Client {
    wish: Wish,
    /// Its words carry this mark into the journal exactly once, where they are recorded at all.
    marks: bool,
    first_asked: i64,
    last_asked: i64,
    /// Asked before, without an answer.
    pub(crate) tries: u32,
}

/// An answer that is awaited.
enum Awaited {
    Signals(Asked<Accepted>),
    Act(Asked<Applied>),
    Done(Asked<()>),
}

/// What the journal holds, as the watcher counted it.
#[derive(Default)]
pub(crate) struct Counted {
    /// Signals by their ids.
    pub(crate) signals: BTreeMap<String, u32>,
    /// Rows by the marks in their words.
    pub(crate) marks: BTreeMap<u64, u32>,
    /// What was counted again since somebody last looked whether it is there twice.
    again: (Vec<String>, Vec<u64>),
}

impl Counted {
    pub(crate) fn signal(&mut self, id: String) {
        let count = self.signals.entry(id.clone()).or_default();
        *count += 1;
        if *count > 1 {
            self.again.0.push(id);
        }
    }

    pub(crate) fn mark(&mut self, id: u64) {
        let count = self.marks.entry(id).or_default();
        *count += 1;
        if *count > 1 {
            self.again.1.push(id);
        }
    }
}

/// Everybody.
#[derive(Default)]
pub(crate) struct Clients {
    all: BTreeMap<u64, Client>,
    awaited: BTreeMap<u64, Awaited>,
    /// When each signal was sent first, in the engine's time.
    sent: BTreeMap<String, (i64, i64)>,
    pub(crate) answered: u64,
    pub(crate) refused: u64,
}

/// Keys and ids are remembered for this long; who asks again later may be served twice.
const REMEMBERED_US: i64 = 24 * 3_600 * 1_000_000;

/// What stands before and after a mark's number.
pub(crate) const MARK: &str = "mark~";

impl Clients {
    pub(crate) fn add(&mut self, wish: Wish, marks: bool) -> u64 {
        let id = self.all.len() as u64;
        self.all.insert(id, Client { wish, marks, first_asked: i64::MAX, last_asked: 0, tries: 0 });
        id
    }

    /// The number that the next one gets.
    pub(crate) fn next(&self) -> u64 {
        self.all.len() as u64
    }

    /// Asks; `false` where the engine takes nothing.
    pub(crate) fn ask(&mut self, id: u64, engine: &Stepper, now: i64) -> bool {
        let Some(client) = self.all.get_mut(&id) else { return true };
        client.tries += 1;
        client.first_asked = client.first_asked.min(now);
        client.last_asked = client.last_asked.max(now);
        let idempotency = Some(Idempotency { scope: "sim".to_owned(), key: format!("key-{id}"), fingerprint: id });
        let awaited = match client.wish.clone() {
            Wish::Signals(signals) => {
                for id in signals.iter().filter_map(|signal| signal.id.as_ref()) {
                    let sent = self.sent.entry(id.clone()).or_insert((now, now));
                    *sent = (sent.0.min(now), sent.1.max(now));
                }
                engine.signals(signals).map(Awaited::Signals)
            }
            Wish::Command { no, command, by } => engine.command(no, *command, by, idempotency).map(Awaited::Act),
            Wish::Declare { declaration, by } => {
                engine.declare(*declaration, Actor::Person(by), idempotency).map(Awaited::Act)
            }
            Wish::Activate(version) => match Rules::compile_with(documents(version), &secrets()) {
                Ok(rules) => engine.activate(rules).map(Awaited::Done),
                Err(_) => return true,
            },
        };
        awaited.map(|awaited| self.awaited.insert(id, awaited)).is_ok()
    }

    /// Takes answers in; who was not served and should ask again.
    pub(crate) fn listen(&mut self, counted: &Counted) -> Result<Vec<u64>, Violation> {
        let mut again = Vec::new();
        for (id, mut awaited) in std::mem::take(&mut self.awaited) {
            let answer = match &mut awaited {
                Awaited::Signals(asked) => asked.answer().map(|answer| answer.map(|_| ())),
                Awaited::Act(asked) => asked.answer().map(|answer| answer.map(|_| ())),
                Awaited::Done(asked) => asked.answer(),
            };
            match answer {
                Some(Ok(())) => self.served(id, counted)?,
                Some(Err(problem)) if is_temporary(&problem) => again.push(id),
                Some(Err(_)) => self.refused += 1,
                None => again.push(id),
            }
        }
        Ok(again)
    }

    /// What was answered is in the journal.
    fn served(&mut self, id: u64, counted: &Counted) -> Result<(), Violation> {
        self.answered += 1;
        let Some(client) = self.all.get(&id) else { return Ok(()) };
        if let Wish::Signals(signals) = &client.wish {
            for id in signals.iter().filter_map(|signal| signal.id.as_ref()) {
                if !counted.signals.contains_key(id) {
                    return violated("what was answered is in the journal", format!("signal {id}"));
                }
            }
        }
        if client.marks && !counted.marks.contains_key(&id) {
            return violated("what was answered is in the journal", format!("act {id}"));
        }
        Ok(())
    }

    /// Nothing is in the journal twice.
    pub(crate) fn once(&self, counted: &mut Counted) -> Result<(), Violation> {
        let (signals, marks) = std::mem::take(&mut counted.again);
        let forgotten = |id: &String| self.sent.get(id).is_some_and(|(first, last)| last - first >= REMEMBERED_US);
        if let Some(id) = signals.iter().find(|id| !forgotten(id)) {
            return violated("nothing is taken in twice", format!("signal {id}"));
        }
        let remembered = |id: &u64| {
            let client = self.all.get(id).filter(|client| client.marks);
            client.is_some_and(|client| client.last_asked - client.first_asked < REMEMBERED_US)
        };
        match marks.iter().find(|id| remembered(id)) {
            Some(id) => violated("nothing is taken in twice", format!("act {id}, {:?} rows", counted.marks.get(id))),
            None => Ok(()),
        }
    }
}

fn is_temporary(problem: &Problem) -> bool {
    problem.code.status >= 500
}
