//! What one run may use. Every run has all three.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Bounds of one run; passing one ends it as `failed`, with the bound's name in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Model turns. Default 50 (contract, skills-and-runtimes §3.1), at most 1000.
    #[serde(rename = "t")]
    pub max_turns: u32,
    /// Tokens of all turns, input and output. Default 2 000 000.
    #[serde(rename = "k")]
    pub max_tokens: u64,
    /// Seconds from the first lease to the end, or from a message that ends a wait for input.
    /// Default 3600, at most 7 days.
    #[serde(rename = "s")]
    pub max_seconds: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_turns: 50, max_tokens: 2_000_000, max_seconds: 3600 }
    }
}

impl Limits {
    /// Reads `limits: {max_turns, max_tokens, max_seconds}` of an agent's configuration (with the
    /// reference's `runtime_config.max_turns` behind it). Values that are no positive numbers are
    /// passed over, too large ones are capped.
    pub fn from_configuration(configuration: &Value) -> Self {
        let own = Self::default();
        let limit = |name: &str| {
            let limits = configuration.get("limits").and_then(|limits| limits.get(name));
            limits.and_then(Value::as_u64).filter(|&n| n > 0)
        };
        let runtime_turns = configuration
            .get("runtime_config")
            .and_then(|config| config.get("max_turns"))
            .and_then(Value::as_u64)
            .filter(|&n| n > 0);
        let turns = limit("max_turns").or(runtime_turns).unwrap_or(own.max_turns.into());
        let seconds = limit("max_seconds").unwrap_or(own.max_seconds.into());
        Self {
            max_turns: u32::try_from(turns.min(1000)).unwrap_or(own.max_turns),
            max_tokens: limit("max_tokens").unwrap_or(own.max_tokens),
            max_seconds: u32::try_from(seconds.min(7 * 86_400)).unwrap_or(own.max_seconds),
        }
    }
}
