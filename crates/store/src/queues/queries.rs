//! Worker queues: reading, and the statements that change them.

use std::collections::HashSet;

use drover_domain::{Doing, EnvironmentId, OrgId, QueueId, Result, micros};
use jiff::{SignedDuration, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query, SelectStatement, SimpleExpr};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, Condition, DatabaseConnection, EntityTrait,
    IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, Select, UpdateMany,
};

use super::entity::{ActiveModel, Column, Entity, Model};
use super::update_lock;
use crate::WriteSet;
use crate::executions::on_queue::open_on;
use crate::workers::queries as workers;

/// Queues of one shell session of the command line; lists leave them out.
const OF_ONE_SHELL: &str = "local-exec";

/// A queue, an ephemeral one too.
pub async fn queue_get(db: &DatabaseConnection, org: &OrgId, id: QueueId) -> Result<Option<Model>> {
    Entity::find()
        .filter(Column::OrganizationId.eq(org.as_str()))
        .filter(Column::Id.eq(id.0))
        .one(db)
        .await
        .doing("read a worker queue")
}

/// An active queue by its id or its exact name; of several with that name the oldest.
pub async fn queue_by_name(
    db: &DatabaseConnection,
    org: &OrgId,
    name: &str,
) -> Result<Option<Model>> {
    let called = match name.parse::<QueueId>() {
        Ok(id) => Condition::any().add(Column::Id.eq(id.0)).add(Column::Name.eq(name)),
        Err(_) => Condition::all().add(Column::Name.eq(name)),
    };
    oldest_first(org)
        .filter(Column::Status.eq("active"))
        .filter(called)
        .one(db)
        .await
        .doing("find a worker queue by its name")
}

/// The lasting queues of an organization, oldest first.
pub async fn queue_list(db: &DatabaseConnection, org: &OrgId) -> Result<Vec<Model>> {
    lasting(oldest_first(org)).all(db).await.doing("list worker queues")
}

/// All queues of an organization, ephemeral ones too, oldest first.
pub async fn queues_everywhere(db: &DatabaseConnection, org: &OrgId) -> Result<Vec<Model>> {
    oldest_first(org).all(db).await.doing("list all worker queues")
}

/// The lasting queues of an environment, oldest first.
pub async fn queues_of_environment(
    db: &DatabaseConnection,
    org: &OrgId,
    environment: EnvironmentId,
) -> Result<Vec<Model>> {
    lasting(oldest_first(org))
        .filter(Column::EnvironmentId.eq(environment.0))
        .all(db)
        .await
        .doing("list the worker queues of an environment")
}

/// All queues of an environment, ephemeral ones too.
pub async fn queues_all_of_environment(
    db: &DatabaseConnection,
    org: &OrgId,
    environment: EnvironmentId,
) -> Result<Vec<Model>> {
    oldest_first(org)
        .filter(Column::EnvironmentId.eq(environment.0))
        .all(db)
        .await
        .doing("list all worker queues of an environment")
}

/// The queues that the worker inside the process serves while they are active, of all organizations,
/// and whether they are: asked by the process itself.
pub async fn in_process(db: &DatabaseConnection) -> Result<Vec<(QueueId, bool)>> {
    let queues: Vec<(uuid::Uuid, String)> = Entity::find()
        .select_only()
        .columns([Column::Id, Column::Status])
        .filter(Column::InProcess.eq(true))
        .into_tuple()
        .all(db)
        .await
        .doing("list the queues of the process")?;
    Ok(queues.into_iter().map(|(id, status)| (QueueId(id), status == "active")).collect())
}

/// Changes a queue that is as it was read; `taken` is the answer if its name is, in its environment.
pub fn queue_update(set: &mut WriteSet, org: &OrgId, queue: Model, read_at: i64, taken: &str) {
    let the_queue = the(org, QueueId(queue.id));
    let changes = ActiveModel {
        id: ActiveValue::NotSet,
        organization_id: ActiveValue::NotSet,
        environment_id: ActiveValue::NotSet,
        created_at: ActiveValue::NotSet,
        ..queue.into_active_model().reset_all()
    };
    let as_read = the_queue.clone().and(Column::UpdatedAt.eq(read_at));
    set.add_guarded(
        Entity::update_many()
            .col_expr(Column::UpdatedAt, Expr::col(Column::UpdatedAt))
            .filter(as_read),
    );
    set.add_unique(Entity::update_many().set(changes).filter(the_queue), taken);
}

