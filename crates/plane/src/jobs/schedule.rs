//! Shows when a cron job fires next.

use axum::Json;
use drover_domain::{Error, Result, rfc3339};
use drover_wire::jobs::{JobSchedule, SchedulePreview};

use super::{get, row};
use crate::ctx::Ctx;
use crate::error::Reply;
use crate::extract::{Caller, Id, Query};

/// Answers the next fires; those that there would be, where the job is disabled.
pub async fn handler(
    Caller(ctx): Caller,
    Id(id): Id<String>,
    Query(query): Query<SchedulePreview>,
) -> Reply<JobSchedule> {
    Ok(Json(schedule(&ctx, &id, query.fires()?).await?))
}

async fn schedule(ctx: &Ctx, id: &str, fires: usize) -> Result<JobSchedule> {
    let job = get::get(ctx, id).await?;
    let Some(spec) = row::schedule(&job) else {
        let text = format!("Job {id} has no schedule: its trigger type is `{}`", job.trigger_type);
        return Err(Error::refused(text));
    };
    let upcoming = spec.upcoming(ctx.now(), fires);
    Ok(JobSchedule {
        job_id: job.id,
        enabled: job.enabled,
        cron_schedule: spec.expression().to_owned(),
        cron_timezone: spec.time_zone().to_owned(),
        upcoming_local: upcoming.iter().map(|at| spec.local_time(*at)).collect(),
        upcoming: upcoming.into_iter().map(rfc3339).collect(),
    })
}
