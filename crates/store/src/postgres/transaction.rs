//! One transaction over many sets, in three or four round trips.

use std::collections::HashMap;
use std::pin::Pin;

use drover_domain::executions::StoredEvent;
use drover_domain::{Error, ExecutionId, micros};
use futures_util::future::{MaybeDone, maybe_done};
use futures_util::poll;
use jiff::Timestamp;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Statement};

use super::lane::Failed;
use super::parameter::Parameter;
use crate::write::{Broken, Entry, Guard, Notice, Step, WriteSet};

/// Prepared statements kept by a connection; the hot path has about twenty shapes.
const STATEMENTS: usize = 512;

/// A connection with what it has prepared.
pub(super) struct Connection {
    client: Client,
    statements: HashMap<Box<str>, Statement>,
}

const NEXT_SEQ: &str = "UPDATE execution_heads SET last_seq = last_seq + $1 \
                        WHERE execution_id = $2 RETURNING last_seq";
const FIRST_SEQ: &str = "INSERT INTO execution_heads (execution_id, last_seq) VALUES ($1, $2)";
const EVENT: &str = "INSERT INTO execution_events (execution_id, seq, kind, data, at) \
                     VALUES ($1, $2, $3, $4, $5)";

/// A statement on its way.
type Flight<F> = Pin<Box<MaybeDone<F>>>;

/// Sends a statement: the first poll does, so the order of calls is that of the statements.
async fn sent<F: Future>(statement: F) -> Flight<F> {
    let mut flight = Box::pin(maybe_done(statement));
    let _landed_already = poll!(flight.as_mut());
    flight
}

/// Awaits the answer of a statement that was sent.
async fn landed<F, T>(mut flight: Flight<F>) -> Result<T, tokio_postgres::Error>
where
    F: Future<Output = Result<T, tokio_postgres::Error>>,
{
    loop {
        if let Some(answer) = flight.as_mut().take_output() {
            return answer;
        }
        flight.as_mut().await;
    }
}

fn broken(error: &tokio_postgres::Error) -> Option<Broken> {
    match error.code() {
        Some(&SqlState::UNIQUE_VIOLATION) => Some(Broken::Unique),
        Some(&SqlState::FOREIGN_KEY_VIOLATION) => Some(Broken::Parent),
        _ => None,
    }
}

impl Connection {
    /// A connection that has prepared nothing yet.
    pub fn of(client: Client) -> Self {
        Self { client, statements: HashMap::new() }
    }

    /// Whether it is gone.
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Ends a transaction that failed.
    pub async fn roll_back(&self) -> Result<(), tokio_postgres::Error> {
        self.client.batch_execute("ROLLBACK").await
    }

    /// Writes all of these sets or none; what to tell of them.
    pub async fn transaction(&mut self, sets: &[&WriteSet]) -> Result<Vec<Notice>, Failed> {
        self.prepare(sets).await?;
        let this = &*self;
        // Awaited by itself: behind a BEGIN that failed, each statement would commit on its own.
        this.client.batch_execute("BEGIN").await?;
        let mut heads = this.take_heads(sets).await?.into_iter();
        let mut flights = Vec::new();
        let mut notices = Vec::new();
        for set in sets {
            for step in &set.steps {
                match step {
                    Step::Run { sql, values, guard } => {
                        let values = values.iter().map(Parameter::Value).collect();
                        flights.push((this.execute(sql, values).await?, guard));
                    }
                    Step::Append { execution, events, at, first } => {
                        let count = count(events)?;
                        let last = if *first {
                            let head = vec![Parameter::Id(*execution), Parameter::Number(count)];
                            flights.push((this.execute(FIRST_SEQ, head).await?, &Guard::None));
                            count
                        } else {
                            heads.next().ok_or(Failed::Guard(Error::Stale))?
                        };
                        let mut stored = Vec::with_capacity(events.len());
                        for (seq, event) in (last - count + 1..).zip(events) {
                            let row = entry(*execution, seq, event, *at);
                            flights.push((this.execute(EVENT, row).await?, &Guard::None));
                            let Entry { kind, data } = event;
                            stored.push(StoredEvent {
                                seq,
                                kind: *kind,
                                data: data.clone(),
                                at: *at,
                            });
                        }
                        notices.push(Notice::Events { execution: *execution, events: stored });
                    }
                }
            }
            notices.extend(set.notices.iter().cloned());
        }
        // All are awaited; the first that failed is the reason, and those behind it fail with it.
        let mut first = Ok(());
        for (flight, guard) in flights {
            first = first.and(guard.check(landed(flight).await, broken));
        }
        first?;
        this.client.batch_execute("COMMIT").await?;
        Ok(notices)
    }

