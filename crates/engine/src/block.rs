//! The signals of one batch as one row: versioned, compressed, the columns that detectors
//! read apart from the remainder. What customers said is not in it: see [`texts`](crate::texts).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use calendar::Instant;
use serde::{Deserialize, Serialize};
use wcore::Signal;
use wcore::signal::{Alert, Evaluator, Unit};

use crate::texts::{self, PSEUDONYM_BYTES, Pseudonyms, Text};

/// First byte of every block.
const VERSION: u8 = 2;
/// The first version: summary, link and unit stood in the block itself.
const WITH_TEXTS: u8 = 1;

/// What a signal takes of either part before it is compressed, mostly no more: a batch of thousands
/// is not moved about while it grows.
const SIGNAL_BYTES_USUAL: usize = 64;

/// Names that repeat, once each, and one row per signal.
#[derive(Default, Serialize, Deserialize)]
struct Columns<'a> {
    #[serde(borrow)]
    names: Vec<&'a str>,
    #[serde(borrow)]
    rows: Vec<Row<'a>>,
}

/// What detectors and the duplicate window read.
#[derive(Serialize, Deserialize)]
struct Row<'a> {
    source: u32,
    metric: u32,
    service: u32,
    label: Option<u32>,
    value: Option<f64>,
    at: Option<Instant>,
    id: Option<&'a str>,
}

/// What only people and exact replays read.
#[derive(Serialize, Deserialize)]
struct Rest<'a> {
    unit: Option<Stand<'a>>,
    evaluator: Option<Cow<'a, Evaluator>>,
    labels: Cow<'a, BTreeMap<String, String>>,
    alert: Option<Cow<'a, Alert>>,
    late: bool,
    /// It had words, which may have been erased since.
    has_text: bool,
}

/// A unit by its pseudonym.
#[derive(Serialize, Deserialize)]
struct Stand<'a> {
    kind: Cow<'a, str>,
    pseudonym: [u8; PSEUDONYM_BYTES],
}

/// The remainder as the first version wrote it.
#[derive(Deserialize)]
struct RestWithTexts<'a> {
    summary: Option<Cow<'a, str>>,
    unit: Option<Cow<'a, Unit>>,
    evaluator: Option<Cow<'a, Evaluator>>,
    labels: Cow<'a, BTreeMap<String, String>>,
    link: Option<Cow<'a, str>>,
    alert: Option<Cow<'a, Alert>>,
    late: bool,
}

/// A block that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("failed to decode a block: {0}")]
pub struct BlockError(String);

/// The bytes of a block.
pub fn encode(signals: &[&Signal], pseudonyms: &Pseudonyms) -> Vec<u8> {
    let has_text = |_, signal: &Signal| Text::of(signal).is_some();
    encode_with(signals, &has_text, &|unit| pseudonyms.of(unit))
}

/// A block without what tells of the sender's customers in some of its signals: labels, the sender's id and,
/// where the first version wrote them, the words. Gives the words of the other signals that stood in it.
pub(crate) fn without(
    bytes: &[u8],
    indexes: &BTreeSet<u32>,
    pseudonyms: &Pseudonyms,
) -> Result<(Vec<u8>, texts::Texts<'static>), BlockError> {
    let with_texts = holds_words(bytes);
    let (mut signals, mut had): (Vec<Signal>, Vec<bool>) = open(bytes)?.into_iter().unzip();
    let mut words = Vec::new();
    for ((index, signal), had) in (0..).zip(&mut signals).zip(&mut had) {
        if indexes.contains(&index) {
            signal.labels.clear();
            let kind = format!("signal of {}", signal.source);
            signal.id = signal.id.take().map(|id| texts::stand_in(pseudonyms, &kind, id));
            // It says that something was there.
            *had = true;
        } else if with_texts && let Some(text) = Text::of(signal) {
            words.push((index, text.into_owned()));
            *had = true;
        }
    }
    let signals: Vec<&Signal> = signals.iter().collect();
    let stand = |unit: &Unit| match with_texts {
        true => pseudonyms.of(unit),
        false => texts::read_pseudonym(&unit.id).unwrap_or_else(|| pseudonyms.of(unit)),
    };
    let bytes = encode_with(&signals, &|index, _| had.get(index).copied().unwrap_or_default(), &stand);
    Ok((bytes, words))
}

