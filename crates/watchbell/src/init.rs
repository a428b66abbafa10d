//! `init`: a few answers become a policy, a roster and their matrix. Run again with other answers it keeps what
//! people changed by hand: the documents of the old answers are the common ancestor of both.

use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;

use anyhow::Context as _;
use lab::generator::{
    Answers, Changes, Executives, Fallback, Impact, Interactions, OnCall, Question, Regulated, Rights, generate,
};

use crate::cli::InitArgs;
use crate::exit::{Ended, Exit};

const POLICY: &str = "policy.yaml";
const ROSTER: &str = "roster.yaml";
const MATRIX: &str = "matrix.md";
/// The answers, so that the next run begins with them.
const ANSWERS: &str = "answers.toml";
const SETTINGS: &str = "watchbell.toml";

const CONFIGURATION: &str = "\
# How Watchbell runs. Flags and WATCHBELL_… variables go before this file.
listen = \"127.0.0.1:8420\"
data = \"watchbell-data\"
policy = \"policy.yaml\"
roster = \"roster.yaml\"
# How people reach it, for links in pages. Needed behind a proxy.
# public_url = \"https://watchbell.example.com\"
";

/// A file and what shall stand in it.
type File = (&'static str, String);

pub(crate) fn run(args: &InitArgs) -> anyhow::Result<Exit> {
    if args.example {
        let files = [
            (POLICY, policy::starter::POLICY.to_owned()),
            (ROSTER, policy::starter::ROSTER.to_owned()),
            (SETTINGS, CONFIGURATION.to_owned()),
        ];
        return write_new(args, &files);
    }
    let old = read(&args.folder.join(ANSWERS))?.map(|text| parse(&text, ANSWERS)).transpose()?;
    let answers = answers(args, old.as_ref())?;
    let made = generate(&answers);
    let files = vec![(POLICY, made.policy), (ROSTER, made.roster)];
    let before = old.map(|old| generate(&old)).map(|old| [old.policy, old.roster]);
    let known = before.is_some() && !args.force;
    let files = if known { keep_changes(args, files, before.unwrap_or_default())? } else { files };
    let mut files = with_matrix(files)?;
    files.push((ANSWERS, toml::to_string(&answers).context("failed to write the answers")?));
    if !known {
        files.push((SETTINGS, CONFIGURATION.to_owned()));
        return write_new(args, &files);
    }
    rewrite(args, &files)
}

/// The matrix of the documents as they will stand there; they must be valid.
fn with_matrix(mut files: Vec<File>) -> anyhow::Result<Vec<File>> {
    let loaded = {
        let (policy, roster) = (source(&files[0]), source(&files[1]));
        let loaded = policy::load(policy, roster);
        eprint!("{}", policy::render(&loaded.diagnostics, &[policy, roster], false));
        loaded.policy.zip(loaded.roster)
    };
    let Some((policy, roster)) = loaded else {
        let why = "with your own changes the documents would have errors; nothing was written";
        return Err(Ended::with(Exit::Failure, why));
    };
    files.push((MATRIX, report::matrix::markdown(&lab::matrix(&policy, &roster))));
    Ok(files)
}

fn source(file: &File) -> policy::Source<'_> {
    policy::Source { name: file.0, text: &file.1 }
}

/// What the new answers change, put into the files as people have edited them.
fn keep_changes(args: &InitArgs, files: Vec<File>, before: [String; 2]) -> anyhow::Result<Vec<File>> {
    let merged = files.into_iter().zip(before).map(|((name, made), before)| {
        let Some(edited) = read(&args.folder.join(name))? else { return Ok((name, made)) };
        match diffy::merge(&before, &edited, &made) {
            Ok(merged) => Ok((name, merged)),
            Err(conflict) => {
                eprint!("{conflict}");
                let why = format!(
                    "{name}: you and the new answers change the same lines, shown above; nothing was written\n\
                     help: change them by hand as you want them, or use --force to lose your own changes"
                );
                Err(Ended::with(Exit::Failure, why))
            }
        }
    });
    merged.collect()
}

