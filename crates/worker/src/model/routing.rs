//! Which provider answers for a model name. A pure decision ([`route`]) and the clients it chooses
//! from ([`Models`]). Reading the environment is the binary's business.

use std::sync::Arc;

use drover_domain::Secret;
use drover_domain::activities::{Failure, Retry};

use super::{Anthropic, ChatModel, ModelError, ModelHttp, OFFLINE_MODEL, Offline, OpenAi};

/// Where OpenAI is, unless configured otherwise.
pub const OPENAI_BASE_URL: &str = "https://api.openai.com/v1";
/// Where Anthropic is, unless configured otherwise.
pub const ANTHROPIC_BASE_URL: &str = "https://api.anthropic.com";
/// The model for agents that name none, on OpenAI.
pub const OPENAI_DEFAULT_MODEL: &str = "gpt-5-mini";
/// The model for agents that name none, on Anthropic.
pub const ANTHROPIC_DEFAULT_MODEL: &str = "claude-sonnet-4-5";
/// The model for agents that name none, on Ollama.
pub const OLLAMA_DEFAULT_MODEL: &str = "llama3.2";

/// The providers that are configured, and the plane's default.
#[derive(Debug, Clone, Default)]
pub struct Providers {
    /// OpenAI, or anything that speaks its format (`OPENAI_API_KEY`, `OPENAI_BASE_URL`).
    pub openai: Option<ProviderConfig>,
    /// Anthropic, or anything that speaks its format (`ANTHROPIC_API_KEY`, `ANTHROPIC_BASE_URL`).
    pub anthropic: Option<ProviderConfig>,
    /// An Ollama server, as in `OLLAMA_HOST`.
    pub ollama_host: Option<String>,
    /// The model for agents that name none.
    pub default_model: Option<String>,
}

/// How one provider is reached.
#[derive(Debug, Clone)]
pub struct ProviderConfig {
    /// Its base URL.
    pub base_url: String,
    /// Its key; local servers often want none.
    pub key: Option<Secret<String>>,
}

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// The built-in stand-in.
    Offline,
    /// OpenAI's format.
    OpenAi,
    /// Anthropic's format.
    Anthropic,
    /// OpenAI's format, at an Ollama server.
    Ollama,
}

/// A decision: who answers, under which name of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Who answers.
    pub provider: Provider,
    /// The model's name as the provider knows it.
    pub model: String,
}

/// Decides who answers for the model an agent names (`None`: it names none).
///
/// The stand-in answers only where it is named, or where no model is named and no provider is
/// configured: an agent that asks for a real model never gets a made-up answer.
pub fn route(name: Option<&str>, providers: &Providers) -> Result<Route, Failure> {
    let given = |name: &str| Some(name.trim().to_owned()).filter(|name| !name.is_empty());
    let configured = providers.configured();
    let name = match (name.and_then(given), configured.first()) {
        (Some(name), _) => name,
        (None, None) => OFFLINE_MODEL.to_owned(),
        (None, Some(first)) => match providers.default_model.as_deref().and_then(given) {
            Some(default) => default,
            None => {
                return Ok(Route { provider: *first, model: first.default_model().to_owned() });
            }
        },
    };
    if name == OFFLINE_MODEL {
        return Ok(Route { provider: Provider::Offline, model: name });
    }
    let known = known_provider(&name);
    let (provider, model) = match (known, configured.as_slice()) {
        (Some((provider, model)), all) if all.contains(&provider) => (provider, model),
        (_, [only]) => (*only, name.as_str()),
        (_, all) if all.contains(&Provider::OpenAi) => (Provider::OpenAi, name.as_str()),
        (known, _) => return Err(nobody_answers(&name, known.map(|(provider, _)| provider))),
    };
    Ok(Route { provider, model: model.to_owned() })
}

/// The provider whose model this is by its name, and the name without a routing prefix.
fn known_provider(name: &str) -> Option<(Provider, &str)> {
    let prefixes = [
        ("openai/", Provider::OpenAi),
        ("anthropic/", Provider::Anthropic),
        ("ollama/", Provider::Ollama),
    ];
    for (prefix, provider) in prefixes {
        if let Some(model) = name.strip_prefix(prefix) {
            return Some((provider, model));
        }
    }
    let families = [
        ("claude", Provider::Anthropic),
        ("gpt", Provider::OpenAi),
        ("o1", Provider::OpenAi),
        ("o3", Provider::OpenAi),
        ("o4", Provider::OpenAi),
    ];
    let family = families.into_iter().find(|(family, _)| name.starts_with(family));
    family.map(|(_, provider)| (provider, name))
}

fn nobody_answers(name: &str, provider: Option<Provider>) -> Failure {
    let setting = match provider {
        Some(Provider::OpenAi) => "OPENAI_API_KEY",
        Some(Provider::Anthropic) => "ANTHROPIC_API_KEY",
        Some(Provider::Ollama) => "OLLAMA_HOST",
        Some(Provider::Offline) | None => "OPENAI_API_KEY (with OPENAI_BASE_URL for a gateway)",
    };
    Failure {
        message: format!(
            "No provider is configured for the model `{name}`: set {setting} where Drover runs, \
             or give the agent the model `{OFFLINE_MODEL}` to try things without one"
        ),
        retry: Retry::Never,
    }
}

impl Providers {
    /// The configured ones, in the order in which they are preferred.
    fn configured(&self) -> Vec<Provider> {
        [
            (Provider::OpenAi, self.openai.is_some()),
            (Provider::Anthropic, self.anthropic.is_some()),
            (Provider::Ollama, self.ollama_host.is_some()),
        ]
        .into_iter()
        .filter_map(|(provider, is_configured)| is_configured.then_some(provider))
        .collect()
    }
}

