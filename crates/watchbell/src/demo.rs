//! `demo`: a realistic morning on a temporary store, over plain HTTP, with time sped up.
//!
//! The people are played by `script`; whoever signs in can act before they do. What is shown
//! is what the engine did: the demonstration has no shortcut into it.

mod script;
mod summary;

use std::path::PathBuf;
use std::time::Duration as StdDuration;

use anyhow::Context as _;
use calendar::Duration;
use engine::{Documents, Engine, TimeSource};
use journal::Sqlite;
use web::{Access, AppConfig};

use crate::cli::DemoArgs;
use crate::client::Client;
use crate::exit::{Exit, explain};
use crate::serve;

/// Sessions of the demonstration outlast it at any speed.
const SESSION: Duration = Duration::from_hours(24 * 90);
/// Roster of the demonstration: the starter's people, reached through the built-in inbox.
const ROSTER: &str = include_str!("../demo/roster.yaml");

pub(crate) async fn run(args: &DemoArgs) -> anyhow::Result<Exit> {
    let interrupted = serve::stop_signal()?;
    let folder = folder()?;
    let listener = serve::bind(&format!("127.0.0.1:{}", args.port)).await?;
    let address = listener.local_addr().context("failed to read the listening address")?;
    let url = format!("http://{address}");
    let time = TimeSource::scaled(args.speed);
    let store = Sqlite::open(&folder).map_err(|error| explain(&error.problem()))?;
    let documents = Documents { policy: policy::starter::POLICY.to_owned(), roster: ROSTER.to_owned() };
    let engine = engine::start(&store, documents, serve::config(time.clone(), &url))?;
    let access = Access::load(&engine).await.map_err(|problem| explain(&problem))?.with_session_lifetime(SESSION);
    let token = random_token()?;
    access.bootstrap(&token).await.map_err(|problem| explain(&problem))?;
    let person = on_call(&engine);
    let link = access.administrator_link(&person, SESSION).await.map_err(|problem| explain(&problem))?;
    println!("Watchbell demo, {} times as fast as life. Ctrl-C ends it.", args.speed);
    println!("Board: {url}{link}");
    println!("       signs you in as {person}, who is on call; act before {person} does if you like.\n");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut config = AppConfig::new(url.clone());
    config.dev = true;
    let served = tokio::spawn(serve::serve_until(listener, engine.clone(), access, config, async {
        let _ = stopped.await;
    }));
    let client = Client::new(&url, token)?;
    let story = script::Story::new(client, time, args.seed);
    let told = tell(story, args.exit_after, interrupted).await;
    let summary = summary::Summary::gather(&engine, &folder).await;
    let _ = stop.send(());
    served.await.context("the server ended early")??;
    let summary = summary?;
    print!("{summary}");
    match told {
        Told::Failed(error) => Err(error),
        Told::Finished => Ok(Exit::Ok),
        Told::Interrupted => Ok(Exit::Interrupted),
    }
}

enum Told {
    Finished,
    Interrupted,
    Failed(anyhow::Error),
}

/// Tells the story and waits for the end: Ctrl-C, or the time given.
async fn tell(story: script::Story, exit_after: Option<Duration>, interrupted: impl Future<Output = ()>) -> Told {
    let limit = async {
        match exit_after {
            Some(limit) => tokio::time::sleep(StdDuration::try_from(limit).unwrap_or_default()).await,
            None => std::future::pending().await,
        }
    };
    let whole = async {
        let told = story.tell().await;
        match told {
            Ok(()) => {
                println!("\nThe story is told. The server goes on; Ctrl-C ends it.");
                std::future::pending().await
            }
            Err(error) => error,
        }
    };
    tokio::select! {
        error = whole => Told::Failed(error),
        () = limit => Told::Finished,
        () = interrupted => Told::Interrupted,
    }
}

fn folder() -> anyhow::Result<PathBuf> {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).map_err(|e| anyhow::anyhow!("the system has no randomness: {e}"))?;
    let name: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let folder = std::env::temp_dir().join(format!("watchbell-demo-{name}"));
    std::fs::create_dir(&folder).with_context(|| format!("failed to create {}", folder.display()))?;
    Ok(folder)
}

fn random_token() -> anyhow::Result<String> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).map_err(|e| anyhow::anyhow!("the system has no randomness: {e}"))?;
    Ok(format!("wb_demo_{}", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
}

fn on_call(engine: &Engine) -> String {
    let rules = engine.rules();
    let on_call = rules.roster.schedules.get("ai-oncall").map(|schedule| schedule.on_call(engine.now()));
    on_call.and_then(|people| people.first().map(|person| (*person).to_owned())).unwrap_or_else(|| "ben".to_owned())
}