/// Writes files where none of them is.
fn write_new(args: &InitArgs, files: &[File]) -> anyhow::Result<Exit> {
    let existing = files.iter().map(|(name, _)| args.folder.join(name)).find(|path| path.exists());
    if let Some(path) = existing.filter(|_| !args.force && !args.dry_run) {
        let message = format!("{} exists; nothing was written. Use --force to replace it", path.display());
        return Err(Ended::with(Exit::Failure, message));
    }
    if args.dry_run {
        files.iter().for_each(|(name, text)| println!("# {name}\n{text}"));
        return Ok(Exit::Ok);
    }
    std::fs::create_dir_all(&args.folder)
        .with_context(|| format!("failed to create the folder {}", args.folder.display()))?;
    for (name, text) in files {
        write(&args.folder.join(name), text)?;
    }
    eprintln!("Next: put your own people into roster.yaml, then");
    // The paths of `watchbell.toml` count from where the server is started.
    eprintln!("  cd {}\n  watchbell check\n  watchbell serve", args.folder.display());
    Ok(Exit::Ok)
}

/// Shows what changes, and writes it.
fn rewrite(args: &InitArgs, files: &[File]) -> anyhow::Result<Exit> {
    let mut changed = Vec::new();
    for (name, text) in files {
        let there = read(&args.folder.join(name))?.unwrap_or_default();
        if there != *text {
            let shown = diffy::DiffOptions::new().create_patch(&there, text);
            print!("# {name}\n{shown}");
            changed.push((name, text));
        }
    }
    if changed.is_empty() {
        eprintln!("Nothing changes.");
        return Ok(Exit::Ok);
    }
    if args.dry_run {
        return Ok(Exit::Changes);
    }
    let asked = args.no_input || args.answers.is_some() || confirmed()?;
    if !asked {
        eprintln!("Nothing was written.");
        return Ok(Exit::Ok);
    }
    for (name, text) in changed {
        write(&args.folder.join(name), text)?;
    }
    Ok(Exit::Ok)
}

fn confirmed() -> anyhow::Result<bool> {
    eprint!("Write this? [y/N]: ");
    Ok(matches!(line()?.as_str(), "y" | "Y" | "yes"))
}

/// The answers: from a file, as they were, or asked for.
fn answers(args: &InitArgs, old: Option<&Answers>) -> anyhow::Result<Answers> {
    if let Some(path) = &args.answers {
        let text = std::fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
        return parse(&text, &path.display().to_string());
    }
    let start = old.cloned().unwrap_or_default();
    if args.no_input {
        return Ok(start);
    }
    if !std::io::stdin().is_terminal() {
        let message = "standard input is not a terminal; use --answers FILE, or --no-input to take the defaults";
        return Err(Ended::with(Exit::Usage, message));
    }
    ask(start)
}

fn parse(text: &str, name: &str) -> anyhow::Result<Answers> {
    toml::from_str(text).map_err(|error| {
        let why = format!("{name}: {error}help: leave a question out to take its default; nothing was written");
        Ended::with(Exit::Usage, why)
    })
}

fn ask(start: Answers) -> anyhow::Result<Answers> {
    Ok(Answers {
        organization: text("Who promises? Name of your team or organization", start.organization)?,
        assistant: text("What is the assistant called?", start.assistant)?,
        interactions: choice(&Interactions::QUESTION, start.interactions.word(), Interactions::named)?,
        impact: choice(&Impact::QUESTION, start.impact.word(), Impact::named)?,
        on_call: choice(&OnCall::QUESTION, start.on_call.word(), OnCall::named)?,
        time_zone: text("Time zone of working hours", start.time_zone)?,
        regulated: choice(&Regulated::QUESTION, start.regulated.word(), Regulated::named)?,
        rights: choice(&Rights::QUESTION, start.rights.word(), Rights::named)?,
        changes: choice(&Changes::QUESTION, start.changes.word(), Changes::named)?,
        fallback: choice(&Fallback::QUESTION, start.fallback.word(), Fallback::named)?,
        executives: choice(&Executives::QUESTION, start.executives.word(), Executives::named)?,
        status_page: start.status_page,
    })
}