/// Adds a queue; `taken` is the answer if its name is, in its environment.
pub fn queue_insert(set: &mut WriteSet, queue: Model, taken: &str) {
    set.add_unique(Entity::insert(queue.into_active_model()), taken);
}

/// How long an ephemeral queue stays without a worker once it had one: its client looks for it, and a
/// worker that starts again finds it.
const GRACE: SignedDuration = SignedDuration::from_secs(10);
/// Seconds after which an ephemeral queue goes that never had a worker, if it does not say.
const CLEANUP: i32 = 3600;

/// Ephemeral queues of all organizations whose time is over: the last worker has left, whatever runs
/// are left; or none ever came, and no run waits for one.
pub async fn queues_over(
    db: &DatabaseConnection,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<Model>> {
    let id = || Expr::col((Entity, Column::Id));
    let org = Expr::col((Entity, Column::OrganizationId));
    let seconds = Func::coalesce([Expr::col(Column::AutoCleanupAfterSeconds), Expr::val(CLEANUP)]);
    let made_before =
        Expr::val(micros(now)).sub(Expr::expr(seconds).cast_as("bigint").mul(1_000_000_i64));
    let never_served = Expr::exists(workers::ever_of(id())).not();
    let nothing_waits = Expr::exists(open_on(org, id())).not();
    let in_vain =
        never_served.and(Expr::col(Column::CreatedAt).lte(made_before)).and(nothing_waits);
    Entity::find()
        .filter(Expr::col(Column::Ephemeral))
        .filter(Expr::exists(workers::here_or_left_since(id(), grace(now))).not())
        .filter(Expr::exists(workers::ever_of(id())).or(in_vain))
        .limit(limit)
        .all(db)
        .await
        .doing("look for ephemeral queues that are over")
}

/// Lets no worker and no run come to an ephemeral queue that has no worker any more, or never had
/// one and has no run that waits for one.
pub fn queue_closes(set: &mut WriteSet, org: &OrgId, id: QueueId, now: Timestamp) {
    // A statement of its own, as for whoever comes: the second of two waits for the row, and sees what
    // the first has done.
    set.add_guarded(unchanged(org, id));
    let served = workers::here_or_left_since(Expr::val(id.0), grace(now));
    let was_served = Expr::exists(workers::ever_of(Expr::val(id.0)));
    let nothing_waits = Expr::exists(open_on(Expr::val(org.as_str()), Expr::val(id.0))).not();
    set.add_guarded(
        Entity::update_many()
            .col_expr(Column::Status, Expr::value("inactive"))
            .filter(the(org, id))
            .filter(Expr::col(Column::Ephemeral))
            .filter(Expr::exists(served).not())
            .filter(was_served.or(nothing_waits)),
    );
}

/// Removes a queue without a worker that lives and without a run that is not over.
pub fn queue_delete(set: &mut WriteSet, org: &OrgId, id: QueueId, now: Timestamp) {
    set.add_guarded(unchanged(org, id));
    set.add_guarded(
        Entity::delete_many()
            .filter(the(org, id))
            .filter(Expr::exists(workers::alive_on(id, now)).not())
            .filter(Expr::exists(open_on(Expr::val(org.as_str()), Expr::val(id.0))).not()),
    );
}

/// Holds the queues of an environment until the set is written, so that who comes to one of them at
/// the same time is before it or behind it.
pub(crate) fn queues_hold_still(set: &mut WriteSet, org: &OrgId, environment: EnvironmentId) {
    set.add(
        Entity::update_many()
            .col_expr(Column::UpdatedAt, Expr::col(Column::UpdatedAt))
            .filter(Column::OrganizationId.eq(org.as_str()))
            .filter(Column::EnvironmentId.eq(environment.0)),
    );
}

/// The ids of the queues of an environment. For statements about environments.
pub(crate) fn ids_in(environment: EnvironmentId) -> SelectStatement {
    Query::select()
        .column((Entity, Column::Id))
        .from(Entity)
        .and_where(Expr::col((Entity, Column::EnvironmentId)).eq(environment.0))
        .to_owned()
}

fn grace(now: Timestamp) -> i64 {
    micros(now.checked_sub(GRACE).unwrap_or(now))
}

fn the(org: &OrgId, id: QueueId) -> SimpleExpr {
    Column::OrganizationId.eq(org.as_str()).and(Column::Id.eq(id.0))
}

/// Says that the set needs the queue to be there still, and active.
pub fn queue_stays(set: &mut WriteSet, org: &OrgId, id: QueueId) {
    set.add_guarded(unchanged(org, id).filter(Column::Status.eq("active")));
}

/// Says that the set needs fewer workers on the queue than it may have; `alive` counts them.
pub fn queue_holds(set: &mut WriteSet, org: &OrgId, id: QueueId, alive: SimpleExpr) {
    let room = Column::MaxWorkers.is_null().or(Expr::col(Column::MaxWorkers).gt(alive));
    set.add_guarded(unchanged(org, id).filter(room));
}

fn unchanged(org: &OrgId, id: QueueId) -> UpdateMany<Entity> {
    Entity::update_many()
        .col_expr(Column::UpdatedAt, Expr::col(Column::UpdatedAt))
        .filter(the(org, id))
}

/// These queues of an organization, as far as they are there.
pub async fn queues_among(
    db: &DatabaseConnection,
    org: &OrgId,
    ids: &[QueueId],
) -> Result<Vec<Model>> {
    Entity::find()
        .filter(Column::OrganizationId.eq(org.as_str()))
        .filter(Column::Id.is_in(ids.iter().map(|id| id.0)))
        .all(db)
        .await
        .doing("find worker queues")
}

/// Those of these queues that there are, of all organizations: asked by the process itself.
pub async fn queues_there(db: &DatabaseConnection, ids: &[QueueId]) -> Result<HashSet<QueueId>> {
    let there: Vec<uuid::Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Id.is_in(ids.iter().map(|id| id.0)))
        .into_tuple()
        .all(db)
        .await
        .doing("look which queues there are")?;
    Ok(there.into_iter().map(QueueId).collect())
}

