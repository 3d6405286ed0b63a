//! Which models a runtime can drive (contract, catalogue §6).

use drover_domain::{Error, Result};

/// Refuses a model that the runtime cannot drive. Without a model the plane's default is used, which
/// is looked at when a run starts.
pub(super) fn check(runtime: Option<&str>, model: Option<&str>) -> Result<()> {
    let Some(model) = model.filter(|model| !model.is_empty()) else {
        return Ok(());
    };
    if runtime == Some("claude_code") && !model.to_ascii_lowercase().contains("claude") {
        return Err(Error::refused(format!(
            "Agent validation failed:\n  - Model '{model}' is not compatible with runtime \
             'claude_code', which drives Claude models only"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claude_code_drives_claude_only() {
        let claude = Some("claude_code");
        assert!(check(claude, Some("anthropic/Claude-3-5-sonnet")).is_ok());
        assert!(check(claude, None).is_ok());
        assert!(check(claude, Some("")).is_ok());
        assert!(check(claude, Some("gpt-4")).is_err());
        assert!(check(Some("default"), Some("gpt-4")).is_ok());
        assert!(check(None, Some("gpt-4")).is_ok());
    }
}
