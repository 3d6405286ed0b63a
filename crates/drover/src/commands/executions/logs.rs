//! `drover execution logs`: the events of a run, those that are there or all that come.

use clap::Args;

use crate::cli::{ClientFlags, Shell};
use crate::client;
use crate::exit::{Exit, Outcome};
use crate::follow::{Follow, Form, Until};
use crate::signals::Signals;

/// Flags.
#[derive(Debug, Args)]
pub struct LogsArgs {
    /// The execution's id
    id: String,
    /// Go on until the run ends
    #[arg(long, short)]
    follow: bool,
    /// Print a JSON object per event
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    client: ClientFlags,
}

/// Prints them. Only who follows is told by the exit code how the run ended.
pub async fn run(args: LogsArgs, shell: &Shell) -> Outcome {
    let client = client::connect(&shell.config(&args.client)?)?;
    let mut signals = Signals::listen()?;
    let form = if args.json { Form::Json } else { Form::Text };
    let until = if args.follow { Until::End } else { Until::Now };
    let follow = Follow::new(&client, &args.id, shell.printer, form).until(until);
    match follow.run(&mut signals).await? {
        Exit::RunFailed if !args.follow => Ok(Exit::Done),
        exit => Ok(exit),
    }
}
