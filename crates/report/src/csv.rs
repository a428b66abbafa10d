//! Comma-separated values as RFC 4180 has them, in which no cell is a formula.

/// What makes a spreadsheet take a cell for a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The character that makes a spreadsheet take a cell for text.
const TEXT_MARK: char = '\'';

/// A table with its headings.
pub(crate) fn render<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut text = line(&head);
    for row in rows {
        text += &line(&row.each_ref().map(String::as_str));
    }
    text
}

/// A table of any width; its first row holds the headings.
pub(crate) fn rows<'a>(rows: impl IntoIterator<Item = &'a Vec<String>>) -> String {
    rows.into_iter().map(|row| line(&row.iter().map(String::as_str).collect::<Vec<_>>())).collect()
}

fn line(cells: &[&str]) -> String {
    cells.iter().map(|cell| field(cell)).collect::<Vec<_>>().join(",") + "\r\n"
}

fn field(cell: &str) -> String {
    // Spreadsheets skip leading spaces before they look for a formula; full-width signs count too.
    let first = cell.trim_start_matches([' ', '\u{a0}']).chars().next();
    let formula = first.is_some_and(|c| FORMULA.contains(&c) || matches!(c, '＝' | '＋' | '－' | '＠' | '\n'));
    let cell = if formula { format!("{TEXT_MARK}{cell}") } else { cell.to_owned() };
    let quoted = cell.contains([',', '"', '\r', '\n', ';', '\t']) || cell != cell.trim();
    if quoted { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_every_cell_reads_back() {
        for (cell, written) in [
            ("plain", "plain"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("say \"no\"", "\"say \"\"no\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""),
            ("+1", "'+1"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            ("  =1", "'  =1"),
            ("＝1", "'＝1"),
            ("a=1", "a=1"),
        ] {
            assert_eq!(field(cell), written);
        }
    }

    #[test]
    fn lines_end_as_the_standard_says() {
        assert_eq!(render(["a", "b"], [["1".to_owned(), "2".to_owned()]]), "a,b\r\n1,2\r\n");
    }
}
