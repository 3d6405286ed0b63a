//! Just enough of the shell's grammar to name every command of a line. Where a construct is not
//! understood for certain, the whole line is undecided; it is never guessed.

/// Why a line cannot be read.
#[derive(Debug)]
pub(super) struct Undecided(pub(super) &'static str);

/// A simple command: variables set in front of it, its name and arguments.
#[derive(Debug, Default)]
pub(super) struct Command {
    pub(super) assigned: Vec<String>,
    pub(super) words: Vec<Word>,
}

/// A word with its quotes removed.
#[derive(Debug, Default, Clone)]
pub(super) struct Word {
    pub(super) text: String,
    /// Some of it was quoted.
    quoted: bool,
    /// Some of it depends on variables or the output of commands.
    expands: bool,
    /// Some of it is an unquoted pattern.
    pattern: bool,
    /// The variable it sets, if it stands before a command.
    assigns: Option<String>,
}

impl Word {
    /// A word that no shell sees.
    pub(super) fn plain(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }
    /// Written as it is meant.
    pub(super) fn is_plain(&self) -> bool {
        !self.quoted && self.is_literal()
    }
    /// Known before the line runs.
    pub(super) fn is_literal(&self) -> bool {
        !self.expands && !self.pattern
    }
}

/// Every simple command of a line, those in substitutions included.
pub(super) fn commands(line: &str) -> Result<Vec<Command>, Undecided> {
    let mut reader = Reader { rest: line.chars().collect(), at: 0, found: Vec::new(), depth: 0 };
    reader.list(End::OfText)?;
    Ok(reader.found)
}

/// Deeper nesting is no command line of good will.
const DEEPEST: usize = 24;
/// Words after which a command begins, where a command begins.
const OPENERS: [&str; 12] =
    ["if", "then", "else", "elif", "while", "until", "do", "!", "{", "fi", "done", "}"];
/// Words that begin what we do not read.
const OPAQUE: [&str; 7] = ["case", "esac", "select", "function", "coproc", "[[", "]]"];

#[derive(Clone, Copy, PartialEq)]
enum End {
    OfText,
    Parenthesis,
}

struct Reader {
    rest: Vec<char>,
    at: usize,
    found: Vec<Command>,
    depth: usize,
}

impl Reader {
    fn list(&mut self, end: End) -> Result<(), Undecided> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Undecided("it is nested too deeply"));
        }
        let mut command = Command::default();
        loop {
            self.skip_blanks();
            match self.peek() {
                None if end == End::OfText => break,
                None => return Err(Undecided("a parenthesis is not closed")),
                Some(')') if end == End::Parenthesis => {
                    self.at += 1;
                    break;
                }
                Some(')') => return Err(Undecided("a parenthesis is closed that was not opened")),
                Some('(') if self.peek_at(1) == Some('(') => {
                    return Err(Undecided("arithmetic is not read"));
                }
                Some('(') if command.words.is_empty() => {
                    self.at += 1;
                    self.list(End::Parenthesis)?;
                }
                Some('(') => return Err(Undecided("functions and arrays are not read")),
                Some('#') => return Err(Undecided("comments are not read")),
                Some('<' | '>') => self.redirection()?,
                // `&>` too: for some shells the command ends at the `&`.
                Some('\n' | ';' | '&' | '|') => {
                    self.at += 1;
                    self.found.push(std::mem::take(&mut command));
                }
                Some(_) => self.word_of(&mut command)?,
            }
        }
        self.found.push(command);
        self.depth -= 1;
        Ok(())
    }

    /// Reads a word and puts it where it belongs.
    fn word_of(&mut self, command: &mut Command) -> Result<(), Undecided> {
        let word = self.word()?;
        let number = word.is_plain() && word.text.chars().all(|c| c.is_ascii_digit());
        if number && matches!(self.peek(), Some('<' | '>')) {
            // The file descriptor of a redirection.
            return Ok(());
        }
        if !command.words.is_empty() {
            command.words.push(word);
            return Ok(());
        }
        if let Some(name) = word.assigns {
            command.assigned.push(name);
            return Ok(());
        }
        if word.is_plain() && word.text == "for" {
            return self.loop_head();
        }
        if word.is_plain() && OPAQUE.contains(&word.text.as_str()) {
            return Err(Undecided("this construct of the shell is not read"));
        }
        if !(word.is_plain() && OPENERS.contains(&word.text.as_str())) {
            command.words.push(word);
        }
        Ok(())
    }

    /// `for NAME in WORDS`, up to what ends the list.
    fn loop_head(&mut self) -> Result<(), Undecided> {
        let mut words = Vec::new();
        loop {
            self.skip_blanks();
            match self.peek() {
                None | Some('\n' | ';') => break,
                Some('(' | ')' | '<' | '>' | '&' | '|' | '#') => {
                    return Err(Undecided("this loop is not read"));
                }
                Some(_) => words.push(self.word()?),
            }
        }
        // `for NAME do …` has no end of the list, and its commands would pass for words.
        match words.get(1) {
            Some(word) if word.text != "in" || !word.is_plain() => {
                Err(Undecided("this loop is not read"))
            }
            _ => Ok(()),
        }
    }

    fn redirection(&mut self) -> Result<(), Undecided> {
        let rest = &self.rest[self.at..];
        if rest.starts_with(&['<', '<']) && rest.get(2) != Some(&'<') {
            return Err(Undecided("here-documents are not read"));
        }
        while matches!(self.peek(), Some('<' | '>')) {
            self.at += 1;
        }
        if self.peek() == Some('(') {
            self.at += 1;
            return self.list(End::Parenthesis);
        }
        if matches!(self.peek(), Some('&' | '|')) {
            self.at += 1;
        }
        self.skip_blanks();
        match self.peek() {
            Some('<' | '>') => Ok(()),
            None | Some('\n' | ';' | '&' | '|' | '(' | ')' | '#') => {
                Err(Undecided("a redirection leads nowhere"))
            }
            Some(_) => self.word().map(drop),
        }
    }

    fn word(&mut self) -> Result<Word, Undecided> {
        let mut word = Word::default();
        while let Some(next) = self.peek() {
            match next {
                ' ' | '\t' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>' => break,
                '\\' => {
                    self.at += 1;
                    match self.take() {
                        Some('\n') => {}
                        Some(escaped) => word.text.push(escaped),
                        None => return Err(Undecided("it ends in a backslash")),
                    }
                    word.quoted = true;
                }
                '\'' => {
                    self.at += 1;
                    word.quoted = true;
                    loop {
                        match self.take() {
                            Some('\'') => break,
                            Some(quoted) => word.text.push(quoted),
                            None => return Err(Undecided("a quote is not closed")),
                        }
                    }
                }
                '"' => self.double_quotes(&mut word)?,
                '$' if matches!(self.peek_at(1), Some('\'' | '"')) => {
                    return Err(Undecided("this kind of quotes is not read"));
                }
                '$' => self.dollar(&mut word)?,
                '`' => self.backticks(&mut word)?,
                _ => {
                    if next == '=' && word.is_plain() && is_name(word.text.trim_end_matches('+')) {
                        word.assigns = Some(word.text.trim_end_matches('+').to_owned());
                    }
                    word.expands |= next == '~' && word.text.is_empty();
                    word.pattern |= matches!(next, '*' | '?' | '[');
                    word.text.push(next);
                    self.at += 1;
                }
            }
        }
        // A lone `{` is a word of the grammar and `{}` means something to `find`.
        if word.text == "[" {
            word.pattern = false;
        }
        if word.text.contains('{') && !matches!(word.text.as_str(), "{" | "{}") && !word.quoted {
            word.pattern = true;
        }
        Ok(word)
    }

    fn double_quotes(&mut self, word: &mut Word) -> Result<(), Undecided> {
        self.at += 1;
        word.quoted = true;
        loop {
            match self.peek() {
                None => return Err(Undecided("a quote is not closed")),
                Some('"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some('$') => self.dollar(word)?,
                Some('`') => self.backticks(word)?,
                Some('\\') => {
                    self.at += 1;
                    word.text.extend(self.take());
                }
                Some(other) => {
                    self.at += 1;
                    word.text.push(other);
                }
            }
        }
    }

    fn dollar(&mut self, word: &mut Word) -> Result<(), Undecided> {
        self.at += 1;
        word.expands = true;
        match (self.peek(), self.peek_at(1)) {
            (Some('('), Some('(')) | (Some('['), _) => Err(Undecided("arithmetic is not read")),
            (Some('('), _) => {
                self.at += 1;
                self.list(End::Parenthesis)
            }
            (Some('{'), _) => self.parameter(),
            // A name, or one of the special parameters, or just the sign: nothing runs.
            (Some(next), _) if next.is_ascii_alphanumeric() || "_?!@*#$-".contains(next) => {
                self.at += 1;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// `${…}`: only the forms in which nothing is computed. Indices and offsets are arithmetic, and
    /// arithmetic runs the commands that it finds in variables.
    fn parameter(&mut self) -> Result<(), Undecided> {
        self.at += 1;
        let mut inner = String::new();
        loop {
            match self.take() {
                Some('}') => break,
                Some(next) if next.is_ascii_alphanumeric() || "_#%:-=+?./,".contains(next) => {
                    inner.push(next)
                }
                _ => return Err(Undecided("this use of a variable is not read")),
            }
        }
        let inner = inner.strip_prefix('#').unwrap_or(&inner);
        let end =
            inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
        let (name, operation) = inner.split_at(end);
        let operation = operation
            .strip_prefix(':')
            .map_or(Some(operation), |rest| rest.starts_with(['-', '=', '+', '?']).then_some(rest));
        match operation {
            Some("") if !name.is_empty() => Ok(()),
            Some(form) if !name.is_empty() && form.starts_with(['-', '=', '+', '?', '#', '%']) => {
                Ok(())
            }
            _ => Err(Undecided("this use of a variable is not read")),
        }
    }

    fn backticks(&mut self, word: &mut Word) -> Result<(), Undecided> {
        self.at += 1;
        word.expands = true;
        let mut inner = Vec::new();
        loop {
            match self.take() {
                Some('`') => break,
                Some('\\') | None => return Err(Undecided("these backticks are not read")),
                Some(next) => inner.push(next),
            }
        }
        let mut reader = Reader { rest: inner, at: 0, found: Vec::new(), depth: self.depth };
        reader.list(End::OfText)?;
        self.found.append(&mut reader.found);
        Ok(())
    }

    fn skip_blanks(&mut self) {
        loop {
            match (self.peek(), self.peek_at(1)) {
                (Some(' ' | '\t'), _) => self.at += 1,
                (Some('\\'), Some('\n')) => self.at += 2,
                _ => return,
            }
        }
    }

    fn peek(&self) -> Option<char> {
        self.peek_at(0)
    }
    fn peek_at(&self, ahead: usize) -> Option<char> {
        self.rest.get(self.at + ahead).copied()
    }
    fn take(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += usize::from(next.is_some());
        next
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
