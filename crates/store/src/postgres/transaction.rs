//! One transaction over many sets, in three or four round trips.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use drover_domain::executions::StoredEvent;
use drover_domain::{Error, ExecutionId, micros};
use futures_util::poll;
use jiff::Timestamp;
use sea_orm::Value;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};

use super::lane::Failed;
use super::parameter::Parameter;
use crate::write::{Entry, Guard, Notice, Step, WriteSet};

/// Prepared statements kept by a connection; the hot path has about twenty shapes.
const STATEMENTS: usize = 512;

/// A connection with what it has prepared.
pub(super) struct Connection {
    client: Client,
    statements: HashMap<Arc<str>, Statement>,
}

const NEXT_SEQ: &str = "UPDATE execution_heads SET last_seq = last_seq + $1 \
                        WHERE execution_id = $2 RETURNING last_seq";
const FIRST_SEQ: &str = "INSERT INTO execution_heads (execution_id, last_seq) VALUES ($1, $2)";
const EVENT: &str = "INSERT INTO execution_events (execution_id, seq, kind, data, at) \
                     VALUES ($1, $2, $3, $4, $5)";

type Flight<'a> = Pin<Box<dyn Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>>;

/// Statements on their way, in the order in which they were sent.
#[derive(Default)]
struct Pipeline<'a> {
    flights: Vec<(Flight<'a>, &'a Guard)>,
}

impl<'a> Pipeline<'a> {
    /// Sends a statement: the first poll does, so the order of calls is that of the statements.
    async fn send(&mut self, mut flight: Flight<'a>, guard: &'a Guard) -> Result<(), Failed> {
        if let Poll::Ready(done) = poll!(flight.as_mut()) {
            return checked(done, guard);
        }
        self.flights.push((flight, guard));
        Ok(())
    }

    /// Awaits all of them. The first that failed is the reason; those behind it fail with it.
    async fn land(self) -> Result<(), Failed> {
        let mut first = Ok(());
        for (flight, guard) in self.flights {
            let landed = checked(flight.await, guard);
            first = first.and(landed);
        }
        first
    }
}

fn checked(done: Result<u64, tokio_postgres::Error>, guard: &Guard) -> Result<(), Failed> {
    let changed = match (done, guard) {
        (Ok(changed), _) => changed,
        (Err(error), Guard::Unique(taken)) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
            return Err(Failed::Guard(Error::conflict(taken.clone())));
        }
        // What it belongs to was deleted meanwhile.
        (Err(error), _) if error.code() == Some(&SqlState::FOREIGN_KEY_VIOLATION) => {
            return Err(Failed::Guard(Error::Stale));
        }
        (Err(error), _) => return Err(error.into()),
    };
    if *guard == Guard::OneRow && changed != 1 {
        return Err(Failed::Guard(Error::Stale));
    }
    Ok(())
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
        let heads = this.take_heads(sets).await?;
        let mut pipeline = Pipeline::default();
        let mut notices = Vec::new();
        let mut heads = heads.into_iter();
        for set in sets {
            for step in &set.steps {
                match step {
                    Step::Run { sql, values, guard } => {
                        pipeline.send(this.run(sql, values)?, guard).await?;
                    }
                    Step::Append { execution, events, at, first } => {
                        let count = count(events)?;
                        let last = if *first {
                            let flight = this.execute(
                                FIRST_SEQ,
                                vec![Parameter::Id(*execution), Parameter::Number(count)],
                            )?;
                            pipeline.send(flight, &Guard::None).await?;
                            count
                        } else {
                            heads.next().ok_or(Failed::Guard(Error::Stale))?
                        };
                        let stored = this
                            .append(&mut pipeline, *execution, events, *at, last - count)
                            .await?;
                        notices.push(Notice::Events { execution: *execution, events: stored });
                    }
                }
            }
            notices.extend(set.notices.iter().cloned());
        }
        pipeline.land().await?;
        this.client.batch_execute("COMMIT").await?;
        Ok(notices)
    }

    /// Prepares what this connection has not seen yet.
    async fn prepare(&mut self, sets: &[&WriteSet]) -> Result<(), Failed> {
        let of_sets = sets.iter().flat_map(|set| &set.steps).filter_map(|step| match step {
            Step::Run { sql, .. } => Some(sql.clone()),
            Step::Append { .. } => None,
        });
        if self.statements.len() > STATEMENTS {
            self.statements.clear();
        }
        for sql in of_sets.chain([NEXT_SEQ, FIRST_SEQ, EVENT].map(Arc::from)) {
            if !self.statements.contains_key(&*sql) {
                let statement = self.client.prepare(&sql).await?;
                self.statements.insert(sql, statement);
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
        let mut last = vec![0; appends.len()];
        let mut flights = Vec::with_capacity(appends.len());
        for (place, (execution, events)) in appends {
            let parameters = [Parameter::Number(count(events)?), Parameter::Id(execution)];
            let statement = self.statement(NEXT_SEQ)?;
            let mut flight = Box::pin(async move {
                let references: Vec<&(dyn ToSql + Sync)> =
                    parameters.iter().map(|one| one as &(dyn ToSql + Sync)).collect();
                self.client.query_opt(statement, &references).await
            });
            match poll!(flight.as_mut()) {
                Poll::Ready(done) => last[place] = number(done?)?,
                Poll::Pending => flights.push((place, flight)),
            }
        }
        for (place, flight) in flights {
            last[place] = number(flight.await?)?;
        }
        Ok(last)
    }

    async fn append<'a>(
        &'a self,
        pipeline: &mut Pipeline<'a>,
        execution: ExecutionId,
        events: &'a [Entry],
        at: Timestamp,
        before: i64,
    ) -> Result<Vec<StoredEvent>, Failed> {
        let mut stored = Vec::with_capacity(events.len());
        for (seq, event) in (before + 1..).zip(events) {
            let parameters = vec![
                Parameter::Id(execution),
                Parameter::Number(seq),
                Parameter::Number(event.kind.code().into()),
                Parameter::Text(&event.data),
                Parameter::Number(micros(at)),
            ];
            pipeline.send(self.execute(EVENT, parameters)?, &Guard::None).await?;
            stored.push(StoredEvent { seq, kind: event.kind, data: event.data.clone(), at });
        }
        Ok(stored)
    }

    fn run<'a>(&'a self, sql: &str, values: &'a [Value]) -> Result<Flight<'a>, Failed> {
        self.execute(sql, values.iter().map(Parameter::Value).collect())
    }

    fn execute<'a>(
        &'a self,
        sql: &str,
        parameters: Vec<Parameter<'a>>,
    ) -> Result<Flight<'a>, Failed> {
        let statement = self.statement(sql)?;
        Ok(Box::pin(self.client.execute_raw(statement, parameters)))
    }

    fn statement(&self, sql: &str) -> Result<&Statement, Failed> {
        let missing = || Failed::Guard(Error::fault("write to the database", "not prepared"));
        self.statements.get(sql).ok_or_else(missing)
    }
}

/// The number a head has now. Without a row the run was deleted meanwhile.
fn number(head: Option<Row>) -> Result<i64, Failed> {
    let head = head.ok_or(Failed::Guard(Error::Stale))?;
    Ok(head.try_get(0)?)
}

fn count(events: &[Entry]) -> Result<i64, Failed> {
    i64::try_from(events.len()).map_err(|_| Failed::Guard(Error::Stale))
}
