//! The spine: identity, the catalogue it needs, jobs, executions with their log, activities.
//!
//! Instants are microseconds since 1970. Times, texts and ids have the same form on every database.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables(manager.get_database_backend()) {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

pub(super) fn column(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.not_null();
    column
}

pub(super) fn optional(name: &'static str) -> ColumnDef {
    ColumnDef::new(name)
}

/// A foreign key whose rows go with their parent.
pub(super) fn belongs_to(
    table: &'static str,
    column: &'static str,
    parent: &'static str,
) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from(table, column)
        .to(parent, "id")
        .on_delete(ForeignKeyAction::Cascade)
        .to_owned()
}

fn tables(backend: DbBackend) -> Vec<TableCreateStatement> {
    vec![
        organizations(),
        users(),
        api_keys(),
        environments(),
        worker_queues(),
        skills(),
        skill_associations(),
        agents(),
        agent_environments(backend),
        jobs(),
        executions(),
        execution_heads(backend),
        execution_events(backend),
        session_messages(backend),
        activities(backend),
        timers(backend),
        audit_log(),
    ]
}

fn organizations() -> TableCreateStatement {
    Table::create()
        .table("organizations")
        .col(column("id").text())
        .col(column("name").text())
        .col(column("created_at").big_integer())
        .primary_key(Index::create().col("id"))
        .to_owned()
}

fn users() -> TableCreateStatement {
    Table::create()
        .table("users")
        .col(column("id").uuid())
        .col(column("organization_id").text())
        .col(column("email").text())
        .col(column("name").text())
        .col(column("role").text())
        .col(column("created_at").big_integer())
        .primary_key(Index::create().col("id"))
        .to_owned()
}

fn api_keys() -> TableCreateStatement {
    Table::create()
        .table("api_keys")
        .col(column("id").uuid())
        .col(column("organization_id").text())
        .col(column("user_id").uuid())
        .col(column("name").text())
        .col(column("role").text())
        .col(column("token_hash").blob())
        .col(column("created_at").big_integer())
        .col(optional("expires_at").big_integer())
        .col(optional("revoked_at").big_integer())
        .primary_key(Index::create().col("id"))
        .to_owned()
}

fn environments() -> TableCreateStatement {
    Table::create()
        .table("environments")
        .col(column("id").uuid())
        .col(column("organization_id").text())
        .col(column("name").text())
        .col(optional("display_name").text())
        .col(optional("description").text())
        .col(column("tags").json_binary())
        .col(column("settings").json_binary())
        .col(column("status").text())
        .col(optional("worker_token").text())
        .col(column("execution_environment").json_binary())
        .col(optional("created_by").text())
        .col(column("created_at").big_integer())
        .col(column("updated_at").big_integer())
        .primary_key(Index::create().col("id"))
        .to_owned()
}

fn worker_queues() -> TableCreateStatement {
    Table::create()
        .table("worker_queues")
        .col(column("id").uuid())
        .col(column("organization_id").text())
        .col(column("environment_id").uuid())
        .col(column("name").text())
        .col(optional("display_name").text())
        .col(optional("description").text())
        .col(column("status").text())
        .col(optional("max_workers").integer())
        .col(column("heartbeat_interval").integer())
        .col(column("tags").json_binary())
        .col(column("settings").json_binary())
        .col(column("ephemeral").boolean())
        .col(column("single_execution").boolean())
        .col(column("in_process").boolean())
        .col(optional("created_by").text())
        .col(column("created_at").big_integer())
        .col(column("updated_at").big_integer())
        .primary_key(Index::create().col("id"))
        .foreign_key(&mut belongs_to("worker_queues", "environment_id", "environments"))
        .to_owned()
}

fn skills() -> TableCreateStatement {
    Table::create()
        .table("skills")
        .col(column("id").uuid())
        .col(column("organization_id").text())
        .col(column("name").text())
        .col(column("skill_type").text())
        .col(optional("description").text())
        .col(column("icon").text())
        .col(column("enabled").boolean())
        .col(column("configuration").json_binary())
        .col(column("created_at").big_integer())
        .col(column("updated_at").big_integer())
        .primary_key(Index::create().col("id"))
        .to_owned()
}

fn skill_associations() -> TableCreateStatement {
    Table::create()
        .table("skill_associations")
        .col(column("id").uuid())
        .col(column("organization_id").text())
        .col(column("skill_id").uuid())
        .col(column("entity_type").text())
        .col(column("entity_id").uuid())
        .col(column("configuration_override").json_binary())
        .col(column("created_at").big_integer())
        .primary_key(Index::create().col("id"))
        .foreign_key(&mut belongs_to("skill_associations", "skill_id", "skills"))
        .to_owned()
}

