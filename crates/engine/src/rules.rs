//! The policy and roster in force, compiled, and earlier policies that incidents are pinned to.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use channel::{Secret, WebhookTarget};
use policy::model::{Channel, FromEnv, Policy, Roster};
use policy::{Diagnostic, Loaded, Source};
use problem::Problem;
use serde::{Deserialize, Serialize};
use wcore::trigger::Triggers;

/// The two documents, as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Documents {
    /// `policy.yaml`.
    pub policy: String,
    /// `roster.yaml`.
    pub roster: String,
}

/// What is in force.
pub struct Rules {
    /// What is promised.
    pub policy: Arc<Policy>,
    /// Who and when.
    pub roster: Arc<Roster>,
    /// Their text.
    pub documents: Documents,
    pub(crate) triggers: Triggers,
    pub(crate) channels: BTreeMap<String, Result<WebhookTarget, Problem>>,
}

/// Where addresses and secrets are found by the names that a roster gives them.
#[derive(Clone)]
pub struct Secrets(Arc<Find>);

type Find = dyn Fn(&str) -> Result<Secret, Problem> + Send + Sync;

impl Secrets {
    /// The process's environment: `NAME`, or the file that `NAME_FILE` names.
    pub fn environment() -> Secrets {
        Secrets::new(Secret::from_env)
    }

    /// Another place.
    pub fn new(find: impl Fn(&str) -> Result<Secret, Problem> + Send + Sync + 'static) -> Secrets {
        Secrets(Arc::new(find))
    }

    fn find(&self, name: &str) -> Result<Secret, Problem> {
        (self.0)(name)
    }
}

impl Documents {
    fn load(&self) -> Loaded {
        policy::load(
            Source { name: "policy.yaml", text: &self.policy },
            Source { name: "roster.yaml", text: &self.roster },
        )
    }
}

impl Rules {
    /// Compiles the documents; the diagnostics say why it cannot.
    pub fn compile(documents: Documents) -> Result<Rules, Vec<Diagnostic>> {
        Rules::compile_with(documents, &Secrets::environment())
    }

    /// The same, with the addresses and secrets of channels found elsewhere than in the environment.
    pub fn compile_with(documents: Documents, secrets: &Secrets) -> Result<Rules, Vec<Diagnostic>> {
        let loaded = documents.load();
        let (Some(policy), Some(roster)) = (loaded.policy, loaded.roster) else { return Err(loaded.diagnostics) };
        let triggers = Triggers::new(&policy);
        let channels = roster.channels.iter().map(|(name, channel)| (name.clone(), target(channel, secrets))).collect();
        Ok(Rules { policy: Arc::new(policy), roster: Arc::new(roster), documents, triggers, channels })
    }

    /// Channels that cannot send as they are configured, and why.
    pub fn broken_channels(&self) -> impl Iterator<Item = (&str, &Problem)> {
        self.channels.iter().filter_map(|(name, target)| Some((name.as_str(), target.as_ref().err()?)))
    }
}

fn target(channel: &Channel, secrets: &Secrets) -> Result<WebhookTarget, Problem> {
    let Channel::Webhook { url, secret_env, allow_internal } = channel;
    let url = match url {
        FromEnv::Value(url) => url.clone(),
        FromEnv::Variable(name) => secrets.find(name)?.expose().to_owned(),
    };
    let Some(secret_env) = secret_env else {
        return Err(Problem::new(
            &problem::SECRET_MISSING,
            "the channel names no `secret_env`, so nothing can be signed",
        ));
    };
    let secret = secrets.find(secret_env)?;
    if *allow_internal { WebhookTarget::parse_internal(&url, &secret) } else { WebhookTarget::parse(&url, &secret) }
}

/// Policies by version, for the incidents pinned to them.
#[derive(Default)]
pub(crate) struct Pins(HashMap<String, Arc<Policy>>);

impl Pins {
    pub(crate) fn add(&mut self, policy: &Arc<Policy>) {
        self.0.insert(policy.id.clone(), Arc::clone(policy));
    }

    /// The policy of that version, read by `load` if it is not at hand.
    pub(crate) fn get(
        &mut self,
        id: &str,
        load: impl FnOnce() -> Result<Option<Documents>, Problem>,
    ) -> Result<Option<Arc<Policy>>, Problem> {
        if let Some(policy) = self.0.get(id) {
            return Ok(Some(Arc::clone(policy)));
        }
        let Some(policy) = load()?.and_then(|documents| documents.load().policy) else { return Ok(None) };
        let policy = Arc::new(policy);
        self.add(&policy);
        Ok(Some(policy))
    }
}
