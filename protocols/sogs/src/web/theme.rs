//! The files pages load: ours, and those of an operator's folder in their place.

use std::path::Path;
use std::sync::Arc;

use axum::extract::{Path as InPath, State};
use axum::response::Response;
use relay_pages::{BuiltIn, Theme, ThemeError};

use super::problem::Problem;
use super::{Source, Web};

const BUILT_IN: BuiltIn = BuiltIn {
    prefix: "/static",
    files: &[
        ("room.js", include_bytes!("../../static/room.js")),
        ("favicon.svg", include_bytes!("../../static/favicon.svg")),
    ],
};

/// The built-in theme, with the files of a folder in place of its own.
pub fn load(folder: Option<&Path>) -> Result<Theme, ThemeError> {
    Theme::load(&BUILT_IN, folder)
}

pub(super) async fn asset<S: Source>(
    State(web): State<Arc<Web<S>>>,
    InPath(name): InPath<String>,
) -> Response {
    let asset = web.theme().asset(&name);
    asset.unwrap_or_else(|| web.problem(Problem::NotFound))
}
