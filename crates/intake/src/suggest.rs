//! "Did you mean": the known name nearest to a misspelt one.

/// Most single-character edits between a name and what it was meant to be.
const EDITS_MAX: usize = 2;
/// Longer names are not compared: none that is known is as long.
const CHARS_MAX: usize = 32;

/// The known name nearest to `name`, if any is near.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name: Vec<char> = name.to_lowercase().chars().take(CHARS_MAX).collect();
    let rated = known.into_iter().map(|candidate| (edits(&name, &candidate.chars().collect::<Vec<_>>()), candidate));
    // A name of which every character would have to change is not near.
    rated.filter(|(edits, known)| *edits <= EDITS_MAX && *edits < known.len()).min().map(|(_, known)| known)
}

/// Insertions, deletions, replacements and swaps of neighbours between two names
/// (the optimal string alignment distance).
fn edits(a: &[char], b: &[char]) -> usize {
    let width = b.len() + 1;
    let mut table = vec![0; (a.len() + 1) * width];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            table[i * width + j] = if i == 0 || j == 0 {
                i + j
            } else {
                let cell = |up: usize, left: usize| table[(i - up) * width + j - left];
                let replaced = cell(1, 1) + usize::from(a[i - 1] != b[j - 1]);
                let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                let best = replaced.min(cell(1, 0) + 1).min(cell(0, 1) + 1);
                if swapped { best.min(cell(2, 2) + 1) } else { best }
            };
        }
    }
    table[a.len() * width + b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let known = ["id", "source", "metric", "service", "at", "label", "labels"];
        for (name, wanted) in [
            ("metrics", Some("metric")),
            ("Source", Some("source")),
            ("soruce", Some("source")),
            ("servce", Some("service")),
            ("lable", Some("label")),
            ("labls", Some("labels")),
            ("ids", Some("id")),
            ("xy", None),
            ("conversation", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, known), wanted, "{name}");
        }
        assert_eq!(nearest(&"x".repeat(100_000), known), None);
    }
}
