//! Starting: which policy runs, what the memory holds, and what is missed already.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use calendar::Duration;
use journal::{DocumentChange, OutboxChanges, Reader, Store, Workspace, Writer};
use policy::Diagnostic;
use problem::Problem;
use tokio::sync::watch;
use wcore::event::Actor;

use crate::cache::Cache;
use crate::handle::{Engine, Inner, Running};
use crate::outbox::{Clerk, DISABLED_CHANNELS, Dispatcher};
use crate::queue::{ActivateInput, Input};
use crate::rules::{Documents, Pins, Rules, Secrets};
use crate::run::{Thread, rebuild_duplicates};
use crate::shared::Shared;
use crate::texts::{KEY_BYTES, Pseudonyms, Salts, Secrecy};
use crate::time::TimeSource;
use crate::versions::{self, Origin, Versions};
use crate::{ACTIVE, DECIDED_BY, DECIDES, FILES_TAKEN, Fault, LINEAGE, PSEUDONYM_KEY, SETTINGS, codec, remembered};

/// How to run.
pub struct Config {
    /// Which workspace.
    pub workspace: Workspace,
    /// Where time comes from.
    pub time: TimeSource,
    /// Address under which people reach the pages, without a slash at its end.
    pub public_url: String,
    /// Injected by tests.
    pub fault: Option<Fault>,
}

/// Why the engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The documents have errors, and no valid version ever ran.
    #[error("the policy or roster has errors, and no valid version is stored to run instead")]
    Documents(Vec<Diagnostic>),
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// The journal holds what this version cannot read.
    #[error("{0}")]
    Contents(Problem),
    /// Outgoing connections cannot be made.
    #[error("failed to set up outgoing connections")]
    Channels(#[from] channel::webhook::StartFault),
    /// The thread cannot be started.
    #[error("failed to start the engine's thread")]
    Thread(#[from] std::io::Error),
}

/// Starts the engine on a store. Must be called within a tokio runtime.
///
/// Invalid documents do not silence anything: the last valid version runs, with a self-alert.
pub fn start(store: &dyn Store, documents: Documents, config: Config) -> Result<Engine, StartError> {
    start_with(store, documents, config, &Secrets::environment())
}

/// The same, with the addresses and secrets of channels found elsewhere than in the environment.
pub fn start_with(
    store: &dyn Store,
    documents: Documents,
    config: Config,
    secrets: &Secrets,
) -> Result<Engine, StartError> {
    let reader = store.reader(config.workspace)?;
    let thread = prepare(store, documents, config, secrets, Salts::System)?;
    let shared = Arc::clone(&thread.shared);
    let (idle_sender, idle) = watch::channel(0);
    let clerk = Clerk { shared: Arc::clone(&shared), reader: Arc::clone(&reader) };
    let dispatcher = Dispatcher { clerk, sender: channel::Sender::new()?, idle: idle_sender };
    let thread = std::thread::Builder::new().name("engine".to_owned()).spawn(move || thread.run())?;
    let dispatcher = tokio::spawn(dispatcher.run());
    let running = Mutex::new(Some(Running { thread, dispatcher }));
    Ok(Engine { inner: Arc::new(Inner { shared, reader, idle, running }) })
}

/// What the engine's thread begins with, read from the store.
pub(crate) fn prepare(
    store: &dyn Store,
    documents: Documents,
    config: Config,
    secrets: &Secrets,
    salts: Salts,
) -> Result<Thread, StartError> {
    let mut writer = store.writer(config.workspace)?;
    let reader = store.reader(config.workspace)?;
    let leases = store.leases(config.workspace);
    let mut head = writer.head()?;
    head.admits_tzdata(calendar::tzdata())?;
    let decided_by = must_decide_alike(&*reader).map_err(StartError::Contents)?;
    let stored = stored_documents(&*reader)?;
    let files = Versions::of(&documents);
    let taken = versions::taken(reader.document(SETTINGS, FILES_TAKEN)?).map_err(StartError::Contents)?;
    let documents = documents.since(taken.as_ref(), stored.as_ref());
    let (rules, changed, complaint) = choose(documents, stored, secrets)?;
    // Invalid files were not taken: they are looked at again, and complained of, at each start.
    let activate = changed || (complaint.is_none() && taken.as_ref() != Some(&files));
    let rules = Arc::new(rules);
    config.time.not_before(head.recorded_at);
    let now = config.time.now();
    let (mut detectors, unknown) = remembered::detectors(&*reader)?;
    let mut restarted = None;
    if !unknown.is_empty() {
        let memory = (&mut detectors, unknown.as_slice());
        let begun = remembered::begin_anew(&mut *writer, &*reader, &rules, memory, now);
        let (moved, problem) = begun.map_err(StartError::Contents)?;
        config.time.not_before(moved.recorded_at);
        (head, restarted) = (moved, Some(problem));
    }
    // The activation is where a watch begins: what an earlier version never watched is activated anew.
    // So is what decided otherwise.
    let activate = activate || decided_by < DECIDES || !rules.triggers.is_watched(&rules.policy, &detectors);
    let lineage = lineage(&*reader)?;
    let pseudonyms = pseudonyms(&mut *writer, &*reader, salts)?;
    let duplicates = rebuild_duplicates(&*reader, now).map_err(StartError::Contents)?;
    let position = head.position.0;
    let mut shared = Shared::new(Arc::clone(&rules), config.time, config.public_url, position, pseudonyms.clone());
    shared.leases = leases;
    let shared = Arc::new(shared);
    shared.set_detectors_due(detectors.next_due());
    shared.stats.duplicate_keys.store(duplicates.len() as u64, Ordering::Relaxed);
    for (channel, _) in reader.documents(DISABLED_CHANNELS, "", u32::MAX)? {
        shared.disable(&channel);
    }
    shared.set_hold(crate::hold::read(&*reader).map_err(StartError::Contents)?);
    if activate {
        let origin = Origin::Files(if complaint.is_none() { files } else { taken.unwrap_or_default() });
        let by = Actor::Watchbell;
        queue(&shared, Input::Activate(ActivateInput { rules: Arc::clone(&rules), by, origin, reply: None }));
    }
    for problem in complaint.into_iter().chain(restarted).chain(broken(&rules)) {
        queue(&shared, Input::SelfAlert(problem));
    }
    let mut pins = Pins::default();
    pins.add(&rules.policy);
    Ok(Thread {
        shared,
        reader: writer.reader().unwrap_or(reader),
        writer,
        head,
        skew: Duration::ZERO,
        secrets: secrets.clone(),
        rules,
        pins,
        cache: Cache::default(),
        detectors,
        duplicates,
        stuck: Vec::new(),
        detectors_rest_until: None,
        unwritten: Vec::new(),
        lineage,
        secrecy: Secrecy { salts, pseudonyms },
        fault: config.fault,
    })
}

fn queue(shared: &Shared, input: Input) {
    shared.queue.push(input).expect("a new queue is open, and only acts and signals are bounded");
}

/// The documents in force, as the store has them.
fn stored_documents(reader: &dyn Reader) -> Result<Option<Documents>, StartError> {
    let Some(body) = reader.document(SETTINGS, ACTIVE)? else { return Ok(None) };
    let documents = serde_json::from_slice(&body)
        .map_err(|e| StartError::Contents(codec::unreadable(format!("the active policy does not decode ({e})"))))?;
    Ok(Some(documents))
}

/// Which version of the core decided last; a problem where it is a later one than this.
pub(crate) fn must_decide_alike(reader: &dyn Reader) -> Result<u32, Problem> {
    let Some(body) = codec::stored(reader.document(SETTINGS, DECIDED_BY))? else { return Ok(0) };
    let version: u32 = serde_json::from_slice(&body)
        .map_err(|e| codec::unreadable(format!("the version that decided last does not decode ({e})")))?;
    if version <= DECIDES {
        return Ok(version);
    }
    let detail = format!("version {version} of the rules of deciding is in force, and this program has {DECIDES}");
    Err(Problem::new(&problem::DECIDES_OLDER, detail))
}

/// What a start stumbles over, as a problem of a running node.
pub(crate) fn problem(error: StartError) -> Problem {
    match error {
        StartError::Journal(error) => error.problem(),
        StartError::Contents(problem) => problem,
        other => codec::unreadable(other.to_string()),
    }
}

/// What a restore began the names of requests with; nothing before the first.
pub(crate) fn lineage(reader: &dyn Reader) -> Result<String, StartError> {
    let Some(body) = reader.document(SETTINGS, LINEAGE)? else { return Ok(String::new()) };
    serde_json::from_slice(&body)
        .map_err(|e| StartError::Contents(codec::unreadable(format!("the lineage does not decode ({e})"))))
}

/// Pseudonyms under the workspace's key, which is made at the first start.
fn pseudonyms(writer: &mut dyn Writer, reader: &dyn Reader, salts: Salts) -> Result<Pseudonyms, StartError> {
    if salts == Salts::Derived {
        return Ok(Pseudonyms::new(&[0; KEY_BYTES]));
    }
    // Nodes that start together make one.
    writer.begin()?;
    if let Some(body) = reader.document(SETTINGS, PSEUDONYM_KEY)? {
        writer.give_up();
        let short = || StartError::Contents(codec::unreadable("the key of pseudonyms is too short".to_owned()));
        return Ok(Pseudonyms::new(body.first_chunk().ok_or_else(short)?));
    }
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).expect("every supported system has a source of random bytes");
    let change =
        DocumentChange { collection: SETTINGS.to_owned(), id: PSEUDONYM_KEY.to_owned(), body: Some(key.to_vec()) };
    writer.apply(&OutboxChanges { documents: vec![change], ..OutboxChanges::default() })?;
    Ok(Pseudonyms::new(&key))
}

