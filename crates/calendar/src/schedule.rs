//! On-call schedules: layers of rotations, and overrides above them.
//!
//! It answers who is on call and when that changes. It does not know contacts, and nobody is paged from here.

use std::iter;

use jiff::SignedDuration as Duration;
use serde::{Deserialize, Serialize};

use crate::rotation::{Rotation, RotationError, RotationSpec};
use crate::{Calendar, CalendarError, CalendarSpec, HORIZON, Instant, UnknownZone, Window, Zone};

/// A schedule as people write it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScheduleSpec {
    /// IANA name of the zone of all hand-offs and restrictions.
    pub time_zone: String,
    /// Where several layers have someone, the last of them decides.
    pub layers: Vec<LayerSpec>,
    /// They beat all layers. Where they overlap, the last of them decides.
    pub overrides: Vec<Override>,
}

/// One rotation, and the hours in which it applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerSpec {
    /// When turns change.
    pub rotation: RotationSpec,
    /// The order of turns.
    pub people: Vec<String>,
    /// Weekly hours, Monday first, outside which the layer has nobody. The rotation goes on meanwhile.
    pub restrictions: Option<[Vec<Window>; 7]>,
}

/// Someone takes over in `[start, end)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// When it begins.
    pub start: Instant,
    /// When it ends.
    pub end: Instant,
    /// Who takes over.
    pub person: String,
    /// For whom: it then applies only while this person would be on call. Otherwise it applies throughout,
    /// also where nobody would be.
    pub replaces: Option<String>,
}

/// Why a schedule cannot be used. Layers and overrides are counted from 1, as people do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// The zone is not in the tz database.
    #[error(transparent)]
    UnknownZone(#[from] UnknownZone),
    /// Nobody could ever be on call.
    #[error("the schedule has no layers; add one with a rotation and its people")]
    NoLayers,
    /// A layer without people.
    #[error("layer {layer} has no people; name at least one")]
    NoPeople {
        /// Its number.
        layer: usize,
    },
    /// The layer's rotation is not one.
    #[error("layer {layer}: {source}")]
    Rotation {
        /// Its number.
        layer: usize,
        /// What is wrong.
        source: RotationError,
    },
    /// The layer's hours are not usable.
    #[error("layer {layer}: {source}")]
    Restrictions {
        /// Its number.
        layer: usize,
        /// What is wrong.
        source: CalendarError,
    },
    /// An override that ends before it starts.
    #[error("override {number} must end after it starts")]
    EmptyOverride {
        /// Its number.
        number: usize,
    },
}

/// One person on call without interruption, `[start, end)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shift {
    /// Who.
    pub person: String,
    /// From when, or the start of the question if later.
    pub start: Instant,
    /// Until when, or the end of the question if earlier.
    pub end: Instant,
}

/// A compiled schedule.
#[derive(Clone, Debug)]
pub struct Schedule {
    zone: Zone,
    layers: Vec<Layer>,
    overrides: Vec<Override>,
}

#[derive(Clone, Debug)]
struct Layer {
    rotation: Rotation,
    people: Vec<String>,
    hours: Calendar,
}

/// A stretch in which the same person, or nobody, is on call.
struct Stretch<'a> {
    person: Option<&'a str>,
    start: Instant,
    end: Instant,
}

impl Schedule {
    /// Checks and compiles a schedule.
    pub fn new(spec: ScheduleSpec) -> Result<Schedule, ScheduleError> {
        let zone = Zone::new(&spec.time_zone)?;
        if spec.layers.is_empty() {
            return Err(ScheduleError::NoLayers);
        }
        if let Some(index) = spec.overrides.iter().position(|one| one.start >= one.end) {
            return Err(ScheduleError::EmptyOverride { number: index + 1 });
        }
        let layers = (1..).zip(spec.layers).map(|(number, layer)| Layer::new(layer, number, &zone));
        Ok(Schedule { layers: layers.collect::<Result<_, _>>()?, zone, overrides: spec.overrides })
    }

    /// The IANA name of the zone.
    pub fn time_zone(&self) -> &str {
        self.zone.name()
    }

