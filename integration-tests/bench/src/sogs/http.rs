//! One HTTP connection that stays open, and is opened again when it did not.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::request::{Answer, Request};
use crate::drive::Failure;

#[derive(Debug)]
pub(crate) struct Connection {
    authority: String,
    open: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    pub(crate) fn new(authority: &str) -> Self {
        Self {
            authority: authority.to_owned(),
            open: None,
        }
    }

    /// Asks and waits for the whole answer. Dropped halfway it leaves nothing half open.
    pub(crate) async fn ask(
        &mut self,
        request: &Request,
        headers: &[(&str, String)],
    ) -> Result<Answer, Failure> {
        let mut sender = match self.open.take() {
            Some(sender) if !sender.is_closed() => sender,
            _ => connect(&self.authority).await?,
        };
        let request = self.http(request, headers)?;
        let answer = sender.send_request(request).await.map_err(|_| lost())?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.map_err(|_| lost())?;
        self.open = Some(sender);
        Ok(Answer {
            status,
            body: body.to_bytes(),
        })
    }

    fn http(
        &self,
        request: &Request,
        headers: &[(&str, String)],
    ) -> Result<hyper::Request<Full<Bytes>>, Failure> {
        let mut http = hyper::Request::builder()
            .method(&request.method)
            .uri(&request.endpoint)
            .header(HOST, &self.authority);
        for (name, value) in headers {
            http = http.header(*name, value);
        }
        if let Some(content_type) = request.content_type {
            http = http.header(CONTENT_TYPE, content_type);
        }
        http.body(Full::new(request.body.clone()))
            .map_err(|_| Failure::new("a request HTTP cannot carry"))
    }
}

async fn connect(authority: &str) -> Result<SendRequest<Full<Bytes>>, Failure> {
    let stream = TcpStream::connect(authority).await;
    let stream =
        stream.map_err(|error| Failure::new(format!("no connection: {}", error.kind())))?;
    stream.set_nodelay(true).map_err(|_| lost())?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|_| lost())?;
    tokio::spawn(connection);
    Ok(sender)
}

fn lost() -> Failure {
    Failure::new("connection lost")
}
