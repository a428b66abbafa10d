//! Secrets: read by name from the environment or a file, and never shown.
//!
//! A secret is never taken from a flag or from the policy. This module does not encrypt.

use std::ffi::OsString;
use std::fmt;
use std::path::Path;

use problem::Problem;

/// The largest secret file that is read, in bytes; a larger one is surely a wrong path.
const SECRET_FILE_BYTES_MAX: u64 = 64 * 1024;

/// A text that neither `Debug` nor `Display` reveals.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text that is already in hand, such as a generated secret.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// Reads the variable `name`, or the file that the variable `name_FILE` points to.
    pub fn from_env(name: &str) -> Result<Secret, Problem> {
        find(name, |variable| std::env::var_os(variable))
    }

    /// Reads a file that holds nothing but the secret; surrounding white space is dropped.
    pub fn from_file(path: &Path) -> Result<Secret, Problem> {
        let missing = |what: String| Problem::new(&problem::SECRET_MISSING, format!("{}: {what}", path.display()));
        let length = std::fs::metadata(path).map_err(|error| missing(error.to_string()))?.len();
        if length > SECRET_FILE_BYTES_MAX {
            return Err(missing(format!("{length} bytes are too many for a secret")));
        }
        let text = std::fs::read_to_string(path).map_err(|error| missing(error.to_string()))?;
        match text.trim() {
            "" => Err(missing("the file is empty".into())),
            trimmed => Ok(Secret::new(trimmed)),
        }
    }

    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// The search behind [`Secret::from_env`], with the environment as an argument.
fn find(name: &str, variable: impl Fn(&str) -> Option<OsString>) -> Result<Secret, Problem> {
    let missing = |detail: String| Err(Problem::new(&problem::SECRET_MISSING, detail));
    let file_name = format!("{name}_FILE");
    match (variable(name), variable(&file_name)) {
        (Some(_), Some(_)) => missing(format!("both `{name}` and `{file_name}` are set; keep one")),
        (None, None) => missing(format!("neither `{name}` nor `{file_name}` is set")),
        (None, Some(path)) => Secret::from_file(Path::new(&path)),
        (Some(value), None) => match value.to_str().map(str::trim) {
            None => missing(format!("`{name}` is not valid UTF-8")),
            Some("") => missing(format!("`{name}` is set but empty")),
            Some(text) => Ok(Secret::new(text)),
        },
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_shows_its_value() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "*** Secret(***)");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn is_found_in_exactly_one_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str, content: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            path.into_os_string()
        };
        let good = path("good", b"  from-file\n");
        let empty = path("empty", b"\n");
        let huge = path("huge", &vec![b'x'; SECRET_FILE_BYTES_MAX as usize + 1]);
        let absent = folder.path().join("absent").into_os_string();
        for (value, file, wanted) in [
            (Some(OsString::from("from-env")), None, Ok("from-env")),
            (Some(" padded\n".into()), None, Ok("padded")),
            (None, Some(good.clone()), Ok("from-file")),
            (Some("from-env".into()), Some(good), Err("both `KEY` and `KEY_FILE`")),
            (None, None, Err("neither `KEY` nor `KEY_FILE`")),
            (Some("".into()), None, Err("set but empty")),
            (None, Some(empty), Err("the file is empty")),
            (None, Some(huge), Err("too many for a secret")),
        ] {
            let (value, file): (Option<OsString>, Option<OsString>) = (value, file);
            let found = find("KEY", |name| if name == "KEY" { value.clone() } else { file.clone() });
            match (found, wanted) {
                (Ok(secret), Ok(text)) => assert_eq!(secret.expose(), text),
                (Err(problem), Err(part)) => assert!(problem.detail.contains(part), "{problem}"),
                (found, wanted) => panic!("{found:?} instead of {wanted:?}"),
            }
        }
        let problem = find("KEY", |name| (name == "KEY_FILE").then(|| absent.clone())).unwrap_err();
        assert_eq!(problem.code.id, "secret-missing");
    }
}
