//! Which commands a skill lets through.
//!
//! The lists are a rule about names, read conservatively: what cannot be decided is refused. They do
//! not contain a program that is let through (an allowed `awk` may start others); the wall does.

use std::path::Path;

use super::super::answer::Stop;
use super::grammar::{self, Command, Word};
use crate::sandbox::PATH;

/// Commands that run others: with a list, let through only where they are allowed by name.
const WRAPPERS: [&str; 45] = [
    ".",
    "alias",
    "ash",
    "bash",
    "builtin",
    "busybox",
    "chroot",
    "command",
    "csh",
    "dash",
    "doas",
    "enable",
    "env",
    "eval",
    "exec",
    "fish",
    "flock",
    "hash",
    "ionice",
    "ksh",
    "let",
    "nice",
    "nohup",
    "nsenter",
    "parallel",
    "script",
    "setsid",
    "sh",
    "source",
    "ssh",
    "start-stop-daemon",
    "stdbuf",
    "strace",
    "su",
    "sudo",
    "taskset",
    "tcsh",
    "time",
    "timeout",
    "toybox",
    "trap",
    "unshare",
    "watch",
    "xargs",
    "zsh",
];
/// Shells whose grammar we read.
const SHELLS: [&str; 4] = ["sh", "bash", "dash", "ash"];
/// Variables by which a command is made to run something else.
const UNSAFE_VARIABLES: [&str; 11] = [
    "BASH_ENV",
    "BASHOPTS",
    "CDPATH",
    "EDITOR",
    "ENV",
    "IFS",
    "PATH",
    "PROMPT_COMMAND",
    "PS4",
    "SHELLOPTS",
    "VISUAL",
];
/// Beginnings of the names of such variables.
const UNSAFE_PREFIXES: [&str; 7] = ["BASH_", "GIT_", "LD_", "NODE_", "PERL", "PYTHON", "RUBY"];
/// Options of `find` that run a command, which follows.
const FIND_RUNS: [&str; 4] = ["-exec", "-execdir", "-ok", "-okdir"];

/// The two lists. Absent: everything is let through.
pub(super) struct Policy {
    allowed: Option<Vec<String>>,
    blocked: Vec<String>,
}

impl Policy {
    pub(super) fn new(allowed: Option<Vec<String>>, blocked: Option<Vec<String>>) -> Self {
        let names =
            |list: Vec<String>| list.iter().map(|name| basename(name.trim()).to_owned()).collect();
        Self { allowed: allowed.map(names), blocked: blocked.map(names).unwrap_or_default() }
    }

    /// A program with its arguments, not seen by a shell.
    pub(super) fn check_args(&self, args: &[String]) -> Result<(), Stop> {
        if self.is_open() {
            return Ok(());
        }
        let words: Vec<Word> = args.iter().map(|text| Word::plain(text)).collect();
        self.check_words(&words)
    }

    /// A line for a shell.
    pub(super) fn check_line(&self, shell: &str, line: &str) -> Result<(), Stop> {
        if self.is_open() {
            return Ok(());
        }
        if !SHELLS.contains(&basename(shell)) {
            return Err(self.undecided("lines for this shell cannot be checked; use `args`"));
        }
        for command in grammar::commands(line).map_err(|undecided| self.undecided(undecided.0))? {
            self.check_command(&command)?;
        }
        Ok(())
    }

    fn is_open(&self) -> bool {
        self.allowed.is_none() && self.blocked.is_empty()
    }

    fn check_command(&self, command: &Command) -> Result<(), Stop> {
        let unsafe_name = |name: &&String| {
            UNSAFE_VARIABLES.contains(&name.as_str())
                || name.ends_with("PAGER")
                || UNSAFE_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        };
        if let Some(name) = command.assigned.iter().find(unsafe_name) {
            return Err(self.refused(&format!("the variable `{name}` may not be set")));
        }
        if command.words.is_empty() { Ok(()) } else { self.check_words(&command.words) }
    }

    fn check_words(&self, words: &[Word]) -> Result<(), Stop> {
        let Some(first) = words.first() else {
            return Ok(());
        };
        if !first.is_plain() {
            return Err(self.undecided(
                "the name of a command must be written plainly, without quotes or variables",
            ));
        }
        let name = self.check_name(&first.text)?;
        if name == "find" {
            self.check_find(&words[1..])?;
        }
        Ok(())
    }

