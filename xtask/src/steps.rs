//! A headline for each step, and how long it took.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Steps of one task.
#[derive(Debug)]
pub struct Steps {
    began: Instant,
    total: usize,
    done: usize,
}

impl Steps {
    /// Begins a task of so many steps.
    pub fn new(total: usize) -> Self {
        Self { began: Instant::now(), total, done: 0 }
    }

    /// Runs one; what it answers is shown behind its time.
    pub fn run(&mut self, what: &str, step: impl FnOnce() -> Result<String>) -> Result<()> {
        self.done += 1;
        println!("\n── {}/{} {what}", self.done, self.total);
        let began = Instant::now();
        let summary = step().with_context(|| {
            format!(
                "\n✗ step {}/{} failed after {}: {what}",
                self.done,
                self.total,
                time(began.elapsed())
            )
        })?;
        println!(
            "   ok in {}{}{summary}",
            time(began.elapsed()),
            if summary.is_empty() { "" } else { ": " }
        );
        Ok(())
    }

    /// How long all of them took.
    pub fn elapsed(&self) -> String {
        time(self.began.elapsed())
    }
}

fn time(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    match seconds {
        0..60 => format!("{:.1} s", elapsed.as_secs_f64()),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}
