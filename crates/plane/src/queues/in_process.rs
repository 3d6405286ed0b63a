//! The queues that the worker inside the process serves: those that are active, of the ones made for
//! it.

use drover_domain::{OrgId, QueueId, Result};
use drover_store::queues::queries::{in_process, queue_get};

use crate::plane::Plane;

/// Serves what is active, and nothing else. At the start, and where other replicas change it.
pub async fn serve(plane: &Plane) -> Result<()> {
    for (queue, is_active) in in_process(plane.store.reader()).await? {
        set(plane, queue, is_active);
    }
    Ok(())
}

/// Follows a change of one queue. Looks again after it has, so that of two who follow two changes at
/// once the last one follows the last.
pub(super) async fn follow(plane: &Plane, org: &OrgId, id: QueueId) -> Result<()> {
    let mut followed = None;
    loop {
        let row = queue_get(plane.store.reader(), org, id).await?;
        let is_active = row.is_some_and(|row| row.in_process && row.status == "active");
        if followed == Some(is_active) {
            return Ok(());
        }
        set(plane, id, is_active);
        followed = Some(is_active);
    }
}

fn set(plane: &Plane, queue: QueueId, is_active: bool) {
    if is_active { plane.hub.serve(queue) } else { plane.hub.rest(queue) }
}
