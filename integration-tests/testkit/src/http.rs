//! A small blocking HTTP/1.1 client over TCP and unix sockets.
//!
//! [`Client`] makes whole requests, each on its own connection. [`Connection`] is the raw thing:
//! it can send half a request, wait, and send the rest, or keep the connection for a second one.
//! Errors are returned, for a refused or cut connection is often what a test looks for.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

/// No answer within this is an error, so that a hanging server fails its test.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a server listens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Address {
    /// Over TCP.
    Tcp(SocketAddr),
    /// Over a unix socket.
    Unix(PathBuf),
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}

impl From<&Path> for Address {
    fn from(path: &Path) -> Self {
        Self::Unix(path.to_path_buf())
    }
}

/// Makes whole requests to one server.
#[derive(Clone, Debug)]
pub struct Client {
    server: Address,
}

impl Client {
    /// A client of the server at `address`; nothing is connected yet.
    pub fn new(address: impl Into<Address>) -> Self {
        let server = address.into();
        Self { server }
    }

    /// `GET path`.
    pub fn get(&self, path: &str) -> io::Result<Response> {
        self.request("GET", path, &[], b"")
    }

    /// `POST path` with a JSON body.
    pub fn post(&self, path: &str, body: &Value) -> io::Result<Response> {
        let headers = [("content-type", "application/json")];
        self.request("POST", path, &headers, body.to_string().as_bytes())
    }

    /// Any request. `host`, `connection` and `content-length` are added to `headers`.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Response> {
        let mut connection = Connection::open(&self.server)?;
        let closing = [headers, &[("connection", "close")]].concat();
        connection.send(&request(method, path, &closing, body))?;
        connection.response()
    }
}

/// The bytes of a request, to be sent whole or in pieces.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").expect("a string takes everything");
    }
    if !body.is_empty() || method != "GET" {
        write!(head, "content-length: {}\r\n", body.len()).expect("a string takes everything");
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

/// One connection, of which the test decides every byte.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<Stream>,
}

impl Connection {
    /// Connects.
    pub fn open(server: &Address) -> io::Result<Self> {
        let stream = BufReader::new(Stream::connect(server)?);
        Ok(Self { stream })
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Says that nothing more will be sent.
    pub fn finish(&self) -> io::Result<()> {
        self.stream.get_ref().shutdown_write()
    }

    /// Reads one response; the connection can be used again if the server keeps it open.
    pub fn response(&mut self) -> io::Result<Response> {
        let status = parse_status(&self.line()?)?;
        let headers = self.headers()?;
        let mut response = Response {
            status,
            headers,
            body: Vec::new(),
        };
        response.body = self.body(&response)?;
        Ok(response)
    }

    /// Reads until the server closes; what came before that is returned.
    pub fn rest(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.stream.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn headers(&mut self) -> io::Result<Vec<(String, String)>> {
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(headers);
            }
            let (name, value) = line.split_once(':').ok_or_else(|| malformed(&line))?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    fn body(&mut self, head: &Response) -> io::Result<Vec<u8>> {
        if matches!(head.status, 100..=199 | 204 | 304) {
            return Ok(Vec::new());
        }
        if head.header("transfer-encoding") == Some("chunked") {
            return self.chunks();
        }
        match head.header("content-length") {
            Some(length) => self.exactly(length.parse().map_err(|_| malformed(length))?),
            None => self.rest(),
        }
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line()?;
            let length = usize::from_str_radix(&line, 16).map_err(|_| malformed(&line))?;
            body.extend(self.exactly(length)?);
            self.line()?;
            if length == 0 {
                return Ok(body);
            }
        }
    }

    fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let text = line.strip_suffix("\r\n");
        text.map(str::to_owned)
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

fn parse_status(line: &str) -> io::Result<u16> {
    let code = line.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5));
    code.and_then(|code| code.parse().ok())
        .ok_or_else(|| malformed(line))
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not HTTP: {what:?}"))
}

/// An answer, whole.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Names in lower case, in the order they came.
    pub headers: Vec<(String, String)>,
    /// The body, without any chunking.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of this name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known == name)
            .map(|(_, value)| &**value)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// When it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.text()))
    }
}

#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    fn connect(server: &Address) -> io::Result<Self> {
        match server {
            Address::Tcp(address) => {
                let stream = TcpStream::connect_timeout(address, PATIENCE)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                Ok(Self::Tcp(stream))
            }
            Address::Unix(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                Ok(Self::Unix(stream))
            }
        }
    }

    fn shutdown_write(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Self::Unix(stream) => stream.shutdown(Shutdown::Write),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::unix::net::UnixListener;
    use std::thread;

    use serde_json::json;

    use super::*;

    /// Serves `answer` to one connection and gives what came in before `until`.
    fn serve(mut stream: impl Read + Write, until: &[u8], answer: &str) -> String {
        let mut seen = Vec::new();
        while !seen.ends_with(until) {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            seen.extend(byte);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(seen).unwrap()
    }

    #[test]
    fn posts_json_and_reads_a_chunked_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = Client::new(listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let answer = "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nX-Kind: test\r\n\r\n\
                          4\r\n{\"a\"\r\n3\r\n:1}\r\n0\r\n\r\n";
            serve(listener.accept().unwrap().0, b"}", answer)
        });
        let response = client.post("/rooms", &json!({"name": "lobby"})).unwrap();
        assert_eq!(
            (response.status, response.header("x-kind")),
            (201, Some("test"))
        );
        assert_eq!(response.json(), json!({"a": 1}));
        assert_eq!(
            server.join().unwrap(),
            "POST /rooms HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             connection: close\r\ncontent-length: 16\r\n\r\n{\"name\":\"lobby\"}"
        );
    }

    #[test]
    fn sends_a_request_in_halves_over_a_unix_socket() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let server = thread::spawn(move || {
            let answer =
                "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 204 No Content\r\n\r\n";
            serve(listener.accept().unwrap().0, b"\r\n\r\n", answer)
        });
        let whole = request("GET", "/livez", &[], b"");
        let (first, second) = whole.split_at(10);
        let mut connection = Connection::open(&path.as_path().into()).unwrap();
        connection.send(first).unwrap();
        connection.send(second).unwrap();
        connection.finish().unwrap();
        assert_eq!(connection.response().unwrap().text(), "ok");
        assert_eq!(connection.response().unwrap().status, 204);
        assert_eq!(connection.rest().unwrap(), b"");
        assert_eq!(server.join().unwrap().as_bytes(), whole);
    }

    #[test]
    fn a_cut_answer_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = Client::new(listener.local_addr().unwrap());
        thread::spawn(move || {
            let answer = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf";
            serve(listener.accept().unwrap().0, b"\r\n\r\n", answer)
        });
        let error = client.get("/").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
