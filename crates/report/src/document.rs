//! A report as people read it: headed sections of lists and tables. Markdown and HTML render it.

/// A report.
pub(crate) struct Document {
    /// Its heading.
    pub(crate) title: String,
    /// What it is about, in a line or two.
    pub(crate) lead: Vec<String>,
    /// Its parts, in reading order.
    pub(crate) sections: Vec<Section>,
}

/// A part of a report.
pub(crate) struct Section {
    /// Its heading.
    pub(crate) title: String,
    /// By which rule it was made.
    pub(crate) note: Option<String>,
    /// What it holds.
    pub(crate) body: Body,
}

/// What a section holds.
pub(crate) enum Body {
    /// One line each.
    List(Vec<String>),
    /// Rows under headings.
    Table(Table),
}

/// Rows under headings.
pub(crate) struct Table {
    /// Headings of the columns.
    pub(crate) head: Vec<&'static str>,
    /// Rows with a cell per column.
    pub(crate) rows: Vec<Vec<Cell>>,
}

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// Words.
    Text(String),
    /// A number, set right.
    Number(String),
    /// An incident, which pages link.
    Incident(u64),
}

impl Section {
    /// A section with a table, or a line that says that there is nothing.
    pub(crate) fn table(title: &str, head: Vec<&'static str>, rows: Vec<Vec<Cell>>) -> Section {
        let nothing = || Body::List(vec!["None.".to_owned()]);
        let body = if rows.is_empty() { nothing() } else { Body::Table(Table { head, rows }) };
        Section { title: title.to_owned(), note: None, body }
    }

    /// A section with lines.
    pub(crate) fn list(title: &str, lines: Vec<String>) -> Section {
        Section { title: title.to_owned(), note: None, body: Body::List(lines) }
    }

    /// With the rule by which it was made.
    pub(crate) fn with_note(mut self, note: &str) -> Section {
        self.note = Some(note.to_owned());
        self
    }
}

impl Cell {
    /// Words.
    pub(crate) fn text(text: impl Into<String>) -> Cell {
        Cell::Text(text.into())
    }

    /// A number.
    pub(crate) fn number(number: impl ToString) -> Cell {
        Cell::Number(number.to_string())
    }

    /// As plain text.
    pub(crate) fn plain(&self) -> String {
        match self {
            Cell::Text(text) | Cell::Number(text) => text.clone(),
            Cell::Incident(no) => format!("INC-{no}"),
        }
    }
}