fn encode_with(
    signals: &[&Signal],
    has_text: &dyn Fn(usize, &Signal) -> bool,
    stand: &dyn Fn(&Unit) -> [u8; PSEUDONYM_BYTES],
) -> Vec<u8> {
    let mut columns = Columns::default();
    let mut known: HashMap<&str, u32> = HashMap::new();
    let mut rests = Vec::with_capacity(signals.len());
    for (place, signal) in signals.iter().enumerate() {
        let before = columns.rows.last().map(|row| [row.source, row.metric, row.service]);
        let mut name = |column: usize, text| match before.map(|row| row[column]) {
            // Mostly it is that of the signal before.
            Some(index) if columns.names[index as usize] == text => index,
            _ => intern(&mut columns.names, &mut known, text),
        };
        let (source, metric, service) = (name(0, &signal.source), name(1, &signal.metric), name(2, &signal.service));
        let label = signal.label.as_deref().map(|label| intern(&mut columns.names, &mut known, label));
        let (id, value, at) = (signal.id.as_deref(), signal.value, signal.at);
        columns.rows.push(Row { source, metric, service, label, value, at, id });
        rests.push(Rest {
            unit: signal.unit.as_ref().map(|unit| Stand { kind: Cow::Borrowed(&unit.kind), pseudonym: stand(unit) }),
            evaluator: signal.evaluator.as_ref().map(Cow::Borrowed),
            labels: Cow::Borrowed(&signal.labels),
            alert: signal.alert.as_ref().map(Cow::Borrowed),
            late: signal.late,
            has_text: has_text(place, signal),
        });
    }
    let room = signals.len() * SIGNAL_BYTES_USUAL;
    let columns = compress(&columns, room);
    let rests = compress(&rests, room);
    let mut bytes = Vec::with_capacity(columns.len() + rests.len() + 5);
    bytes.push(VERSION);
    bytes.extend(u32::try_from(columns.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(columns);
    bytes.extend(rests);
    bytes
}

fn intern<'a>(names: &mut Vec<&'a str>, known: &mut HashMap<&'a str, u32>, text: &'a str) -> u32 {
    *known.entry(text).or_insert_with(|| {
        names.push(text);
        u32::try_from(names.len() - 1).unwrap_or(u32::MAX)
    })
}

/// The signals of a block, without their words.
pub fn decode(bytes: &[u8]) -> Result<Vec<Signal>, BlockError> {
    Ok(open(bytes)?.into_iter().map(|(signal, _)| signal).collect())
}

/// Whether the words of a block's signals stand in it, as the first version wrote them.
pub(crate) fn holds_words(bytes: &[u8]) -> bool {
    bytes.first() == Some(&WITH_TEXTS)
}

/// The signals of a block, each with whether its words stand elsewhere.
pub(crate) fn open(bytes: &[u8]) -> Result<Vec<(Signal, bool)>, BlockError> {
    let (version, columns, rests) = sections(bytes)?;
    let (columns, rests) = (expand(columns)?, expand(rests)?);
    let columns: Columns<'_> = parse(&columns)?;
    let rests: Vec<(Signal, bool)> = match version {
        WITH_TEXTS => parse::<Vec<RestWithTexts<'_>>>(&rests)?.into_iter().map(|rest| (rest.signal(), false)).collect(),
        _ => parse::<Vec<Rest<'_>>>(&rests)?.into_iter().map(Rest::signal).collect(),
    };
    let name = |index: u32| columns.names.get(index as usize).copied().unwrap_or_default().to_owned();
    let signals = columns.rows.iter().zip(rests).map(|(row, (rest, has_text))| {
        let signal = Signal {
            id: row.id.map(str::to_owned),
            source: name(row.source),
            metric: name(row.metric),
            service: name(row.service),
            at: row.at,
            value: row.value,
            label: row.label.map(name),
            ..rest
        };
        (signal, has_text)
    });
    Ok(signals.collect())
}

impl Rest<'_> {
    fn signal(self) -> (Signal, bool) {
        let unit = self.unit.map(|stand| Unit { kind: stand.kind.into_owned(), id: texts::written(&stand.pseudonym) });
        let signal = Signal {
            unit,
            evaluator: self.evaluator.map(Cow::into_owned),
            labels: self.labels.into_owned(),
            alert: self.alert.map(Cow::into_owned),
            late: self.late,
            ..Signal::default()
        };
        (signal, self.has_text)
    }
}

