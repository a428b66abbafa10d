//! "Did you mean": the nearest known word to one that is not known.

/// Longest word that is compared, in characters: longer ones are not typing errors.
const MAX_WORD_CHARS: usize = 64;

/// Most known words that are compared: no team has more, and a hostile document shall not cost time.
const MAX_KNOWN: usize = 1000;

/// The known word nearest to `word`, as a question, if it is near enough to be meant.
pub(crate) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, known).map(|near| format!("did you mean `{near}`?"))
}

/// The known word nearest to `word`: at most a third of its letters differ. The first of equals.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    if length > MAX_WORD_CHARS {
        return None;
    }
    let allowed = (length / 3).max(1);
    let word = word.to_lowercase();
    known
        .into_iter()
        .take(MAX_KNOWN)
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= allowed)
        .map(|candidate| (distance(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut rows = vec![vec![0; right.len() + 1]; left.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=right.len()).collect();
    for i in 1..=left.len() {
        for j in 1..=right.len() {
            let substituted = rows[i - 1][j - 1] + usize::from(left[i - 1] != right[j - 1]);
            let mut best = substituted.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found_only_when_near() {
        for (word, expected) in [
            ("acknowlege", Some("acknowledge")),
            ("escalte_after", Some("escalate_after")),
            ("mitgiate", Some("mitigate")),
            ("ACKNOWLEDGE", Some("acknowledge")),
            ("customers", None),
            ("x", None),
        ] {
            assert_eq!(nearest(word, ["acknowledge", "escalate_after", "mitigate"]), expected, "{word}");
        }
    }
}
