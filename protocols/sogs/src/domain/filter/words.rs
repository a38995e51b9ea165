//! Word lists that see through the usual disguises: `d4rn`, `D@RN`, `d*rn`.

use std::collections::HashMap;

/// What is looked for where an operator gave no list.
const BUILT_IN: &str = include_str!("words.txt");

/// Words and phrases to look for, by their number of letters.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct WordList {
    by_len: HashMap<usize, Vec<Vec<char>>>,
    /// Of words in the longest phrase.
    longest: usize,
}

impl WordList {
    /// English words that few rooms want.
    pub fn built_in() -> Self {
        Self::parse(BUILT_IN)
    }

    /// One word or phrase per line; empty lines say nothing.
    pub fn parse(lines: &str) -> Self {
        let mut list = Self::default();
        for line in lines.lines() {
            let words: Vec<_> = words(line).collect();
            let phrase: Vec<char> = words
                .join(" ")
                .chars()
                .flat_map(char::to_lowercase)
                .collect();
            if !phrase.is_empty() {
                list.longest = list.longest.max(words.len());
                list.by_len.entry(phrase.len()).or_default().push(phrase);
            }
        }
        list
    }

    /// Whether one of them is in a text, as whole words.
    pub fn in_text(&self, text: &str) -> bool {
        let words: Vec<Vec<char>> = words(text)
            .map(|word| word.chars().flat_map(char::to_lowercase).collect())
            .collect();
        (0..words.len()).any(|start| {
            let most = self.longest.min(words.len() - start);
            (1..=most).any(|len| self.has(&words[start..start + len].join(&' ')))
        })
    }

    fn has(&self, candidate: &[char]) -> bool {
        let mut same_len = self.by_len.get(&candidate.len()).into_iter().flatten();
        same_len.any(|phrase| {
            phrase
                .iter()
                .zip(candidate)
                .all(|(a, b)| stands_for(*b, *a))
        })
    }
}

/// Splits at everything that is neither a letter, a digit, nor a stand-in for a letter.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let part_of_word = |c: char| c.is_alphanumeric() || "@$*'".contains(c);
    text.split(move |c: char| !part_of_word(c))
        .filter(|word| !word.is_empty())
}

fn stands_for(written: char, meant: char) -> bool {
    let disguises = match meant {
        'a' => "@*4",
        'e' => "*3",
        'i' => "*l1",
        'l' => "1",
        'o' => "*0@",
        's' => "$5",
        't' => "7",
        'u' => "*v",
        'v' => "*u",
        _ => "",
    };
    written == meant || disguises.contains(written)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn there_is_a_list_without_a_list() {
        let list = WordList::built_in();
        assert!(list.in_text("what the FUCK?") && list.in_text("you 5on of a b1tch"));
        assert!(!list.in_text("a classic assessment of cockatoos in Scunthorpe"));
    }

    #[test]
    fn disguised_words_are_found_and_longer_ones_are_not() {
        let list = WordList::parse("darn\n\nson of a gun\n");
        for bad in [
            "darn",
            "DARN!",
            "oh, d4rn it",
            "d@rn",
            "d*rn.",
            "S0n of a gvn",
            "son-of-a-gun",
        ] {
            assert!(list.in_text(bad), "{bad}");
        }
        for good in [
            "",
            "darning",
            "da rn",
            "sons of a gun",
            "of a gun",
            "d.a.r.n",
        ] {
            assert!(!list.in_text(good), "{good}");
        }
        assert!(!WordList::default().in_text("darn"));
    }

    proptest! {
        #[test]
        fn every_word_finds_itself(word in "[a-z]{1,12}", before: String) {
            let list = WordList::parse(&word);
            let text = format!("{before} {}", word.to_uppercase());
            prop_assert!(list.in_text(&text));
        }

        #[test]
        fn any_list_and_text_are_answered(list: String, text: String) {
            let _ = WordList::parse(&list).in_text(&text);
        }
    }
}