impl RestWithTexts<'_> {
    fn signal(self) -> Signal {
        Signal {
            summary: self.summary.map(Cow::into_owned),
            unit: self.unit.map(Cow::into_owned),
            evaluator: self.evaluator.map(Cow::into_owned),
            labels: self.labels.into_owned(),
            link: self.link.map(Cow::into_owned),
            alert: self.alert.map(Cow::into_owned),
            late: self.late,
            ..Signal::default()
        }
    }
}

/// The keys by which senders name the signals of a block: source and id.
pub(crate) fn keys(bytes: &[u8]) -> Result<Vec<u128>, BlockError> {
    let columns = expand(sections(bytes)?.1)?;
    let columns: Columns<'_> = parse(&columns)?;
    let key = |row: &Row<'_>| {
        let id = row.id?;
        Some(crate::duplicates::key(columns.names.get(row.source as usize)?, id))
    };
    Ok(columns.rows.iter().filter_map(key).collect())
}

/// Version, columns and remainder.
fn sections(bytes: &[u8]) -> Result<(u8, &[u8], &[u8]), BlockError> {
    let damaged = || BlockError("it is cut short".to_owned());
    let (version, rest) = bytes.split_first().ok_or_else(damaged)?;
    if !(WITH_TEXTS..=VERSION).contains(version) {
        return Err(BlockError(format!("its version is {version}, this program reads up to {VERSION}")));
    }
    let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(damaged)?;
    let (columns, rests) = rest.split_at_checked(u32::from_be_bytes(*length) as usize).ok_or_else(damaged)?;
    Ok((*version, columns, rests))
}

fn compress<T: Serialize>(value: &T, room: usize) -> Vec<u8> {
    let plain =
        postcard::to_extend(value, Vec::with_capacity(room)).expect("plain data with known lengths always encodes");
    lz4_flex::compress_prepend_size(&plain)
}

fn expand(bytes: &[u8]) -> Result<Vec<u8>, BlockError> {
    lz4_flex::decompress_size_prepended(bytes).map_err(|e| BlockError(e.to_string()))
}

