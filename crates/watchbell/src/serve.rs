//! `serve`: composes the store, the engine and the HTTP side, and stops them in order.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use calendar::{Duration, Instant};
use engine::{Config, Documents, Engine, StartError, TimeSource};
use journal::Workspace;
use policy::Source;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use web::{Access, AppConfig, Bootstrap};

use crate::check::Document;
use crate::cli::{ConfigArgs, ConfigCommand, ServeArgs};
use crate::client::secret;
use crate::exit::{Ended, Exit, explain};
use crate::place::Place;
use crate::reload::Files;
use crate::settings::Settings;

/// Environment variable with the first administrator's token, read on an empty store.
const BOOTSTRAP: &str = "WATCHBELL_BOOTSTRAP_TOKEN";
/// The first sign-in link works for an hour: long enough to find the terminal again.
const FIRST_LINK: Duration = Duration::from_mins(60);

pub(crate) async fn run(args: &ServeArgs) -> anyhow::Result<Exit> {
    log_to_stderr();
    let stop = stop_signal()?;
    let settings = Settings::gather(args)?;
    let retention = settings.retention()?;
    let listener = bind(settings.get("listen")).await?;
    let address = listener.local_addr().context("failed to read the listening address")?;
    let public_url = match settings.get("public_url") {
        "" => format!("http://{address}"),
        url => url.trim_end_matches('/').to_owned(),
    };
    let documents = Pair::read(settings.get("policy"), settings.get("roster"));
    let time = time_source(args.test_clock.as_deref())?;
    let engine = start_engine(&settings.place, &documents, time, &public_url)?;
    let access = Access::load(&engine).await.map_err(|problem| explain(&problem))?;
    greet(&engine, &access, &public_url).await?;
    warn_of_lacks(&engine, &access);
    let mut config = AppConfig::new(public_url);
    config.dev = args.dev;
    config.test_clock = args.test_clock.is_some();
    config.signals_per_minute = settings.number("signals_per_minute")?;
    tokio::spawn(engine.clone().retain(retention));
    Files::new(settings.get("policy"), settings.get("roster")).watch(engine.clone())?;
    keep_status_page(&settings, &engine, &mut config);
    if let Some(heartbeat) = &settings.heartbeat {
        heartbeat.start(&engine);
    }
    if let Some(schedule) = &settings.test_page {
        schedule.start(&engine);
    }
    println!("listening on http://{address}");
    serve_until(listener, engine, access, config, stop).await?;
    Ok(Exit::Ok)
}

/// Where the status page is, and its copy in files.
fn keep_status_page(settings: &Settings, engine: &Engine, config: &mut AppConfig) {
    let url = settings.get("status_url").trim_end_matches('/');
    if !url.is_empty() {
        config.status_url = url.to_owned();
    }
    let folder = settings.get("status_export");
    if !folder.is_empty() {
        tokio::spawn(web::status::keep(engine.clone(), config.status_url.clone(), PathBuf::from(folder)));
    }
}

pub(crate) fn show_config(args: &ConfigArgs) -> anyhow::Result<()> {
    let ConfigCommand::Show(serve) = &args.command;
    for setting in Settings::gather(serve)?.all {
        println!("{:<24} {:<32} {}", setting.name, setting.value, setting.origin);
    }
    Ok(())
}

/// Serves until `stop` is done, then stops in order: requests under way, the outbox, the queue.
pub(crate) async fn serve_until(
    listener: TcpListener,
    engine: Engine,
    access: Access,
    config: AppConfig,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    web::status::prepare(&engine).await.map_err(|problem| explain(&problem))?;
    let access = Arc::new(access);
    tokio::spawn(Arc::clone(&access).follow());
    let app = web::router(engine.clone(), access, config);
    web::serve(listener, app, stop).await.context("failed to serve")?;
    tracing::info!("server.stopping");
    engine.shutdown().await;
    Ok(())
}

