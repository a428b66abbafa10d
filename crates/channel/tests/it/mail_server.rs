//! A real SMTP server in a process of its own, written in Python with aiosmtpd.
//!
//! The packages come from PyPI into an environment below `target`, once for all tests and
//! runs. Where that cannot be made, Debian's packages serve; without either, tests fail and say so.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

/// What the server needs, pinned.
const PACKAGES: [&str; 2] = ["aiosmtpd==1.4.6", "trustme==1.2.1"];
/// How long the server may take to start or to report a message.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server; it ends with this value.
pub(crate) struct MailServer {
    process: Child,
    lines: Receiver<Value>,
    pub(crate) port: u16,
    pub(crate) ca_pem: String,
}

impl MailServer {
    /// Starts a server that behaves as its script knows by that name.
    pub(crate) fn start(behaviour: &[&str]) -> MailServer {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/mail_server.py");
        let mut command = Command::new(python());
        command.arg(script).args(behaviour).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let (sender, lines) = channel::<Value>();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        let first = lines.recv_timeout(PATIENCE).expect("the mail server says where it listens; see its error above");
        let port = u16::try_from(first["port"].as_u64().unwrap()).unwrap();
        let ca_pem = first["ca"].as_str().unwrap().to_owned();
        MailServer { process, lines, port, ca_pem }
    }

    /// The next message that it took.
    pub(crate) fn taken(&self) -> Value {
        self.lines.recv_timeout(PATIENCE).expect("the mail server took a message")
    }

    /// Whether it took nothing that was not asked for.
    pub(crate) fn is_done(&self) -> bool {
        self.lines.try_recv().is_err()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A Python that has the packages. Tests run side by side in several processes, hence the lock.
fn python() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let lock = File::create(folder.join("mail-server.lock")).unwrap();
    lock.lock().unwrap();
    let own = folder.join("mail-server/bin/python");
    if has_packages(&own) {
        return own;
    }
    let made = run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder.join("mail-server")))
        .and_then(|()| run(Command::new(&own).args(["-m", "pip", "install", "--quiet"]).args(PACKAGES)));
    match made {
        Ok(()) => own,
        Err(_) if has_packages(Path::new("python3")) => "python3".into(),
        Err(why) => panic!(
            "the tests of the e-mail channel need a mail server, and {why}; install python3 and python3-venv with \
             access to PyPI, or Debian's python3-aiosmtpd and python3-trustme"
        ),
    }
}

fn has_packages(python: &Path) -> bool {
    run(Command::new(python).args(["-c", "import aiosmtpd.smtp, trustme"])).is_ok()
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?} does not start ({error})"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("{command:?} ended with {}: {said}", output.status)) }
}