    fn check_name<'t>(&self, text: &'t str) -> Result<&'t str, Stop> {
        let name = basename(text);
        let listed =
            self.allowed.as_ref().map(|allowed| allowed.iter().any(|allowed| allowed == name));
        if listed == Some(false) || self.blocked.iter().any(|blocked| blocked == name) {
            return Err(self.refused(&format!("`{name}` is not allowed")));
        }
        if listed.is_none() && WRAPPERS.contains(&name) {
            return Err(self.undecided(&format!("`{name}` can run other commands")));
        }
        // An allowed name means the system's program, not one that was put into the workspace.
        let folder = Path::new(text).parent().and_then(Path::to_str).unwrap_or_default();
        if listed.is_some() && text.contains('/') && !PATH.split(':').any(|known| known == folder) {
            return Err(self.refused("programs outside the system's folders are not allowed"));
        }
        Ok(name)
    }

    /// `find` is on the usual list of harmless commands and is not harmless.
    fn check_find(&self, words: &[Word]) -> Result<(), Stop> {
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if !word.is_literal() {
                return Err(self.undecided(
                    "arguments of `find` must not hold variables or unquoted patterns",
                ));
            }
            if word.text == "-delete" {
                self.check_name("rm")?;
            }
            if word.text.starts_with("-fprint") || word.text == "-fls" {
                self.check_name("tee")?;
            }
            if FIND_RUNS.contains(&word.text.as_str()) {
                let run = words.next().map(|word| word.text.as_str()).unwrap_or_default();
                self.check_name(run)?;
                // What that command runs in turn is not read.
                if WRAPPERS.contains(&basename(run)) || basename(run) == "find" {
                    return Err(self.undecided("`find` may not run a command that runs others"));
                }
            }
        }
        Ok(())
    }

    fn undecided(&self, why: &str) -> Stop {
        self.refused(&format!("it cannot be decided whether the command is allowed: {why}"))
    }

    fn refused(&self, why: &str) -> Stop {
        let mut text = format!("Refused, nothing was run: {why}.");
        if let Some(allowed) = &self.allowed {
            text.push_str(&format!(" Allowed commands: {}.", allowed.join(", ")));
        }
        if !self.blocked.is_empty() {
            text.push_str(&format!(" Blocked commands: {}.", self.blocked.join(", ")));
        }
        Stop::Refused(text)
    }
}

fn basename(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &[&str]) -> Option<Vec<String>> {
        Some(names.iter().map(|name| (*name).to_owned()).collect())
    }

    fn safe() -> Policy {
        Policy::new(list(&["ls", "cat", "grep", "find", "echo", "head"]), None)
    }

    #[test]
    fn plain_lines_pass() {
        for line in [
            "ls -la",
            "/bin/ls",
            "ls | head -3 && echo \"done $HOME\" > out 2>&1; cat < out",
            "for f in a b; do cat \"$f\"; done",
            "if grep -q x f; then echo yes; else echo no; fi",
            "echo $(ls `echo .`)",
            "X=1; echo ${X:-none}",
            "find . -name '*.rs' -exec cat {} \\;",
            "( ls ) && { echo a; }",
            "cat <<< word",
            "ls &> out",
        ] {
            assert!(safe().check_line("/bin/sh", line).is_ok(), "{line}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for line in [
            "rm x",
            "ls; rm x",
            "ls & rm x",
            "ls || rm x",
            "ls | rm x",
            "ls\nrm x",
            "(rm x)",
            "{ rm x; }",
            "echo $(rm x)",
            "echo \"$(rm x)\"",
            "echo `rm x`",
            "cat <(rm x)",
            "echo > $(rm x)",
            "! rm x",
            "if rm x; then ls; fi",
            "for f in $(rm x); do ls; done",
            "for f do rm x; done",
            "case x in x) rm x;; esac",
            "$X x",
            "\"r\"m x",
            "r\\m x",
            "r* x",
            "~/ls",
            "./ls",
            "/tmp/ls",
            "eval ls",
            "exec ls",
            "env ls",
            "sh -c ls",
            "xargs ls",
            "echo # it's\nrm x\n# '",
            "cat <<E\n$(rm x)\nE",
            "echo $((x))",
            "echo ${x@P}",
            "echo ${x:y}",
            "echo ${a[x]}",
            "echo $'a'",
            "echo () { rm; }",
            "ls() { rm x; }",
            "PATH=. ls",
            "LD_PRELOAD=./x.so ls",
            "GIT_PAGER=x ls",
            "PATH=.",
            "find . -exec rm {} \\;",
            "find . -exec sh -c x {} \\;",
            "find . -delete",
            "find . $X",
            "find . *",
            "find . -fprint x",
            "ls 'unclosed",
            "ls $(",
            "2>x rm x",
            "ls &>x rm x",
            "time rm x",
            "((x))",
        ] {
            assert!(safe().check_line("/bin/sh", line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_blocked_command_is_found_and_wrappers_are_not_trusted() {
        let policy = Policy::new(None, list(&["rm"]));
        assert!(policy.check_line("/bin/bash", "mkdir a && ls").is_ok());
        for line in
            ["rm x", "/bin/rm x", "env rm x", "sh -c 'rm x'", "find . -delete", "command rm x"]
        {
            assert!(policy.check_line("/bin/bash", line).is_err(), "{line}");
        }
        assert!(policy.check_line("/usr/bin/fish", "ls").is_err());
    }

    #[test]
    fn arguments_are_checked_by_the_program() {
        let args = |args: &[&str]| list(args).unwrap_or_default();
        assert!(safe().check_args(&args(&["/usr/bin/ls", "$X", "*"])).is_ok());
        assert!(safe().check_args(&args(&["rm", "x"])).is_err());
        assert!(safe().check_args(&args(&["./ls"])).is_err());
        assert!(safe().check_args(&args(&["find", ".", "-exec", "rm", "{}", ";"])).is_err());
        assert!(Policy::new(Some(Vec::new()), None).check_args(&args(&["ls"])).is_err());
        assert!(Policy::new(None, None).check_args(&args(&["rm"])).is_ok());
    }

    #[test]
    fn a_wrapper_that_is_allowed_by_name_may_run() {
        let policy = Policy::new(list(&["env", "bash"]), None);
        assert!(policy.check_line("/bin/sh", "env ls").is_ok());
        assert!(policy.check_line("/bin/sh", "bash -c 'ls'").is_ok());
    }
}
