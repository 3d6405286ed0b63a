//! Exit codes of commands that never get as far as a plane.

use crate::harness::program::Terminal;

#[test]
fn a_command_line_that_is_wrong_ends_with_2() {
    for arguments in [
        &["job"][..],
        &["job", "trigger"],
        &["job", "trigger", "job_x", "-p", "novalue"],
        &["job", "trigger", "job_x", "--params", "[1]"],
        &["job", "trigger", "job_x", "--follow", "--wait", "5"],
        &["execution", "list", "--limit", "0"],
        &["fly"],
        &["dev", "--colour", "green"],
    ] {
        let ended = Terminal::new().run(arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains("Usage") || ended.stderr.contains("error:"), "{ended:?}");
    }
}

#[test]
fn a_plane_that_does_not_answer_ends_with_4() {
    // Bound and closed again, so that nobody listens there.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", free.local_addr().expect("its address"));
    drop(free);
    let terminal = Terminal::new().with("DROVER_URL", &url).with("DROVER_API_KEY", "some-key");
    for arguments in [
        &["job", "list"][..],
        &["job", "get", "job_x"],
        &["job", "trigger", "job_x", "--follow"],
        &["execution", "logs", "00000000-0000-4000-8000-000000000000", "--follow"],
    ] {
        let ended = terminal.run(arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(4), ""), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(&url) && ended.stderr.contains("hint:"), "{ended:?}");
    }
}

#[test]
fn without_a_key_it_is_said_where_to_get_one() {
    let ended = Terminal::new().run(&["job", "list"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{ended:?}");
    assert!(
        ended.stderr.contains("no API key") && ended.stderr.contains("drover dev"),
        "{ended:?}"
    );
}

#[test]
fn the_exit_codes_are_in_the_help() {
    let help = Terminal::new().run(&["--help"]);
    assert_eq!(help.code, Some(0));
    for line in ["0    all went well", "4    the plane does not answer", "130  interrupted"] {
        assert!(help.stdout.contains(line), "{line}: {}", help.stdout);
    }
    let version = Terminal::new().run(&["--version"]);
    assert_eq!(version.stdout, format!("drover {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_document_of_the_api_is_printed_without_a_plane() {
    let document = Terminal::new().run(&["openapi"]).json();
    assert_eq!(document["openapi"], "3.1.0");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let ended = std::process::Command::new("/bin/sh")
        .args(["-c", "\"$0\" openapi | head -n 1", crate::harness::Plane::program()])
        .output()
        .expect("run sh");
    assert_eq!(String::from_utf8_lossy(&ended.stdout), "{\n");
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
}
