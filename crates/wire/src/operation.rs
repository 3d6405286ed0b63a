//! What an operation is: method, path, who may call it, what goes in, what comes out. Written once
//! here; the server routes by it, the client calls by it, tests walk it, the OpenAPI document is
//! made from it.

use drover_domain::identity::Action;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::openapi::path::ParameterIn;
use utoipa::{IntoParams, ToSchema};

/// One operation of the API. Declared with [`operations!`](crate::operations).
pub trait Operation: 'static {
    /// `agents.create`: area and verb.
    const ID: &'static str;
    /// The HTTP method.
    const METHOD: http::Method;
    /// The path with `{parameters}`.
    const PATH: &'static str;
    /// Who may call it.
    const ACCESS: Access;
    /// The status of success.
    const SUCCESS: u16;
    /// What it does, in a sentence.
    const SUMMARY: &'static str;
    /// What the query string holds.
    type Query: IntoParams;
    /// What the body holds; [`Nothing`] where there is none.
    type Body: ToSchema;
    /// What is answered.
    type Reply: ToSchema;
}

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone.
    Public,
    /// A caller whose role allows the action, within their own organization.
    May(Action),
    /// Whoever holds a lease, by the token that came with it.
    Lease,
    /// The operator: a loopback address, or the plane's own token.
    Operator,
}

/// No body, or no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, serde::Deserialize, ToSchema)]
pub struct Nothing {}

/// No query parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, serde::Deserialize)]
pub struct NoQuery {}

impl IntoParams for NoQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<utoipa::openapi::path::Parameter> {
        Vec::new()
    }
}

/// An operation as the router, the tests and the OpenAPI document see it.
#[derive(Debug, Clone)]
pub struct Described {
    /// See [`Operation::ID`].
    pub id: &'static str,
    /// See [`Operation::METHOD`].
    pub method: http::Method,
    /// See [`Operation::PATH`].
    pub path: &'static str,
    /// See [`Operation::ACCESS`].
    pub access: Access,
    /// See [`Operation::SUCCESS`].
    pub success: u16,
    /// See [`Operation::SUMMARY`].
    pub summary: &'static str,
    /// Makes its entry of the OpenAPI document.
    pub document: fn(&mut crate::openapi::Document),
}

/// Describes an operation.
pub fn describe<O: Operation>() -> Described {
    Described {
        id: O::ID,
        method: O::METHOD,
        path: O::PATH,
        access: O::ACCESS,
        success: O::SUCCESS,
        summary: O::SUMMARY.trim_ascii(),
        document: crate::openapi::Document::add::<O>,
    }
}

/// Bounds that the client asks of an operation's types.
pub trait Callable: Operation<Body: Serialize, Reply: DeserializeOwned> {}
impl<O: Operation<Body: Serialize, Reply: DeserializeOwned>> Callable for O {}

/// Declares the operations of an area, and `all()` that describes them.
///
/// ```ignore
/// operations! { "jobs";
///     /// Starts a run of a job now.
///     Trigger = POST "/api/v1/jobs/{job_id}/trigger", May(Run), NoQuery, TriggerJob => 200 TriggerReply;
/// }
/// ```
#[macro_export]
macro_rules! operations {
    ($area:literal; $(
        $(#[doc = $doc:literal])+
        $name:ident = $method:ident $path:literal, $access:ident $(($action:ident))?,
        $query:ty, $body:ty => $success:literal $reply:ty;
    )+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Debug)]
            pub struct $name;
            impl $crate::Operation for $name {
                const ID: &'static str = concat!($area, ".", stringify!($name));
                const METHOD: http::Method = http::Method::$method;
                const PATH: &'static str = $path;
                const ACCESS: $crate::Access =
                    $crate::Access::$access $((drover_domain::identity::Action::$action))?;
                const SUCCESS: u16 = $success;
                const SUMMARY: &'static str = concat!($($doc),+);
                type Query = $query;
                type Body = $body;
                type Reply = $reply;
            }
        )+
        /// Every operation of the area.
        pub fn all() -> Vec<$crate::Described> {
            vec![$($crate::describe::<$name>()),+]
        }
    };
}
