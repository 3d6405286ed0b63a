//! What export and import do not do: one line, a documented exit code, and nothing changed.

use super::{Exported, Place, assert_refused};
use crate::harness::{Database, Plane};

#[tokio::test]
async fn an_organization_that_is_not_there() {
    let exported = Exported::make().await;
    let directory = exported.plane.data_dir();
    let file = exported.folder.path().join("none");
    let arguments = ["export", "--organization", "nobody", "--out", file.to_str().unwrap()];
    let ended = Place::Directory(&directory).run(&arguments);
    assert_refused(&ended, 3, &["no organization `nobody`", "--data-dir"]);
    let nowhere = exported.folder.path().join("nowhere");
    let ended = Place::Directory(&nowhere).run(&arguments);
    assert_refused(&ended, 1, &["no database", "--data-dir"]);
    assert!(!file.exists() && !nowhere.exists(), "nothing was made");
}

#[tokio::test]
async fn a_file_that_is_there_already() {
    let exported = Exported::make().await;
    let (directory, file) = (exported.plane.data_dir(), exported.file());
    let before = std::fs::read(&file).unwrap();
    let name = exported.org.name.as_str();
    let arguments = ["export", "--organization", name, "--out", file.to_str().unwrap()];
    let ended = Place::Directory(&directory).run(&arguments);
    assert_refused(&ended, 1, &["is there already", "new file"]);
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[tokio::test]
async fn an_organization_that_is_there_already() {
    let exported = Exported::make().await;
    let directory = exported.plane.data_dir();
    let ended = Place::Directory(&directory).import_fails(&exported.file());
    assert_refused(&ended, 3, &["is on this plane already", "nothing was imported"]);
}

#[tokio::test]
async fn a_database_on_which_a_plane_runs() {
    let exported = Exported::make().await;
    let plane = Plane::start_on_sqlite();
    let busy = plane.data_dir();
    let ended = Place::Directory(&busy).import_fails(&exported.file());
    assert_refused(&ended, 1, &["in use by another drover process", "stop the plane first"]);
    let arguments = ["export", "--organization", "default"];
    let ended = Place::Directory(&busy).run(&arguments);
    assert_refused(&ended, 1, &["in use by another drover process", "stop the plane first"]);

    let plane = Plane::start_on(Database::make());
    let (url, keys) = (plane.database().url.as_str(), plane.data_dir());
    let ended = Place::Postgres(url, &keys).import_fails(&exported.file());
    assert_refused(&ended, 1, &["in use by another drover process", "stop the plane first"]);
    let ended = Place::Postgres(url, &keys).run(&arguments);
    assert_refused(&ended, 1, &["in use by another drover process", "stop the plane first"]);
}

#[tokio::test]
async fn an_export_without_the_key_that_signed() {
    let exported = Exported::make().await;
    let directory = exported.plane.data_dir();
    std::fs::remove_file(directory.join("signing.key")).unwrap();
    let ended = Place::Directory(&directory).run(&["export", "--organization", &exported.org.name]);
    assert_refused(&ended, 1, &["signing.key", "--data-dir"]);
    assert!(!directory.join("signing.key").exists(), "none was made");
}

#[tokio::test]
async fn a_dry_run_keeps_nothing() {
    let exported = Exported::make().await;
    let (directory, elsewhere) = (exported.plane.data_dir(), exported.elsewhere());
    let file = exported.folder.path().join("dry");
    let (name, path) = (exported.org.name.as_str(), file.to_str().unwrap());
    let arguments = ["export", "--organization", name, "--out", path, "--dry-run", "--json"];
    let told = Place::Directory(&directory).run(&arguments).json();
    assert_eq!(told["dry_run"], true);
    assert_eq!((&told["tables"]["jobs"], &told["open_executions"]), (&1.into(), &1.into()));
    assert!(!file.exists());

    let database = Database::make();
    for target in [Place::Directory(&elsewhere), Place::Postgres(&database.url, &directory)] {
        let file = exported.file();
        let arguments = ["import", file.to_str().unwrap(), "--dry-run", "--json"];
        let told = target.run(&arguments).json();
        assert_eq!((&told["dry_run"], &told["tables"]["jobs"]), (&true.into(), &1.into()));
        assert!(!target.has(name));
    }
    let left = "SELECT (SELECT count(*) FROM executions) + (SELECT count(*) FROM moved_keys) \
                + (SELECT count(*) FROM audit_log)";
    assert_eq!(database.ask(left), "0");
}

#[tokio::test]
async fn an_export_and_its_summary_do_not_mix_on_stdout() {
    let exported = Exported::make().await;
    let (directory, name) = (exported.plane.data_dir(), exported.org.name.as_str());
    let place = Place::Directory(&directory);
    let ended = place.run(&["export", "--organization", name, "--json"]);
    assert_refused(&ended, 2, &["--out"]);
    let ended = place.run(&["export", "--organization", name]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.lines().all(|line| line.starts_with('{')), "{ended:?}");
    assert!(ended.stderr.contains("1 execution is open"), "{ended:?}");
    assert!(ended.stderr.contains("--remove"), "{ended:?}");
}
