//! Flags over `DROVER_*` variables over `drover.toml`.

use crate::harness::Plane;
use crate::harness::program::Terminal;

#[plane_test]
async fn the_file_tells_and_variables_and_flags_go_over_it() {
    let org = Plane::shared().organization().await;
    let (url, key) = (&org.url, &org.key);
    let file = format!("url = \"{url}\"\napi_key = \"{key}\"\n");
    let terminal = Terminal::new().with_file(&file);
    assert_eq!(terminal.run(&["job", "list"]).code, Some(0), "the file is enough");
    let terminal = terminal.with("DROVER_API_KEY", "letmein");
    assert_eq!(terminal.run(&["job", "list"]).code, Some(3), "the variable goes over the file");
    let ended = terminal.run(&["job", "list", "--api-key", key]);
    assert_eq!(ended.code, Some(0), "the flag goes over the variable: {ended:?}");
}

#[test]
fn a_key_that_nobody_knows_is_named() {
    let ended = Terminal::new().with_file("lissten = \"127.0.0.1:0\"\n").run(&["dev"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{ended:?}");
    assert!(ended.stderr.contains("lissten") && ended.stderr.contains("drover.toml"), "{ended:?}");
}

#[test]
fn a_value_that_cannot_be_is_named() {
    for (file, word) in [
        ("listen = 7\n", "listen"),
        ("max_model_calls = \"many\"\n", "max_model_calls"),
        ("max_model_calls = 0\n", "max_model_calls"),
        ("log_format = \"xml\"\n", "log_format"),
        ("listen = \n", "drover.toml"),
    ] {
        let ended = Terminal::new().with_file(file).run(&["dev"]);
        assert_eq!(ended.code, Some(2), "{file}: {ended:?}");
        assert!(ended.stderr.contains(word), "{file}: {ended:?}");
    }
    let ended = Terminal::new().with("DROVER_MAX_MODEL_CALLS", "many").run(&["dev"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("DROVER_MAX_MODEL_CALLS"), "{ended:?}");
}

#[test]
fn a_file_that_is_named_and_not_there_is_missed() {
    let ended = Terminal::new().run(&["dev", "--config", "other.toml"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("other.toml"), "{ended:?}");
}

#[test]
fn an_address_that_is_none_is_refused() {
    for address in ["nowhere", "127.0.0.1", "127.0.0.1:99999", "300.0.0.1:80"] {
        let ended = Terminal::new().run(&["dev", "--listen", address]);
        assert_eq!(ended.code, Some(2), "{address}: {ended:?}");
        assert!(ended.stderr.contains("listen"), "{address}: {ended:?}");
    }
    // Well formed, and not this machine's.
    let ended = Terminal::new().run(&["dev", "--listen", "192.0.2.1:80"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("192.0.2.1:80"), "{ended:?}");
}

#[test]
fn a_secret_in_a_bad_file_is_not_repeated() {
    let file = "openai_api_key = [\"sk-very-secret\"]\n";
    let ended = Terminal::new().with_file(file).run(&["dev"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(!ended.stderr.contains("very-secret"), "{ended:?}");
}
