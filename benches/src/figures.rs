//! What is promised: every figure with its bound and its goal.

use crate::statistics::Series;

/// One number.
#[derive(Debug)]
pub struct Figure {
    /// Its name in reports.
    pub key: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Binds.
    pub must: f64,
    /// The goal.
    pub aim: f64,
    /// Which way is better.
    pub better: Better,
    /// How rounds become one value.
    pub over: Over,
    /// What measures it.
    pub measure: Measure,
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// At most the bound.
    Less,
    /// At least the bound.
    More,
}

/// How rounds become one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// The median.
    Median,
    /// The worst: for what must never be.
    Worst,
}

/// What measures figures; several come out of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Starting, and doing nothing.
    Boot,
    /// Accepting runs that nobody takes.
    Accepts,
    /// One run after the other.
    Job,
    /// Runs of many callers.
    Jobs,
    /// Many runs at once.
    Burst,
    /// The same, killed in the middle.
    Kill,
    /// From a trigger to the first event.
    FirstEvent,
    /// A page out of very many.
    Page,
    /// Many long streams at once.
    Stream,
    /// Accepting runs that nobody takes, on Postgres.
    PostgresAccepts,
    /// A worker in a process of its own: starting, and doing nothing.
    Worker,
    /// One run after the other, by a worker over HTTP.
    HttpJob,
    /// From a trigger to what a worker on Temporal does first.
    ScaleFirstEvent,
    /// Runs of many callers through Temporal, beside bare workflows.
    ScaleShare,
    /// From a worker's SIGKILL to the end of its run.
    Takeover,
    /// Every process killed in turn under load.
    Losses,
}

/// What is measured: one machine, or what is beyond it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// One process with SQLite inside.
    Embedded,
    /// Postgres, Temporal, and workers in processes of their own.
    Scale,
}

/// How far a figure got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The goal is met.
    Aim,
    /// The bound is met, the goal is not.
    Must,
    /// The bound is not met.
    Missed,
}

/// Every measure, in the order of a round.
pub const MEASURES: [Measure; 16] = [
    Measure::Boot,
    Measure::Accepts,
    Measure::Job,
    Measure::Jobs,
    Measure::Burst,
    Measure::Kill,
    Measure::FirstEvent,
    Measure::Page,
    Measure::Stream,
    Measure::PostgresAccepts,
    Measure::Worker,
    Measure::HttpJob,
    Measure::ScaleFirstEvent,
    Measure::ScaleShare,
    Measure::Takeover,
    Measure::Losses,
];

/// Every figure of one machine, in the order of the table.
pub const FIGURES: [Figure; 16] = [
    less("boot_s", "start on an existing directory to ready", 0.3, 0.15, Measure::Boot),
    less("idle_mib", "resident memory when idle", 64.0, 32.0, Measure::Boot),
    Figure {
        better: Better::More,
        ..less(
            "accepts_per_s",
            "durable accepts, 32 connections",
            8_000.0,
            20_000.0,
            Measure::Accepts,
        )
    },
    less("accepts_p99_ms", "their p99", 12.0, 4.0, Measure::Accepts),
    less("job_ms", "one job of one instant model call, to its end", 5.0, 3.0, Measure::Job),
    Figure {
        better: Better::More,
        ..less("jobs_per_s", "such jobs, 32 callers waiting", 1_000.0, 3_000.0, Measure::Jobs)
    },
    less("burst_s", "500 triggered at once, all finished", 0.7, 0.3, Measure::Burst),
    never("kill_lost", "killed half-way: acknowledged runs lost", Measure::Kill),
    never("kill_repeated", "recorded model calls repeated, or more than in flight", Measure::Kill),
    less("kill_s", "restart to all finished", 3.0, 1.0, Measure::Kill),
    less(
        "first_event_ms",
        "trigger to first event on a new stream, p99, idle",
        50.0,
        10.0,
        Measure::FirstEvent,
    ),
    less("page_ms", "50 executions out of 1 000 000, first or deep page", 10.0, 2.0, Measure::Page),
    less(
        "stream_p99_ms",
        "500 runs stream 20 tokens/s: a trigger's p99",
        50.0,
        16.0,
        Measure::Stream,
    ),
    less("stream_mib", "the same: peak resident memory", 256.0, 128.0, Measure::Stream),
    less("stream_kib_per_run", "the same: disk per run", 256.0, 64.0, Measure::Stream),
    // Not promised; beside the figures it tells a slow disk from a slow program.
    less(
        "disk_sync_ms",
        "fdatasync of 4 KiB on this disk",
        f64::INFINITY,
        f64::INFINITY,
        Measure::Boot,
    ),
];

