//! Who holds skills, as the path of an association names it.

use drover_domain::{AgentId, EnvironmentId, Error, Result};
use drover_store::skills::Holder;
use drover_store::{WriteSet, agents, environments};
use uuid::Uuid;

use crate::ctx::Ctx;
use crate::extract::path_id;

/// Parses the kind and id of a holder; `None` for a team: there are none yet.
pub(super) fn parse(kind: &str, id: &str) -> Result<(Option<Holder>, Uuid)> {
    let holder = match kind {
        "agent" => Some(Holder::Agent),
        "environment" => Some(Holder::Environment),
        "team" => None,
        _ => {
            return Err(Error::refused(format!(
                "Invalid entity type: {kind}. It should be agent, team or environment"
            )));
        }
    };
    // Every kind of id has the same form.
    let AgentId(id) = path_id("entity_id", id)?;
    Ok((holder, id))
}

/// The holder that a path names, if the organization has it.
pub(super) async fn existing(ctx: &Ctx, kind: &str, id: &str) -> Result<(Holder, Uuid)> {
    let (holder, id) = parse(kind, id)?;
    let Some(holder) = holder else {
        return Err(Error::not_found("Team not found"));
    };
    let there = match holder {
        Holder::Agent => {
            agents::queries::agent_get(ctx.read(), ctx.org(), AgentId(id)).await?.is_some()
        }
        Holder::Environment => {
            let id = EnvironmentId(id);
            environments::queries::environment_get(ctx.read(), ctx.org(), id).await?.is_some()
        }
    };
    match (there, holder) {
        (true, _) => Ok((holder, id)),
        (false, Holder::Agent) => Err(Error::not_found("Agent not found")),
        (false, Holder::Environment) => Err(Error::not_found("Environment not found")),
    }
}

/// Says that the set needs the holder to be there still.
pub(super) fn stays(ctx: &Ctx, set: &mut WriteSet, holder: Holder, id: Uuid) {
    match holder {
        Holder::Agent => agents::queries::agent_stays(set, ctx.org(), AgentId(id)),
        Holder::Environment => {
            environments::queries::environment_stays(set, ctx.org(), EnvironmentId(id));
        }
    }
}
