//! What surrounds all operations: health, metrics, the API's description, unknown routes, request
//! ids, CORS, limits of requests.

mod connections;
mod cors;
mod drain;
mod health;
mod metrics;
mod openapi;
mod organizations;
mod request_id;
mod requests;
mod routes;