impl Provider {
    fn default_model(self) -> &'static str {
        match self {
            Self::Offline => OFFLINE_MODEL,
            Self::OpenAi => OPENAI_DEFAULT_MODEL,
            Self::Anthropic => ANTHROPIC_DEFAULT_MODEL,
            Self::Ollama => OLLAMA_DEFAULT_MODEL,
        }
    }
}

/// A client for every configured provider, and the rules that choose one.
#[derive(Clone)]
pub struct Models {
    providers: Providers,
    openai: Option<Arc<OpenAi>>,
    anthropic: Option<Arc<Anthropic>>,
    ollama: Option<Arc<OpenAi>>,
}

impl Models {
    /// Makes the clients. Fails on a key that no HTTP header can carry.
    pub fn new(http: &ModelHttp, providers: Providers) -> Result<Self, ModelError> {
        let openai = providers.openai.as_ref().map(|config| {
            OpenAi::new(http.clone(), &config.base_url, config.key.as_ref()).map(Arc::new)
        });
        let anthropic = providers.anthropic.as_ref().map(|config| {
            Anthropic::new(http.clone(), &config.base_url, config.key.as_ref()).map(Arc::new)
        });
        let ollama = providers
            .ollama_host
            .as_ref()
            .map(|host| OpenAi::ollama(http.clone(), host).map(Arc::new));
        Ok(Self {
            openai: openai.transpose()?,
            anthropic: anthropic.transpose()?,
            ollama: ollama.transpose()?,
            providers,
        })
    }

    /// The client for the model an agent names, and the model's name as that client wants it.
    pub fn choose(&self, name: Option<&str>) -> Result<(Arc<dyn ChatModel>, String), Failure> {
        let Route { provider, model } = route(name, &self.providers)?;
        let client: Option<Arc<dyn ChatModel>> = match provider {
            Provider::Offline => Some(Arc::new(Offline)),
            Provider::OpenAi => self.openai.clone().map(|client| client as _),
            Provider::Anthropic => self.anthropic.clone().map(|client| client as _),
            Provider::Ollama => self.ollama.clone().map(|client| client as _),
        };
        match client {
            Some(client) => Ok((client, model)),
            None => Err(nobody_answers(&model, Some(provider))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Providers by their initials.
    fn providers(which: &str) -> Providers {
        let config = |base: &str| ProviderConfig {
            base_url: base.into(),
            key: Some(Secret::new("k".into())),
        };
        Providers {
            openai: which.contains('o').then(|| config(OPENAI_BASE_URL)),
            anthropic: which.contains('a').then(|| config(ANTHROPIC_BASE_URL)),
            ollama_host: which.contains('l').then(|| "localhost".into()),
            default_model: None,
        }
    }

    fn decide(name: Option<&str>, which: &str) -> String {
        match route(name, &providers(which)) {
            Ok(route) => format!("{:?} {}", route.provider, route.model),
            Err(failure) => failure.message,
        }
    }

    #[test]
    fn an_agent_without_a_model_gets_the_default() {
        for (which, expected) in [
            ("", "Offline drover/offline"),
            ("o", "OpenAi gpt-5-mini"),
            ("a", "Anthropic claude-sonnet-4-5"),
            ("l", "Ollama llama3.2"),
            ("oal", "OpenAi gpt-5-mini"),
        ] {
            assert_eq!(decide(None, which), expected);
            assert_eq!(decide(Some(" "), which), expected);
        }
        let mut chosen = providers("oa");
        chosen.default_model = Some("claude-haiku-4-5".into());
        assert_eq!(route(None, &chosen).unwrap().provider, Provider::Anthropic);
    }

    #[test]
    fn known_names_go_to_their_provider_without_the_prefix() {
        for (name, expected) in [
            ("claude-opus-4-5", "Anthropic claude-opus-4-5"),
            ("anthropic/x", "Anthropic x"),
            ("gpt-4o", "OpenAi gpt-4o"),
            ("o3-mini", "OpenAi o3-mini"),
            ("openai/x/y", "OpenAi x/y"),
            ("ollama/qwen3:8b", "Ollama qwen3:8b"),
            ("drover/offline", "Offline drover/offline"),
        ] {
            assert_eq!(decide(Some(name), "oal"), expected);
        }
    }

    #[test]
    fn other_names_go_unchanged_to_the_only_provider_or_to_openai() {
        assert_eq!(decide(Some("claude-x"), "o"), "OpenAi claude-x");
        assert_eq!(decide(Some("openai/gpt"), "a"), "Anthropic openai/gpt");
        assert_eq!(decide(Some("mistral"), "l"), "Ollama mistral");
        assert_eq!(decide(Some("kubiya/claude"), "oa"), "OpenAi kubiya/claude");
        assert_eq!(decide(Some("anthropic/x"), "ol"), "OpenAi anthropic/x");
    }

    #[test]
    fn the_stand_in_never_answers_for_another_model() {
        for (name, which, setting) in [
            ("claude-x", "", "ANTHROPIC_API_KEY"),
            ("gpt-4o", "al", "OPENAI_API_KEY"),
            ("ollama/x", "", "OLLAMA_HOST"),
            ("mistral", "al", "OPENAI_BASE_URL"),
        ] {
            let failure = route(Some(name), &providers(which)).unwrap_err();
            assert!(failure.message.contains(setting), "{}", failure.message);
            assert!(failure.message.contains(OFFLINE_MODEL));
            assert_eq!(failure.retry, Retry::Never);
        }
    }
}
