//! What a test runs on, which `#[plane_test]` says.

use std::cell::Cell;

use tokio::runtime::Builder;

/// What a test runs on. Each kind has one plane that tests share, an organization for each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestPlane {
    /// SQLite, and the worker inside the plane.
    Embedded,
    /// SQLite, and a `drover worker` for each organization, which takes its work over HTTP.
    Workers,
    /// Postgres and Temporal, and a `drover worker` for each organization.
    Scale,
}

thread_local! {
    static CURRENT: Cell<Option<TestPlane>> = const { Cell::new(None) };
}

impl TestPlane {
    /// How many there are.
    pub const COUNT: usize = 3;

    /// Runs a test on it.
    pub fn run(self, test: impl Future<Output = ()>) {
        CURRENT.set(Some(self));
        // Relays work while a test waits for a process, so there is a second thread.
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .on_thread_start(move || CURRENT.set(Some(self)))
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(test);
    }

    /// The one that this thread's test runs on.
    pub fn current() -> Self {
        CURRENT.get().expect("`#[plane_test]` on a test that asks for a plane")
    }
}
