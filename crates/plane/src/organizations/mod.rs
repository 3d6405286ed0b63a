//! Organizations, made by the operator.

mod create;

use drover_wire::organizations as wire;

use crate::routes::Routes;

/// The routes of the area.
pub fn routes(routes: Routes) -> Routes {
    routes.on::<wire::Create, _, _>(create::handler)
}
