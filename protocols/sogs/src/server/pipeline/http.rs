//! The door: HTTP requests, and onion requests in them.
//!
//! What cannot be opened is answered in the open, with 400: there is nobody to seal to. What was
//! opened is answered sealed, whatever comes of it. Pages for browsers are somebody else's; they
//! are asked for at paths that are no endpoints.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Method, Request, Response};
use futures_util::FutureExt;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::{Instant, timeout};
use tower::ServiceExt;

use super::answer::{Answer, Content};
use super::endpoint::{Endpoint, InRoom};
use super::upload::is_long;
use super::{House, Pipeline};
use crate::config::SogsConfig;
use crate::files::BODY_TIME;
use crate::wire::onion::{self, OnionError, ReplyKey, Version};
use crate::wire::{MAX_JSON, Refusal, SubRequest, SubResponse, Target};

impl<H: House> Pipeline<H> {
    /// A router that answers everything; `pages` are asked for what is no endpoint.
    pub fn router(self: Arc<Self>, pages: Router) -> Router {
        let serve = move |request: Request<Body>| {
            let (pipeline, pages) = (Arc::clone(&self), pages.clone());
            async move { pipeline.serve(request, pages).await }
        };
        Router::new().fallback(serve)
    }

    async fn serve(&self, request: Request<Body>, pages: Router) -> Response<Body> {
        let Some(target) = target(&request) else {
            return Answer::from(Refusal::Malformed).into_response();
        };
        let config = self.config.get();
        match Endpoint::of(&target, &config) {
            Ok(Endpoint::Onion(version)) if request.method() == Method::POST => {
                self.onion(version, request).await.into_response()
            }
            Ok(Endpoint::Room(room, InRoom::Upload))
                if request.method() == Method::POST && is_long(&request) =>
            {
                let answer = self.upload(room, target, request, &config).boxed();
                answer.await.into_response()
            }
            Err(Refusal::NotFound) if is_for_pages(request.method()) => {
                self.page(target, request, pages, &config).boxed().await
            }
            endpoint => match read(endpoint, target, request, &config).await {
                Ok(request) => self.answer(request).await.into_response(),
                Err(refusal) => Answer::from(refusal).into_response(),
            },
        }
    }

    /// Pages are for everybody, but who signs is held to it here too.
    async fn page(
        &self,
        target: Target,
        request: Request<Body>,
        pages: Router,
        config: &SogsConfig,
    ) -> Response<Body> {
        let signed = SubRequest {
            method: request.method().clone(),
            target,
            headers: request.headers().clone(),
            body: Bytes::new(),
        };
        let response = match self.identify(&signed, None, config).await {
            Ok(_) => pages.oneshot(request).await,
            Err(refusal) => Ok(Answer::from(refusal).into_response()),
        };
        let Ok(response) = response;
        self.metrics.answered("page", response.status());
        response
    }

    async fn onion(&self, version: Version, request: Request<Body>) -> Answer {
        let template = Endpoint::Onion(version).template();
        let answer = self.opened(version, request.into_body()).await;
        let answer = answer.unwrap_or_else(Answer::from);
        self.metrics.answered(template, answer.status);
        answer
    }

    async fn opened(&self, version: Version, body: Body) -> Result<Answer, Refusal> {
        let body = read_body(body, onion::MAX_BODY).await?;
        let (request, reply_key) = self.open(version, body).map_err(|_| Refusal::Malformed)?;
        let reply = match request {
            Some(request) => Some(self.answer(request).await.into_part().await),
            None => None,
        };
        let sealed = self
            .seal(&reply_key, reply.as_ref())
            .ok_or(Refusal::Broken)?;
        Ok(Answer::octets(Content::Bytes(sealed.into())))
    }

    fn open(
        &self,
        version: Version,
        body: Bytes,
    ) -> Result<(Option<SubRequest>, ReplyKey), OnionError> {
        let started = Instant::now();
        let opened = onion::open(&self.key, &body);
        self.metrics.onion(started);
        Ok(opened?.into_request(version))
    }

    fn seal(&self, key: &ReplyKey, reply: Option<&SubResponse>) -> Option<Vec<u8>> {
        let started = Instant::now();
        let sealed = key.seal(reply, &mut self.entropy.rng());
        self.metrics.onion(started);
        sealed
    }
}

fn is_for_pages(method: &Method) -> bool {
    [Method::GET, Method::HEAD].contains(method)
}

fn target(request: &Request<Body>) -> Option<Target> {
    let uri = request.uri().path_and_query();
    Target::parse(uri.map_or("/", |uri| uri.as_str()))
}

async fn read(
    endpoint: Result<Endpoint, Refusal>,
    target: Target,
    request: Request<Body>,
    config: &SogsConfig,
) -> Result<SubRequest, Refusal> {
    let max = endpoint.map_or(MAX_JSON, |endpoint| endpoint.max_body(config));
    let (head, body) = request.into_parts();
    Ok(SubRequest {
        method: head.method,
        target,
        headers: head.headers,
        body: read_body(body, max).await?,
    })
}

async fn read_body(body: Body, max: usize) -> Result<Bytes, Refusal> {
    if HttpBody::size_hint(&body).lower() > max as u64 {
        return Err(Refusal::TooLarge);
    }
    let read = timeout(BODY_TIME, Limited::new(body, max).collect()).await;
    match read {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::TooLarge),
        Ok(Err(_)) | Err(_) => Err(Refusal::Malformed),
    }
}