fn agents() -> TableCreateStatement {
    Table::create()
        .table("agents")
        .col(column("id").uuid())
        .col(column("organization_id").text())
        .col(column("name").text())
        .col(optional("description").text())
        .col(column("status").text())
        .col(column("capabilities").json_binary())
        .col(column("configuration").json_binary())
        .col(optional("model_id").text())
        .col(column("llm_config").json_binary())
        .col(optional("runtime").text())
        .col(optional("runner_name").text())
        .col(optional("team_id").uuid())
        .col(column("state").json_binary())
        .col(optional("error_message").text())
        .col(column("execution_environment").json_binary())
        .col(optional("last_active_at").big_integer())
        .col(column("created_at").big_integer())
        .col(column("updated_at").big_integer())
        .primary_key(Index::create().col("id"))
        .to_owned()
}

fn agent_environments(backend: DbBackend) -> TableCreateStatement {
    let mut table = Table::create()
        .table("agent_environments")
        .col(column("agent_id").uuid())
        .col(column("environment_id").uuid())
        .col(column("organization_id").text())
        .col(column("assigned_at").big_integer())
        .col(optional("assigned_by").text())
        .primary_key(Index::create().col("agent_id").col("environment_id"))
        .to_owned();
    dialect::cluster_by_primary_key(&mut table, backend);
    table
}

fn jobs() -> TableCreateStatement {
    Table::create()
        .table("jobs")
        .col(column("id").text())
        .col(column("organization_id").text())
        .col(column("name").text())
        .col(optional("description").text())
        .col(column("enabled").boolean())
        .col(column("trigger_type").text())
        .col(optional("cron_schedule").text())
        .col(optional("cron_timezone").text())
        .col(optional("webhook_token").text())
        .col(optional("webhook_secret").text())
        .col(column("planning_mode").text())
        .col(optional("entity_type").text())
        .col(optional("entity_id").text())
        .col(optional("entity_name").text())
        .col(column("prompt_template").text())
        .col(optional("system_prompt").text())
        .col(column("executor_type").text())
        .col(optional("worker_queue_name").text())
        .col(optional("environment_name").text())
        .col(column("config").json_binary())
        .col(optional("execution_environment").json_binary())
        .col(optional("next_execution_at").big_integer())
        .col(optional("created_by").text())
        .col(optional("created_by_email").text())
        .col(optional("updated_by").text())
        .col(optional("updated_by_email").text())
        .col(column("created_at").big_integer())
        .col(column("updated_at").big_integer())
        .primary_key(Index::create().col("id"))
        .to_owned()
}

fn executions() -> TableCreateStatement {
    Table::create()
        .table("executions")
        .col(column("id").uuid())
        .col(column("organization_id").text())
        .col(column("execution_type").text())
        .col(column("entity_id").text())
        .col(optional("entity_name").text())
        .col(column("runner_name").text())
        .col(optional("user_id").text())
        .col(optional("user_email").text())
        .col(optional("user_name").text())
        .col(column("trigger_source").text())
        .col(optional("job_id").text())
        .col(optional("parent_execution_id").uuid())
        .col(column("worker_queue_id").uuid())
        .col(optional("idempotency_key").blob())
        .col(optional("request_hash").blob())
        .col(column("prompt").text())
        .col(optional("system_prompt").text())
        .col(column("config").json_binary())
        .col(column("status").text())
        .col(optional("response").text())
        .col(optional("error_message").text())
        .col(column("usage").json_binary())
        .col(column("execution_metadata").json_binary())
        .col(column("flow").text())
        .col(column("version").big_integer())
        .col(column("created_at").big_integer())
        .col(optional("started_at").big_integer())
        .col(optional("completed_at").big_integer())
        .col(column("updated_at").big_integer())
        .primary_key(Index::create().col("id"))
        .to_owned()
}

fn execution_heads(backend: DbBackend) -> TableCreateStatement {
    let mut table = Table::create()
        .table("execution_heads")
        .col(column("execution_id").uuid())
        .col(column("last_seq").big_integer())
        .primary_key(Index::create().col("execution_id"))
        .foreign_key(&mut belongs_to("execution_heads", "execution_id", "executions"))
        .to_owned();
    dialect::cluster_by_primary_key(&mut table, backend);
    table
}

fn execution_events(backend: DbBackend) -> TableCreateStatement {
    let mut table = Table::create()
        .table("execution_events")
        .col(column("execution_id").uuid())
        .col(column("seq").big_integer())
        .col(column("kind").small_integer())
        .col(column("data").text())
        .col(column("at").big_integer())
        .primary_key(Index::create().col("execution_id").col("seq"))
        .foreign_key(&mut belongs_to("execution_events", "execution_id", "executions"))
        .to_owned();
    dialect::cluster_by_primary_key(&mut table, backend);
    table
}

