//! The command line as data: every command, flag and help text.

mod care;
mod check;
mod checklist;
mod office;
mod plan;
mod prove;
mod reports;

use std::path::PathBuf;

use calendar::{Duration, Instant};
use clap::{Args, Parser, Subcommand};

pub(crate) use care::{BackupArgs, DoctorArgs, EraseArgs, MigrateArgs, RestoreArgs};
pub(crate) use check::{CheckArgs, CheckFormat, SchemaArgs, SchemaOf};
pub(crate) use checklist::ChecklistCommand;
pub(crate) use office::{AuditArgs, AuditCommand, HoldArgs, TestPageArgs};
pub(crate) use plan::{ApplyArgs, CandidateArgs, PlanArgs, PolicyArgs, PolicyCommand};
pub(crate) use prove::{ProveArgs, ProveFormat};
pub(crate) use reports::{
    BacktestArgs, BacktestFormat, ChecklistArgs, MatrixArgs, OutputArgs, ReportFormat, ReviewArgs,
};

/// Escalation and communication standards for support teams when their AI degrades.
#[derive(Debug, Parser)]
#[command(name = "watchbell", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Watch a realistic incident unfold on a temporary store, with time sped up
    Demo(DemoArgs),
    /// Make a policy, a roster and their escalation matrix from a few answers
    Init(InitArgs),
    /// Check a policy and its roster
    Check(CheckArgs),
    /// Print the JSON Schema of the policy or the roster, for editors
    Schema(SchemaArgs),
    /// Prove what a policy and its roster guarantee for a year, or show where they do not
    Prove(ProveArgs),
    /// Say why an incident is what it is, or what a signal would do
    Explain(ExplainArgs),
    /// Run the server
    Serve(ServeArgs),
    /// Look at incidents and act on them
    Incident(IncidentArgs),
    /// Send signals
    Signal(SignalArgs),
    /// Manage tokens for programs
    Token(TokenArgs),
    /// Manage access of people
    User(UserArgs),
    /// The public status page
    Status(StatusArgs),
    /// Print the escalation matrix that the policy promises
    Matrix(MatrixArgs),
    /// Print a playbook as a checklist, or list them
    Checklist(ChecklistArgs),
    /// Print the weekly review: misses, false pages, broken glass, open validations
    Review(ReviewArgs),
    /// Show what another policy would have done with the signals of the past
    Backtest(BacktestArgs),
    /// Show what other documents would change on a server; exit 2 where they would
    Plan(PlanArgs),
    /// Bring a plan into force
    Apply(ApplyArgs),
    /// Look at earlier versions of the policy, and plan the way back
    Policy(PolicyArgs),
    /// List acts of administration; verify the journal
    Audit(AuditArgs),
    /// Hold all outgoing messages but those of severity 1, for at most an hour
    Hold(HoldArgs),
    /// Page somebody to see whether it arrives, marked as a test
    TestPage(TestPageArgs),
    /// Copy the data into a file, while the server runs
    Backup(BackupArgs),
    /// Fill an empty data directory or database from a backup
    Restore(RestoreArgs),
    /// Move everything from a data directory into PostgreSQL, or back
    Migrate(MigrateArgs),
    /// Say what is well with a data directory, what is not, and what to do
    Doctor(DoctorArgs),
    /// Erase what customers said in signals
    Erase(EraseArgs),
    /// Show the configuration and where each value comes from
    Config(ConfigArgs),
}

/// `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Seconds of the story per second
    #[arg(long, default_value_t = 60.0, value_parser = speed)]
    pub(crate) speed: f64,
    /// Varies the conversations and who makes mistakes
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Port on 127.0.0.1; a free one if it is 0
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// End after this much real time, such as 3m (for scripts)
    #[arg(long, value_parser = duration)]
    pub(crate) exit_after: Option<Duration>,
}