fn text(question: &str, start: String) -> anyhow::Result<String> {
    eprint!("{question} [{start}]: ");
    let answer = line()?;
    Ok(if answer.is_empty() { start } else { answer })
}

fn choice<T>(question: &Question, start: &str, named: fn(&str) -> Option<T>) -> anyhow::Result<T> {
    eprintln!("{}", question.text);
    for (number, (word, label)) in (1..).zip(question.answers) {
        let mark = if *word == start { "*" } else { " " };
        eprintln!(" {mark}{number}  {label}");
    }
    loop {
        eprint!("Number, or Enter for *: ");
        let answer = line()?;
        let chosen = match answer.parse::<usize>() {
            _ if answer.is_empty() => named(start),
            Ok(number) => question.answers.get(number.wrapping_sub(1)).and_then(|(word, _)| named(word)),
            Err(_) => named(&answer),
        };
        match chosen {
            Some(chosen) => return Ok(chosen),
            None => eprintln!("`{answer}` is none of them."),
        }
    }
}

fn line() -> anyhow::Result<String> {
    std::io::stderr().flush()?;
    let mut line = String::new();
    if std::io::stdin().lock().read_line(&mut line)? == 0 {
        return Err(Ended::with(Exit::Failure, "the answers ended early; nothing was written"));
    }
    Ok(line.trim().to_owned())
}

fn read(path: &Path) -> anyhow::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        read => Ok(Some(read.with_context(|| format!("failed to read {}", path.display()))?)),
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("failed to write {}", path.display()))?;
    println!("{}", path.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(folder: &Path, answers: Option<&str>) -> InitArgs {
        let file = answers.map(|text| {
            let file = folder.join("given.toml");
            std::fs::write(&file, text).unwrap();
            file
        });
        InitArgs {
            folder: folder.to_owned(),
            answers: file,
            no_input: true,
            dry_run: false,
            example: false,
            force: false,
        }
    }

    fn at(folder: &Path, name: &str) -> String {
        std::fs::read_to_string(folder.join(name)).unwrap()
    }

    #[test]
    fn changed_answers_keep_what_was_edited() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        run(&args(folder, Some("organization = 'Example Air'"))).unwrap();
        assert!(at(folder, MATRIX).contains("Example Air"));
        let edited = at(folder, POLICY).replace("    mitigate: 4h\n", "    mitigate: 3h      # as agreed\n");
        std::fs::write(folder.join(POLICY), &edited).unwrap();
        run(&args(folder, Some("organization = 'Example Air'\nrights = 'acts'"))).unwrap();
        let policy = at(folder, POLICY);
        assert!(policy.contains("mitigate: 3h      # as agreed") && policy.contains("tool_misuse:"), "{policy}");
        assert!(at(folder, MATRIX).contains("Tool misuse"), "the matrix is of what stands there");
        let again = run(&args(folder, None)).unwrap();
        assert!(again == Exit::Ok && at(folder, POLICY) == policy, "the answers were kept, too");
    }

    #[test]
    fn a_conflict_and_wrong_answers_write_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        run(&args(folder, Some("organization = 'A'"))).unwrap();
        let edited = at(folder, POLICY).replace("organization: \"A\"", "organization: \"Mine\"");
        std::fs::write(folder.join(POLICY), &edited).unwrap();
        let refused = format!("{:#}", run(&args(folder, Some("organization = 'B'"))).unwrap_err());
        assert!(refused.contains("policy.yaml") && refused.contains("--force"), "{refused}");
        let refused = format!("{:#}", run(&args(folder, Some("impact = 'huge'"))).unwrap_err());
        assert!(refused.contains("impact") && refused.contains("mission-critical"), "{refused}");
        assert_eq!(at(folder, POLICY), edited);
        let dry =
            run(&InitArgs { dry_run: true, ..args(folder, Some("organization = 'A'\nrights = 'acts'")) }).unwrap();
        assert!(dry == Exit::Changes && at(folder, POLICY) == edited);
    }
}
