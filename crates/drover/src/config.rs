//! The configuration: flags over variables over `drover.toml` over defaults.
//!
//! A key `K` is `K` in the file, `DROVER_K` in the environment and, where it is one, `--k` on the
//! command line. The model providers' variables have the names they have everywhere.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use drover_domain::Secret;
use drover_plane::{SigningKey, TemporalPlace, read_seed};
use drover_store::Connections;
use drover_temporal::Place;
use drover_worker::model::{ANTHROPIC_BASE_URL, OPENAI_BASE_URL, ProviderConfig, Providers};
use drover_worker::sandbox::WallPolicy;
use figment::Figment;
use figment::providers::{Format, Serialized, Toml};
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::config_variables::{Variables, explain};
use crate::exit::CommandError;

/// The file that is read from the working directory, if it is there.
const FILE: &str = "drover.toml";

/// Everything that can be configured.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the plane keeps its database, keys and credentials. One process owns it.
    /// Default: `./.drover`. Since: 0.1.
    pub data_dir: PathBuf,
    /// A Postgres database (15 or later) instead of the SQLite file in the data directory:
    /// `postgres://user:password@host:5432/database`. One plane owns it.
    /// Default: none. Since: 0.2.
    pub database_url: Option<Secret<String>>,
    /// Connections to Postgres for reading.
    /// Default: 8. Since: 0.2.
    pub database_readers: u32,
    /// Connections to Postgres for writing.
    /// Default: 4. Since: 0.2.
    pub database_writers: usize,
    /// The key that signs API keys: 32 bytes in hexadecimal or base64, or a private Ed25519 key in PEM.
    /// With `database_url` it makes the plane a replica: others with the same key may share the
    /// database.
    /// Default: `signing.key` of the data directory, made at the first start. Since: 0.2.
    pub signing_key: Option<Secret<String>>,
    /// A file with the key that signs API keys, instead of `signing_key`.
    /// Default: none. Since: 0.2.
    pub signing_key_file: Option<PathBuf>,
    /// Seconds in which a plane that is told to stop still takes requests, while `/api/ready` says 503.
    /// Default: 0. Since: 0.2.
    pub drain_seconds: u64,
    /// Seconds for which a worker may be heard and say nothing of a run that it has; then it is shown as
    /// `stuck`, and the log says so. The run goes on until its own limit.
    /// Default: 600. Since: 0.2.
    pub stuck_after_seconds: u32,
    /// A Temporal server that drives the runs: `http://host:7233`, or `https://…` with TLS. The plane
    /// then has no worker of its own; `drover worker` takes its work from there. For `drover worker`:
    /// where it finds Temporal, if that is not where the plane finds it.
    /// Default: none, the plane drives its runs itself. Since: 0.2.
    pub temporal_address: Option<String>,
    /// The namespace there, which has to exist.
    /// Default: `default`. Since: 0.2.
    pub temporal_namespace: String,
    /// Sent with every call to Temporal; over TLS only.
    /// Default: none. Since: 0.2.
    pub temporal_api_key: Option<Secret<String>>,
    /// A file with the authority of Temporal's certificate (PEM), if that is a private one.
    /// Default: the system's authorities. Since: 0.2.
    pub temporal_authority: Option<PathBuf>,
    /// The address that is listened on; port 0 takes a free one.
    /// Default: `127.0.0.1:8000`. Since: 0.1.
    #[serde(deserialize_with = "listen_address")]
    pub listen: SocketAddr,
    /// The address under which clients reach the plane, for webhook URLs and the like.
    /// Default: `http://` and the address that is listened on. Since: 0.1.
    pub public_url: Option<String>,
    /// Where tools work, a folder per run; outside the data directory.
    /// Default: the data directory's path with `-workspaces` appended. Since: 0.1.
    pub workspaces_dir: Option<PathBuf>,
    /// Which log lines are written, in the form of `RUST_LOG`.
    /// Default: `info`; `warn` for `quickstart`. Since: 0.1.
    pub log: Option<String>,
    /// How log lines look: `pretty` or `json`.
    /// Default: `pretty`. Since: 0.1.
    pub log_format: LogFormat,
    /// Model calls in flight at once; more wait for their turn.
    /// Default: 1024. Since: 0.1.
    pub max_model_calls: usize,
    /// Tool processes that run at once; more wait for their turn.
    /// Default: 16. Since: 0.1.
    pub max_tool_processes: usize,
    /// Whether `serve` runs tools on a kernel that cannot wall them off.
    /// Default: false; `dev` and `quickstart` run them, with a warning. Since: 0.1.
    pub allow_unwalled_tools: bool,
    /// The model of agents that name none.
    /// Default: the configured provider's. Since: 0.1.
    pub default_model: Option<String>,
    /// Key for OpenAI, or for what speaks its format. Variable: `OPENAI_API_KEY`.
    /// Default: none. Since: 0.1.
    pub openai_api_key: Option<Secret<String>>,
    /// Where OpenAI's format is spoken. Variable: `OPENAI_BASE_URL`.
    /// Default: OpenAI's own. Since: 0.1.
    pub openai_base_url: Option<String>,
    /// Key for Anthropic, or for what speaks its format. Variable: `ANTHROPIC_API_KEY`.
    /// Default: none. Since: 0.1.
    pub anthropic_api_key: Option<Secret<String>>,
    /// Where Anthropic's format is spoken. Variable: `ANTHROPIC_BASE_URL`.
    /// Default: Anthropic's own. Since: 0.1.
    pub anthropic_base_url: Option<String>,
    /// An Ollama server. Variable: `OLLAMA_HOST`.
    /// Default: none. Since: 0.1.
    pub ollama_host: Option<String>,
    /// Temporal as workers of the reference's kind reach it: host and port. Without it they are not
    /// let in.
    /// Default: none. Since: 0.2.
    pub worker_temporal_address: Option<String>,
    /// Where such workers ask models, in OpenAI's format. Variable: `LITELLM_API_URL`.
    /// Default: none. Since: 0.2.
    pub worker_llm_url: Option<String>,
    /// The key that such workers use there. Variable: `LITELLM_API_KEY`.
    /// Default: none. Since: 0.2.
    pub worker_llm_key: Option<Secret<String>>,
    /// The plane that client commands speak to.
    /// Default: the one that runs on the data directory. Since: 0.1.
    pub url: Option<String>,
    /// The key that client commands use.
    /// Default: the one in `<data-dir>/credentials`. Since: 0.1.
    pub api_key: Option<Secret<String>>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Pretty,
    /// A JSON object a line.
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: ".drover".into(),
            database_url: None,
            database_readers: Connections::default().readers,
            database_writers: Connections::default().writers,
            signing_key: None,
            signing_key_file: None,
            drain_seconds: 0,
            stuck_after_seconds: 600,
            temporal_address: None,
            temporal_namespace: "default".to_owned(),
            temporal_api_key: None,
            temporal_authority: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 8000)),
            public_url: None,
            workspaces_dir: None,
            log: None,
            log_format: LogFormat::default(),
            max_model_calls: 1024,
            max_tool_processes: 16,
            allow_unwalled_tools: false,
            default_model: None,
            openai_api_key: None,
            openai_base_url: None,
            anthropic_api_key: None,
            anthropic_base_url: None,
            ollama_host: None,
            worker_temporal_address: None,
            worker_llm_url: None,
            worker_llm_key: None,
            url: None,
            api_key: None,
        }
    }
}

