//! Health, readiness, the API's own description (contract, workers §8).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{NoQuery, Nothing, operations};

/// That the process answers.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `healthy`.
    pub status: String,
    /// `drover`.
    pub service: String,
    /// Now.
    pub timestamp: String,
    /// Version of the program.
    pub version: String,
}

/// Whether requests can be served.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Ready {
    /// `ready`.
    pub status: String,
    /// Now.
    pub timestamp: String,
    /// `connected`, or why Temporal cannot be reached: what is accepted starts once it is back. Not
    /// there where the plane has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temporal: Option<String>,
}

operations! { "health";
    /// Tells that the process answers.
    Live = GET "/api/health", Public, NoQuery, Nothing => 200 Health;
    /// Tells whether requests can be served: the database can be read. A full disk refuses
    /// writes and still serves reads.
    Readiness = GET "/api/ready", Public, NoQuery, Nothing => 200 Ready;
    /// Metrics in the Prometheus text format, for loopback addresses or with the operator's token.
    Metrics = GET "/metrics", Operator, NoQuery, Nothing => 200 String;
}
