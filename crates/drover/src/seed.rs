//! Makes what a first run needs (organization, environment, queue, agent, job, key), over the HTTP
//! API of the plane that has just been started. Doing it again changes nothing.

use drover_wire::client::{Client, ClientError};
use drover_wire::{Nothing, agents, auth, jobs, organizations};

use crate::client;
use crate::config::Config;
use crate::data_directory::Credentials;
use crate::exit::CommandError;
use crate::plane_process::PlaneProcess;
use crate::printer::Printer;

/// The name of the organization, and of its environment and queue.
const ORGANIZATION: &str = "default";
const AGENT: &str = "assistant";
const JOB: &str = "hello";
/// Organizations tried, where the key of an earlier one is lost.
const ORGANIZATIONS: u32 = 20;

const AGENT_PROMPT: &str = "You are a careful assistant on the machine of the person you talk to. \
    Look at facts with your tools before you state them. Answer briefly, in plain text.";

/// Understood by language models and by `drover/offline`, which takes the last line literally.
const JOB_PROMPT: &str = "Greet {{name}} in one sentence. Then find out what machine you run on with \
    the command below, and say in one or two sentences what you found.\n\nrun: uname -srm && nproc";

/// Starts a plane with something in it.
pub async fn start(
    config: &Config,
    printer: Printer,
) -> Result<(PlaneProcess, Credentials), CommandError> {
    let plane = PlaneProcess::start(config).await?;
    match ensure(&plane, printer).await {
        Ok(credentials) => Ok((plane, credentials)),
        Err(error) => {
            plane.stop().await;
            Err(error)
        }
    }
}

/// The seeded credentials, made or completed where something is missing, and kept.
async fn ensure(plane: &PlaneProcess, printer: Printer) -> Result<Credentials, CommandError> {
    let kept = match plane.directory.credentials()? {
        Some(kept) if is_valid(plane, &kept).await? => Some(kept),
        _ => None,
    };
    let mut credentials = match kept.clone() {
        Some(kept) => Credentials { url: plane.url.clone(), ..kept },
        None => {
            let made = organization(plane, printer).await?;
            // The key is shown once: it must not be lost if the rest fails.
            plane.directory.keep_credentials(&made)?;
            made
        }
    };
    let client = client::client(&plane.url, Some(&credentials.api_key))?;
    credentials.agent_id = agent(&client, &credentials.agent_id).await?;
    credentials.job_id = job(&client, &credentials).await?;
    if kept.as_ref() != Some(&credentials) {
        plane.directory.keep_credentials(&credentials)?;
    }
    Ok(credentials)
}

async fn is_valid(plane: &PlaneProcess, kept: &Credentials) -> Result<bool, CommandError> {
    let client = client::client(&plane.url, Some(&kept.api_key))?;
    match client.call::<auth::Validate>(&[], &[], &Nothing {}).await {
        Ok(identity) => Ok(identity.id == kept.organization_id),
        Err(ClientError::Refused { status: 401, .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn organization(plane: &PlaneProcess, printer: Printer) -> Result<Credentials, CommandError> {
    let operator = client::client(&plane.url, Some(plane.admin_token.reveal()))?;
    for number in 1..=ORGANIZATIONS {
        let name = match number {
            1 => ORGANIZATION.to_owned(),
            _ => format!("{ORGANIZATION}-{number}"),
        };
        let body = organizations::OrganizationCreate { name: name.clone(), owner_email: None };
        match operator.call::<organizations::Create>(&[], &[], &body).await {
            Ok(made) => {
                return Ok(Credentials {
                    url: plane.url.clone(),
                    api_key: made.api_key,
                    organization_id: made.organization_id,
                    environment_id: made.environment_id,
                    worker_queue_id: made.worker_queue_id,
                    agent_id: String::new(),
                    job_id: String::new(),
                });
            }
            Err(ClientError::Refused { status: 409, .. }) => {
                printer.warn(&format!("the key of organization `{name}` is lost, trying another"));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(CommandError::failed("no name is left for an organization to begin with"))
}

async fn agent(client: &Client, known: &str) -> Result<String, CommandError> {
    if !known.is_empty() && is_there(client.call::<agents::Get>(&[known], &[], &Nothing {}).await)?
    {
        return Ok(known.to_owned());
    }
    let all = client.call::<agents::List>(&[], &[], &Nothing {}).await?;
    if let Some(found) = all.into_iter().find(|agent| agent.name == AGENT) {
        return Ok(found.id);
    }
    let body = agents::AgentCreate {
        name: AGENT.to_owned(),
        description: Some("Runs commands on this machine and tells what it found".to_owned()),
        system_prompt: Some(AGENT_PROMPT.to_owned()),
        ..agents::AgentCreate::default()
    };
    Ok(client.call::<agents::Create>(&[], &[], &body).await?.id)
}

async fn job(client: &Client, credentials: &Credentials) -> Result<String, CommandError> {
    let known = credentials.job_id.as_str();
    if !known.is_empty() && is_there(client.call::<jobs::Get>(&[known], &[], &Nothing {}).await)? {
        return Ok(known.to_owned());
    }
    let all = client.call::<jobs::List>(&[], &[], &Nothing {}).await?;
    if let Some(found) = all.into_iter().find(|job| job.name == JOB) {
        return Ok(found.id);
    }
    let body = jobs::JobCreate {
        name: JOB.to_owned(),
        description: Some("Greets somebody and describes the machine".to_owned()),
        trigger_type: Some("manual".to_owned()),
        planning_mode: Some("predefined_agent".to_owned()),
        entity_type: Some("agent".to_owned()),
        entity_id: Some(credentials.agent_id.clone()),
        prompt_template: Some(JOB_PROMPT.to_owned()),
        executor_type: Some("auto".to_owned()),
        ..jobs::JobCreate::default()
    };
    Ok(client.call::<jobs::Create>(&[], &[], &body).await?.id)
}

fn is_there<T>(answer: Result<T, ClientError>) -> Result<bool, CommandError> {
    match answer {
        Ok(_) => Ok(true),
        Err(ClientError::Refused { status: 404, .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