/// Whether a queue of this name lasts only as long as a shell.
pub fn is_of_one_shell(name: &str) -> bool {
    name.starts_with(OF_ONE_SHELL)
}

/// Who updates itself of the workers of a queue at the moment.
pub async fn update_lock_get(
    db: &DatabaseConnection,
    org: &OrgId,
    queue: QueueId,
    now: i64,
) -> Result<Option<update_lock::Model>> {
    update_lock::Entity::find_by_id(queue.0)
        .filter(update_lock::Column::OrganizationId.eq(org.as_str()))
        .filter(update_lock::Column::ExpiresAt.gt(now))
        .one(db)
        .await
        .doing("read an update lock")
}

/// Takes a lock away whose time is over.
pub fn update_lock_expires(set: &mut WriteSet, org: &OrgId, queue: QueueId, now: i64) {
    set.add(
        update_lock::Entity::delete_many()
            .filter(update_lock::Column::OrganizationId.eq(org.as_str()))
            .filter(update_lock::Column::QueueId.eq(queue.0))
            .filter(update_lock::Column::ExpiresAt.lte(now)),
    );
}

/// Takes this very lock away.
pub fn update_lock_delete(set: &mut WriteSet, org: &OrgId, held: &update_lock::Model) {
    set.add(
        update_lock::Entity::delete_many()
            .filter(update_lock::Column::OrganizationId.eq(org.as_str()))
            .filter(update_lock::Column::QueueId.eq(held.queue_id))
            .filter(update_lock::Column::LockId.eq(held.lock_id)),
    );
}

fn oldest_first(org: &OrgId) -> Select<Entity> {
    Entity::find()
        .filter(Column::OrganizationId.eq(org.as_str()))
        .order_by_asc(Column::CreatedAt)
        .order_by_asc(Column::Id)
}

fn lasting(query: Select<Entity>) -> Select<Entity> {
    query.filter(Column::Ephemeral.eq(false)).filter(Column::Name.starts_with(OF_ONE_SHELL).not())
}

#[cfg(test)]
mod tests {
    use drover_domain::timestamp;
    use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
    use sea_orm_migration::MigratorTrait;
    use uuid::Uuid;

    use super::*;
    use crate::environments::queries::environment_delete;
    use crate::migrations::Migrations;
    use crate::write::{Guard, Step};

    const ENVIRONMENT: EnvironmentId = EnvironmentId(Uuid::from_u128(1));
    const QUEUE: QueueId = QueueId(Uuid::from_u128(2));
    /// Now, in microseconds since 1970.
    const NOW: i64 = 1_700_000_000_000_000;