    /// Who is on call: one person, or nobody in a gap.
    pub fn on_call(&self, at: Instant) -> Vec<&str> {
        self.person_at(at).into_iter().collect()
    }

    /// Everyone's shifts in `[from, to)` in order, within [`HORIZON`] of `from`.
    pub fn shifts(&self, from: Instant, to: Instant) -> Vec<Shift> {
        self.stretches(from, to)
            .filter_map(|Stretch { person, start, end }| Some(Shift { person: person?.to_owned(), start, end }))
            .collect()
    }

    /// When nobody is on call in `[from, to)`, within [`HORIZON`] of `from`.
    pub fn gaps(&self, from: Instant, to: Instant) -> Vec<(Instant, Instant)> {
        self.stretches(from, to).filter(|stretch| stretch.person.is_none()).map(|gap| (gap.start, gap.end)).collect()
    }

    /// When somebody else than now, or nobody, will be on call; none if that is not within [`HORIZON`].
    pub fn next_handoff(&self, at: Instant) -> Option<Instant> {
        let until = at + HORIZON;
        self.stretches(at, until).next().map(|now| now.end).filter(|end| *end < until)
    }

    fn person_at(&self, at: Instant) -> Option<&str> {
        let scheduled = self.layers.iter().rev().find_map(|layer| layer.person_at(at));
        let mut person = scheduled;
        for one in self.overrides.iter().filter(|one| one.start <= at && at < one.end) {
            // An earlier override may have replaced the named person already; the later one wins over it.
            let applies = match &one.replaces {
                None => true,
                Some(name) => person == Some(name) || scheduled == Some(name),
            };
            if applies {
                person = Some(&one.person);
            }
        }
        person
    }

    fn stretches(&self, from: Instant, to: Instant) -> impl Iterator<Item = Stretch<'_>> {
        let to = to.min(from + HORIZON);
        let mut at = from;
        iter::from_fn(move || {
            let start = at;
            if start >= to {
                return None;
            }
            let person = self.person_at(start);
            while at < to && self.person_at(at) == person {
                at = self.next_change(at).min(to);
            }
            Some(Stretch { person, start, end: at })
        })
    }

    /// The next instant at which anything may change: between two of them nothing does.
    fn next_change(&self, at: Instant) -> Instant {
        let layers = self.layers.iter().map(|layer| layer.next_change(at));
        let edges = self.overrides.iter().flat_map(|one| [one.start, one.end]).filter(|edge| *edge > at);
        layers.chain(edges).min().unwrap_or(Instant::MAX)
    }
}

impl Layer {
    fn new(spec: LayerSpec, layer: usize, zone: &Zone) -> Result<Layer, ScheduleError> {
        if spec.people.is_empty() {
            return Err(ScheduleError::NoPeople { layer });
        }
        let rotation = Rotation::new(spec.rotation, zone.clone());
        let hours = spec.restrictions.map_or_else(
            || Ok(Calendar::always()),
            |weekly| {
                Calendar::new(CalendarSpec { time_zone: zone.name().to_owned(), weekly, ..CalendarSpec::default() })
            },
        );
        Ok(Layer {
            rotation: rotation.map_err(|source| ScheduleError::Rotation { layer, source })?,
            people: spec.people,
            hours: hours.map_err(|source| ScheduleError::Restrictions { layer, source })?,
        })
    }

    fn person_at(&self, at: Instant) -> Option<&str> {
        if !self.hours.is_open(at) {
            return None;
        }
        let people = self.people.len() as i64;
        let position = self.rotation.turn_at(at).number.rem_euclid(people);
        Some(&self.people[position as usize])
    }

    fn next_change(&self, at: Instant) -> Instant {
        // Alone, a person hands over to nobody: without this, single people on hourly turns cost thousands of steps.
        let turn_end = if self.people.len() > 1 { self.rotation.turn_at(at).end } else { Instant::MAX };
        let opening = self.hours.open(at, at + HORIZON).next();
        let edge = opening.map_or(Instant::MAX, |(start, end)| if start > at { start } else { end });
        // At the end of time an edge may be the instant asked about; the step must still lead on.
        turn_end.min(edge).max(at + Duration::from_micros(1))
    }
}
