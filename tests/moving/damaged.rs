//! Files that are not what an export has written: nothing of them is taken.

use model_server::Reply;
use serde_json::{Value, json};

use super::{Exported, Place, assert_refused, row};
use crate::harness::{Database, Model, Plane};

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

#[tokio::test]
async fn a_file_of_an_older_schema_is_taken() {
    let exported = Exported::make().await;
    let older = exported.forged(|lines| {
        lines[0]["schema"] = json!(["m0001_spine"]);
        lines[0]["rows"].as_object_mut().unwrap().remove("moved_keys");
        lines.retain(|line| line["table"] != "moved_keys");
        for line in lines.iter_mut().filter(|line| line["table"] == "activities") {
            line["row"].as_object_mut().unwrap().remove("reports");
        }
    });
    let told = Place::Directory(&exported.elsewhere()).import(&older);
    assert_eq!(told["tables"]["activities"], 2);
}

type Forgery = (&'static str, &'static str, fn(&mut Vec<Value>));

/// What somebody could write into a file whose checksum fits, and what is said of it.
fn forgeries() -> Vec<Forgery> {
    vec![
        ("another's agent", "belongs to another organization", |lines| {
            row(lines, "agents")["organization_id"] = json!("default");
        }),
        ("a name that is none", "no file of `drover export`", |lines| {
            lines[0]["organization"] = json!("../Acme");
        }),
        ("another's name", "belongs to another organization", |lines| {
            row(lines, "organizations")["id"] = json!("default");
        }),
        // The last table: all the others are written by then.
        ("another's audit log", "belongs to another organization", |lines| {
            row(lines, "audit_log")["organization_id"] = json!("default");
        }),
        ("a run's child without its run", "`execution_id` of a row", |lines| {
            row(lines, "execution_events")["execution_id"] =
                json!("01a20ace-c07f-7379-aaa8-c03477444210");
        }),
        ("an open run without its queue", "its worker queue is not there", |lines| {
            let is_open = |line: &&mut Value| line["row"]["status"] == "pending";
            let mut runs = lines.iter_mut().filter(|line| line["table"] == "executions");
            let open = runs.find(is_open).expect("a run that waits");
            open["row"]["worker_queue_id"] = json!("01a20ace-c07f-7379-aaa8-c03477444210");
        }),
        ("an open step without its queue", "a step for a worker queue that is not", |lines| {
            let is_open = |line: &&mut Value| line["row"]["ended_at"].is_null();
            let mut steps = lines.iter_mut().filter(|line| line["table"] == "activities");
            let open = steps.find(is_open).expect("a step that waits");
            open["row"]["queue_id"] = json!("01a20ace-c07f-7379-aaa8-c03477444210");
        }),
        ("a key of nobody", "one of `users`", |lines| {
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
        ("a log with a gap", "log with a gap", |lines| {
            let at = lines.iter().position(|line| line["row"]["seq"] == 2).unwrap();
            lines.remove(at);
            let count = lines[0]["rows"]["execution_events"].as_u64().unwrap();
            lines[0]["rows"]["execution_events"] = json!(count - 1);
        }),
        ("a log that ends before its head", "log with a gap", |lines| {
            row(lines, "execution_heads")["last_seq"] = json!(1000);
        }),
        ("a wake-up of a run that is over", "wake-up that does not fit", |lines| {
            let run = lines.iter().find(|line| line["row"]["status"] == "completed").unwrap();
            let timer = json!({"execution_id": run["row"]["id"], "due_at": 0});
            let at = lines.iter().position(|line| line["table"] == "audit_log").unwrap();
            lines.insert(at, json!({"table": "timers", "row": timer}));
            lines[0]["rows"]["timers"] = json!(1);
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
async fn an_activity_that_no_run_waits_for_is_over() {
    let exported = Exported::make().await;
    let lively = exported.forged(|lines| {
        let activities = lines.iter_mut().filter(|line| line["table"] == "activities");
        for activity in activities {
            activity["row"]["state"] = json!("leased");
            activity["row"]["ended_at"] = json!(null);
        }
    });
    let directory = tempfile::tempdir().unwrap();
    let told = Place::Directory(&directory.path().join("data")).import(&lively);
    assert_eq!(told["queued_again"], 2);
    let plane = Plane::start_in(directory);
    let org = exported.org.at(&plane);
    let runs = org.get("/api/v1/executions").await;
    for run in runs.body.as_array().expect("a list") {
        org.log(run["id"].as_str().or(run["execution_id"].as_str()).unwrap()).await;
    }
    // What is offered at all is offered now.
    let model = Model::new([Reply::text("Done.")]);
    let run = org.ask(&model, "go").await;
    assert_eq!(org.finished(&run).await["response"], "Done.");
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
