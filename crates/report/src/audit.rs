//! Acts that concern no incident, for a spreadsheet.

use crate::csv;

/// A row per act: position, time, who, what, about what, particulars.
pub fn csv(rows: impl IntoIterator<Item = [String; 6]>) -> String {
    csv::render(["position", "at", "by", "what", "about", "note"], rows)
}
