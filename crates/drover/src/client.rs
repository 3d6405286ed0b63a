//! Finds the plane and the key for client commands: flags over variables over `drover.toml` over
//! what the plane on the data directory left there.

use std::net::IpAddr;
use std::time::Duration;

use drover_wire::client::Client;

use crate::config::Config;
use crate::data_directory::DataDirectory;
use crate::exit::CommandError;

/// Longer than the keepalive of streams and than any wait for a run.
const SILENCE: Duration = Duration::from_secs(90);

/// A client for the caller's organization.
pub fn connect(config: &Config) -> Result<Client, CommandError> {
    let directory = DataDirectory::at(&config.data_dir);
    let place = Place::find(config, &directory)?;
    let key = match &config.api_key {
        Some(key) => key.reveal().trim().to_owned(),
        None => {
            let credentials = directory.credentials()?;
            let ours = credentials.filter(|_| place.is_ours);
            ours.map(|credentials| credentials.api_key).ok_or_else(|| no_key(&directory))?
        }
    };
    client(&place.url, Some(&key))
}

/// A client for the plane's operator.
pub fn connect_operator(config: &Config) -> Result<Client, CommandError> {
    let directory = DataDirectory::at(&config.data_dir);
    let place = Place::find(config, &directory)?;
    let token = directory.admin_token()?.filter(|_| place.is_ours).ok_or_else(|| {
        let path = directory.path().display();
        CommandError::failed(format!("the operator's token of `{}` is not in `{path}`", place.url))
            .hint("point `--data-dir` at the data directory of the running plane")
    })?;
    client(&place.url, Some(token.reveal()))
}

/// A client for a plane whose address is known.
pub fn client(url: &str, key: Option<&str>) -> Result<Client, CommandError> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("drover/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(5))
        .read_timeout(SILENCE)
        .redirect(reqwest::redirect::Policy::none());
    if is_loopback(url) {
        // A proxy would look for the plane on its own machine.
        builder = builder.no_proxy();
    }
    if url.starts_with("http://") {
        // Reading the system's certificates takes longer than most calls.
        builder = builder.tls_certs_only([]);
    }
    let http = builder.build().map_err(|error| {
        CommandError::failed(format!("HTTP cannot be prepared: {}", crate::exit::chain(&error)))
    })?;
    Ok(Client::new(http, url, key))
}

/// Where the plane is, and whether what lies in the data directory was meant for it. Keys found
/// there are not sent to a stranger.
struct Place {
    url: String,
    is_ours: bool,
}

impl Place {
    fn find(config: &Config, directory: &DataDirectory) -> Result<Self, CommandError> {
        let running = directory.running()?;
        let Some(url) = &config.url else {
            let url =
                running.map_or_else(|| format!("http://{}", config.listen), |plane| plane.url);
            return Ok(Self { url, is_ours: true });
        };
        let known = running.is_some_and(|plane| plane.url == *url || plane.public_url == *url);
        Ok(Self { is_ours: known || is_loopback(url), url: url.clone() })
    }
}

/// Whether an address is one of this machine.
pub fn is_loopback(url: &str) -> bool {
    let host = url.parse::<http::Uri>().ok();
    let host = host.as_ref().and_then(http::Uri::host).unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn no_key(directory: &DataDirectory) -> CommandError {
    let path = directory.path().display();
    CommandError::usage("no API key is given").hint(format!(
        "set `DROVER_API_KEY`, or start `drover dev`, which leaves one in `{path}/credentials`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_directory::RunningPlane;

    #[test]
    fn keys_of_the_data_directory_stay_on_this_machine() {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDirectory::make(folder.path()).unwrap();
        let place = |url: Option<&str>| {
            let config = Config { url: url.map(str::to_owned), ..Config::default() };
            let place = Place::find(&config, &directory).unwrap();
            (place.url, place.is_ours)
        };
        assert_eq!(place(None), ("http://127.0.0.1:8000".into(), true));
        assert_eq!(place(Some("https://plane.example")), ("https://plane.example".into(), false));
        assert!(place(Some("http://[::1]:9")).1);
        assert!(!place(Some("http://localhost.evil.example")).1);
        let running = RunningPlane {
            url: "http://127.0.0.1:9".into(),
            public_url: "https://plane.example".into(),
            pid: 1,
        };
        directory.announce(&running).unwrap();
        assert_eq!(place(None), ("http://127.0.0.1:9".into(), true));
        assert!(place(Some("https://plane.example")).1);
    }
}
