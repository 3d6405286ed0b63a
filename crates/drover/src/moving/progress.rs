//! How far it is, for a person who waits.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar on stderr, where that is a terminal.
pub struct Progress(ProgressBar);

impl Progress {
    /// Of so many rows.
    pub fn of(rows: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(rows), ProgressDrawTarget::stderr());
        // One that cannot be read would leave the usual one.
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len} rows") {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// So many more are done.
    pub fn advance(&self, rows: usize) {
        self.0.inc(rows as u64);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
