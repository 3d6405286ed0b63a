//! `drover import`: an organization out of the file of another plane.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use drover_domain::{Clock, Error, Ids, OrgId};
use drover_store::moving::Import;
use serde::Serialize;

use crate::cli::{DatabaseFlags, Shell};
use crate::exit::{CommandError, Exit, Outcome};
use crate::moving::{Access, Progress, Reader};
use crate::system::{SystemClock, SystemIds};
use crate::table;

/// Flags.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// A file of `drover export`
    file: PathBuf,
    /// Write everything, and take it back again
    #[arg(long)]
    dry_run: bool,
    /// Print a summary as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseFlags,
}

/// What was imported.
#[derive(Debug, Serialize)]
struct Summary {
    organization: String,
    rows: u64,
    tables: BTreeMap<String, u64>,
    open_executions: u64,
    queued_again: u64,
    /// What a worker of another kind had, which did not come along.
    failed: u64,
    sha256: String,
    dry_run: bool,
}

/// Writes what the file holds, all of it or nothing, while no plane runs on the database.
pub async fn run(args: ImportArgs, shell: &Shell) -> Outcome {
    let config = shell.config(&args.database)?;
    let end = Reader::verify(&args.file)?;
    let mut reader = Reader::open(&args.file)?;
    let database = Access::Write.open(&config).await?;
    let organization = OrgId::new(reader.head().organization.clone());
    let said = |error| said(&args.file, error);
    let import = Import::begin(&database, organization, reader.is_of_this_schema()).await;
    let mut import = import.map_err(said)?;
    read(&mut reader, &mut import, &args.file).await?;
    let queued_again = take_up(&import).await.map_err(said)?;
    let failed = leave_foreign(&import).await.map_err(said)?;
    if args.dry_run {
        import.roll_back().await?;
    } else {
        import.commit(SystemIds.next(), SystemClock::default().now()).await?;
    }
    let head = reader.head().clone();
    let summary = Summary {
        organization: head.organization,
        rows: end.rows,
        tables: head.rows,
        open_executions: head.open_executions,
        queued_again,
        failed,
        sha256: end.sha256,
        dry_run: args.dry_run,
    };
    tell(&args, shell, &summary)
}

fn tell(args: &ImportArgs, shell: &Shell, summary: &Summary) -> Outcome {
    if args.json {
        shell.printer.line(summary)?;
    } else {
        shell.printer.data(&table::fields(vec![
            ("organization", summary.organization.clone()),
            ("rows", summary.rows.to_string()),
            ("open executions", summary.open_executions.to_string()),
            ("queued again", summary.queued_again.to_string()),
            ("failed", summary.failed.to_string()),
            ("sha256", summary.sha256.clone()),
        ]))?;
    }
    if args.dry_run {
        shell.printer.note("a dry run: nothing was kept");
    } else if summary.open_executions > 0 {
        shell.printer.hint("start the plane, and the workers of its queues: what is open goes on");
    }
    Ok(Exit::Done)
}

/// Hands every row over, and compares what there was with what the head says.
async fn read(reader: &mut Reader, import: &mut Import, path: &Path) -> Result<(), CommandError> {
    let progress = Progress::of(reader.head().total());
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    while let Some(line) = reader.row()? {
        import.row(&line.table, line.row).await.map_err(|error| said(path, error))?;
        *counts.entry(line.table).or_default() += 1;
        progress.advance(1);
    }
    import.check().await.map_err(|error| said(path, error))?;
    let said_so = reader.head().rows.iter().filter(|(_, count)| **count > 0);
    if !said_so.eq(counts.iter()) {
        return Err(reader.bad("its head does not say which rows follow; export again"));
    }
    if counts.get("organizations") != Some(&1) {
        return Err(reader.bad("it lacks its organization; export again"));
    }
    Ok(())
}

/// What is open is taken up as after a crash: a run whose worker was leased its step by the other
/// plane is `queued`, and its log says so. How many of them there were.
async fn take_up(import: &Import) -> Result<u64, Error> {
    let (mut after, mut count) = (None, 0);
    loop {
        let open = import.open_activities(after).await?;
        let Some((last, _)) = open.last() else {
            return Ok(count);
        };
        after = Some(last.id);
        for (activity, run) in open {
            let mut set = import.set();
            let leased =
                drover_engine::take_up(&run, &activity, &mut set, SystemClock::default().now())?;
            import.write(set).await?;
            count += u64::from(leased);
        }
    }
}

/// Ends what a foreign worker of the other plane was at. How many such runs there were.
async fn leave_foreign(import: &Import) -> Result<u64, Error> {
    let (mut after, mut count) = (None, 0);
    loop {
        let open = import.open_runs(after).await?;
        let Some(last) = open.last() else {
            return Ok(count);
        };
        after = Some(last.id);
        for run in &open {
            let mut set = import.set();
            let now = SystemClock::default().now();
            if drover_engine::leave_foreign(run, &mut set, now)? {
                import.write(set).await?;
                count += 1;
            }
        }
    }
}

/// What is wrong: with the file, or with what is on the plane already.
fn said(path: &Path, error: Error) -> CommandError {
    match error {
        Error::Refused(fault) => CommandError::bad_file(path, &format!("{fault}; export again")),
        Error::Conflict(message) => CommandError::refused(format!(
            "{message}; nothing was imported: take it out with `drover export --remove` first, or \
             choose another plane"
        )),
        error => error.into(),
    }
}