    /// Prepares what this connection has not seen yet.
    async fn prepare(&mut self, sets: &[&WriteSet]) -> Result<(), Failed> {
        let of_sets = sets.iter().flat_map(|set| &set.steps).filter_map(|step| match step {
            Step::Run { sql, .. } => Some(&**sql),
            Step::Append { .. } => None,
        });
        if self.statements.len() > STATEMENTS {
            self.statements.clear();
        }
        for sql in of_sets.chain([NEXT_SEQ, FIRST_SEQ, EVENT]) {
            if !self.statements.contains_key(sql) {
                let statement = self.client.prepare(sql).await?;
                self.statements.insert(sql.into(), statement);
            }
        }
        Ok(())
    }

    /// Takes the next numbers of the logs that are appended to, in the order of the runs' ids: two
    /// transactions that append to the same runs then wait for each other and never in a circle.
    /// Answers the last number of each append, in the order of the sets.
    async fn take_heads(&self, sets: &[&WriteSet]) -> Result<Vec<i64>, Failed> {
        let appends = sets.iter().flat_map(|set| &set.steps).filter_map(|step| match step {
            Step::Append { execution, events, first: false, .. } => Some((*execution, events)),
            _ => None,
        });
        let mut appends: Vec<_> = appends.enumerate().collect();
        appends.sort_by_key(|(_, (execution, _))| execution.0);
        let mut flights = Vec::with_capacity(appends.len());
        for (place, (execution, events)) in &appends {
            let parameters = [Parameter::Number(count(events)?), Parameter::Id(*execution)];
            let statement = self.statement(NEXT_SEQ)?;
            let head = async move {
                let [by, execution] = &parameters;
                self.client.query_opt(statement, &[by, execution]).await
            };
            flights.push((*place, sent(head).await));
        }
        let mut last = vec![0; appends.len()];
        for (place, flight) in flights {
            // No row: the run was deleted meanwhile.
            let head = landed(flight).await?.ok_or(Failed::Guard(Error::Stale))?;
            last[place] = head.try_get(0)?;
        }
        Ok(last)
    }

    async fn execute<'a>(
        &'a self,
        sql: &str,
        parameters: Vec<Parameter<'a>>,
    ) -> Result<Flight<impl Future<Output = Result<u64, tokio_postgres::Error>> + 'a>, Failed> {
        let statement = self.statement(sql)?;
        Ok(sent(self.client.execute_raw(statement, parameters)).await)
    }

    fn statement(&self, sql: &str) -> Result<&Statement, Failed> {
        let missing = || Failed::Guard(Error::fault("write to the database", "not prepared"));
        self.statements.get(sql).ok_or_else(missing)
    }
}

/// The row of an entry of a log.
fn entry(execution: ExecutionId, seq: i64, event: &Entry, at: Timestamp) -> Vec<Parameter<'_>> {
    vec![
        Parameter::Id(execution),
        Parameter::Number(seq),
        Parameter::Number(event.kind.code().into()),
        Parameter::Text(&event.data),
        Parameter::Number(micros(at)),
    ]
}

fn count(events: &[Entry]) -> Result<i64, Failed> {
    i64::try_from(events.len()).map_err(|_| Failed::Guard(Error::Stale))
}
