//! What a plane sets for its connections: how many there are, and how long each of them may take.

use futures_util::future::join_all;
use serde_json::json;

use crate::harness::{Database, Organization, Plane, unique};

const READERS: usize = 3;
const WRITERS: usize = 2;

/// Has every session note down its settings where it reads an agent or writes a run: nobody else
/// can see them.
const NOTE: &str = "
    CREATE TABLE noted (who text, what text);
    CREATE FUNCTION note(who text) RETURNS boolean LANGUAGE sql VOLATILE AS $$
        INSERT INTO noted
            SELECT $1, name || '=' || current_setting(name)
            FROM unnest(ARRAY['statement_timeout', 'lock_timeout', 'synchronous_commit',
                'idle_in_transaction_session_timeout', 'tcp_keepalives_idle',
                'tcp_keepalives_interval', 'tcp_keepalives_count']) AS name;
        SELECT true
    $$;
    ALTER TABLE agents RENAME TO agents_there;
    CREATE VIEW agents AS SELECT * FROM agents_there WHERE note('reader');
    CREATE FUNCTION note_writer() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM note('writer');
            RETURN NEW;
        END
    $$;
    CREATE TRIGGER note BEFORE INSERT ON executions FOR EACH ROW EXECUTE FUNCTION note_writer();
";

/// What `docs/postgres.md` promises, in the order of the names.
const PROMISED: &str = "idle_in_transaction_session_timeout=30s lock_timeout=5s \
                        statement_timeout=10s synchronous_commit=on tcp_keepalives_count=3 \
                        tcp_keepalives_idle=10 tcp_keepalives_interval=5";

/// A plane on this database with few connections, and an organization of it.
async fn plane(database: &Database) -> (Plane, Organization) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (readers, writers) = (READERS.to_string(), WRITERS.to_string());
    let variables = [
        ("DROVER_DATABASE_URL", database.url.as_str()),
        ("DROVER_DATABASE_READERS", readers.as_str()),
        ("DROVER_DATABASE_WRITERS", writers.as_str()),
    ];
    let plane = Plane::serve(directory, &variables, &[]);
    let org = plane.organization_without_worker(&unique("org")).await;
    (plane, org)
}

#[tokio::test]
async fn there_are_as_many_connections_as_are_configured_and_none_waits_for_ever() {
    let database = Database::make();
    let (_plane, org) = plane(&database).await;
    let agent = org.agent("nobody-asks").await;
    let body = json!({"prompt": "go", "worker_queue_id": org.queue_without_worker().await});
    // The id of a run says which writer it has; of so many no writer is left without.
    join_all((0..32).map(|_| org.execute(&agent, body.clone()))).await;

    // More requests than readers. Those that get one wait for the table, the others for a reader;
    // they are answered because both waits have an end.
    let held = database.hold("agents");
    let asking = (0..2 * READERS + 2).map(|_| org.get("/api/v1/agents"));
    for reply in join_all(asking).await {
        assert_eq!((reply.status, reply.header("retry-after")), (503, "1"), "{reply}");
    }
    let count = "SELECT count(*) FROM pg_stat_activity \
                 WHERE datname = current_database() AND application_name = 'drover'";
    // One more holds the plane's lock.
    assert_eq!(database.ask(count), (READERS + WRITERS + 1).to_string());
    drop(held);
    assert_eq!(org.get("/api/v1/agents").await.status, 200);
}

#[tokio::test]
async fn every_session_has_its_time_limits_and_commits_to_disk_whatever_the_servers_default() {
    let database = Database::make();
    let name = database.name();
    for (setting, value) in [("synchronous_commit", "off"), ("statement_timeout", "0")] {
        database.change(&format!("ALTER DATABASE {name} SET {setting} = {value}"));
    }
    let (_plane, org) = plane(&database).await;
    let agent = org.agent("nobody-asks").await;
    database.change(NOTE);
    assert_eq!(org.get("/api/v1/agents").await.status, 200);
    let body = json!({"prompt": "go", "worker_queue_id": org.queue_without_worker().await});
    join_all((0..32).map(|_| org.execute(&agent, body.clone()))).await;
    for who in ["reader", "writer"] {
        let what = format!(
            "SELECT string_agg(DISTINCT what, ' ' ORDER BY what) FROM noted WHERE who = '{who}'"
        );
        assert_eq!(database.ask(&what), PROMISED, "{who}");
    }
}
