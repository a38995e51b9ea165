//! The link to join a room, as a QR code.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use fast_qr::qr::QRBuilder;
use fast_qr::{ECL, QRCode};

use super::png::{Bitmap, encode};
use super::{Source, Web};

/// Light modules around the code, without which readers do not find it.
const MARGIN: usize = 4;

/// Of an image for others to show, as the reference has it.
const PNG_SIZE: usize = 512;

pub(super) async fn svg<S: Source>(
    State(web): State<Arc<Web<S>>>,
    Path(token): Path<String>,
) -> Response {
    web.invitation(&token, "image/svg+xml", |code| to_svg(code).into_bytes())
        .await
}

pub(super) async fn png<S: Source>(
    State(web): State<Arc<Web<S>>>,
    Path(token): Path<String>,
) -> Response {
    web.invitation(&token, "image/png", to_png).await
}

impl<S: Source> Web<S> {
    async fn invitation(
        &self,
        token: &str,
        content_type: &'static str,
        draw: impl FnOnce(&QRCode) -> Vec<u8>,
    ) -> Response {
        let config = self.config.get();
        let room = match self.readable(&config, token).await {
            Ok(room) => room,
            Err(problem) => return self.problem(problem),
        };
        match code(&self.join_url(&config, &room)) {
            Some(code) => ([(CONTENT_TYPE, content_type)], draw(&code)).into_response(),
            None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}

fn code(text: &str) -> Option<QRCode> {
    QRBuilder::new(text).ecl(ECL::M).build().ok()
}

/// A text as a QR code in characters, for terminals with light letters on a dark ground.
pub fn qr_text(text: &str) -> Option<String> {
    let code = code(text)?;
    let light = |x, y| !dark(&code, x, y);
    let size = code.size + 2 * MARGIN;
    let line = |y: usize| {
        let half = |x| match (light(x, y), light(x, y + 1)) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        };
        (0..size).map(half).chain(['\n']).collect::<String>()
    };
    Some((0..size).step_by(2).map(line).collect())
}

/// Whether a module is dark, counted with the margin.
fn dark(code: &QRCode, x: usize, y: usize) -> bool {
    let inside = |at: usize| at.checked_sub(MARGIN).filter(|at| *at < code.size);
    match (inside(x), inside(y)) {
        (Some(x), Some(y)) => code[y][x].value(),
        _ => false,
    }
}

/// One path of all runs of dark modules.
fn to_svg(code: &QRCode) -> String {
    let size = code.size + 2 * MARGIN;
    let mut path = String::new();
    for y in 0..size {
        let mut x = 0;
        while x < size {
            let run = (x..size).take_while(|x| dark(code, *x, y)).count();
            if run > 0 {
                // Writing to a String cannot fail.
                let _ = write!(path, "M{x} {y}h{run}v1h-{run}z");
            }
            x += run.max(1);
        }
    }
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{size}v{size}H0z"/><path d="{path}"/></svg>"##
    )
}

fn to_png(code: &QRCode) -> Vec<u8> {
    let modules = code.size + 2 * MARGIN;
    let mut bitmap = Bitmap::white(PNG_SIZE);
    for y in 0..PNG_SIZE {
        for x in 0..PNG_SIZE {
            if dark(code, x * modules / PNG_SIZE, y * modules / PNG_SIZE) {
                bitmap.blacken(x, y);
            }
        }
    }
    encode(&bitmap)
}
