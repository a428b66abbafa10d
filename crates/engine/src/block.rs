//! The signals of one batch as one row: versioned, compressed, the columns that detectors
//! read apart from the remainder.

use std::collections::{BTreeMap, HashMap};

use calendar::Instant;
use serde::{Deserialize, Serialize};
use wcore::Signal;
use wcore::signal::{Alert, Evaluator, Unit};

/// First byte of every block.
const VERSION: u8 = 1;

/// Names that repeat, once each, and one row per signal.
#[derive(Default, Serialize, Deserialize)]
struct Columns {
    names: Vec<String>,
    rows: Vec<Row>,
}

/// What detectors and the duplicate window read.
#[derive(Serialize, Deserialize)]
struct Row {
    source: u32,
    metric: u32,
    service: u32,
    label: Option<u32>,
    value: Option<f64>,
    at: Option<Instant>,
    id: Option<String>,
}

/// What only people and exact replays read.
#[derive(Serialize, Deserialize)]
struct Rest {
    summary: Option<String>,
    unit: Option<Unit>,
    evaluator: Option<Evaluator>,
    labels: BTreeMap<String, String>,
    link: Option<String>,
    alert: Option<Alert>,
    late: bool,
}

/// A block that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("failed to decode a block: {0}")]
pub struct BlockError(String);

/// The bytes of a block.
pub fn encode(signals: &[Signal]) -> Vec<u8> {
    let mut columns = Columns::default();
    let mut known: HashMap<&str, u32> = HashMap::new();
    let mut rests = Vec::with_capacity(signals.len());
    for signal in signals {
        let mut name = |text| intern(&mut columns.names, &mut known, text);
        let (source, metric, service) = (name(&signal.source), name(&signal.metric), name(&signal.service));
        let label = signal.label.as_deref().map(name);
        let (id, value, at) = (signal.id.clone(), signal.value, signal.at);
        columns.rows.push(Row { source, metric, service, label, value, at, id });
        rests.push(Rest {
            summary: signal.summary.clone(),
            unit: signal.unit.clone(),
            evaluator: signal.evaluator.clone(),
            labels: signal.labels.clone(),
            link: signal.link.clone(),
            alert: signal.alert.clone(),
            late: signal.late,
        });
    }
    let columns = compress(&columns);
    let rests = compress(&rests);
    let mut bytes = Vec::with_capacity(columns.len() + rests.len() + 5);
    bytes.push(VERSION);
    bytes.extend(u32::try_from(columns.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(columns);
    bytes.extend(rests);
    bytes
}

fn intern<'a>(names: &mut Vec<String>, known: &mut HashMap<&'a str, u32>, text: &'a str) -> u32 {
    *known.entry(text).or_insert_with(|| {
        names.push(text.to_owned());
        u32::try_from(names.len() - 1).unwrap_or(u32::MAX)
    })
}

/// The signals of a block.
pub fn decode(bytes: &[u8]) -> Result<Vec<Signal>, BlockError> {
    let (columns, rests) = sections(bytes)?;
    let columns: Columns = expand(columns)?;
    let rests: Vec<Rest> = expand(rests)?;
    let name = |index: u32| columns.names.get(index as usize).cloned().unwrap_or_default();
    let signals = columns.rows.into_iter().zip(rests).map(|(row, rest)| Signal {
        id: row.id,
        source: name(row.source),
        metric: name(row.metric),
        service: name(row.service),
        at: row.at,
        value: row.value,
        label: row.label.map(name),
        summary: rest.summary,
        unit: rest.unit,
        evaluator: rest.evaluator,
        labels: rest.labels,
        link: rest.link,
        alert: rest.alert,
        late: rest.late,
    });
    Ok(signals.collect())
}

/// The keys by which senders name the signals of a block: source and id.
pub(crate) fn keys(bytes: &[u8]) -> Result<Vec<u128>, BlockError> {
    let columns: Columns = expand(sections(bytes)?.0)?;
    let key = |row: &Row| {
        let id = row.id.as_deref()?;
        Some(crate::duplicates::key(columns.names.get(row.source as usize)?, id))
    };
    Ok(columns.rows.iter().filter_map(key).collect())
}

fn sections(bytes: &[u8]) -> Result<(&[u8], &[u8]), BlockError> {
    let damaged = || BlockError("it is cut short".to_owned());
    let (version, rest) = bytes.split_first().ok_or_else(damaged)?;
    if *version != VERSION {
        return Err(BlockError(format!("its version is {version}, this program reads {VERSION}")));
    }
    let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(damaged)?;
    rest.split_at_checked(u32::from_be_bytes(*length) as usize).ok_or_else(damaged)
}

fn compress<T: Serialize>(value: &T) -> Vec<u8> {
    let plain = postcard::to_stdvec(value).expect("plain data with known lengths always encodes");
    lz4_flex::compress_prepend_size(&plain)
}

fn expand<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, BlockError> {
    let plain = lz4_flex::decompress_size_prepended(bytes).map_err(|e| BlockError(e.to_string()))?;
    postcard::from_bytes(&plain).map_err(|e| BlockError(e.to_string()))
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
        let bytes = encode(&signals);
        assert_eq!(decode(&bytes).unwrap(), signals);
        assert_eq!(keys(&bytes).unwrap(), [crate::duplicates::key("evals", "a"), crate::duplicates::key("evals", "b")]);
    }

    #[test]
    fn damage_is_an_error() {
        let bytes = encode(&[Signal::default()]);
        for cut in 0..bytes.len() {
            assert!(decode(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        assert!(decode(&[9, 0, 0, 0, 0]).unwrap_err().to_string().contains("version is 9"));
    }
}
