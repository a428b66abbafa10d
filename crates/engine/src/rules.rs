//! The policy and roster in force, compiled, and earlier policies that incidents are pinned to.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use channel::email::{EmailSettings, Login, Security};
use channel::{EmailTarget, Secret, SlackTarget, Target, WebhookTarget};
use policy::model::{Channel, FromEnv, MailSecurity, MailServer, Policy, Roster};
use policy::{Diagnostic, Loaded, Source};
use problem::Problem;
use serde::{Deserialize, Serialize};
use wcore::Signal;
use wcore::trigger::{Triggers, Would};

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
    source_secrets: BTreeMap<String, Result<Secret, Problem>>,
    pub(crate) triggers: Triggers,
    pub(crate) channels: BTreeMap<String, Result<Target, Problem>>,
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
    /// Both, as far as they are valid, and what is wrong with them.
    pub fn load(&self) -> Loaded {
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
        let signed = policy.sources.iter().filter_map(|(name, source)| Some((name, source.signature.as_ref()?)));
        let source_secrets =
            signed.map(|(name, signature)| (name.clone(), secrets.find(&signature.secret_env))).collect();
        let (policy, roster) = (Arc::new(policy), Arc::new(roster));
        Ok(Rules { policy, roster, documents, source_secrets, triggers, channels })
    }

    /// With what a declared source signs; a problem where its secret is not there.
    pub fn source_secret(&self, name: &str) -> Result<&Secret, Problem> {
        let unsigned = || Problem::new(&problem::SECRET_MISSING, format!("the source `{name}` names no secret"));
        self.source_secrets.get(name).ok_or_else(unsigned)?.as_ref().map_err(Clone::clone)
    }

    /// Declared sources of which nothing can be taken in, since their secret is not there, and why.
    pub fn broken_sources(&self) -> impl Iterator<Item = (&str, &Problem)> {
        self.source_secrets.iter().filter_map(|(name, secret)| Some((name.as_str(), secret.as_ref().err()?)))
    }

    /// The triggers for which a signal would be evidence, and what they would make of it.
    pub fn would(&self, signal: &Signal) -> Vec<Would> {
        self.triggers.would(&self.policy, signal)
    }

    /// Channels that cannot send as they are configured, and why.
    pub fn broken_channels(&self) -> impl Iterator<Item = (&str, &Problem)> {
        self.channels.iter().filter_map(|(name, target)| Some((name.as_str(), target.as_ref().err()?)))
    }
}

fn target(channel: &Channel, secrets: &Secrets) -> Result<Target, Problem> {
    match channel {
        Channel::Webhook { url, secret_env, allow_internal } => {
            let url = address(url, secrets)?;
            let unsigned = || {
                let detail = "the channel names no `secret_env`, so nothing can be signed";
                Problem::new(&problem::SECRET_MISSING, detail)
            };
            let secret = secrets.find(secret_env.as_deref().ok_or_else(unsigned)?)?;
            let parse = if *allow_internal { WebhookTarget::parse_internal } else { WebhookTarget::parse };
            parse(url.expose(), &secret).map(Target::Webhook)
        }
        Channel::Slack { url, allow_internal } => {
            let parse = if *allow_internal { SlackTarget::parse_internal } else { SlackTarget::parse };
            parse(&address(url, secrets)?).map(Target::Slack)
        }
        Channel::Email(server) => mail(server, secrets).map(Target::Email),
    }
}

fn address(url: &FromEnv, secrets: &Secrets) -> Result<Secret, Problem> {
    match url {
        FromEnv::Value(url) => Ok(Secret::new(url.clone())),
        FromEnv::Variable(name) => secrets.find(name),
    }
}

fn mail(server: &MailServer, secrets: &Secrets) -> Result<EmailTarget, Problem> {
    let security = match server.security {
        MailSecurity::Tls => Security::Tls,
        MailSecurity::StartTls => Security::StartTls,
        MailSecurity::None => Security::None { allow_plain: server.allow_plain },
    };
    let login = match &server.login {
        Some((user, password)) => Some(Login { user: user.clone(), password: secrets.find(password)? }),
        None => None,
    };
    let (host, from) = (server.host.clone(), server.from.clone());
    EmailTarget::new(&EmailSettings { host, port: server.port, security, login, from, ca_pem: None })
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
