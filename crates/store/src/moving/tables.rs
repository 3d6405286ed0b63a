//! Which tables travel, in the order in which their rows can be written, and which stay.

use drover_domain::activities::ActivityKind;
use drover_domain::approvals::ApprovalStatus;
use drover_domain::executions::{EventKind, ExecutionFlow, FLOW_VERSION};
use drover_domain::identity::Role;
use drover_domain::messages::Body;
use drover_domain::{ActivityId, ExecutionId, JobId};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value as Json;

use super::row::Row;
use super::table::{About, Of, Owner, Reference, Rule, Table};
use crate::{
    activities, agents, analytics, approvals, audit, environments, executions, identity, jobs,
    messages, queues, skills,
};

/// The tables that do not travel: their name, and why.
pub const STAYS: [(&str, &str); 5] = [
    ("replica_keys", "which keys the replicas of this database have"),
    ("queue_update_locks", "held for minutes by a process that updates workers of this plane"),
    ("outbox", "what this plane has to tell its Temporal; another is told of what waits there"),
    ("workers", "a registration is one of a process with this plane; workers register again"),
    ("seaql_migrations", "what was done to the schema of this database"),
];

/// Those of [`STAYS`] whose rows name an organization: they go when it goes.
pub(super) const STAYING_ROWS: [&str; 3] = ["outbox", "queue_update_locks", "workers"];

const USUAL: About =
    About { owner: Owner::Column("organization_id"), references: &[], stays: &[], fault: |_| None };

const OF_A_RUN: About = About {
    owner: Owner::Execution("execution_id"),
    references: &[is_there("execution_id", "executions")],
    ..USUAL
};

/// What a foreign worker reports of a run.
const REPORTED: About = About { references: &[is_there("execution_id", "executions")], ..USUAL };

const fn is_there(column: &'static str, parent: &'static str) -> Reference {
    Reference { column, parent, rule: Rule::IsThere }
}

const fn is_not_anothers(column: &'static str, parent: &'static str) -> Reference {
    Reference { column, parent, rule: Rule::IsNotAnothers }
}

/// The tables that travel, parents before their children. The order is that of the file: one that
/// has landed keeps its place among the others, or older files cannot be read any more.
pub(super) fn tables() -> Vec<Box<dyn Table>> {
    let mut tables = identity_and_catalogue();
    tables.extend(runs());
    tables.push(Box::new(Of::<audit::entity::Entity>::new(USUAL)));
    tables
}

fn identity_and_catalogue() -> Vec<Box<dyn Table>> {
    vec![
        Box::new(Of::<identity::organization::Entity>::new(About {
            owner: Owner::Column("id"),
            ..USUAL
        })),
        Box::new(Of::<identity::user::Entity>::new(USUAL)),
        Box::new(Of::<identity::api_key::Entity>::new(About {
            references: const { &[is_there("user_id", "users")] },
            fault: key_fault,
            ..USUAL
        })),
        Box::new(Of::<identity::moved_key::Entity>::new(About {
            fault: |row| (text(row, "public_key").len() != 64).then_some("holds no public key"),
            ..USUAL
        })),
        Box::new(Of::<environments::entity::Entity>::new(USUAL)),
        Box::new(Of::<queues::entity::Entity>::new(About {
            references: const { &[is_there("environment_id", "environments")] },
            ..USUAL
        })),
        Box::new(Of::<skills::entity::Entity>::new(USUAL)),
        Box::new(Of::<agents::entity::Entity>::new(USUAL)),
        Box::new(Of::<skills::association::Entity>::new(About {
            references: const {
                &[
                    is_there("skill_id", "skills"),
                    is_not_anothers("entity_id", "agents"),
                    is_not_anothers("entity_id", "environments"),
                ]
            },
            ..USUAL
        })),
        Box::new(Of::<agents::environment::Entity>::new(About {
            references: const {
                &[
                    is_not_anothers("agent_id", "agents"),
                    is_not_anothers("environment_id", "environments"),
                ]
            },
            ..USUAL
        })),
        Box::new(Of::<jobs::entity::Entity>::new(About {
            fault: |row| text(row, "id").parse::<JobId>().err().map(|_| "has no id of a job"),
            ..USUAL
        })),
    ]
}

