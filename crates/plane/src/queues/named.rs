//! Finding a queue by what older paths call it.

use drover_domain::Result;
use drover_store::queues::{entity, queries};

use crate::ctx::Ctx;

/// The queue with this id, or the oldest lasting one with this name.
pub(crate) async fn named(ctx: &Ctx, name: &str) -> Result<Option<entity::Model>> {
    if let Ok(id) = name.parse() {
        return queries::queue_get(ctx.read(), ctx.org(), id).await;
    }
    let queues = queries::queue_list(ctx.read(), ctx.org()).await?;
    Ok(queues.into_iter().find(|queue| queue.name == name))
}
