//! What every handler shares: the engine, access, and the settings of the HTTP side.
//!
//! It reads no environment and no file; the binary does.

use std::ops::Deref;
use std::sync::Arc;

use engine::Engine;
use problem::Problem;
use wcore::Incident;

use crate::access::{Access, InFlight, Viewer};
use crate::id;
use crate::intake::flood::Floods;
use crate::intake::way::Ledger;
use crate::learning::Remembered;
use crate::metrics::Meters;
use crate::sight::Sight;
use crate::status::Watch;

/// Settings of the HTTP side.
#[derive(Clone, Debug)]
pub struct AppConfig {
    /// How people reach this server, such as `https://watchbell.example.com`; without a slash at the end.
    pub public_url: String,
    /// A server for development and demonstration.
    pub dev: bool,
    /// Time stands still and `POST /dev/clock` moves it.
    pub test_clock: bool,
    /// Requests of one token or session that may be under way at once.
    pub in_flight_max: usize,
    /// Signals that each built-in source may send in a minute; `None`: as many as can be written.
    pub signals_per_minute: Option<u32>,
    /// Where the public status page is; the public URL, unless it is exported elsewhere.
    pub status_url: String,
}

/// Requests of one sender at once: four times the widest load test, and 256 MiB of bodies at worst.
pub const IN_FLIGHT_MAX: usize = 256;

/// Signals of a built-in source in a minute, unless the settings say otherwise: a thousand a second on
/// average, a minute's worth at once, 3.6 million an hour. The evaluations of a large team are a tenth
/// of it, and a machine writes many times as many, so that one sender's loop leaves room for others.
pub(crate) const SIGNALS_PER_MINUTE: u32 = 60_000;

impl AppConfig {
    /// The settings of an ordinary server.
    pub fn new(public_url: impl Into<String>) -> AppConfig {
        let public_url = public_url.into().trim_end_matches('/').to_owned();
        let status_url = public_url.clone();
        AppConfig {
            public_url,
            dev: false,
            test_clock: false,
            in_flight_max: IN_FLIGHT_MAX,
            signals_per_minute: Some(SIGNALS_PER_MINUTE),
            status_url,
        }
    }
}

/// The state behind every route. Cloned with every layer that a request passes, so it is one pointer.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl From<Parts> for App {
    fn from(parts: Parts) -> App {
        App(Arc::new(parts))
    }
}

/// What the state consists of.
pub(crate) struct Parts {
    pub(crate) engine: Engine,
    pub(crate) access: Arc<Access>,
    pub(crate) config: Arc<AppConfig>,
    pub(crate) meters: Arc<Meters>,
    pub(crate) in_flight: Arc<InFlight>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) floods: Arc<Floods>,
    pub(crate) status: Arc<Watch>,
    pub(crate) remembered: Arc<Remembered>,
}

impl App {
    /// The incident of that number, if there is one and the viewer may see it. Both refusals read the same.
    pub(crate) async fn incident(&self, viewer: &Viewer, no: u64) -> Result<Incident, Problem> {
        let eyes = viewer.clone();
        let read = self.engine.read(move |view| {
            let found = view.incident(no)?;
            let seen = found.as_ref().map_or(Ok(false), |incident| Sight::new(view, &eyes).sees(incident))?;
            Ok(found.filter(|_| seen))
        });
        read.await?.ok_or_else(|| id::unknown(&id::incident(no)))
    }

    /// Whether the viewer may see an incident that a command answered.
    pub(crate) async fn shows(&self, viewer: &Viewer, incident: &Incident) -> Result<bool, Problem> {
        let (eyes, no) = (viewer.clone(), incident.no);
        if eyes.is_involved(incident) {
            return Ok(true);
        }
        self.engine.read(move |view| Sight::new(view, &eyes).has(no)).await
    }
}