impl Config {
    /// Reads the layers. `file` is the one named on the command line; without it `drover.toml` is
    /// read if it is there. `flags` holds the keys that were given there.
    pub fn load(
        file: Option<&Path>,
        variables: &BTreeMap<String, String>,
        flags: &impl Serialize,
    ) -> Result<Self, CommandError> {
        let usual = Path::new(FILE);
        let file = file.or_else(|| usual.exists().then_some(usual));
        let mut layers = Figment::new();
        if let Some(file) = file {
            let text = fs::read_to_string(file).map_err(|error| {
                let message = format!("the configuration file `{}`: {error}", file.display());
                CommandError::usage(message)
            })?;
            layers = layers.merge(Toml::string(&text));
        }
        let layers = layers.merge(Variables(variables)).merge(Serialized::globals(flags));
        let config: Self =
            layers.extract().map_err(|error| explain(&error, file.unwrap_or(usual)))?;
        config.checked()
    }

    /// Where tools work.
    pub fn workspaces_dir(&self) -> PathBuf {
        self.workspaces_dir.clone().unwrap_or_else(|| {
            let mut path = self.data_dir.clone().into_os_string();
            path.push("-workspaces");
            path.into()
        })
    }

    /// How many connections to Postgres are used.
    pub fn connections(&self) -> Connections {
        Connections { readers: self.database_readers, writers: self.database_writers }
    }

