//! Two texts line by line, as `diff` shows them: what goes with `-`, what comes with `+`.

use crate::output::harmless;

/// Lines that differ, and up to three around them that do not.
pub(super) fn lines(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let marked = marked(&old, &new);
    let is_near = |at: usize| {
        let around = at.saturating_sub(3)..(at + 4).min(marked.len());
        marked[around].iter().any(|(mark, _)| *mark != ' ')
    };
    let near = (0..marked.len()).filter(|at| is_near(*at));
    let shown = near.map(|at| format!("  {} {}", marked[at].0, harmless(marked[at].1)));
    shown.collect::<Vec<_>>().join("\n")
}

/// Every line of both, by the longest sequence that both have.
fn marked<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(char, &'a str)> {
    let common = common(old, new);
    let (mut i, mut j, mut marked) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        let is_same = i < old.len() && j < new.len() && old[i] == new[j];
        if is_same {
            marked.push((' ', old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && common[i + 1][j] >= common[i][j + 1]) {
            marked.push(('-', old[i]));
            i += 1;
        } else {
            marked.push(('+', new[j]));
            j += 1;
        }
    }
    marked
}

/// How many lines both have in common from here on.
fn common(old: &[&str], new: &[&str]) -> Vec<Vec<usize>> {
    let mut common = vec![vec![0; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] = if old[i] == new[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_and_what_comes() {
        let shown = lines("a\nb\nc\nd\ne\nf", "a\nB\nc\nd\ne\nf\ng");
        let expected = [
            "    a", "  - b", "  + B", "    c", "    d", "    e", "    f", "  + g",
        ];
        assert_eq!(shown, expected.join("\n"));
        assert_eq!(lines("same", "same"), "");
        assert_eq!(lines("", "x"), "  + x");
    }
}
