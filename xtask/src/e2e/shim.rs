//! Loss of unsynced writes: builds the preloaded shim, and takes back what it noted.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::cargo;

/// Bytes of a record before the old bytes: size, offset, length.
const RECORD_HEAD_BYTES: usize = 24;

/// The compiled shim with its undo logs.
pub(super) struct Shim {
    dir: TempDir,
}

impl Shim {
    /// Compiles it.
    pub(super) fn build() -> Result<Shim> {
        let shim = Shim { dir: tempfile::Builder::new().prefix("watchbell-shim-").tempdir()? };
        fs::create_dir(shim.log())?;
        compile("discard.c", &shim.library(), &["-shared", "-fPIC", "-ldl", "-pthread"])?;
        Ok(shim)
    }

    /// The environment that makes a program run under it, watching `data`.
    pub(super) fn env<'a>(&'a self, data: &'a Path, paths: &'a mut [PathBuf; 2]) -> [(&'static str, &'a Path); 3] {
        *paths = [self.library(), self.log()];
        [("LD_PRELOAD", &paths[0]), ("SHIM_LOG", &paths[1]), ("SHIM_DIR", data)]
    }

    /// Takes back every write in `data` that was not synced. The program must have ended.
    pub(super) fn roll_back(&self, data: &Path) -> Result<Undone> {
        let mut undone = Undone::default();
        for path in files(data)? {
            // Memory shared between processes is never on disk after a loss of power.
            if path.to_string_lossy().ends_with("-shm") {
                fs::remove_file(&path)?;
                continue;
            }
            let log = self.log().join(format!("{}.undo", fs::metadata(&path)?.ino()));
            let records = match fs::read(&log) {
                Ok(records) => records,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error.into()),
            };
            undone.writes += undo(&path, &records).with_context(|| format!("failed to undo {}", path.display()))?;
            undone.files += 1;
        }
        for entry in fs::read_dir(self.log())? {
            fs::remove_file(entry?.path())?;
        }
        Ok(undone)
    }

    fn library(&self) -> PathBuf {
        self.dir.path().join("discard.so")
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("log")
    }
}

/// What was taken back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Undone {
    pub(super) writes: u64,
    pub(super) files: u64,
}

/// Applies a log's records in reverse. A record cut short belongs to a write that never began.
fn undo(path: &Path, log: &[u8]) -> Result<u64> {
    let word = |at: usize| log.get(at..at + 8).map(|bytes| u64::from_ne_bytes(bytes.try_into().expect("8 bytes")));
    let mut records = Vec::new();
    let mut at = 0;
    while let (Some(size), Some(offset), Some(length)) = (word(at), word(at + 8), word(at + 16)) {
        let begin = at + RECORD_HEAD_BYTES;
        let Some(old) = log.get(begin..begin + usize::try_from(length)?) else { break };
        records.push((size, offset, old));
        at = begin + old.len();
    }
    let file = File::options().write(true).open(path)?;
    for (size, offset, old) in records.iter().rev() {
        file.write_all_at(old, *offset)?;
        file.set_len(*size)?;
    }
    Ok(records.len() as u64)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    Ok(found)
}

fn compile(source: &str, output: &Path, flags: &[&str]) -> Result<()> {
    let source = cargo::root().join("xtask/shim").join(source);
    let mut cc = Command::new("cc");
    cc.args(["-O2", "-Wall", "-Wextra", "-Werror", "-o"]).arg(output).arg(&source).args(flags);
    let status = cc.status().context("failed to start cc")?;
    ensure!(status.success(), "cc failed on {}", source.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    const SIGKILL: i32 = 9;

    /// What the probe leaves where nothing takes its unsynced writes back.
    const UNSYNCED: [&str; 4] = ["lost\0\0\0\0\0!", "Xept lost", "kZZ", ""];

    /// The probe's four files, in a folder of their own.
    struct Bench {
        shim: Shim,
        dir: TempDir,
    }

    impl Bench {
        fn new() -> Bench {
            let bench = Bench { shim: Shim::build().unwrap(), dir: tempfile::tempdir().unwrap() };
            compile("probe.c", &bench.dir.path().join("probe"), &[]).unwrap();
            fs::create_dir(bench.data()).unwrap();
            bench
        }

        fn data(&self) -> PathBuf {
            fs::canonicalize(self.dir.path()).unwrap().join("data")
        }

        fn files(&self) -> [PathBuf; 4] {
            ["overwritten", "appended", "shortened", "emptied"].map(|name| self.data().join(name))
        }

        fn die(&self, env: &[(&str, &Path)]) {
            let mut probe = Command::new(self.dir.path().join("probe"));
            let status = probe.args(self.files()).envs(env.iter().copied()).status().unwrap();
            assert_eq!(status.signal(), Some(SIGKILL), "the probe ended with {status}");
        }

        fn contents(&self) -> [String; 4] {
            self.files().map(|file| fs::read_to_string(file).unwrap())
        }
    }

    #[test]
    fn without_the_shim_a_killed_programs_unsynced_writes_stay() {
        let bench = Bench::new();
        bench.die(&[]);
        assert_eq!(bench.shim.roll_back(&bench.data()).unwrap(), Undone::default());
        assert_eq!(bench.contents(), UNSYNCED);
    }

    #[test]
    fn with_the_shim_a_killed_program_loses_what_it_did_not_sync_and_only_that() {
        let bench = Bench::new();
        bench.die(&bench.shim.env(&bench.data(), &mut Default::default()));
        assert_eq!(bench.contents(), UNSYNCED, "the shim itself changes nothing");
        let undone = bench.shim.roll_back(&bench.data()).unwrap();
        assert_eq!(bench.contents(), ["kept"; 4]);
        assert_eq!(undone, Undone { writes: 7, files: 4 });
    }
}