    /// An environment with an ephemeral queue.
    const ARRANGED: [&str; 2] = [
        "INSERT INTO environments (id, organization_id, name, tags, settings, status, \
             execution_environment, created_at, updated_at) \
         VALUES (x'00000000000000000000000000000001', 'acme', 'e', '[]', '{}', 'ready', '{}', \
             0, 0)",
        "INSERT INTO worker_queues (id, organization_id, environment_id, name, status, \
             heartbeat_interval, tags, settings, ephemeral, single_execution, in_process, \
             created_at, updated_at) \
         VALUES (x'00000000000000000000000000000002', 'acme', \
             x'00000000000000000000000000000001', 'q', 'active', 60, '[]', '{}', 1, 0, 0, 0, 0)",
    ];
    /// A run that waits on the queue.
    const RUN: &str = "INSERT INTO executions (id, organization_id, execution_type, entity_id, \
             runner_name, trigger_source, worker_queue_id, prompt, config, status, usage, \
             execution_metadata, flow, version, created_at, updated_at) \
         VALUES (x'00000000000000000000000000000003', 'acme', 'AGENT', 'a', 'q', 'api', \
             x'00000000000000000000000000000002', 'go', '{}', 'pending', '{}', '{}', '{}', 1, \
             0, 0)";
    const RUN_IS_OVER: &str = "UPDATE executions SET status = 'completed'";
    /// A worker of the queue that was heard now.
    const WORKER: &str = "INSERT INTO workers (id, queue_id, organization_id, kind, version, \
             metadata, system_info, logs, status, tasks_processed, registered_at, last_heartbeat) \
         VALUES (x'00000000000000000000000000000004', x'00000000000000000000000000000002', 'acme', \
             'drover', '1', '{}', '{}', '[]', 'idle', 0, 0, 1700000000000000)";
    const WORKER_LEFT_LONG_AGO: &str = "UPDATE workers SET disconnected_at = 0";

    async fn database() -> DatabaseConnection {
        let db = Database::connect("sqlite::memory:").await.unwrap();
        Migrations::up(&db, None).await.unwrap();
        tell(&db, &ARRANGED).await;
        db
    }

    async fn tell(db: &DatabaseConnection, statements: &[&str]) {
        for statement in statements {
            db.execute_unprepared(statement).await.unwrap();
        }
    }

    /// Whether the guards of a set hold.
    async fn holds(db: &DatabaseConnection, fill: impl FnOnce(&mut WriteSet, &OrgId)) -> bool {
        let mut set = WriteSet::new(DbBackend::Sqlite);
        fill(&mut set, &OrgId::new("acme"));
        for step in set.steps {
            if let Step::Run { sql, values, guard } = step {
                let statement = Statement::from_sql_and_values(DbBackend::Sqlite, &*sql, values);
                let changed = db.execute_raw(statement).await.unwrap().rows_affected();
                if guard == Guard::OneRow && changed != 1 {
                    return false;
                }
            }
        }
        true
    }

    #[tokio::test]
    async fn a_queue_that_never_had_a_worker_is_not_closed_on_a_run_that_waits() {
        let db = database().await;
        let close = |set: &mut WriteSet, org: &OrgId| queue_closes(set, org, QUEUE, timestamp(NOW));
        tell(&db, &[RUN]).await;
        assert!(!holds(&db, close).await);
        tell(&db, &[WORKER]).await;
        assert!(!holds(&db, close).await, "it has come");
        tell(&db, &[WORKER_LEFT_LONG_AGO]).await;
        assert!(holds(&db, close).await, "whatever runs are left");
        tell(&db, &["DELETE FROM workers", RUN_IS_OVER]).await;
        assert!(holds(&db, close).await, "nothing waits");
    }

    #[tokio::test]
    async fn an_environment_stays_with_a_worker_that_lives_or_a_run_that_is_not_over() {
        let db = database().await;
        let delete = |set: &mut WriteSet, org: &OrgId| {
            environment_delete(set, org, ENVIRONMENT, timestamp(NOW));
        };
        tell(&db, &[RUN]).await;
        assert!(!holds(&db, delete).await, "a run waits");
        tell(&db, &[RUN_IS_OVER, WORKER]).await;
        assert!(!holds(&db, delete).await, "a worker lives");
        tell(&db, &[WORKER_LEFT_LONG_AGO]).await;
        assert!(holds(&db, delete).await);
        assert!(queues_there(&db, &[QUEUE]).await.unwrap().is_empty(), "its queues went with it");
    }
}
