//! From a model's pieces to entries worth storing: coalesced, and without what an interrupted try
//! has stored already. Pure but for the clock it is given.

use std::time::Duration;

use drover_domain::activities::Progress;
use tokio::time::Instant;

use crate::model::Chunk;

/// The first piece is shown early, but late enough that a short answer is stored with its end.
const FIRST: Duration = Duration::from_millis(5);
/// The longest a later piece waits for company.
const NEXT: Duration = Duration::from_millis(50);
/// Text that is not kept waiting.
const FULL: usize = 1024;

/// The text of one message on its way to the log.
pub(crate) struct Coalescer {
    message_id: String,
    /// What an interrupted try has stored, as far as this try has not repeated it yet.
    already: String,
    matched: usize,
    attempt: u32,
    pending: Vec<Progress>,
    text: String,
    thinking: String,
    due: Option<Instant>,
    flushed: bool,
}

impl Coalescer {
    pub fn new(message_id: String, already: String, attempt: u32) -> Self {
        Self {
            message_id,
            already,
            matched: 0,
            attempt,
            pending: Vec::new(),
            text: String::new(),
            thinking: String::new(),
            due: None,
            flushed: false,
        }
    }

    /// Takes a piece.
    pub fn push(&mut self, chunk: Chunk, now: Instant) {
        match chunk {
            Chunk::Text(text) => {
                self.settle_thinking();
                self.push_text(&text);
            }
            Chunk::Thinking(text) => {
                self.settle_text();
                self.thinking.push_str(&text);
            }
        }
        if self.due.is_none() && !self.is_empty() {
            let wait = if self.flushed { NEXT } else { FIRST };
            self.due = Some(now + wait);
        }
        if self.text.len() + self.thinking.len() >= FULL {
            self.due = Some(now);
        }
    }

    /// When what waits has to be stored.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// What is to be stored now.
    pub fn flush(&mut self) -> Vec<Progress> {
        self.settle_thinking();
        self.settle_text();
        self.due = None;
        self.flushed = true;
        std::mem::take(&mut self.pending)
    }

    /// The end of the answer: what must still be stored before it, the text that is stored with it,
    /// and the id it has.
    pub fn finish(mut self) -> (Vec<Progress>, String, String) {
        self.settle_thinking();
        if self.matched < self.already.len() {
            // This answer is shorter than what the interrupted one had said.
            self.reset();
        }
        let unsent = std::mem::take(&mut self.text);
        (self.pending, unsent, self.message_id)
    }

    fn is_empty(&self) -> bool {
        self.pending.is_empty() && self.text.is_empty() && self.thinking.is_empty()
    }

    fn push_text(&mut self, text: &str) {
        let rest = &self.already[self.matched..];
        let common = rest.bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
        if common == rest.len() || common == text.len() {
            self.matched += common;
            self.text.push_str(&text[common..]);
        } else {
            self.reset();
            self.text.push_str(text);
        }
    }

    /// What was stored is void: all of the text goes on under a new id.
    fn reset(&mut self) {
        let replaced_by = format!("{}_r{}", self.message_id, self.attempt);
        let message_id = std::mem::replace(&mut self.message_id, replaced_by.clone());
        self.pending.push(Progress::Reset { message_id, replaced_by });
        self.text.insert_str(0, &self.already[..self.matched]);
        self.already.clear();
        self.matched = 0;
    }

    fn settle_text(&mut self) {
        if !self.text.is_empty() {
            let content = std::mem::take(&mut self.text);
            self.pending.push(Progress::Chunk { message_id: self.message_id.clone(), content });
        }
    }

    fn settle_thinking(&mut self) {
        if !self.thinking.is_empty() {
            let content = std::mem::take(&mut self.thinking);
            self.pending.push(Progress::Thinking { message_id: self.message_id.clone(), content });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(pieces: &[&str], already: &str) -> (Vec<Progress>, String, String) {
        let mut coalescer = Coalescer::new("m".into(), already.into(), 2);
        for piece in pieces {
            coalescer.push(Chunk::Text((*piece).into()), Instant::now());
        }
        coalescer.finish()
    }

    #[test]
    fn a_short_answer_needs_no_write_of_its_own() {
        assert_eq!(said(&["Hel", "lo"], ""), (vec![], "Hello".into(), "m".into()));
    }

    #[test]
    fn what_is_stored_already_is_not_said_again() {
        assert_eq!(said(&["Hel", "lo wor", "ld"], "Hello"), (vec![], " world".into(), "m".into()));
        assert_eq!(said(&["Hello"], "Hello"), (vec![], String::new(), "m".into()));
    }

    #[test]
    fn at_the_first_difference_everything_is_said_under_a_new_id() {
        let reset = Progress::Reset { message_id: "m".into(), replaced_by: "m_r2".into() };
        let expected = (vec![reset.clone()], "Help me".to_owned(), "m_r2".to_owned());
        assert_eq!(said(&["Hel", "p me"], "Hello"), expected);
        assert_eq!(said(&["Hi"], "Hello"), (vec![reset.clone()], "Hi".into(), "m_r2".into()));
        assert_eq!(said(&["He"], "Hello"), (vec![reset], "He".into(), "m_r2".into()));
    }

    #[test]
    fn pieces_wait_for_company_but_not_long() {
        let now = Instant::now();
        let mut coalescer = Coalescer::new("m".into(), String::new(), 1);
        coalescer.push(Chunk::Text(" ".into()), now);
        assert_eq!(coalescer.due(), Some(now + FIRST));
        let chunk = Progress::Chunk { message_id: "m".into(), content: " ".into() };
        assert_eq!(coalescer.flush(), [chunk]);
        assert_eq!(coalescer.due(), None);
        coalescer.push(Chunk::Text("a".into()), now);
        assert_eq!(coalescer.due(), Some(now + NEXT));
        coalescer.push(Chunk::Text("x".repeat(FULL)), now);
        assert_eq!(coalescer.due(), Some(now));
    }

    #[test]
    fn text_and_thinking_keep_their_order() {
        let mut coalescer = Coalescer::new("m".into(), String::new(), 1);
        let now = Instant::now();
        coalescer.push(Chunk::Thinking("hm".into()), now);
        coalescer.push(Chunk::Text("yes".into()), now);
        let kinds: Vec<_> = coalescer.flush().iter().map(std::mem::discriminant).collect();
        let thinking = Progress::Thinking { message_id: String::new(), content: String::new() };
        let chunk = Progress::Chunk { message_id: String::new(), content: String::new() };
        assert_eq!(kinds, [std::mem::discriminant(&thinking), std::mem::discriminant(&chunk)]);
    }
}
