//! The admin API as its parts declare it: every route together with what it does, takes and
//! gives. What answers requests and what documents them come from the same [`Api`], so that no
//! route can be missing in the document.
//!
//! ```
//! use axum::Json;
//! use relay_core::admin::{Api, gives};
//!
//! async fn count() -> Json<u64> {
//!     Json(7)
//! }
//!
//! let api: Api = Api::below("/v1/relay").get(
//!     "/v1/relay/count",
//!     "How many there are",
//!     gives::<u64>(),
//!     count,
//! );
//! assert_eq!(api.operations()[0].path, "/v1/relay/count");
//! let router: axum::Router = api.router();
//! ```

mod token;

use axum::Router;
use axum::handler::Handler;
use axum::routing::{self, MethodRouter};
use schemars::{JsonSchema, Schema, SchemaGenerator};

pub use self::token::{AdminToken, FILE as TOKEN_FILE};

/// Routes, each with what is known of it. `S` is what the handlers work on.
#[derive(Clone, Debug)]
pub struct Api<S = ()> {
    below: &'static str,
    router: Router<S>,
    operations: Vec<Operation>,
}

/// One thing that can be asked for or done.
#[derive(Clone, Debug)]
pub struct Operation {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    pub method: &'static str,
    /// From `/v1` on; a `{name}` stands for one segment.
    pub path: &'static str,
    /// What it does, in a few words.
    pub does: &'static str,
    /// What goes in and comes out.
    pub shape: Shape,
}

/// The schema of a type, made when it is asked for.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// What an operation takes and gives.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// The body of the request, if it has one.
    pub takes: Option<SchemaOf>,
    /// The body of the answer.
    pub gives: SchemaOf,
    /// The `{name}` in the path, if there is one.
    pub segment: SchemaOf,
}

/// An operation that answers with a `T`.
pub fn gives<T: JsonSchema>() -> Shape {
    Shape {
        takes: None,
        gives: schema_of::<T>,
        segment: schema_of::<String>,
    }
}

fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

impl Shape {
    /// Its body is a `T`.
    #[must_use]
    pub fn takes<T: JsonSchema>(self) -> Self {
        Self {
            takes: Some(schema_of::<T>),
            ..self
        }
    }

    /// The `{name}` in its path stands for a `T`, not just for any text.
    #[must_use]
    pub fn segment<T: JsonSchema>(self) -> Self {
        Self {
            segment: schema_of::<T>,
            ..self
        }
    }
}

impl<S: Clone + Send + Sync + 'static> Api<S> {
    /// Routes whose paths all begin with `below`, under which the router will be mounted.
    pub fn below(below: &'static str) -> Self {
        Self {
            below,
            router: Router::new(),
            operations: Vec::new(),
        }
    }

    /// Something that is read.
    #[must_use]
    pub fn get<H, T>(self, path: &'static str, does: &'static str, shape: Shape, asked: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.with("GET", path, does, shape, routing::get(asked))
    }

    /// Something that is done.
    #[must_use]
    pub fn post<H, T>(self, path: &'static str, does: &'static str, shape: Shape, asked: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.with("POST", path, does, shape, routing::post(asked))
    }

    /// Something that is set.
    #[must_use]
    pub fn put<H, T>(self, path: &'static str, does: &'static str, shape: Shape, asked: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.with("PUT", path, does, shape, routing::put(asked))
    }

    /// Something that is removed.
    #[must_use]
    pub fn delete<H, T>(
        self,
        path: &'static str,
        does: &'static str,
        shape: Shape,
        asked: H,
    ) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.with("DELETE", path, does, shape, routing::delete(asked))
    }

    fn with(
        mut self,
        method: &'static str,
        path: &'static str,
        does: &'static str,
        shape: Shape,
        handler: MethodRouter<S>,
    ) -> Self {
        let inner = path.strip_prefix(self.below).unwrap_or(path);
        self.router = self.router.route(inner, handler);
        self.operations.push(Operation {
            method,
            path,
            does,
            shape,
        });
        self
    }

    /// What can be asked for.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// What answers; its paths begin after what [`Self::below`] was given.
    pub fn router(self) -> Router<S> {
        self.router
    }
}
