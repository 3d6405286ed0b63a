//! `drover export`: an organization with all that it has, into a file for another plane.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use drover_domain::{Clock, Error, OrgId, micros, rfc3339};
use drover_plane::PublicKey;
use drover_store::moving::{self, Export, Row};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::{DatabaseFlags, Shell};
use crate::exit::{CommandError, Exit, Outcome};
use crate::moving::{
    Access, End, FORMAT, Head, Line, MOVED_KEYS, Progress, Reader, Writer, signing_key,
};
use crate::system::SystemClock;
use crate::table;

/// Flags.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Which organization
    #[arg(long, value_name = "NAME")]
    organization: String,
    /// The file to write [default: stdout]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Take the organization out of this plane, once the file is on disk and was read back
    #[arg(long, requires = "out", conflicts_with = "dry_run")]
    remove: bool,
    /// Read everything and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print a summary as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseFlags,
}

/// What was exported.
#[derive(Debug, Serialize)]
struct Summary {
    organization: String,
    file: Option<String>,
    rows: u64,
    tables: BTreeMap<String, u64>,
    open_executions: u64,
    sha256: String,
    dry_run: bool,
    removed: bool,
}

/// Writes the file, while no plane runs on the database.
pub async fn run(args: ExportArgs, shell: &Shell) -> Outcome {
    if args.json && args.out.is_none() && !args.dry_run {
        let message =
            "the export and its summary would both go to stdout; name a file with `--out`";
        return Err(CommandError::usage(message));
    }
    let target = Target::of(&args)?;
    let config = shell.config(&args.database)?;
    let database = Access::Read.open(&config).await?;
    let export = Export::begin(&database, OrgId::new(args.organization.clone())).await;
    let export = export.map_err(|error| match error {
        Error::NotFound(message) => CommandError::refused(format!(
            "{message} on this plane; look at its name, or at which plane `--data-dir` and \
             `--database-url` name"
        )),
        error => error.into(),
    })?;
    let key = signing_key(&config)?;
    let rows =
        Rows::of(&export, &args.organization, key.public(), SystemClock::default().now()).await?;
    let written = rows.write(target.open()?).await;
    let end = written.inspect_err(|_| target.discard())?;
    target.keep()?;
    let head = rows.head;
    if let (true, Some(path)) = (args.remove, &args.out) {
        if Reader::verify(path)? != end {
            return Err(CommandError::failed(
                "the file is not what was written; nothing is removed",
            ));
        }
        export.remove().await?;
    }
    tell(&args, shell, head, end)
}

fn tell(args: &ExportArgs, shell: &Shell, head: Head, end: End) -> Outcome {
    let printer = shell.printer;
    let open = head.open_executions;
    let summary = Summary {
        organization: head.organization,
        file: args.out.as_ref().map(|path| path.display().to_string()),
        rows: end.rows,
        tables: head.rows,
        open_executions: open,
        sha256: end.sha256,
        dry_run: args.dry_run,
        removed: args.remove,
    };
    if args.json {
        printer.line(&summary)?;
    } else {
        let fields = table::fields(vec![
            ("organization", summary.organization),
            ("rows", summary.rows.to_string()),
            ("open executions", open.to_string()),
            ("sha256", if args.dry_run { String::new() } else { summary.sha256 }),
            ("file", summary.file.filter(|_| !args.dry_run).unwrap_or_default()),
        ]);
        // The export itself is the data where it goes to stdout.
        if args.out.is_none() && !args.dry_run {
            printer.note(&fields);
        } else {
            printer.data(&fields)?;
        }
    }
    if args.remove {
        let name = &args.organization;
        printer
            .note(&format!("`{name}` is no longer on this plane; the file is all there is of it"));
    } else if open > 0 && !args.dry_run {
        let are = if open == 1 { "execution is" } else { "executions are" };
        printer.warn(&format!(
            "{open} {are} open and would run on both planes: do not start this one again before \
             that is over on the other one, or export with `--remove`"
        ));
    }
    Ok(Exit::Done)
}