    /// How long a plane that is told to stop still takes requests.
    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }

    /// The configured key that signs API keys.
    pub fn signing_key(&self) -> Result<Option<SigningKey>, CommandError> {
        let (place, text) = match (&self.signing_key, &self.signing_key_file) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                let message = "`signing_key` and `signing_key_file` are both set; keep one";
                return Err(CommandError::usage(message));
            }
            (Some(text), None) => ("`signing_key`".to_owned(), text.reveal().clone()),
            (None, Some(path)) => {
                let place = format!("`signing_key_file` `{}`", path.display());
                let text = fs::read_to_string(path)
                    .map_err(|error| CommandError::usage(format!("{place}: {error}")))?;
                (place, text)
            }
        };
        let forms = "32 bytes in hexadecimal or base64, or a private Ed25519 key in PEM";
        let seed = read_seed(&text)
            .ok_or_else(|| CommandError::usage(format!("{place} should be {forms}")))?;
        Ok(Some(SigningKey::from_seed(&seed)))
    }

    /// Temporal at this address, or at the configured one.
    ///
    /// # Errors
    /// The address and what is given beside it do not fit together.
    pub fn temporal_at(&self, address: &str, namespace: &str) -> Result<Place, CommandError> {
        let place = Place {
            address: address.to_owned(),
            namespace: namespace.to_owned(),
            api_key: self.temporal_api_key.clone(),
            authority: self.temporal_authority.clone(),
        };
        place.checked().map_err(|error| CommandError::usage(error.to_string()))?;
        Ok(place)
    }

    /// What is done on a kernel that cannot wall tools off.
    pub fn wall_policy(&self) -> WallPolicy {
        if self.allow_unwalled_tools { WallPolicy::IfAvailable } else { WallPolicy::Required }
    }

    /// Where workers of the reference's kind find Temporal.
    pub fn worker_temporal(&self) -> Option<TemporalPlace> {
        let place = self.temporal_address.as_deref().and_then(|url| url.split_once("://"));
        let address = self.worker_temporal_address.clone().or_else(|| {
            let (_, address) = place?;
            Some(address.trim_end_matches('/').to_owned())
        })?;
        let (namespace, api_key) = (self.temporal_namespace.clone(), self.temporal_api_key.clone());
        Some(TemporalPlace { address, namespace, api_key })
    }

    /// The configured model providers. A base URL alone counts: local servers often want no key.
    pub fn providers(&self) -> Providers {
        let provider = |key: &Option<Secret<String>>, url: &Option<String>, default: &str| {
            (key.is_some() || url.is_some()).then(|| ProviderConfig {
                base_url: url.clone().unwrap_or_else(|| default.to_owned()),
                key: key.clone(),
            })
        };
        Providers {
            openai: provider(&self.openai_api_key, &self.openai_base_url, OPENAI_BASE_URL),
            anthropic: provider(
                &self.anthropic_api_key,
                &self.anthropic_base_url,
                ANTHROPIC_BASE_URL,
            ),
            ollama_host: self.ollama_host.clone(),
            default_model: self.default_model.clone(),
        }
    }

    /// Whether any model provider is configured.
    pub fn has_provider(&self) -> bool {
        let providers = self.providers();
        providers.openai.is_some()
            || providers.anthropic.is_some()
            || providers.ollama_host.is_some()
    }

    /// What no single key can tell, and paths that hold wherever we are.
    fn checked(mut self) -> Result<Self, CommandError> {
        self.data_dir = whole(&self.data_dir)?;
        self.workspaces_dir = Some(whole(&self.workspaces_dir())?);
        if self.workspaces_dir().starts_with(&self.data_dir) {
            let message = "`workspaces_dir` lies in the data directory, which no tool may see";
            return Err(CommandError::usage(message)
                .hint("choose a folder elsewhere, or leave it to the default"));
        }
        for (key, number, most) in [
            ("max_model_calls", self.max_model_calls, 100_000),
            ("max_tool_processes", self.max_tool_processes, 100_000),
            ("database_readers", self.database_readers as usize, 100),
            ("database_writers", self.database_writers, 100),
        ] {
            if !(1..=most).contains(&number) {
                return Err(CommandError::usage(format!("`{key}` should be between 1 and {most}")));
            }
        }
        if self.stuck_after_seconds == 0 {
            return Err(CommandError::usage("`stuck_after_seconds` should be at least 1"));
        }
        if self.drain_seconds > 3600 {
            return Err(CommandError::usage("`drain_seconds` should be between 0 and 3600"));
        }
        for (key, url) in [
            ("public_url", &mut self.public_url),
            ("worker_llm_url", &mut self.worker_llm_url),
            ("url", &mut self.url),
        ] {
            let Some(url) = url else { continue };
            if !url.starts_with("http://") && !url.starts_with("https://") {
                let message = format!("`{key}` should begin with `http://` or `https://`");
                return Err(CommandError::usage(message));
            }
            url.truncate(url.trim_end_matches('/').len());
        }
        Ok(self)
    }
}