fn runs() -> Vec<Box<dyn Table>> {
    vec![
        Box::new(Of::<executions::entity::Entity>::new(About {
            references: const {
                &[
                    is_not_anothers("worker_queue_id", "worker_queues"),
                    is_not_anothers("job_id", "jobs"),
                    is_not_anothers("parent_execution_id", "executions"),
                ]
            },
            fault: run_fault,
            ..USUAL
        })),
        Box::new(Of::<executions::head::Entity>::new(OF_A_RUN)),
        Box::new(Of::<executions::event::Entity>::new(About { fault: event_fault, ..OF_A_RUN })),
        Box::new(Of::<messages::entity::Entity>::new(About {
            references: const { &[is_there("execution_id", "executions")] },
            fault: |row| is_none::<Body>(row, "body").then_some("says nothing that is a message"),
            ..USUAL
        })),
        Box::new(Of::<activities::entity::Entity>::new(About {
            references: const {
                &[
                    is_there("execution_id", "executions"),
                    is_not_anothers("queue_id", "worker_queues"),
                ]
            },
            // A process of the machine that the organization leaves.
            stays: &["process"],
            fault: activity_fault,
            ..USUAL
        })),
        Box::new(Of::<activities::timer::Entity>::new(OF_A_RUN)),
        Box::new(Of::<executions::foreign_stream::Entity>::new(REPORTED)),
        Box::new(Of::<analytics::turn::Entity>::new(REPORTED)),
        Box::new(Of::<analytics::tool_call::Entity>::new(REPORTED)),
        Box::new(Of::<analytics::task::Entity>::new(REPORTED)),
        Box::new(Of::<approvals::entity::Entity>::new(About {
            references: const {
                &[is_there("execution_id", "executions"), is_not_anothers("requester_id", "users")]
            },
            fault: approval_fault,
            ..USUAL
        })),
    ]
}

fn key_fault(row: &Row) -> Option<&'static str> {
    if Role::parse(text(row, "role")).is_none() {
        return Some("has an unknown role");
    }
    (text(row, "token_hash").len() != 64).then_some("holds no hash of a token")
}

/// The engine reads the flows of all organizations in one go: one that cannot be read would be in
/// everybody's way.
fn run_fault(row: &Row) -> Option<&'static str> {
    let Ok(flow) = serde_json::from_str::<ExecutionFlow>(text(row, "flow")) else {
        return Some("has a state that cannot be read");
    };
    if flow.flow_version > FLOW_VERSION {
        return Some("began with a newer version of the flow");
    }
    (flow.status.as_str() != text(row, "status")).then_some("has a status that is not its state's")
}

fn event_fault(row: &Row) -> Option<&'static str> {
    let kind = row.get("kind").and_then(Json::as_i64).and_then(|kind| i16::try_from(kind).ok());
    if kind.and_then(EventKind::from_code).is_none() {
        return Some("is an entry of an unknown kind");
    }
    if row.get("seq").and_then(Json::as_i64).is_none_or(|seq| seq < 1) {
        return Some("is an entry before the first");
    }
    is_none::<IgnoredAny>(row, "data").then_some("is an entry that cannot be read")
}

fn activity_fault(row: &Row) -> Option<&'static str> {
    if ActivityKind::parse(text(row, "kind")).is_none() {
        return Some("is of an unknown kind");
    }
    if !["queued", "leased", "done", "failed", "stopped"].contains(&text(row, "state")) {
        return Some("is in an unknown state");
    }
    let negative = |column: &&str| row.get(*column).and_then(Json::as_i64).is_some_and(|n| n < 0);
    if ["turn", "call", "attempt"].iter().any(negative) {
        return Some("counts below zero");
    }
    let execution = text(row, "execution_id").parse::<ExecutionId>().ok();
    let ordinal = row.get("ordinal").and_then(Json::as_u64).and_then(|n| u32::try_from(n).ok());
    let id = execution.zip(ordinal).map(|(execution, ordinal)| ActivityId::of(execution, ordinal));
    // The engine finds it by the id of its run.
    (text(row, "id").parse().ok() != id).then_some("has an id that is not its run's")
}

