//! Open connections of an organization (contract, executions, "WebSockets").

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{NoQuery, Nothing, operations};

/// Connections of the caller's organization to this process, since it started.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ConnectionStats {
    /// All that there were.
    pub total_connections: u64,
    /// Those that are open.
    pub active_connections: u64,
    /// Frames that the plane has sent.
    pub messages_sent: u64,
    /// Frames that were refused, or connections that broke by a fault of the plane.
    pub errors: u64,
}

/// The same, with whose they are.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StreamStats {
    /// All of them.
    #[serde(flatten)]
    pub stats: ConnectionStats,
    /// Open ones, of the caller's organization alone.
    pub connections_by_org: BTreeMap<String, u64>,
}

operations! { "connections";
    /// Counts the WebSockets of the organization's workers.
    Sockets = GET "/ws/stats", May(Read), NoQuery, Nothing => 200 ConnectionStats;
    /// Counts the streams of the organization's runs.
    Streams = GET "/ws/executions/status/stats", May(Read), NoQuery, Nothing => 200 StreamStats;
}