fn whole(path: &Path) -> Result<PathBuf, CommandError> {
    let path = std::path::absolute(path)
        .map_err(|error| CommandError::usage(format!("`{}`: {error}", path.display())))?;
    // Two spellings of one folder would hide that one lies in the other.
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    Ok(plain)
}

/// Reads an address to listen on; `localhost` is taken for 127.0.0.1.
pub fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    let numeric = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    numeric.parse().map_err(|_| "it should be an address and a port, as in 127.0.0.1:8000".into())
}

fn listen_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_listen(&text).map_err(de::Error::custom)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn load(
        file: &str,
        pairs: &[(&str, &str)],
        flags: serde_json::Value,
    ) -> Result<Config, CommandError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        fs::write(&path, file).unwrap();
        Config::load(Some(&path), &variables(pairs), &flags)
    }

    fn fault(file: &str, pairs: &[(&str, &str)]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        fs::write(&path, file).unwrap();
        let error = Config::load(Some(&path), &variables(pairs), &json!({})).unwrap_err();
        assert_eq!(error.exit, crate::exit::Exit::Usage);
        error.to_string().replace(&path.display().to_string(), FILE)
    }

    #[test]
    fn flags_win_over_variables_and_variables_over_the_file() {
        let file = "listen = '127.0.0.1:1'\nmax_tool_processes = 3\nlog_format = 'json'";
        let pairs = [("DROVER_LISTEN", "127.0.0.1:2"), ("DROVER_MAX_TOOL_PROCESSES", "4")];
        let config = load(file, &pairs, json!({"listen": "localhost:3"})).unwrap();
        assert_eq!(config.listen.port(), 3);
        assert_eq!(config.max_tool_processes, 4);
        assert_eq!(config.log_format, LogFormat::Json);
        assert_eq!(config.max_model_calls, 1024);
    }

    #[test]
    fn an_unknown_key_of_the_file_is_named() {
        assert_eq!(
            fault("lissten = 'x'", &[]),
            "`lissten` in `drover.toml` is not a key of the configuration"
        );
        assert!(load("", &[("DROVER_IDEMPOTENCY_KEY", "x")], json!({})).is_ok());
    }

    #[test]
    fn a_wrong_value_is_named_with_its_place_and_not_repeated() {
        assert_eq!(
            fault("", &[("DROVER_MAX_MODEL_CALLS", "many")]),
            "`DROVER_MAX_MODEL_CALLS` should be a whole number"
        );
        assert_eq!(
            fault("", &[("DROVER_LISTEN", "here")]),
            "`DROVER_LISTEN`: it should be an address and a port, as in 127.0.0.1:8000"
        );
        assert_eq!(
            fault("log_format = 'xml'", &[]),
            "`log_format` in `drover.toml` should be pretty or json"
        );
        assert!(!fault("api_key = 12345678", &[]).contains("12345678"));
        assert_eq!(
            fault("max_model_calls = 0", &[]),
            "`max_model_calls` should be between 1 and 100000"
        );
        assert!(fault("listen = ", &[]).starts_with("`drover.toml`: "));
        let flag = load("", &[], json!({"listen": "here"})).unwrap_err().to_string();
        assert!(flag.starts_with("`--listen`: "), "{flag}");
    }

    #[test]
    fn secrets_are_not_shown() {
        let config = load("", &[("OPENAI_API_KEY", "sk-1234")], json!({})).unwrap();
        assert!(!format!("{config:?}").contains("1234"));
        assert!(config.has_provider());
    }

    #[test]
    fn workspaces_lie_beside_the_data_directory() {
        let config = load("data_dir = '/srv/x/../drover'", &[], json!({})).unwrap();
        assert_eq!(config.data_dir, Path::new("/srv/drover"));
        assert_eq!(config.workspaces_dir(), Path::new("/srv/drover-workspaces"));
        let inside = "data_dir = '/srv/drover'\nworkspaces_dir = '/srv/drover/w'";
        assert!(fault(inside, &[]).contains("workspaces_dir"));
    }

    #[test]
    fn an_empty_variable_is_no_variable() {
        let pairs = [("OPENAI_API_KEY", ""), ("OLLAMA_HOST", " ")];
        assert!(!load("", &pairs, json!({})).unwrap().has_provider());
        let local = [("OPENAI_BASE_URL", "http://127.0.0.1:1234/v1")];
        assert!(load("", &local, json!({})).unwrap().providers().openai.unwrap().key.is_none());
    }
}
