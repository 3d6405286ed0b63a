//! Files that are not what an export has written: nothing of them is taken.

use serde_json::{Value, json};

use super::{Exported, Place, assert_refused, row};
use crate::harness::Database;

#[tokio::test]
async fn a_file_that_is_cut_or_changed_is_told_as_such() {
    let exported = Exported::make().await;
    let (elsewhere, whole) = (exported.elsewhere(), std::fs::read(exported.file()).unwrap());
    let target = Place::Directory(&elsewhere);
    let path = exported.folder.path().join("bad");
    for length in [1, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert_refused(&target.import_fails(&path), 6, &["cannot be imported", "export"]);
    }
    let text = String::from_utf8(whole).unwrap();
    std::fs::write(&path, text.replacen("Say hello.", "Say HELLO.", 1)).unwrap();
    assert_refused(&target.import_fails(&path), 6, &["checksum", "export again"]);
    std::fs::write(&path, text.replacen("\"drover_export\":1", "\"drover_export\":2", 1)).unwrap();
    assert_refused(&target.import_fails(&path), 6, &["newer drover", "update"]);
    std::fs::write(&path, "{}\n").unwrap();
    assert_refused(&target.import_fails(&path), 6, &["no file of `drover export`"]);
    let nowhere = exported.folder.path().join("nowhere");
    assert_refused(&target.import_fails(&nowhere), 1, &["nowhere", "No such file"]);
    assert!(!elsewhere.exists(), "nothing was made for them");
}

#[tokio::test]
async fn a_file_of_a_newer_schema_is_told_as_such() {
    let exported = Exported::make().await;
    let newer = exported.forged(|lines| {
        lines[0]["schema"].as_array_mut().unwrap().push(json!("m9999_later"));
    });
    let ended = Place::Directory(&exported.elsewhere()).import_fails(&newer);
    assert_refused(&ended, 6, &["newer drover", "update"]);
}

type Forgery = (&'static str, &'static str, fn(&mut Vec<Value>));

/// What somebody could write into a file whose checksum fits, and what is said of it.
fn forgeries() -> Vec<Forgery> {
    vec![
        ("another's agent", "belongs to another organization", |lines| {
            row(lines, "agents")["organization_id"] = json!("default");
        }),
        ("another's name", "belongs to another organization", |lines| {
            row(lines, "organizations")["id"] = json!("default");
        }),
        // The last table: all the others are written by then.
        ("another's audit log", "belongs to another organization", |lines| {
            row(lines, "audit_log")["organization_id"] = json!("default");
        }),
        ("a run's child without its run", "refers to an execution", |lines| {
            row(lines, "execution_events")["execution_id"] =
                json!("01a20ace-c07f-7379-aaa8-c03477444210");
        }),
        ("a queue that is not there", "refers to an worker_queue", |lines| {
            row(lines, "executions")["worker_queue_id"] =
                json!("01a20ace-c07f-7379-aaa8-c03477444210");
        }),
        ("a key of nobody", "refers to an user", |lines| {
            row(lines, "api_keys")["user_id"] = json!("01a20ace-c07f-7379-aaa8-c03477444210");
        }),
        ("a state that cannot be read", "state that cannot be read", |lines| {
            row(lines, "executions")["flow"] = json!("{}");
        }),
        ("a status of its own", "status that is not its state's", |lines| {
            row(lines, "executions")["status"] = json!("running");
        }),
        ("an entry of no kind", "unknown kind", |lines| {
            row(lines, "execution_events")["kind"] = json!(77);
        }),
        ("a column of one's own", "`admin` that is unknown", |lines| {
            row(lines, "users")["admin"] = json!(true);
        }),
        ("a column less", "lacks its column `name`", |lines| {
            row(lines, "users").as_object_mut().unwrap().remove("name");
        }),
        ("a text for a number", "wrong value in its column `created_at`", |lines| {
            row(lines, "users")["created_at"] = json!("now");
        }),
        ("a table of one's own", "the table `workers` is unknown", |lines| {
            lines.push(json!({"table": "workers", "row": {}}));
            lines[0]["rows"]["workers"] = json!(1);
        }),
        ("a row twice", "on this plane already", |lines| {
            let (at, twice) = lines
                .iter()
                .enumerate()
                .find(|(_, line)| line["table"] == "jobs")
                .map(|(at, line)| (at, line.clone()))
                .unwrap();
            lines.insert(at, twice);
            lines[0]["rows"]["jobs"] = json!(2);
        }),
        ("a head that says something else", "does not say which rows follow", |lines| {
            let rows = lines[0]["rows"].as_object_mut().unwrap();
            let (jobs, agents) = (rows["jobs"].as_u64().unwrap(), rows["agents"].as_u64().unwrap());
            rows.insert("jobs".into(), json!(jobs + 1));
            rows.insert("agents".into(), json!(agents - 1));
        }),
    ]
}

fn assert_nothing_of_it_is_taken(exported: &Exported, target: Place) {
    for (name, said, change) in forgeries() {
        let ended = target.import_fails(&exported.forged(change));
        let code = if said.contains("already") { 3 } else { 6 };
        assert_refused(&ended, code, &[said]);
        assert!(!target.has(&exported.org.name), "{name}: something was kept");
    }
    // It is not the place.
    target.import(&exported.file());
    assert!(target.has(&exported.org.name));
}

#[tokio::test]
async fn a_forged_file_leaves_nothing_behind() {
    let exported = Exported::make().await;
    assert_nothing_of_it_is_taken(&exported, Place::Directory(&exported.elsewhere()));
}

#[tokio::test]
async fn a_forged_file_leaves_nothing_behind_on_postgres() {
    let exported = Exported::make().await;
    let database = Database::make();
    let keys = exported.plane.data_dir();
    assert_nothing_of_it_is_taken(&exported, Place::Postgres(&database.url, &keys));
}

#[tokio::test]
async fn rows_of_another_organization_that_is_there_are_out_of_reach() {
    let (exported, other) = (Exported::make().await, Exported::make().await);
    let target = exported.elsewhere();
    let target = Place::Directory(&target);
    target.import(&other.file());
    let id_of = |table: &str| {
        let text = std::fs::read_to_string(other.file()).unwrap();
        let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.find(|line| line["table"] == table).unwrap()["row"]["id"].clone()
    };
    let (user, queue, job, run) =
        (id_of("users"), id_of("worker_queues"), id_of("jobs"), id_of("executions"));
    let reaches: [(&str, &str, &Value); 5] = [
        ("api_keys", "user_id", &user),
        ("activities", "queue_id", &queue),
        ("executions", "job_id", &job),
        ("executions", "parent_execution_id", &run),
        ("execution_heads", "execution_id", &run),
    ];
    for (table, column, theirs) in reaches {
        let reaching = exported.forged(|lines| row(lines, table)[column] = theirs.clone());
        assert_refused(&target.import_fails(&reaching), 6, &[table, "not this organization's"]);
    }
    let taken = exported.forged(|lines| row(lines, "executions")["id"] = run);
    assert_refused(&target.import_fails(&taken), 3, &["on this plane already"]);
    assert!(!target.has(&exported.org.name));
}
