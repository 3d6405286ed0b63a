//! What a foreign worker is told of a conversation that it has not had: its default runtime keeps none
//! between turns, and none of a parent's (contract, worker-protocol §13.3).

use crate::messages::{Body, Message};

/// Bytes of a conversation that are told; the oldest goes first.
const MOST: usize = 64 * 1024;

/// Instructions with the conversation that went before a run.
pub fn instructions(own: Option<&str>, before: &[Message]) -> Option<String> {
    let own = own.filter(|own| !own.trim().is_empty());
    let Some(told) = told(before) else {
        return own.map(str::to_owned);
    };
    let own = own.map(|own| format!("{own}\n\n")).unwrap_or_default();
    Some(format!("{own}This continues a conversation. It went so far:\n\n{told}"))
}

/// A person's message with the conversation that went before it.
pub fn follow_up(content: &str, before: &[Message]) -> String {
    match told(before) {
        None => content.to_owned(),
        Some(told) => format!(
            "Our conversation so far:\n\n{told}\n\nNow answer this, which continues it:\n\n{content}"
        ),
    }
}

/// What people and the model said; `None` if they said nothing.
fn told(messages: &[Message]) -> Option<String> {
    let mut lines = Vec::new();
    let mut room = MOST;
    for message in messages.iter().rev() {
        let who = match &message.body {
            Body::User { .. } => "User",
            Body::Assistant { content, .. } if !content.trim().is_empty() => "Assistant",
            _ => continue,
        };
        let line = format!("{who}: {}", message.body.content());
        let Some(left) = room.checked_sub(line.len()) else {
            break;
        };
        room = left;
        lines.push(line);
    }
    lines.reverse();
    (!lines.is_empty()).then(|| lines.join("\n\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(content: &str) -> Message {
        Message { message_id: String::new(), body: Body::User { content: content.into() } }
    }

    fn assistant(content: &str) -> Message {
        let content = content.into();
        let body = Body::Assistant { content, tool_calls: Vec::new(), provider_blocks: None };
        Message { message_id: String::new(), body }
    }

    #[test]
    fn who_had_no_conversation_is_told_none() {
        assert_eq!(instructions(None, &[]), None);
        assert_eq!(instructions(Some("Be brief"), &[assistant(" ")]).as_deref(), Some("Be brief"));
        assert_eq!(follow_up("And now?", &[]), "And now?");
    }

    #[test]
    fn a_conversation_is_told_in_order_with_the_newest_kept() {
        let said = [user("Hi"), assistant("Hello")];
        let told = instructions(Some("Be brief"), &said).unwrap();
        assert!(told.starts_with("Be brief\n\n") && told.ends_with("User: Hi\n\nAssistant: Hello"));
        let long = "x".repeat(MOST);
        let told = follow_up("And now?", &[user(&long), user("Hi"), assistant("Hello")]);
        assert!(told.contains("User: Hi") && !told.contains("xx") && told.ends_with("And now?"));
    }
}