/// Every figure of what is beyond one machine.
pub const SCALE_FIGURES: [Figure; 10] = [
    Figure {
        better: Better::More,
        ..less(
            "pg_accepts_per_s",
            "durable accepts on Postgres, 32 connections",
            1_500.0,
            5_000.0,
            Measure::PostgresAccepts,
        )
    },
    less("pg_accepts_p99_ms", "their p99", 60.0, 25.0, Measure::PostgresAccepts),
    less("worker_mib", "`drover worker` idle: resident memory", 64.0, 32.0, Measure::Worker),
    less("worker_boot_s", "its start until it serves", 1.0, 0.3, Measure::Worker),
    less("http_job_ms", "one job, by a worker over HTTP, to its end", 15.0, 8.0, Measure::HttpJob),
    less(
        "scale_first_event_ms",
        "trigger to first event through Temporal and a worker, idle",
        200.0,
        80.0,
        Measure::ScaleFirstEvent,
    ),
    Figure {
        better: Better::More,
        ..less(
            "scale_share",
            "runs/s through Temporal, percent of bare workflows",
            35.0,
            60.0,
            Measure::ScaleShare,
        )
    },
    Figure {
        over: Over::Worst,
        ..less(
            "takeover_s",
            "a worker killed: its run has ended elsewhere, worst",
            20.0,
            16.0,
            Measure::Takeover,
        )
    },
    never("scale_lost", "every process killed in turn: acknowledged runs lost", Measure::Losses),
    never("scale_doubled", "the same: runs or recorded model calls doubled", Measure::Losses),
];

const fn less(
    key: &'static str,
    what: &'static str,
    must: f64,
    aim: f64,
    measure: Measure,
) -> Figure {
    Figure { key, what, must, aim, better: Better::Less, over: Over::Median, measure }
}

const fn never(key: &'static str, what: &'static str, measure: Measure) -> Figure {
    Figure { over: Over::Worst, ..less(key, what, 0.0, 0.0, measure) }
}

impl Kind {
    /// What is promised of it.
    pub fn figures(self) -> &'static [Figure] {
        match self {
            Self::Embedded => &FIGURES,
            Self::Scale => &SCALE_FIGURES,
        }
    }
}

impl Figure {
    /// The one value of all rounds.
    pub fn value(&self, series: &Series) -> f64 {
        match (self.over, self.better) {
            (Over::Median, _) => series.median(),
            (Over::Worst, Better::Less) => series.most(),
            (Over::Worst, Better::More) => series.least(),
        }
    }

    /// How far a value got.
    pub fn verdict(&self, value: f64) -> Verdict {
        let meets = |bound: f64| match self.better {
            Better::Less => value <= bound,
            Better::More => value >= bound,
        };
        match (meets(self.aim), meets(self.must)) {
            (true, _) => Verdict::Aim,
            (false, true) => Verdict::Must,
            (false, false) => Verdict::Missed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(key: &str) -> &'static Figure {
        FIGURES.iter().find(|figure| figure.key == key).unwrap()
    }

    #[test]
    fn verdicts_know_which_way_is_better() {
        assert_eq!(figure("burst_s").verdict(0.3), Verdict::Aim);
        assert_eq!(figure("burst_s").verdict(0.5), Verdict::Must);
        assert_eq!(figure("accepts_per_s").verdict(7_999.0), Verdict::Missed);
        assert_eq!(figure("accepts_per_s").verdict(25_000.0), Verdict::Aim);
        assert_eq!(figure("burst_s").verdict(f64::NAN), Verdict::Missed);
    }

    #[test]
    fn what_must_never_be_counts_once_it_was() {
        let rounds = Series::of(vec![0.0, 0.0, 2.0]);
        assert_eq!(figure("kill_lost").value(&rounds), 2.0);
        assert_eq!(figure("kill_s").value(&rounds), 0.0);
    }
}
