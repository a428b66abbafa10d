//! The status page as files, for any web server: what the server answers, byte for byte.
//!
//! `index.html` is the page. Each file is replaced whole, and written only if it differs; the page
//! comes last, so that what it links to is there.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use engine::{Engine, View};
use problem::Problem;

use super::board::Board;
use super::ids::Salt;
use super::read::{self, Source};
use super::watch::Watch;
use super::{feed, json, page};
use crate::pages::assets;
use crate::reports;

/// Pause after a failure, in real time: a full disk or a missing mount takes people to mend.
const RETRY: Duration = Duration::from_secs(30);

/// Writes the status page of a store into a folder; answers how many files changed.
pub fn export(view: &View, url: &str, folder: &Path) -> Result<usize, Problem> {
    let unseen = || Problem::new(&problem::STATUS_UNSEEN, "no server has shown it");
    let (policy, _) = reports::in_force(view)?.ok_or_else(unseen)?;
    let salt = Salt::load(view)?.ok_or_else(unseen)?;
    let url = url.trim_end_matches('/');
    write(&read::board(view, &Source { policy: &policy, salt: &salt, url })?, folder)
}

/// Keeps a folder in step with the journal until the engine ends. What fails is complained about
/// and tried again.
pub async fn keep(engine: Engine, url: String, folder: PathBuf) {
    let watch = Watch::new(engine, url);
    let mut positions = watch.engine().positions();
    let mut written = None;
    loop {
        positions.borrow_and_update();
        if let Err(problem) = step(&watch, &folder, &mut written).await {
            tracing::warn!(problem.code = problem.code.id, "the exported status page is not in step");
            watch.engine().complain(problem);
            // The complaint is a commit itself, which must not lead to the next one at once.
            tokio::time::sleep(RETRY).await;
        }
        if positions.changed().await.is_err() {
            return;
        }
    }
}

async fn step(watch: &Watch, folder: &Path, written: &mut Option<Arc<Board>>) -> Result<(), Problem> {
    let board = watch.board().await?;
    if written.as_ref().is_some_and(|known| Arc::ptr_eq(known, &board)) {
        return Ok(());
    }
    let (shown, folder) = (board.clone(), folder.to_owned());
    let joined = tokio::task::spawn_blocking(move || write(&shown, &folder)).await;
    joined
        .map_err(|error| Problem::new(&problem::STATUS_NOT_EXPORTED, format!("writing did not finish ({error})")))??;
    *written = Some(board);
    Ok(())
}

/// Every file, and its content.
fn files(board: &Board) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> =
        [&*assets::STATUS_STYLE, &*assets::ICON].map(|asset| (asset.path(), asset.body().to_owned())).into();
    files.extend(json::DOCUMENTS.iter().map(|(path, make)| ((*path).to_owned(), make(board).to_string())));
    files.push(("/status/history.atom".to_owned(), feed::atom(board)));
    files.push(("/index.html".to_owned(), page::page(board)));
    files
}

fn write(board: &Board, folder: &Path) -> Result<usize, Problem> {
    let mut changed = 0;
    for (name, content) in files(board) {
        let path = folder.join(name.trim_start_matches('/'));
        if fs::read(&path).is_ok_and(|old| old == content.as_bytes()) {
            continue;
        }
        replace(&path, content.as_bytes())
            .map_err(|error| Problem::new(&problem::STATUS_NOT_EXPORTED, format!("{}: {error}", path.display())))?;
        changed += 1;
    }
    Ok(changed)
}

/// Readers see the old file or the new one, never a part.
fn replace(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = folder.join(format!(".{name}.new"));
    let mut file = fs::File::create(&beside)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}
