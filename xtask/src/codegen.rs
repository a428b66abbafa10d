//! Files that are projections of something else, and the check that they are up to date.
//!
//! Each part says which files it makes; writing, comparing and removing what no longer
//! belongs is done here, once.

pub(crate) mod crate_graph;
mod errors;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::cargo;

/// Generated files by path within the workspace.
type Files = BTreeMap<PathBuf, String>;

/// Folders that hold nothing but generated files.
const WHOLLY_GENERATED: [&str; 1] = ["docs/errors"];

/// Writes what is out of date.
pub(crate) fn write() -> Result<()> {
    for stale in stale()? {
        let path = cargo::root().join(&stale.path);
        match &stale.wanted {
            Some(text) => {
                fs::create_dir_all(path.parent().expect("a generated file lies in a folder"))?;
                fs::write(&path, text)?;
                println!("wrote {}", stale.path.display());
            }
            None => {
                fs::remove_file(&path)?;
                println!("removed {}", stale.path.display());
            }
        }
    }
    Ok(())
}

/// Fails, and names them, if files are out of date.
pub(crate) fn check() -> Result<()> {
    let stale = stale()?;
    if stale.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = stale.iter().map(|stale| stale.path.display().to_string()).collect();
    bail!("out of date: {}; run `cargo xtask codegen` and commit the result", names.join(", "))
}

/// A file that is not as it should be; `wanted: None`: it should not be there.
struct Stale {
    path: PathBuf,
    wanted: Option<String>,
}

fn stale() -> Result<Vec<Stale>> {
    let mut files = errors::files();
    files.extend(crate_graph::files()?);
    let mut stale = Vec::new();
    for folder in WHOLLY_GENERATED {
        let Ok(entries) = fs::read_dir(cargo::root().join(folder)) else { continue };
        for entry in entries {
            let path = PathBuf::from(folder).join(entry?.file_name());
            if !files.contains_key(&path) {
                stale.push(Stale { path, wanted: None });
            }
        }
    }
    for (path, wanted) in files {
        let found = match fs::read_to_string(cargo::root().join(&path)) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| format!("failed to read {}", path.display())),
        };
        if found.as_ref() != Some(&wanted) {
            stale.push(Stale { path, wanted: Some(wanted) });
        }
    }
    Ok(stale)
}