fn approval_fault(row: &Row) -> Option<&'static str> {
    let status = text(row, "status");
    // The word as it is stored: queries look for it in no other case.
    if ApprovalStatus::parse(status).is_none_or(|known| known.as_str() != status) {
        return Some("is in an unknown state");
    }
    let is_list = match row.get("approver_emails") {
        None | Some(Json::Null) => true,
        Some(Json::Array(emails)) => !emails.is_empty() && emails.iter().all(Json::is_string),
        Some(_) => false,
    };
    (!is_list).then_some("does not say who may decide")
}

fn text<'a>(row: &'a Row, column: &str) -> &'a str {
    row.get(column).and_then(Json::as_str).unwrap_or_default()
}

/// Whether a column's text does not read as this.
fn is_none<T: DeserializeOwned>(row: &Row, column: &str) -> bool {
    serde_json::from_str::<T>(text(row, column)).is_err()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
    use sea_orm_migration::MigratorTrait;
    use serde_json::json;

    use super::*;
    use crate::migrations::Migrations;

    async fn names(db: &DatabaseConnection, sql: &str) -> BTreeSet<String> {
        let query = Statement::from_string(db.get_database_backend(), sql);
        let rows = db.query_all_raw(query).await.unwrap();
        rows.iter().map(|row| row.try_get("", "name").unwrap()).collect()
    }

    async fn database() -> DatabaseConnection {
        let db = Database::connect("sqlite::memory:").await.unwrap();
        Migrations::up(&db, None).await.unwrap();
        db
    }

    #[tokio::test]
    async fn every_table_travels_or_stays_for_a_reason() {
        let there =
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
        let there = names(&database().await, there).await;
        let travel: BTreeSet<String> =
            tables().iter().map(|table| table.name().to_owned()).collect();
        let stay: BTreeSet<String> = STAYS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert!(travel.is_disjoint(&stay));
        let known: BTreeSet<String> = travel.union(&stay).cloned().collect();
        assert_eq!(
            there, known,
            "a new table goes into `tables` or, with the reason, into `STAYS`"
        );
    }

    #[tokio::test]
    async fn every_column_of_a_table_that_travels_is_in_its_entity() {
        let db = database().await;
        for table in tables() {
            let name = table.name();
            let there = names(&db, &format!("SELECT name FROM pragma_table_info('{name}')")).await;
            let known = table.columns().into_iter().map(str::to_owned).collect();
            assert_eq!(there, known, "the columns of `{name}`");
            assert!(table.strange_columns().is_empty(), "{:?}", table.strange_columns());
        }
    }

    #[test]
    fn a_request_says_where_it_stands_and_who_may_decide() {
        let fault = |status: &str, approvers: Json| {
            let row = json!({"status": status, "approver_emails": approvers});
            approval_fault(row.as_object().unwrap())
        };
        for approvers in [json!(null), json!(["ann@acme.example"])] {
            assert_eq!(fault("pending", approvers.clone()), None, "{approvers}");
        }
        for status in ["PENDING", "done", ""] {
            assert_eq!(fault(status, json!(null)), Some("is in an unknown state"), "{status}");
        }
        for approvers in [json!([]), json!([7]), json!(["a@b", null]), json!("a@b"), json!({})] {
            let said = Some("does not say who may decide");
            assert_eq!(fault("pending", approvers.clone()), said, "{approvers}");
        }
    }

    #[tokio::test]
    async fn rows_that_stay_and_name_an_organization_go_when_it_goes() {
        let db = database().await;
        let naming = "SELECT m.name FROM sqlite_master m, pragma_table_info(m.name) c \
                      WHERE m.type = 'table' AND c.name = 'organization_id'";
        let mut naming = names(&db, naming).await;
        naming.retain(|name| STAYS.iter().any(|(stays, _)| stays == name));
        assert_eq!(naming, STAYING_ROWS.map(str::to_owned).into());
    }
}