/// `init`.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Folder to write into
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
    /// Take the answers from this file instead of asking
    #[arg(long, value_name = "FILE")]
    pub(crate) answers: Option<PathBuf>,
    /// Ask nothing: take the folder's answers.toml, or the defaults
    #[arg(long)]
    pub(crate) no_input: bool,
    /// Show what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Write the example of the documentation instead, with many kinds of incident
    #[arg(long, conflicts_with_all = ["answers", "dry_run"])]
    pub(crate) example: bool,
    /// Replace files that exist, whatever was changed in them
    #[arg(long)]
    pub(crate) force: bool,
}

/// `explain`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["incident", "signal"]))]
pub(crate) struct ExplainArgs {
    /// An incident, such as INC-7
    pub(crate) incident: Option<String>,
    /// A file with one signal as JSON: what would it do? `-` is standard input
    #[arg(long)]
    pub(crate) signal: Option<PathBuf>,
    /// The policy, for --signal
    #[arg(long, default_value = "policy.yaml")]
    pub(crate) policy: PathBuf,
    /// The roster, for --signal
    #[arg(long, default_value = "roster.yaml")]
    pub(crate) roster: PathBuf,
    /// Read a data directory, or postgres://…, instead of asking a server
    #[arg(long, visible_alias = "database-url")]
    pub(crate) data: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `serve`. What is not given here comes from the environment, the file, or the default.
#[derive(Debug, Default, Args)]
pub(crate) struct ServeArgs {
    /// Address to listen on, such as 127.0.0.1:8420; port 0 takes a free one
    #[arg(long)]
    pub(crate) listen: Option<String>,
    /// Data directory, or postgres://… for a PostgreSQL database (with a password: WATCHBELL_DATABASE_URL)
    #[arg(long, visible_alias = "database-url")]
    pub(crate) data: Option<PathBuf>,
    /// Policy file
    #[arg(long)]
    pub(crate) policy: Option<PathBuf>,
    /// Roster file
    #[arg(long)]
    pub(crate) roster: Option<PathBuf>,
    /// How people reach the server, such as https://watchbell.example.com
    #[arg(long)]
    pub(crate) public_url: Option<String>,
    /// Where the public status page is, if it is not on this server
    #[arg(long)]
    pub(crate) status_url: Option<String>,
    /// Keep the status page in this folder as files, too, for another web server
    #[arg(long)]
    pub(crate) status_export: Option<PathBuf>,
    /// Configuration file
    #[arg(long)]
    pub(crate) config: Option<PathBuf>,
    /// A server for development: needed for --test-clock
    #[arg(long)]
    pub(crate) dev: bool,
    /// Time stands still, and `POST /dev/clock` moves it; starts now or at the instant given
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "now", requires = "dev")]
    pub(crate) test_clock: Option<String>,
}

/// Which server to talk to.
#[derive(Clone, Debug, Args)]
pub(crate) struct ServerArgs {
    /// The server; its token comes from WATCHBELL_TOKEN or WATCHBELL_TOKEN_FILE
    #[arg(long, env = "WATCHBELL_SERVER", default_value = "http://127.0.0.1:8420")]
    pub(crate) server: String,
}

/// `incident`.
#[derive(Debug, Args)]
pub(crate) struct IncidentArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print ids only
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    #[command(subcommand)]
    pub(crate) command: IncidentCommand,
}

