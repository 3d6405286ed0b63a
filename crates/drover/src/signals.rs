//! Ctrl-C, SIGTERM, and the one signal that must not end the process.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What the process is told from outside.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// A file at its size limit (`ulimit -f`). Left alone it kills the process; taken over, the
    /// write fails and is refused as one to a full disk is.
    _file_size: Signal,
}

/// The number is the same on every architecture of Linux and on macOS; tokio has no name for it.
const SIGXFSZ: i32 = 25;

impl Signals {
    /// Takes the signals over; from here on they no longer end the process by themselves.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            _file_size: signal(SignalKind::from_raw(SIGXFSZ))?,
        })
    }

    /// Waits for the next.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
