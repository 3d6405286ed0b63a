//! The stand-in as a program, for benchmarks and for planes in other processes.

use std::collections::BTreeMap;
use std::error::Error;
use std::process::ExitCode;

use model_server::{ModelServer, Options, Reply};
use tokio::net::TcpListener;

const USAGE: &str = "\
Usage: model-server [--listen ADDRESS] [--script FILE] [--record]

  --listen ADDRESS  default 127.0.0.1:9000; port 0 takes a free one
  --script FILE     JSON: {\"NAME\": [REPLY, …], …}; NAME is a model or an API key
  --record          keep the requests of models without a script, too";

// One thread: beside a plane under load, the stand-in should take one core at most.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(std::env::args().skip(1)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(mut arguments: impl Iterator<Item = String>) -> Result<(), Box<dyn Error>> {
    let mut listen = "127.0.0.1:9000".to_owned();
    let mut scripts: BTreeMap<String, Vec<Reply>> = BTreeMap::new();
    let mut options = Options::default();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(USAGE);
        match argument.as_str() {
            "--listen" => listen = value()?,
            "--script" => scripts = serde_json::from_slice(&std::fs::read(value()?)?)?,
            "--record" => options.record_all = true,
            _ => return Err(USAGE.into()),
        }
    }
    let server = ModelServer::on(TcpListener::bind(&listen).await?, options);
    for (name, replies) in scripts {
        server.script(&name, replies);
    }
    println!("model-server listens on {}", server.url());
    server.run().await;
    Ok(())
}