/// Commands on incidents.
#[derive(Debug, Subcommand)]
pub(crate) enum IncidentCommand {
    /// List incidents
    List {
        /// open, closed, or one status
        #[arg(long, default_value = "open")]
        status: String,
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Show one incident
    Show { id: String },
    /// Show what happened, oldest first
    Timeline { id: String },
    /// Declare an incident
    Declare {
        /// One line for people
        title: String,
        /// A class of the policy, or unsure
        #[arg(long, default_value = "unsure")]
        class: String,
        #[arg(long)]
        severity: Option<String>,
        #[arg(long)]
        service: Option<String>,
    },
    /// Take it: paging stops
    #[command(visible_alias = "acknowledge")]
    Ack { id: String },
    /// Give a role to a person
    Assign { id: String, role: String, person: String },
    /// Accept a role given to you
    Accept { id: String, role: String },
    /// Record a dated statement
    Fact {
        id: String,
        /// aware_at, confirmed_at, classified_at or submitted_at
        fact: String,
        /// The instant that it is about; now if absent
        #[arg(long)]
        at: Option<String>,
        /// What it rests on
        #[arg(long)]
        note: String,
        /// With submitted_at: the notice, such as gdpr-33-1
        #[arg(long)]
        notice: Option<String>,
        /// Correct the fact on record; why it is wrong
        #[arg(long)]
        corrects: Option<String>,
        /// It is meant, though more than a week before the incident
        #[arg(long)]
        sure: bool,
    },
    /// Publish a message to an audience
    Update {
        id: String,
        audience: String,
        text: String,
        /// When they hear next (RFC 3339)
        #[arg(long)]
        next_update_at: Option<String>,
    },
    /// Decide whether an audience is told
    Decide {
        id: String,
        audience: String,
        #[arg(long, action = clap::ArgAction::Set)]
        inform: bool,
        #[arg(long)]
        reason: String,
    },
    /// Customers are no longer harmed
    Contain {
        id: String,
        /// What customers see now
        customers_see: String,
    },
    /// The cause no longer acts
    Mitigate {
        id: String,
        /// What was done
        note: String,
    },
    /// Record a validation
    Validate {
        id: String,
        /// It is fixed
        #[arg(long, required_unless_present = "failed", conflicts_with = "failed")]
        passed: bool,
        /// It is not fixed
        #[arg(long)]
        failed: bool,
        /// Kind of evidence, such as evaluation, sample, link
        #[arg(long, default_value = "evaluation")]
        kind: String,
        /// What was looked at
        #[arg(long)]
        evidence: String,
        /// Where it can be seen
        #[arg(long)]
        link: Option<String>,
        /// When it was taken (RFC 3339); now if absent
        #[arg(long)]
        observed_at: Option<String>,
    },
    /// All done
    Resolve { id: String },
    /// It came back
    Reopen { id: String, reason: String },
    /// Raise the severity, or ask a second person to lower it
    Severity {
        id: String,
        severity: String,
        #[arg(long)]
        reason: String,
    },
    /// Confirm a lower severity that another person asked for
    ConfirmSeverity {
        id: String,
        /// Which was asked for
        severity: String,
    },
    /// Decline a request for a lower severity, or take back your own
    DeclineSeverity { id: String, reason: String },
    /// Add a remark
    Note { id: String, text: String },
    /// Work stands still
    Pause { id: String, reason: String },
    /// Work goes on
    Unpause { id: String },
    /// Let a clock go
    Waive { id: String, clock: String, reason: String },
    /// Give a role back
    Decline { id: String, role: String, reason: String },
    /// Offer a role to another person; you keep it until they accept
    HandOver {
        id: String,
        role: String,
        person: String,
        /// What they need to know
        #[arg(long)]
        note: String,
    },
    /// Draft a message to an audience, for approval
    Draft {
        id: String,
        audience: String,
        text: String,
        #[arg(long)]
        next_update_at: Option<String>,
    },
    /// Approve a draft
    Approve {
        id: String,
        /// Its number
        update: u32,
    },
    /// Publish an approved draft
    Publish { id: String, update: u32 },
    /// Publish a visible correction of a sent message
    Correct { id: String, update: u32, text: String },
    /// Ask to resolve without proof; a second person must confirm
    BreakGlass { id: String, reason: String },
    /// Confirm what another person asked for by break-glass
    Confirm { id: String },
    /// Record the review
    Review {
        id: String,
        #[arg(long)]
        cause: String,
        /// What is done about it
        #[arg(long)]
        action: String,
        /// Who does it; you, if absent
        #[arg(long)]
        owner: Option<String>,
        /// Until when (RFC 3339)
        #[arg(long, value_parser = instant)]
        due_at: Option<Instant>,
    },
    /// Follow a playbook: start it, tick its steps, or show where it stands
    Checklist {
        #[command(subcommand)]
        command: ChecklistCommand,
    },
    /// Record that what the review decided has been done
    ActionDone {
        id: String,
        /// What came of it
        #[arg(long)]
        note: String,
    },
}

/// `signal`.
#[derive(Debug, Args)]
pub(crate) struct SignalArgs {
    #[command(subcommand)]
    pub(crate) command: SignalCommand,
}

/// Commands on signals.
#[derive(Debug, Subcommand)]
pub(crate) enum SignalCommand {
    /// Send signals: JSON from a file, `-` for standard input, or one built from flags
    Send {
        /// One object, an array, or one object per line
        file: Option<PathBuf>,
        #[arg(long, conflicts_with = "file")]
        source: Option<String>,
        #[arg(long, conflicts_with = "file", required_unless_present = "file")]
        metric: Option<String>,
        #[arg(long, conflicts_with = "file", required_unless_present = "file")]
        service: Option<String>,
        #[arg(long, conflicts_with = "file", allow_negative_numbers = true)]
        value: Option<f64>,
        #[arg(long, conflicts_with = "file")]
        label: Option<String>,
        /// Id of the conversation
        #[arg(long, conflicts_with = "file")]
        conversation: Option<String>,
        #[command(flatten)]
        server: ServerArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// `token`.
#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: TokenCommand,
}

/// Commands on tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Create a token; it is shown once
    Create {
        /// Its name
        name: String,
        /// What it may do: signals:write, incidents:read, incidents:write, admin
        #[arg(long = "scope", required = true)]
        scopes: Vec<String>,
        /// The person for whom it acts
        #[arg(long)]
        person: Option<String>,
        /// When it expires (RFC 3339)
        #[arg(long)]
        expires_at: Option<String>,
        /// The one source for which it shall speak, such as `grafana` or a declared webhook
        #[arg(long)]
        source: Option<String>,
        /// Its sender signs its requests, as Grafana can: a signing secret is made and shown, too
        #[arg(long)]
        signed: bool,
    },
    /// List tokens
    List,
    /// Revoke a token
    Revoke {
        /// Its id, as `token list` shows it
        id: String,
    },
}

/// `user`.
#[derive(Debug, Args)]
pub(crate) struct UserArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    #[command(subcommand)]
    pub(crate) command: UserCommand,
}

