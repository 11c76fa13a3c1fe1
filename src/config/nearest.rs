//! The word that was probably meant.

/// Words longer than this are compared no further.
const LENGTH_MAX: usize = 64;

/// Words with more slips than this have nothing to do with each other, however long they are.
const FAR_MAX: usize = 3;

/// The candidate that is nearest to the word, if one is near enough to be worth a question.
pub(super) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let near = |candidate: &'a str| {
        let far = distance(&word.to_lowercase(), &candidate.to_lowercase())?;
        (far <= FAR_MAX.min(1 + candidate.len() / 4)).then_some((far, candidate))
    };
    candidates
        .into_iter()
        .filter_map(near)
        .min_by_key(|(far, _)| *far)
        .map(|(_, candidate)| candidate)
}

/// Text to append to a finding: the question, or nothing.
pub(super) fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> String {
    nearest(word, candidates)
        .map(|candidate| format!("; did you mean `{candidate}`?"))
        .unwrap_or_default()
}

/// Letters to insert, drop, change or swap.
fn distance(left: &str, right: &str) -> Option<usize> {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    if left.len().max(right.len()) > LENGTH_MAX {
        return None;
    }
    let mut rows = vec![vec![0; right.len() + 1]; left.len() + 1];
    rows[0] = (0..=right.len()).collect();
    for (at, letter) in left.iter().enumerate() {
        rows[at + 1][0] = at + 1;
        for (to, other) in right.iter().enumerate() {
            let changed = rows[at][to] + usize::from(letter != other);
            let moved = 1 + rows[at][to + 1].min(rows[at + 1][to]);
            let mut best = changed.min(moved);
            if at > 0 && to > 0 && left[at - 1] == *other && right[to - 1] == *letter {
                best = best.min(rows[at - 1][to - 1] + 1);
            }
            rows[at + 1][to + 1] = best;
        }
    }
    Some(rows[left.len()][right.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_fingers_is_understood() {
        let keys = ["window", "password", "password_file", "rate"];
        assert_eq!(nearest("windw", keys), Some("window"));
        assert_eq!(nearest("passwrod", keys), Some("password"));
        assert_eq!(nearest("Rate", keys), Some("rate"));
        assert_eq!(nearest("colour", keys), None);
        assert_eq!(nearest(&"w".repeat(1000), keys), None);
        assert_eq!(nearest("", ["a", "long"]), Some("a"));
    }
}
