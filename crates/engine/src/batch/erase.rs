//! Erasing what tells of customers: the private row of their words goes with its salt, and the block is written
//! anew without labels and ids. What else both held stays.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use journal::{Block, EventRow, Position, PrivateContent, PrivateRow, Reader, Rewrite};
use problem::Problem;
use wcore::event::{Entry, Event};

use super::Work;
use crate::codec;
use crate::queue::EraseInput;
use crate::retention::{self, Step};
use crate::texts::{self, Pseudonyms, RESEALED, Text, Texts};

/// What is left of earlier blocks, by position.
pub(super) type Erased = BTreeMap<u64, Remains>;

/// What is left of a block.
pub(super) struct Remains {
    /// The number of its old private row.
    generation: u32,
    /// The words that stay.
    left: Texts<'static>,
    /// The block as it was, until it is gone.
    block: Option<Block>,
    /// The block as it will be.
    anew: Option<Block>,
}

/// What is older than its time, by position.
#[derive(Default)]
pub(super) struct Expired {
    /// Blocks that go.
    pub(super) blocks: BTreeSet<u64>,
    /// Blocks whose words go: an erasure in the same batch must not seal them anew.
    words: BTreeSet<u64>,
    /// Their private rows.
    rows: Vec<String>,
}

impl Remains {
    fn read(reader: &dyn Reader, position: u64) -> Result<Remains, Problem> {
        let (generation, left) = texts::read(reader, position)?;
        let block = codec::stored(reader.block(Position(position)))?.map(|stored| stored.block);
        Ok(Remains { generation, left, block, anew: None })
    }

    /// Takes away what some of the signals tell of customers.
    fn lose(
        &mut self,
        indexes: &BTreeSet<u32>,
        pseudonyms: &Pseudonyms,
        reader: &dyn Reader,
        position: u64,
    ) -> Result<(), Problem> {
        self.left.retain(|(index, _)| !indexes.contains(index));
        let Some(block) = &self.block else { return Ok(()) };
        let (bytes, words) = crate::block::without(&block.bytes, indexes, pseudonyms)
            .map_err(|error| codec::unreadable(error.to_string()))?;
        // Words of a block of the first version stay as long as those of others, which may be over.
        if !words.is_empty() && position > retention::reach_of(reader)?.words {
            self.left = words;
        }
        if bytes != block.bytes {
            let anew = Block { bytes, ..block.clone() };
            self.block = Some(anew.clone());
            self.anew = Some(anew);
        }
        Ok(())
    }
}

impl Work<'_, '_> {
    /// Takes away what retention found. The rows are looked up here, since an erasure may have sealed them anew.
    pub(super) fn prune(&mut self, step: &Step) -> Result<(), Problem> {
        for position in &step.words {
            let generation = texts::generation(self.basis.reader, *position)?;
            self.expired.rows.push(texts::row(*position, generation));
            if generation > 0 {
                self.document(RESEALED, &position.to_string(), None);
            }
        }
        self.expired.words.extend(&step.words);
        self.expired.blocks.extend(&step.blocks);
        let (collection, id, reach) = step.document();
        self.document(collection, id, Some(reach));
        if !step.is_empty() {
            self.events.push(EventRow { incident: None, kind: Cow::Borrowed(codec::PRUNED), body: step.record() });
            self.moves_head = true;
        }
        Ok(())
    }

    /// Takes words away. The journal keeps who did it, why, and where; incidents say so in their timelines.
    pub(super) fn erase(&mut self, input: &EraseInput) -> Result<(), Problem> {
        for (position, indexes) in &input.found.places {
            let mut remains = match self.erased.remove(position) {
                Some(remains) => remains,
                None => Remains::read(self.basis.reader, *position)?,
            };
            remains.lose(indexes, &self.basis.secrecy.pseudonyms, self.basis.reader, *position)?;
            self.erased.insert(*position, remains);
        }
        let signals = input.found.signals();
        let body = codec::json(&serde_json::json!({
            "by": input.by, "reason": input.reason, "what": input.found.what, "signals": signals,
            "places": input.found.places,
        }));
        self.events.push(EventRow { incident: None, kind: Cow::Borrowed(codec::ERASED), body });
        for no in &input.found.incidents {
            let Some(incident) = self.basis.desk.incident(*no)? else { continue };
            let text = format!(
                "Erased what customers said, labels and the sender's ids in {signals} signals, because: {}. Counts, times and places are kept",
                input.reason
            );
            let mut state = (*incident).clone();
            let event = Event::Noted { text };
            state.evolve(&event, self.basis.now);
            let entry = Entry { at: self.basis.now, by: input.by.clone(), events: vec![event] };
            self.events.push(codec::entry_row(*no, &entry));
            self.basis.desk.put(state, false);
        }
        self.moves_head = true;
        Ok(())
    }

    /// The private rows of this batch, and those that end with it.
    pub(super) fn seal(&mut self) -> (Vec<PrivateRow>, Vec<String>) {
        let (mut private, mut ended) = (Vec::new(), Vec::new());
        let (position, salts) = (self.basis.position, self.basis.secrecy.salts);
        let mut push = |id: String, texts: &Texts<'_>| {
            let salt = salts.salt(position, private.len());
            private.push(PrivateRow { id, content: PrivateContent { salt, bytes: texts::encode(texts) } });
        };
        let mine: Texts<'_> =
            (0..).zip(&self.signals).filter_map(|(index, signal)| Some((index, Text::of(signal)?))).collect();
        if !mine.is_empty() {
            push(texts::row(position.0, 0), &mine);
        }
        for (of, Remains { generation, left, anew, .. }) in std::mem::take(&mut self.erased) {
            if let Some(block) = anew {
                let rewrite = Rewrite { position: Position(of), block };
                self.events.push(EventRow::rewritten(&rewrite));
                self.rewrite.push(rewrite);
            }
            ended.push(texts::row(of, generation));
            if !left.is_empty() && !self.expired.words.contains(&of) {
                push(texts::row(of, generation + 1), &left);
                let key = (RESEALED.to_owned(), of.to_string());
                self.documents.insert(key, Some(codec::json(&(generation + 1))));
            }
        }
        ended.append(&mut self.expired.rows);
        (private, ended)
    }
}