/// The rules to run, whether they are new, and what to complain about.
fn choose(
    given: Documents,
    stored: Option<Documents>,
    secrets: &Secrets,
) -> Result<(Rules, bool, Option<Problem>), StartError> {
    match Rules::compile_with(given.clone(), secrets) {
        Ok(rules) => Ok((rules, stored.as_ref() != Some(&given), None)),
        Err(diagnostics) => {
            let first = diagnostics.iter().find(|d| d.severity == policy::Level::Error).map(|d| d.message.clone());
            let detail = format!("the first error: {}; the last valid version runs", first.unwrap_or_default());
            let last = stored.and_then(|documents| Rules::compile_with(documents, secrets).ok());
            match last {
                Some(rules) => Ok((rules, false, Some(Problem::new(&problem::POLICY_NOT_ACTIVATED, detail)))),
                None => Err(StartError::Documents(diagnostics)),
            }
        }
    }
}

fn broken(rules: &Rules) -> Vec<Problem> {
    let complain = |(name, problem): (&str, &Problem)| {
        Problem::new(&problem::CHANNEL_MISCONFIGURED, format!("channel `{name}`: {problem}"))
    };
    let silent = |(name, problem): (&str, &Problem)| {
        Problem::new(problem.code, format!("nothing of the source `{name}` can be taken in: {}", problem.detail))
    };
    rules.broken_channels().map(complain).chain(rules.broken_sources().map(silent)).collect()
}