fn parse<'a, T: Deserialize<'a>>(plain: &'a [u8]) -> Result<T, BlockError> {
    postcard::from_bytes(plain).map_err(|e| BlockError(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_returns_what_went_in() {
        let signal = |id: &str, metric: &str| Signal {
            id: Some(id.to_owned()),
            source: "evals".to_owned(),
            metric: metric.to_owned(),
            service: "support-assistant".to_owned(),
            at: Some(Instant::from_micros(7)),
            value: Some(0.5),
            label: Some("evals".to_owned()),
            summary: Some("ü".to_owned()),
            unit: Some(Unit { kind: "conversation".to_owned(), id: "c-1".to_owned() }),
            labels: BTreeMap::from([("region".to_owned(), "eu".to_owned())]),
            ..Signal::default()
        };
        let signals = vec![signal("a", "pii_leak"), signal("b", "groundedness"), Signal::default()];
        let pseudonyms = Pseudonyms::new(&[7; 32]);
        let bytes = encode(&signals.iter().collect::<Vec<_>>(), &pseudonyms);
        let mut opened = open(&bytes).unwrap();
        assert_eq!(opened.iter().map(|(_, has_text)| *has_text).collect::<Vec<_>>(), [true, true, false]);
        assert_eq!(opened[0].0.summary, None, "no words in the block");
        let stand = opened[0].0.unit.as_ref().unwrap().id.clone();
        assert!(stand.starts_with('~') && opened[1].0.unit.as_ref().unwrap().id == stand, "{stand}");
        let mut decoded: Vec<Signal> = opened.drain(..).map(|(signal, _)| signal).collect();
        let texts = signals.iter().enumerate().filter_map(|(at, signal)| Some((at as u32, Text::of(signal)?)));
        texts::put_back(&mut decoded, texts.collect());
        assert_eq!(decoded, signals);
        assert_eq!(keys(&bytes).unwrap(), [crate::duplicates::key("evals", "a"), crate::duplicates::key("evals", "b")]);
    }

    /// Written by the program before words were kept apart: a full signal and an empty one.
    const FIRST_VERSION: &str = "\
        010000003834000000f11205056576616c73087069695f6c65616b03626f74036261640002000102010301000100\
        e0e03f010e010161040404000000004d000000f03e020102c3bc010c636f6e766572736174696f6e03632d310103\
        6c6c6d01056a756467650101330106726567696f6e026575011168747470733a2f2f612e6578616d706c65000100\
        000000000000";

    #[test]
    fn blocks_of_the_first_version_are_read() {
        let byte = |at: usize| u8::from_str_radix(&FIRST_VERSION[at..at + 2], 16).unwrap();
        let bytes: Vec<u8> = (0..FIRST_VERSION.len()).step_by(2).map(byte).collect();
        let full = Signal {
            id: Some("a".to_owned()),
            source: "evals".to_owned(),
            metric: "pii_leak".to_owned(),
            service: "bot".to_owned(),
            at: Some(Instant::from_micros(7)),
            value: Some(0.5),
            label: Some("bad".to_owned()),
            summary: Some("ü".to_owned()),
            unit: Some(Unit { kind: "conversation".to_owned(), id: "c-1".to_owned() }),
            evaluator: Some(Evaluator {
                kind: "llm".to_owned(),
                name: Some("judge".to_owned()),
                version: Some("3".to_owned()),
            }),
            labels: BTreeMap::from([("region".to_owned(), "eu".to_owned())]),
            link: Some("https://a.example".to_owned()),
            alert: None,
            late: true,
        };
        assert_eq!(open(&bytes).unwrap(), [(full, false), (Signal::default(), false)]);
        assert_eq!(keys(&bytes).unwrap(), [crate::duplicates::key("evals", "a")]);
    }

    #[test]
    fn a_block_of_the_first_version_is_erased_from_and_its_other_words_are_kept_apart() {
        let byte = |at: usize| u8::from_str_radix(&FIRST_VERSION[at..at + 2], 16).unwrap();
        let bytes: Vec<u8> = (0..FIRST_VERSION.len()).step_by(2).map(byte).collect();
        let pseudonyms = Pseudonyms::new(&[7; 32]);
        let (anew, words) = without(&bytes, &BTreeSet::from([0]), &pseudonyms).unwrap();
        assert_eq!(words, []);
        let (gone, had) = open(&anew).unwrap().remove(0);
        assert!(had && gone.summary.is_none() && gone.link.is_none() && gone.labels.is_empty(), "{gone:?}");
        assert!(gone.id.unwrap().starts_with('~') && gone.unit.unwrap().id.starts_with('~'));
        assert_eq!((gone.label.as_deref(), gone.value), (Some("bad"), Some(0.5)), "what decided stays");
        let (other, words) = without(&bytes, &BTreeSet::from([1]), &pseudonyms).unwrap();
        let mut kept = decode(&other).unwrap();
        assert!(kept[0].summary.is_none() && words.len() == 1 && words[0].0 == 0);
        texts::put_back(&mut kept, words);
        assert_eq!(kept[0], open(&bytes).unwrap().remove(0).0);
        assert_eq!(without(&anew, &BTreeSet::from([0]), &pseudonyms).unwrap().0, anew, "once is enough");
    }

    #[test]
    fn damage_is_an_error() {
        let bytes = encode(&[&Signal::default()], &Pseudonyms::new(&[7; 32]));
        for cut in 0..bytes.len() {
            assert!(decode(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        assert!(decode(&[9, 0, 0, 0, 0]).unwrap_err().to_string().contains("version is 9"));
    }
}
