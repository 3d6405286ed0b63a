//! What a call that failed means.

use temporalio_client::errors::{ClientError, WorkflowInteractionError, WorkflowStartError};
use temporalio_client::tonic::{Code, Status};

/// Why a call failed.
pub(crate) enum Failure {
    /// Not at all: the workflow is there already, or is over, or needs to know nothing.
    Settled,
    /// Temporal is not there, or lets nobody in.
    Away(String),
    /// Temporal does not do this.
    Refused(String),
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        let why = format!("{:?}: {}", status.code(), status.message());
        match status.code() {
            Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Cancelled
            | Code::Unauthenticated
            | Code::PermissionDenied => Self::Away(format!("Temporal does not answer: {why}")),
            _ => Self::Refused(why),
        }
    }
}

impl From<WorkflowStartError> for Failure {
    fn from(error: WorkflowStartError) -> Self {
        match error {
            WorkflowStartError::AlreadyStarted { .. } => Self::Settled,
            WorkflowStartError::Rpc(status) => status.into(),
            error => Self::Refused(error.to_string()),
        }
    }
}

impl From<WorkflowInteractionError> for Failure {
    fn from(error: WorkflowInteractionError) -> Self {
        match error {
            WorkflowInteractionError::NotFound(_) => Self::Settled,
            WorkflowInteractionError::Rpc(status) => status.into(),
            error => Self::Refused(error.to_string()),
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Rpc(status) => status.into(),
            error => Self::Refused(error.to_string()),
        }
    }
}