/// Done at SIGINT or SIGTERM. Both are caught from the call on, not only once it is awaited:
/// a stop asked for while the server starts is an ordered one, too.
pub(crate) fn stop_signal() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = signal(SignalKind::interrupt()).context("failed to catch SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("failed to catch SIGTERM")?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

pub(crate) fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("WATCHBELL_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    // A second call, as in tests, keeps the first subscriber.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

pub(crate) async fn bind(listen: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(listen).await.map_err(|e| {
        Ended::with(
            Exit::Failure,
            format!("cannot listen on {listen}: {e}\nhelp: choose another address with --listen"),
        )
    })
}

/// The two documents, or why they cannot be read: the last valid version may run all the same.
struct Pair {
    policy: Document,
    roster: Document,
    unreadable: Vec<String>,
}

impl Pair {
    fn read(policy: &str, roster: &str) -> Pair {
        let mut unreadable = Vec::new();
        let mut read = |path: &str| {
            Document::read(Path::new(path)).unwrap_or_else(|error| {
                unreadable.push(format!("{error:#}"));
                Document { name: path.to_owned(), text: String::new() }
            })
        };
        let (policy, roster) = (read(policy), read(roster));
        Pair { policy, roster, unreadable }
    }
}

fn start_engine(place: &Place, pair: &Pair, time: TimeSource, public_url: &str) -> anyhow::Result<Engine> {
    let store = place.open()?;
    let documents = Documents { policy: pair.policy.text.clone(), roster: pair.roster.text.clone() };
    let config = config(time, public_url);
    engine::start(&*store, documents, config).map_err(|error| match error {
        StartError::Documents(_) if !pair.unreadable.is_empty() => anyhow::anyhow!("{}", pair.unreadable.join("\n")),
        StartError::Documents(diagnostics) => {
            let sources = [
                Source { name: "policy.yaml", text: &pair.policy.text },
                Source { name: "roster.yaml", text: &pair.roster.text },
            ];
            eprint!("{}", policy::render(&diagnostics, &sources, false));
            anyhow::anyhow!("the policy or roster has errors, and no valid version is stored to run instead")
        }
        StartError::Journal(error) => explain(&error.problem()),
        StartError::Contents(problem) => explain(&problem),
        other => anyhow::Error::new(other),
    })
}

/// How the engine runs under this program.
pub(crate) fn config(time: TimeSource, public_url: &str) -> Config {
    Config { workspace: Workspace::default(), time, public_url: public_url.to_owned(), fault: None }
}

fn time_source(test_clock: Option<&str>) -> anyhow::Result<TimeSource> {
    match test_clock {
        None => Ok(TimeSource::System),
        Some("now") => Ok(TimeSource::test(TimeSource::System.now())),
        Some(text) => {
            let at = Instant::parse(text).map_err(|e| Ended::with(Exit::Usage, format!("--test-clock: {e}")))?;
            Ok(TimeSource::test(at))
        }
    }
}

/// Says whose account allows less than the policy asks, once there are accounts.
fn warn_of_lacks(engine: &Engine, access: &Access) {
    if engine.health().position == 0 {
        return;
    }
    for lacks in access.lacks().into_values() {
        tracing::warn!("{lacks}");
    }
}

/// Lets the first administrator in.
async fn greet(engine: &Engine, access: &Access, public_url: &str) -> anyhow::Result<()> {
    let first_run = engine.health().position == 0;
    let mut bootstrapped = false;
    if let Some(token) = secret(BOOTSTRAP)? {
        match access.bootstrap(&token).await.map_err(|problem| explain(&problem))? {
            Bootstrap::Stored | Bootstrap::Known => bootstrapped = true,
            Bootstrap::Ignored => eprintln!("{BOOTSTRAP} is ignored: the store has tokens already"),
        }
    }
    if first_run && !bootstrapped {
        let rules = engine.rules();
        if let Some(person) = rules.roster.fallback.first() {
            let path = access.administrator_link(person, FIRST_LINK).await.map_err(|problem| explain(&problem))?;
            eprintln!("First start. Sign in once as {person}, with an administrator's rights:\n  {public_url}{path}");
        }
    }
    Ok(())
}
