//! The python skill.

use std::fs;

use serde_json::{Value, json};

use crate::place::Place;

async fn ok(place: &Place, configuration: Value, code: &str) -> String {
    place.ok("python", configuration, "run_python_code", json!({"code": code})).await
}
async fn err(place: &Place, configuration: Value, code: &str) -> String {
    place.err("python", configuration, "run_python_code", json!({"code": code})).await
}

#[tokio::test]
async fn code_runs_and_returns() {
    let place = Place::new();
    assert_eq!(ok(&place, json!({}), "print('hi', __name__)").await, "hi __main__\n");
    assert_eq!(ok(&place, json!({}), "x = 1").await, "The code ran and printed nothing.");
    let value = json!({"code": "x = [1, 2]", "variable_to_return": "x"});
    assert_eq!(place.ok("python", json!({}), "run_python_code", value).await, "[1, 2]\n");
    let missing = json!({"code": "x = 1", "variable_to_return": "y"});
    assert!(
        place
            .err("python", json!({}), "run_python_code", missing)
            .await
            .contains("`y` is not defined")
    );
    let text = err(&place, json!({}), "def f():\n    1/0\nf()").await;
    assert!(text.contains("ZeroDivisionError") && text.contains("line 2"), "{text}");
    assert!(!text.contains("<string>"), "{text}");
    assert!(err(&place, json!({}), "x = (").await.contains("SyntaxError"));
    assert!(err(&place, json!({}), "raise SystemExit(4)").await.contains("exit code 4"));
    assert!(err(&place, json!({"timeout": 1}), "while True: pass").await.contains("in time"));
}

#[tokio::test]
async fn files_are_saved_run_and_imported() {
    let place = Place::new();
    let save = json!({"file_name": "lib/tool.py", "code": "y = 6 * 7", "variable_to_return": "y"});
    assert_eq!(place.ok("python", json!({}), "save_to_file_and_run", save.clone()).await, "42\n");
    let run = json!({"file_name": "lib/tool.py", "variable_to_return": "y"});
    assert_eq!(place.ok("python", json!({}), "run_python_file_return_variable", run).await, "42\n");
    assert_eq!(ok(&place, json!({}), "from lib import tool; print(tool.y)").await, "42\n");
    let mut keep = save;
    keep["overwrite"] = json!(false);
    place.err("python", json!({}), "save_to_file_and_run", keep).await;
    for name in ["../x.py", "/etc/passwd"] {
        let outside = json!({"file_name": name, "code": ""});
        place.err("python", json!({}), "save_to_file_and_run", outside).await;
        let outside = json!({"file_name": name});
        place.err("python", json!({}), "run_python_file_return_variable", outside).await;
    }
    let list = place.ok("python", json!({}), "list_files", json!({"directory": "lib"})).await;
    assert!(list.contains("lib/tool.py"));
    place.ok("python", json!({}), "read_file", json!({"file_name": "lib/tool.py"})).await;
}

#[tokio::test]
async fn nothing_in_the_workspace_stands_in_for_the_library() {
    let place = Place::new();
    for name in ["json.py", "ast.py", "sitecustomize.py"] {
        fs::write(place.file(name), "raise SystemExit('hijacked')").unwrap();
    }
    assert_eq!(
        ok(&place, json!({"blocked_imports": ["os"]}), "import json; print(json.dumps(1))").await,
        "1\n"
    );
}

#[tokio::test]
async fn execution_can_be_switched_off() {
    let place = Place::new();
    let off = json!({"enable_code_execution": false});
    let text = place.err("python", off.clone(), "run_python_code", json!({"code": "1"})).await;
    assert_eq!(text, "There is no tool `run_python_code`. Available: read_file, list_files.");
    place.err("python", off.clone(), "pip_install_package", json!({"package_name": "x"})).await;
    place.ok("python", off, "list_files", json!({})).await;
}

#[tokio::test]
async fn blocked_imports_are_blocked() {
    let place = Place::new();
    fs::write(place.file("helper.py"), "import os").unwrap();
    let blocked = json!({"blocked_imports": ["os", "subprocess", "sys", "socket", "shutil"]});
    let harmless = "import json, math, datetime, asyncio, tempfile, pathlib\nfrom __future__ import annotations\n";
    let harmless = harmless.lines().rev().collect::<Vec<_>>().join("\n")
        + "\nasync def f(): return 1\nprint(asyncio.run(f()), datetime.datetime.strptime('2024', '%Y').year)
with tempfile.TemporaryDirectory() as d: pathlib.Path(d, 'x').write_text('y')";
    assert_eq!(ok(&place, blocked.clone(), &harmless).await, "1 2024\n");
    for code in [
        "print('ran')\nimport os",
        "import os.path",
        "from os import path",
        "def f():\n    import subprocess",
        "print('ran')\nimport posix",
    ] {
        let text = err(&place, blocked.clone(), code).await;
        assert!(text.contains("blocked") && !text.contains("ran"), "{text}");
    }
    for code in [
        "__import__('o' + 's')",
        "exec('import os')",
        "eval(\"__import__('os')\")",
        "import importlib",
        "__import__('importlib').import_module('os')",
        "__import__('', {'__package__': 'os'}, None, (), 1)",
        "import helper",
        "import pathlib; pathlib.os.system('true')",
        "import tempfile; tempfile._shutil.rmtree('x')",
        "import asyncio; asyncio.run(asyncio.create_subprocess_shell('true'))",
        "import http.client; http.client.HTTPConnection('127.0.0.1').connect()",
        "import runpy",
        "import ctypes",
        "exec(compile('import os', '/usr/lib/python3/x.py', 'exec'))",
        "exec((lambda: 0).__code__.replace(co_filename='/usr/lib/x.py'))",
    ] {
        let text = err(&place, blocked.clone(), code).await;
        assert!(text.contains("blocked") || text.contains("may not"), "{code}: {text}");
    }
}

#[tokio::test]
async fn only_allowed_imports_are_allowed() {
    let place = Place::new();
    fs::write(place.file("mine.py"), "import json\nz = json.loads('3')").unwrap();
    fs::write(place.file("sly.py"), "import socket").unwrap();
    let allowed = json!({"allowed_imports": ["json", "datetime", "os.path"]});
    let code = "import json, datetime, mine, os.path\nprint(mine.z, datetime.datetime.strptime('2024', '%Y').year)";
    assert_eq!(ok(&place, allowed.clone(), code).await, "3 2024\n");
    for code in [
        "import math",
        "import os",
        "__import__('socket')",
        "import sly",
        "import importlib",
        "exec('import sys')",
    ] {
        assert!(err(&place, allowed.clone(), code).await.contains("for this skill"), "{code}");
    }
    ok(
        &place,
        json!({"allowed_imports": null, "blocked_imports": []}),
        "import os, subprocess, ctypes",
    )
    .await;
    err(&place, json!({"allowed_imports": []}), "import json").await;
}

#[tokio::test]
async fn packages_are_named_plainly() {
    let place = Place::new();
    for tool in ["pip_install_package", "uv_pip_install_package"] {
        for name in ["", "--index-url=http://x", "a b", "git+https://x/y", "./local", "a;b"] {
            let text = place.err("python", json!({}), tool, json!({"package_name": name})).await;
            assert!(text.contains("one package"), "{name}: {text}");
        }
        // Not there, or no network: either way the model is told, and nothing outside is touched.
        let name = json!({"package_name": "no-such-package-of-drover==0"});
        let text = place.err("python", json!({"timeout": 60}), tool, name).await;
        assert!(
            text.contains("failed") || text.contains("not installed") || text.contains("in time"),
            "{text}"
        );
    }
}
