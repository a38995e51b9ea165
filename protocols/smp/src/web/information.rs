//! The page about the server.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use relay_pages::{Page, QrCode};

use super::Web;
use super::facts::{self, Fact};

#[derive(Debug, Template)]
#[template(path = "information.html")]
struct InformationPage {
    address: String,
    code: Option<String>,
    password: bool,
    new_queues: bool,
    public: Vec<Fact>,
    configuration: Vec<Fact>,
}

/// The code of an address, drawn once.
#[derive(Debug)]
pub(super) struct DrawnAddress {
    address: String,
    code: Option<String>,
}

pub(super) async fn page(State(web): State<Web>) -> Response {
    let config = web.settings.now();
    let drawn = web.drawn();
    let page = Page {
        frame: web.frame(&config, "/"),
        name: String::new(),
        scripts: web.scripts(&["copy.js"]),
        body: InformationPage {
            address: drawn.address.clone(),
            code: drawn.code.clone(),
            password: config.create_password.is_some(),
            new_queues: config.new_queues,
            public: facts::public(&config.information),
            configuration: facts::configuration(&config),
        },
    };
    page.answer(StatusCode::OK)
}

impl Web {
    /// The address everybody may know. To draw it takes longer than all the rest.
    fn drawn(&self) -> Arc<DrawnAddress> {
        let address = self.desk.address().without_password().to_string();
        let drawn = self.drawn.load_full();
        if let Some(drawn) = drawn.filter(|drawn| drawn.address == address) {
            return drawn;
        }
        let code = QrCode::of(&address).ok().map(|code| code.svg());
        let drawn = Arc::new(DrawnAddress { address, code });
        self.drawn.store(Some(Arc::clone(&drawn)));
        drawn
    }
}
