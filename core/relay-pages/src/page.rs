//! Pages: a frame, and in it what a page is about.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use crate::{Robots, Theme};

/// What every page of a relay shows around what it is about.
#[derive(Clone, Debug)]
pub struct Frame {
    title: String,
    foot: &'static str,
    onion: Option<String>,
    header: String,
    footer: String,
    style: String,
    favicon: String,
    robots: Robots,
}

impl Frame {
    /// Of a server with this title, with the looks of a theme.
    pub fn new(theme: &Theme, title: &str, robots: Robots) -> Self {
        Self {
            title: title.to_owned(),
            foot: "",
            onion: None,
            header: theme.header.clone(),
            footer: theme.footer.clone(),
            style: theme.url("style.css"),
            favicon: theme.url("favicon.svg"),
            robots,
        }
    }

    /// With markup for its last line: what the pages are there for.
    #[must_use]
    pub fn foot(mut self, markup: &'static str) -> Self {
        self.foot = markup;
        self
    }

    /// With the address of the same page over Tor, which Tor's browser offers to its user.
    #[must_use]
    pub fn onion(mut self, url: Option<String>) -> Self {
        self.onion = url;
        self
    }

    fn hides(&self) -> bool {
        self.robots == Robots::Away
    }
}

/// A page.
#[derive(Debug, Template)]
#[template(path = "page.html")]
pub struct Page<B: Template> {
    /// What stands around it.
    pub frame: Frame,
    /// What it is called beside the server's title; empty for a front page.
    pub name: String,
    /// Addresses of scripts; the page works without.
    pub scripts: Vec<String>,
    /// What it is about: markup of a template.
    pub body: B,
}

impl<B: Template> Page<B> {
    /// The page as an answer.
    pub fn answer(&self, status: StatusCode) -> Response {
        match self.render() {
            Ok(html) => (status, Html(html)).into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}

/// What is said instead of a page.
#[derive(Clone, Copy, Debug, Template)]
#[template(path = "problem.html")]
pub struct Problem {
    /// In a few words.
    pub heading: &'static str,
    /// What it means, and what to do.
    pub text: &'static str,
}

impl Problem {
    /// In a frame, as an answer.
    pub fn answer(self, frame: Frame, status: StatusCode) -> Response {
        let page = Page {
            frame,
            name: self.heading.to_owned(),
            scripts: Vec::new(),
            body: self,
        };
        page.answer(status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BuiltIn;

    #[test]
    fn titles_are_text_and_bodies_are_markup() {
        let built_in = BuiltIn {
            prefix: "/static",
            files: &[],
        };
        let theme = Theme::load(&built_in, None).unwrap();
        let page = Page {
            frame: Frame::new(&theme, "<b>&", Robots::Away),
            name: "<i>".to_owned(),
            scripts: vec![theme.url("copy.js")],
            body: Problem {
                heading: "A < B",
                text: "so",
            },
        };
        let html = page.render().unwrap();
        assert!(
            html.contains("<title>&#60;i&#62; · &#60;b&#62;&#38;</title>"),
            "{html}"
        );
        assert!(html.contains("<h1>A &#60; B</h1>"), "{html}");
        assert!(html.contains("content=\"noindex, nofollow\""));
        assert!(html.contains("<script src=\"/static/copy.js?v="));
    }
}
