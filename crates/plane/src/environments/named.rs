//! Finding an environment by what older paths call it.

use drover_domain::{EnvironmentId, Result};
use drover_store::environments::{entity, queries};

use super::get;
use crate::ctx::Ctx;

/// The environment with this id or name.
pub(crate) async fn named(ctx: &Ctx, name: &str) -> Result<EnvironmentId> {
    if let Ok(id) = name.parse() {
        return get::row(ctx, id).await.map(|row| EnvironmentId(row.id));
    }
    let found = queries::environment_by_name(ctx.read(), ctx.org(), name).await?;
    found.map(|row| EnvironmentId(row.id)).ok_or_else(get::absent)
}

/// Whether an environment takes workers (contract, workers §1).
pub(crate) fn is_ready(environment: &entity::Model) -> bool {
    ["ready", "active"].contains(&environment.status.as_str())
}
