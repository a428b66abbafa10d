//! Exit codes, one table for all commands, and the error that carries one.

use std::fmt;

/// How a command ends. The numbers are part of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// All well.
    Ok = 0,
    /// Problems were found, or it failed.
    Failure = 1,
    /// It went well, and there are changes or differences.
    Changes = 2,
    /// The command line cannot be understood.
    Usage = 3,
    /// The server refused the token.
    Authentication = 4,
    /// The server cannot be reached.
    Unreachable = 5,
    /// Stopped by the user.
    Interrupted = 130,
}

/// An error that ends the program with a certain code.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) exit: Exit,
    pub(crate) message: String,
}

impl Ended {
    pub(crate) fn with(exit: Exit, message: impl Into<String>) -> anyhow::Error {
        anyhow::Error::new(Ended { exit, message: message.into() })
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Ended {}

/// The code that an error asks for.
pub(crate) fn code_of(error: &anyhow::Error) -> Exit {
    error.downcast_ref::<Ended>().map_or(Exit::Failure, |ended| ended.exit)
}

/// A problem as people read it on a terminal: what, where, and what to do.
pub(crate) fn explain(problem: &problem::Problem) -> anyhow::Error {
    anyhow::anyhow!("{problem}\nhelp: {}", problem.code.remedy)
}
