//! A page of 50 runs out of a million: the first page, and one whose cursor lies in the middle; the
//! slower of the two medians.
//!
//! The million is written straight into the database, while no plane runs: copies of a real run's
//! row, with ids in the order of time.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use rusqlite::Connection as Database;
use tempfile::TempDir;

use super::{Bench, Fresh, Values};
use crate::http::Connection;
use crate::load;
use crate::plane::{Plane, Record, Taker, Wait};
use crate::statistics::Series;

const MILLION: usize = 1_000_000;
const PAGES: usize = 200;

/// A directory with a million runs.
pub struct Seeded {
    directory: TempDir,
    /// The id of the run in the middle.
    middle: String,
}

pub async fn run(bench: &mut Bench) -> Result<Values> {
    let Fresh { plane, models, directory } = bench.fresh(Record::Nothing).await?;
    if bench.seeded.is_none() {
        let job = plane.make_job("instant", Taker::InProcess).await?;
        let trigger = plane.trigger(&job, 0, Wait::UntilEnd);
        load::check(plane.connect().await?.send(&trigger).await?, Wait::UntilEnd)?;
        plane.process.stop().await?;
        let middle = seed(&directory.path().join("data/drover.db"), bench.size(MILLION, 100_000))?;
        bench.seeded = Some(Seeded { directory, middle });
    }
    let seeded = bench.seeded.as_ref().context("seeded above")?;
    let data = seeded.directory.path().join("data");
    let plane = Plane::start(&bench.stage, &data, 0, &models).await?;
    let mut connection = plane.connect().await?;
    let first = median_ms(&plane, &mut connection, "/api/v1/executions?limit=50").await?;
    let deep = format!("/api/v1/executions?limit=50&cursor={}", seeded.middle);
    let deep = median_ms(&plane, &mut connection, &deep).await?;
    plane.process.stop().await?;
    Ok(vec![("page_ms", first.max(deep))])
}

async fn median_ms(plane: &Plane, connection: &mut Connection, path: &str) -> Result<f64> {
    let mut times = Vec::with_capacity(PAGES);
    for _ in 0..PAGES {
        let began = Instant::now();
        let answer = plane.get(connection, path).await?;
        times.push(began.elapsed());
        anyhow::ensure!(answer.body.len() > 10_000, "a page of 50 runs is longer");
    }
    Ok(Series::of_milliseconds(&times).median())
}

/// Copies the one run that is there, into the past; answers the id of the middle one.
fn seed(file: &Path, runs: usize) -> Result<String> {
    let began = Instant::now();
    let mut database = Database::open(file)?;
    database.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -262144;")?;
    let columns: Vec<String> = database
        .prepare("SELECT name FROM pragma_table_info('executions')")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let values = columns.iter().map(|column| match column.as_str() {
        "id" => "?1",
        "created_at" | "updated_at" => "?2",
        other => other,
    });
    let values = values.collect::<Vec<_>>().join(", ");
    let real: [u8; 16] = database.query_row("SELECT id FROM executions", [], |row| row.get(0))?;
    let newest = u128::from_be_bytes(real);
    let id = |number: usize| {
        // A second apart: the upper 48 bits of an id are milliseconds.
        let back = (runs - number) as u128 * 1_000;
        (newest - (back << 80)).to_be_bytes()
    };
    // Made afterwards, indexes take a tenth of the time.
    let indexes: Vec<(String, String)> = database
        .prepare("SELECT name, sql FROM sqlite_master WHERE tbl_name = 'executions' AND type = 'index' AND sql IS NOT NULL")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let transaction = database.transaction()?;
    for (name, _) in &indexes {
        transaction.execute_batch(&format!("DROP INDEX {name}"))?;
    }
    {
        let insert = format!(
            "INSERT INTO executions ({}) SELECT {values} FROM executions WHERE id = ?3",
            columns.join(", ")
        );
        let mut insert = transaction.prepare(&insert)?;
        for number in 0..runs {
            let id = id(number);
            let milliseconds = u128::from_be_bytes(id) >> 80;
            insert.execute((id, i64::try_from(milliseconds)? * 1_000, real))?;
        }
    }
    for (_, sql) in &indexes {
        transaction.execute_batch(sql)?;
    }
    transaction.commit()?;
    eprintln!("    wrote {runs} runs in {:.0} s", began.elapsed().as_secs_f64());
    Ok(shown(id(runs / 2)))
}

/// An id as the API writes it.
fn shown(id: [u8; 16]) -> String {
    let mut text: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    for at in [20, 16, 12, 8] {
        text.insert(at, '-');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_as_the_api_writes_them() {
        let id: [u8; 16] = std::array::from_fn(|at| u8::try_from(at).unwrap() * 17);
        assert_eq!(shown(id), "00112233-4455-6677-8899-aabbccddeeff");
    }
}