/// What goes into the file.
struct Rows<'a> {
    export: &'a Export,
    head: Head,
    /// The tables in their order.
    tables: Vec<&'static str>,
    /// The keys that signed the organization's API keys.
    keys: Vec<Row>,
}

impl<'a> Rows<'a> {
    async fn of(
        export: &'a Export,
        organization: &str,
        signed_by: &PublicKey,
        now: Timestamp,
    ) -> Result<Self, CommandError> {
        let mut keys = export.page(MOVED_KEYS, None).await?;
        let is_ours = |key: &Row| key.get("kid").and_then(Value::as_str) == Some(signed_by.kid());
        if !keys.iter().any(is_ours) {
            let bytes: String =
                signed_by.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            let ours = json!({
                "kid": signed_by.kid(), "organization_id": organization, "public_key": bytes,
                "moved_at": micros(now),
            });
            keys.extend(ours.as_object().cloned());
        }
        let counts = export.counts().await?;
        let mut rows: BTreeMap<String, u64> =
            counts.iter().map(|(table, count)| ((*table).to_owned(), *count)).collect();
        rows.insert(MOVED_KEYS.to_owned(), keys.len() as u64);
        let head = Head {
            drover_export: FORMAT,
            drover: env!("CARGO_PKG_VERSION").to_owned(),
            schema: moving::schema(),
            organization: organization.to_owned(),
            exported_at: rfc3339(now),
            open_executions: export.open_executions().await?,
            rows,
        };
        Ok(Self {
            export,
            head,
            tables: counts.into_iter().map(|(table, _)| table).collect(),
            keys,
        })
    }

    async fn write(&self, out: Box<dyn Write>) -> Result<End, CommandError> {
        let progress = Progress::of(self.head.total());
        let mut writer = Writer::begin(out, &self.head)?;
        for table in &self.tables {
            if *table == MOVED_KEYS {
                write_rows(&mut writer, table, self.keys.clone())?;
                continue;
            }
            let mut page = self.export.page(table, None).await?;
            while let Some(last) = page.last().cloned() {
                progress.advance(page.len());
                write_rows(&mut writer, table, page)?;
                page = self.export.page(table, Some(&last)).await?;
            }
        }
        Ok(writer.end()?)
    }
}

fn write_rows(writer: &mut Writer, table: &str, rows: Vec<Row>) -> io::Result<()> {
    rows.into_iter().try_for_each(|row| writer.row(&Line { table: table.to_owned(), row }))
}

/// Where the lines go.
enum Target<'a> {
    Nowhere,
    Stdout,
    /// Under another name until it is whole.
    File(&'a Path, PathBuf),
}

impl<'a> Target<'a> {
    fn of(args: &'a ExportArgs) -> Result<Self, CommandError> {
        let Some(path) = args.out.as_deref().filter(|_| !args.dry_run) else {
            return Ok(if args.dry_run { Self::Nowhere } else { Self::Stdout });
        };
        if path.exists() {
            let message = format!("`{}` is there already; name a new file", path.display());
            return Err(CommandError::failed(message));
        }
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        Ok(Self::File(path, part.into()))
    }

    fn open(&self) -> Result<Box<dyn Write>, CommandError> {
        Ok(match self {
            Self::Nowhere => Box::new(io::sink()),
            Self::Stdout => Box::new(BufWriter::new(io::stdout())),
            Self::File(path, part) => {
                let cannot = |error| CommandError::failed(format!("`{}`: {error}", path.display()));
                // Hashes of keys and secrets of webhooks are in it.
                let mut options = OpenOptions::new();
                options.write(true).create_new(true).mode(0o600);
                // What an export left that was cut off; it may have other permissions.
                self.discard();
                Box::new(BufWriter::new(options.open(part).map_err(cannot)?))
            }
        })
    }

    /// Removes what was written so far.
    fn discard(&self) {
        if let Self::File(_, part) = self {
            // What is left lies under a name that says what it is.
            let _left = fs::remove_file(part);
        }
    }

    /// Gives the file its name, once it is on disk.
    fn keep(&self) -> Result<(), CommandError> {
        if let Self::File(path, part) = self {
            File::open(part)?.sync_all()?;
            fs::rename(part, path)?;
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        }
        Ok(())
    }
}
