//! What a foreign worker's texts say twice (contract, worker-protocol §13.4): its default runtime
//! streams an answer in pieces, without those that are only white space, and then says the whole
//! answer once more. So texts are compared by their letters: all that is not white space.

/// How many bytes of a text are letters.
pub fn letters(text: &str) -> usize {
    text.chars().filter(|letter| !letter.is_whitespace()).map(char::len_utf8).sum()
}

/// Whether two texts differ in white space at most.
pub fn is_same(one: &str, other: &str) -> bool {
    stripped(one).eq(stripped(other))
}

/// A reported answer, said once: `streamed` is what its pieces spelled, empty if none came.
pub fn said_once<'a>(reported: &'a str, streamed: &str) -> &'a str {
    if !streamed.is_empty() && is_same(reported, streamed) {
        return reported;
    }
    let all = letters(reported);
    if all == 0 || all % 2 == 1 {
        return reported;
    }
    let (first, second) = reported.split_at(after_letters(reported, all / 2));
    match is_same(first, second) {
        // The second time has the white space that the pieces lost.
        true => second.trim_start(),
        false => reported,
    }
}

/// Whether a reported answer says more than the one that is kept: it goes on where that was cut off,
/// or has the white space that it lost.
pub fn says_more(kept: &str, reported: &str) -> bool {
    reported.len() > kept.len() && {
        let mut rest = stripped(reported);
        stripped(kept).all(|letter| rest.next() == Some(letter))
    }
}

fn stripped(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|letter| !letter.is_whitespace())
}

/// Where so many bytes of letters end. If that is within a letter, the end of it.
fn after_letters(text: &str, count: usize) -> usize {
    let mut seen = 0;
    for (at, letter) in text.char_indices() {
        if seen >= count {
            return at;
        }
        if !letter.is_whitespace() {
            seen += letter.len_utf8();
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_twice_is_said_once_with_its_white_space() {
        let doubled = "Two lines:first second Two lines:\nfirst\n second";
        assert_eq!(said_once(doubled, ""), "Two lines:\nfirst\n second");
        assert_eq!(said_once(doubled, "Two lines:first second"), "Two lines:\nfirst\n second");
        assert_eq!(said_once("Héé Héé", ""), "Héé");
        assert_eq!(said_once("Hi there", ""), "Hi there");
        assert_eq!(said_once("", ""), "");
        assert_eq!(said_once(" ", ""), " ");
    }

    #[test]
    fn an_answer_that_repeats_itself_stays_if_its_pieces_did_too() {
        assert_eq!(said_once("no no", "no no"), "no no");
        assert_eq!(said_once("no nono no", "no no"), "no no");
    }

    #[test]
    fn more_is_what_goes_on_or_has_the_white_space() {
        assert!(says_more("", "Hi"));
        assert!(says_more("One two th", "One two three"));
        assert!(says_more("One:two", "One:\n two"));
        assert!(!says_more("One two", "One two"));
        assert!(!says_more("One", "Two and three"));
        assert!(!says_more("One two", "One"));
    }
}