fn session_messages(backend: DbBackend) -> TableCreateStatement {
    let mut table = Table::create()
        .table("session_messages")
        .col(column("execution_id").uuid())
        .col(column("message_id").text())
        .col(column("organization_id").text())
        .col(column("ordinal").integer())
        .col(column("role").text())
        .col(column("body").text())
        .col(optional("user_id").text())
        .col(optional("user_email").text())
        .col(optional("user_name").text())
        .col(column("at").big_integer())
        .primary_key(Index::create().col("execution_id").col("message_id"))
        .foreign_key(&mut belongs_to("session_messages", "execution_id", "executions"))
        .to_owned();
    dialect::cluster_by_primary_key(&mut table, backend);
    table
}

fn activities(backend: DbBackend) -> TableCreateStatement {
    let mut table = Table::create()
        .table("activities")
        .col(column("id").uuid())
        .col(column("organization_id").text())
        .col(column("execution_id").uuid())
        .col(column("queue_id").uuid())
        .col(column("ordinal").integer())
        .col(column("kind").text())
        .col(column("turn").integer())
        .col(column("call").integer())
        .col(column("state").text())
        .col(column("attempt").integer())
        .col(column("not_before").big_integer())
        .col(optional("lease_owner").text())
        .col(optional("lease_until").big_integer())
        .col(optional("process").text())
        .col(optional("model").text())
        .col(optional("input_tokens").big_integer())
        .col(optional("output_tokens").big_integer())
        .col(optional("cached_tokens").big_integer())
        .col(optional("reasoning_tokens").big_integer())
        .col(optional("cost_micro_usd").big_integer())
        .col(optional("price_version").text())
        .col(column("created_at").big_integer())
        .col(optional("started_at").big_integer())
        .col(optional("ended_at").big_integer())
        .primary_key(Index::create().col("id"))
        .foreign_key(&mut belongs_to("activities", "execution_id", "executions"))
        .to_owned();
    dialect::cluster_by_primary_key(&mut table, backend);
    table
}

fn timers(backend: DbBackend) -> TableCreateStatement {
    let mut table = Table::create()
        .table("timers")
        .col(column("execution_id").uuid())
        .col(column("due_at").big_integer())
        .primary_key(Index::create().col("execution_id"))
        .foreign_key(&mut belongs_to("timers", "execution_id", "executions"))
        .to_owned();
    dialect::cluster_by_primary_key(&mut table, backend);
    table
}

fn audit_log() -> TableCreateStatement {
    Table::create()
        .table("audit_log")
        .col(column("id").uuid())
        .col(column("organization_id").text())
        .col(optional("user_id").text())
        .col(optional("key_id").text())
        .col(column("action").text())
        .col(column("target_id").text())
        .col(column("at").big_integer())
        .primary_key(Index::create().col("id"))
        .to_owned()
}

pub(super) fn index(
    table: &'static str,
    name: &'static str,
    columns: &[&'static str],
) -> IndexCreateStatement {
    let mut index = Index::create().table(table).name(name).to_owned();
    for column in columns {
        index.col(*column);
    }
    index
}

fn unique(
    table: &'static str,
    name: &'static str,
    columns: &[&'static str],
) -> IndexCreateStatement {
    index(table, name, columns).unique().to_owned()
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        unique("users", "users_email", &["organization_id", "email"]),
        unique("api_keys", "api_keys_token", &["token_hash"]),
        unique("environments", "environments_name", &["organization_id", "name"]),
        unique("worker_queues", "worker_queues_name", &["environment_id", "name"]),
        index("worker_queues", "worker_queues_org", &["organization_id", "created_at"]),
        unique("skills", "skills_name", &["organization_id", "name"]),
        unique(
            "skill_associations",
            "skill_associations_once",
            &["entity_type", "entity_id", "skill_id"],
        ),
        index("skill_associations", "skill_associations_skill", &["skill_id"]),
        unique("agents", "agents_name", &["organization_id", "name"]),
        index("agents", "agents_created", &["organization_id", "created_at"]),
        index("jobs", "jobs_created", &["organization_id", "created_at"]),
        unique("jobs", "jobs_webhook", &["webhook_token"]),
        // Execution ids are time-ordered, so each of these lists newest first without a sort.
        index("executions", "executions_org", &["organization_id", "id"]),
        index("executions", "executions_status", &["organization_id", "status", "id"]),
        index("executions", "executions_entity", &["organization_id", "entity_id", "id"]),
        index("executions", "executions_job", &["job_id", "id"])
            .and_where(Expr::col("job_id").is_not_null())
            .to_owned(),
        unique("executions", "executions_idempotency", &["organization_id", "idempotency_key"])
            .and_where(Expr::col("idempotency_key").is_not_null())
            .to_owned(),
        // Only what waits or runs is looked for, and leasing changes no column of this.
        index("activities", "activities_open", &["queue_id", "id"])
            .and_where(Expr::col("ended_at").is_null())
            .to_owned(),
        index("audit_log", "audit_log_org", &["organization_id", "id"]),
    ]
}
