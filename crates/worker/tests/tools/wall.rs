//! What a tool can reach.

use std::fs;

use drover_worker::sandbox::{Sandbox, SandboxError, Wall};

use crate::place::{Place, config, fresh, sh};

#[tokio::test]
async fn this_kernel_has_a_wall() {
    let place = Place::new();
    assert!(matches!(place.sandbox.wall(), Wall::Landlock { abi } if abi >= 3));
    assert_eq!(place.sandbox.wall().shortcoming(), None);
    assert!(Wall::None.shortcoming().is_some());
    assert!(Wall::Landlock { abi: 2 }.shortcoming().is_some());
}

#[tokio::test]
async fn usual_commands_work() {
    let place = Place::new();
    let out = place
        .out(
            "echo a > f; mkdir d; mv f d/g; cat d/g; ls / > /dev/null 2>&1; head -c 3 /dev/urandom | wc -c; \
             echo t > $TMPDIR/t; cat $TMPDIR/t; python3 -c 'import ssl, tempfile; print(tempfile.gettempdir())'",
        )
        .await;
    let expected =
        format!("a\n3\nt\n{}\n", place.workspace().temporary().canonicalize().unwrap().display());
    assert_eq!(out, expected);
}

#[tokio::test]
async fn nothing_else_can_be_read() {
    let place = Place::new();
    let other = place.sandbox.prepare(fresh()).unwrap();
    fs::write(other.files().join("diary"), "private").unwrap();
    let secret = place.path("data/secret").display().to_string();
    place.denied(&format!("cat {secret}")).await;
    place.denied(&format!("ls {}", place.path("data").display())).await;
    place.denied(&format!("ls {}", place.path("workspaces").display())).await;
    place.denied(&format!("cat {}", other.files().join("diary").display())).await;
    place.denied(&format!("ln -s {secret} link && cat link")).await;
    place.denied(&format!("ln {secret} link && cat link")).await;
    place.denied(&format!("ls {}", std::env::current_dir().unwrap().display())).await;
    place.denied(&format!("ls {}", std::env::home_dir().unwrap().display())).await;
    place.denied("cat /etc/shadow").await;
    place.denied("ls /tmp").await;
    place.denied("ls /proc").await;
}

#[tokio::test]
async fn the_servers_memory_and_environment_are_out_of_reach() {
    let place = Place::new();
    let server = std::process::id();
    assert!(fs::read(format!("/proc/{server}/environ")).is_ok());
    for file in ["environ", "cmdline", "maps", "mem", "cwd/Cargo.toml", "root/etc/passwd", "status"]
    {
        place.denied(&format!("cat /proc/{server}/{file}")).await;
        place.denied(&format!("cat /proc/$PPID/{file}")).await;
    }
    let mut names: Vec<String> = place
        .out("env")
        .await
        .lines()
        .filter_map(|line| line.split_once('=').map(|(name, _)| name.to_owned()))
        // Of the shell.
        .filter(|name| !matches!(name.as_str(), "PWD" | "OLDPWD" | "SHLVL" | "_"))
        .collect();
    names.sort();
    let built_in =
        ["DROVER_EXECUTION_ID", "DROVER_IDEMPOTENCY_KEY", "HOME", "LANG", "PATH", "TMPDIR"];
    assert_eq!(names, built_in);
}

#[tokio::test]
async fn nothing_else_can_be_written() {
    let place = Place::new();
    let secret = place.path("data/secret");
    let path = secret.display();
    for line in [
        format!("echo x > {path}"),
        format!("truncate -s 0 {path}"),
        format!("rm {path}"),
        format!("mv {path} here"),
        format!("touch {}/new", place.path("data").display()),
        format!("touch {}/new", place.path("workspaces").display()),
        "touch /tmp/drover-was-here".to_owned(),
        "touch /usr/drover-was-here".to_owned(),
        "touch $HOME/../beside".to_owned(),
    ] {
        place.denied(&line).await;
    }
    assert_eq!(fs::read_to_string(secret).unwrap(), "the master key");
}

#[tokio::test]
async fn other_processes_cannot_be_signalled_and_root_is_nobody() {
    let place = Place::new();
    if let Wall::Landlock { abi: 6.. } = place.sandbox.wall() {
        place.denied(&format!("kill -0 {}", std::process::id())).await;
        place.denied("kill -0 $PPID").await;
    }
    place.denied("touch f && chown 12345 f").await;
    place.out("sleep 100 & kill $!").await;
}

#[tokio::test]
async fn sockets_of_the_machine_are_out_of_reach() {
    let place = Place::new();
    let path = place.file("daemon.sock");
    // Even one in the workspace: the rule is about the kind.
    let _daemon = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let connect =
        "import socket; socket.socket(socket.AF_UNIX).connect('daemon.sock'); print('connected')";
    place.denied(&format!("python3 -c \"{connect}\"")).await;
    place
        .out("python3 -c 'import socket; socket.socketpair(); socket.socket(socket.AF_INET)'")
        .await;
}

#[tokio::test]
async fn a_hidden_folder_in_a_readable_one_stays_hidden() {
    let shared = tempfile::TempDir::new().unwrap();
    fs::create_dir(shared.path().join("private")).unwrap();
    for name in ["open", "private/key"] {
        fs::write(shared.path().join(name), "text").unwrap();
    }
    let place = Place::with(|config| {
        config.readable.push(shared.path().to_owned());
        config.hidden.push(shared.path().join("private"));
    });
    assert_eq!(place.out(&format!("cat {}/open", shared.path().display())).await, "text");
    place.denied(&format!("cat {}/private/key", shared.path().display())).await;
}

#[tokio::test]
async fn the_data_directory_must_not_lie_among_the_workspaces() {
    let folder = tempfile::TempDir::new().unwrap();
    let mut config = config(folder.path());
    config.hidden.push(folder.path().join("workspaces/data"));
    assert!(matches!(Sandbox::new(config), Err(SandboxError::Overlap { .. })));
}

#[tokio::test]
async fn variables_of_the_run_are_there_and_cannot_forge_ours() {
    let place = Place::new();
    let mut command = sh("echo $GREETING $LD_PRELOAD $DROVER_EXECUTION_ID; test $TMPDIR != /");
    for (name, value) in [("GREETING", "hello"), ("DROVER_EXECUTION_ID", "forged"), ("TMPDIR", "/")]
    {
        command.env.insert(name.to_owned(), value.to_owned());
    }
    let finished = place.waiting(command).await.go().await.unwrap();
    assert_eq!(finished.stdout, format!("hello {}\n", place.execution));
}