/// Commands on people.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Give a person of the roster an account, or another role, and print a link to choose a password
    Create {
        person: String,
        /// viewer, reporter, responder, publisher or administrator; each may do what the one before may
        #[arg(long)]
        role: String,
    },
    /// List accounts
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove an account; its sessions end at once
    Remove { person: String },
    /// Make a link by which a person of the roster signs in, once
    Link { person: String },
}

/// `status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    #[command(subcommand)]
    pub(crate) command: StatusCommand,
}

/// Commands on the status page.
#[derive(Debug, Subcommand)]
pub(crate) enum StatusCommand {
    /// Write the page, its feed and its JSON as files, for any web server
    Export {
        /// Data directory, or postgres://…
        #[arg(long, visible_alias = "database-url", default_value = crate::place::DEFAULT)]
        data: PathBuf,
        /// Folder to write into
        #[arg(short, long)]
        output: PathBuf,
        /// Where the files will be found, such as https://status.example.com
        #[arg(long, env = "WATCHBELL_STATUS_URL", default_value = "http://127.0.0.1:8420")]
        url: String,
    },
}

/// `config`.
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

/// Commands on the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print each value and its origin
    Show(ServeArgs),
}

/// A length of time such as `90s`, `3m`, `2h 30m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    text.parse::<Duration>().map_err(|_| format!("`{text}` is not a length of time such as 90s, 3m or 2h 30m"))
}

/// An instant such as `2026-11-24T10:00:00Z`.
pub(crate) fn instant(text: &str) -> Result<Instant, String> {
    Instant::parse(text).map_err(|_| format!("`{text}` is not an instant such as 2026-11-24T10:00:00Z"))
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (1.0..=600.0).contains(&speed) => Ok(speed),
        _ => Err("the speed must lie between 1 and 600".to_owned()),
    }
}
