//! A certificate authority that speaks ACME (RFC 8555), on this machine, for tests.
//!
//! It is strict where ours could go wrong unseen: nonces are used once, signatures are verified,
//! a host is looked at over a real connection before it is believed, and the request for a
//! certificate must be for the hosts of its order.

mod issue;
mod jws;
mod look;

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use self::issue::Issuer;
pub use self::issue::Life;
use self::jws::Signed;
use self::look::Ground;

/// An authority that runs until it is dropped.
#[derive(Clone, Debug)]
pub struct Authority {
    /// Its directory.
    pub url: String,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    base: String,
    ground: Ground,
    issuer: Issuer,
    books: Mutex<Books>,
}

/// What it remembers, and what it has been told to do.
#[derive(Debug, Default)]
struct Books {
    nonces: HashSet<String>,
    drawn: u64,
    /// Accounts by their URL: the thumbprint of the key, and the key.
    accounts: HashMap<String, jws::Key>,
    orders: Vec<Order>,
    looked: Vec<&'static str>,
    refusing: bool,
    bad_nonces: usize,
    life: Life,
}

#[derive(Clone, Debug)]
struct Order {
    hosts: Vec<String>,
    valid: Vec<bool>,
    /// How it was looked, and what was wrong.
    error: Option<(String, String)>,
    chain: Option<String>,
}

/// An answer: status, headers, and the body.
type Reply = (u16, Vec<(&'static str, String)>, Body);

enum Body {
    Json(Value),
    Pem(String),
}

impl Authority {
    /// Starts one that looks for hosts at these addresses.
    pub async fn start(plain: Option<SocketAddr>, tls: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let base = format!("http://{address}");
        let shared = Arc::new(Shared {
            base: base.clone(),
            ground: Ground { plain, tls },
            issuer: Issuer::new(),
            books: Mutex::default(),
        });
        tokio::spawn(serve(listener, Arc::clone(&shared)));
        let url = format!("{base}/directory");
        Self { url, shared }
    }

    /// Finds every host wrong from now on, or no longer.
    pub fn refuse(&self, refusing: bool) {
        self.shared.books().refusing = refusing;
    }

    /// Takes so many nonces for bad.
    pub fn lose_nonces(&self, count: usize) {
        self.shared.books().bad_nonces = count;
    }

    /// Forgets who its customers are.
    pub fn forget_accounts(&self) {
        self.shared.books().accounts.clear();
    }

    /// Certificates live so from now on.
    pub fn issue_for(&self, life: Life) {
        self.shared.books().life = life;
    }

    /// How many accounts and orders there were.
    pub fn counts(&self) -> (usize, usize) {
        let books = self.shared.books();
        (books.accounts.len(), books.orders.len())
    }

    /// How it looked at hosts, in order.
    pub fn looked(&self) -> Vec<&'static str> {
        self.shared.books().looked.clone()
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&shared), request));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // The client may leave as it likes.
            let _ = connection.await;
        });
    }
}

async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let body = request.into_body().collect().await;
    let body = body.map(|body| body.to_bytes()).unwrap_or_default();
    let (status, headers, body) = match (method, &*path) {
        (Method::GET, "/directory") => (200, Vec::new(), Body::Json(shared.directory())),
        (Method::HEAD | Method::GET, "/nonce") => (200, Vec::new(), Body::Json(json!({}))),
        (Method::POST, path) => {
            let posted = shared.post(path, &body).await;
            posted.unwrap_or_else(|(kind, detail)| problem(kind, &detail))
        }
        _ => problem("malformed", "no such thing"),
    };
    let mut response = Response::builder()
        .status(status)
        .header("replay-nonce", shared.nonce());
    for (name, value) in headers {
        response = response.header(name, value);
    }
    let bytes = match body {
        Body::Json(value) => value.to_string(),
        Body::Pem(text) => text,
    };
    let response = response.body(Full::from(bytes));
    Ok(response.expect("headers are plain"))
}

fn problem(kind: &str, detail: &str) -> Reply {
    let kind = format!("urn:ietf:params:acme:error:{kind}");
    let body = json!({ "type": kind, "detail": detail, "status": 400 });
    (400, Vec::new(), Body::Json(body))
}

type Refused = (&'static str, String);

impl Shared {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn directory(&self) -> Value {
        let at = |path: &str| format!("{}/{path}", self.base);
        json!({
            "newNonce": at("nonce"), "newAccount": at("account"), "newOrder": at("order"),
            "revokeCert": at("revoke"), "keyChange": at("key"), "meta": {},
        })
    }

    fn nonce(&self) -> String {
        let mut books = self.books();
        books.drawn += 1;
        let nonce = format!("nonce-{}", books.drawn);
        books.nonces.insert(nonce.clone());
        nonce
    }

    async fn post(&self, path: &str, body: &[u8]) -> Result<Reply, Refused> {
        let signed = Signed::parse(body).map_err(|detail| ("malformed", detail))?;
        if signed.url != format!("{}{path}", self.base) {
            return Err((
                "unauthorized",
                "the URL is not that which was signed".into(),
            ));
        }
        self.spend(&signed.nonce)?;
        let parts: Vec<_> = path.trim_start_matches('/').split('/').collect();
        if parts == ["account"] {
            return self.register(&signed);
        }
        let account = signed.account.clone().unwrap_or_default();
        let known = self.books().accounts.get(&account).cloned();
        let key = known.ok_or(("accountDoesNotExist", "no such account".to_owned()))?;
        signed.verify(&key).map_err(|why| ("malformed", why))?;
        let number = |at: usize| parts.get(at).and_then(|text| text.parse::<usize>().ok());
        match (parts[0], number(1), number(2)) {
            ("order", None, _) => self.order(&signed.payload),
            ("order", Some(order), _) => Ok(self.show(order, 200)),
            ("authz", Some(order), Some(host)) => Ok(self.authorization(order, host)),
            ("chall", Some(order), Some(host)) => self.challenge(order, host, parts[3], &key).await,
            ("finalize", Some(order), _) => self.finalize(order, &signed.payload),
            ("cert", Some(order), _) => {
                let chain = self.books().orders[order].chain.clone();
                Ok((200, Vec::new(), Body::Pem(chain.unwrap_or_default())))
            }
            _ => Err(("malformed", "no such thing".into())),
        }
    }

    fn spend(&self, nonce: &str) -> Result<(), Refused> {
        let mut books = self.books();
        let fresh = books.nonces.remove(nonce);
        let bad = !fresh || books.bad_nonces > 0;
        books.bad_nonces = books.bad_nonces.saturating_sub(1);
        if bad {
            return Err(("badNonce", "this nonce is not of ours".into()));
        }
        Ok(())
    }

    fn register(&self, signed: &Signed) -> Result<Reply, Refused> {
        let key = signed
            .key
            .clone()
            .ok_or(("malformed", "no key".to_owned()))?;
        signed.verify(&key).map_err(|why| ("malformed", why))?;
        if signed.payload["termsOfServiceAgreed"] != true {
            return Err(("userActionRequired", "agree to the terms".into()));
        }
        let mut books = self.books();
        let url = format!("{}/acct/{}", self.base, key.thumbprint());
        books.accounts.insert(url.clone(), key);
        let body = json!({ "status": "valid", "contact": signed.payload["contact"] });
        Ok((201, vec![("location", url)], Body::Json(body)))
    }

    fn order(&self, wanted: &Value) -> Result<Reply, Refused> {
        let identifiers = wanted["identifiers"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let host = |one: &Value| one["value"].as_str().unwrap_or_default().to_owned();
        let hosts: Vec<_> = identifiers.iter().map(host).collect();
        if hosts.is_empty() {
            return Err(("malformed", "no hosts".into()));
        }
        let number = {
            let mut books = self.books();
            let valid = vec![false; hosts.len()];
            let (error, chain) = (None, None);
            let order = Order {
                hosts,
                valid,
                error,
                chain,
            };
            books.orders.push(order);
            books.orders.len() - 1
        };
        Ok(self.show(number, 201))
    }

    fn show(&self, number: usize, status: u16) -> Reply {
        let order = self.books().orders[number].clone();
        let state = match (&order.error, &order.chain) {
            (Some(_), _) => "invalid",
            (None, Some(_)) => "valid",
            (None, None) if order.valid.iter().all(|valid| *valid) => "ready",
            (None, None) => "pending",
        };
        let base = &self.base;
        let authorizations = 0..order.hosts.len();
        let authorizations = authorizations.map(|host| format!("{base}/authz/{number}/{host}"));
        let identifiers = order.hosts.iter();
        let identifiers = identifiers.map(|host| json!({ "type": "dns", "value": host }));
        let mut body = json!({
            "status": state,
            "identifiers": identifiers.collect::<Vec<_>>(),
            "authorizations": authorizations.collect::<Vec<_>>(),
            "finalize": format!("{base}/finalize/{number}"),
        });
        if order.chain.is_some() {
            body["certificate"] = json!(format!("{base}/cert/{number}"));
        }
        let location = format!("{base}/order/{number}");
        (status, vec![("location", location)], Body::Json(body))
    }

    fn authorization(&self, number: usize, host: usize) -> Reply {
        let order = self.books().orders[number].clone();
        let state = match (&order.error, order.valid[host]) {
            (Some(_), _) => "invalid",
            (None, true) => "valid",
            (None, false) => "pending",
        };
        let challenges: Vec<_> = ["http-01", "tls-alpn-01"]
            .map(|kind| self.describe(number, host, kind, state))
            .into();
        let body = json!({
            "identifier": { "type": "dns", "value": order.hosts[host] },
            "status": state,
            "challenges": challenges,
        });
        (200, Vec::new(), Body::Json(body))
    }

    fn describe(&self, number: usize, host: usize, kind: &str, state: &str) -> Value {
        let mut body = json!({
            "type": kind,
            "url": format!("{}/chall/{number}/{host}/{kind}", self.base),
            "token": token(number, host),
            "status": state,
        });
        let error = self.books().orders[number].error.clone();
        if let Some((_, error)) = error.filter(|(tried, _)| tried == kind) {
            body["error"] =
                json!({ "type": "urn:ietf:params:acme:error:unauthorized", "detail": error });
        }
        body
    }

    /// Looks at once, where others take their time.
    async fn challenge(
        &self,
        number: usize,
        host: usize,
        kind: &str,
        key: &jws::Key,
    ) -> Result<Reply, Refused> {
        let (name, refusing) = {
            let books = self.books();
            (books.orders[number].hosts[host].clone(), books.refusing)
        };
        let token = token(number, host);
        let proof = format!("{token}.{}", key.thumbprint());
        let found = match kind {
            _ if refusing => Err("nobody is at home".to_owned()),
            "http-01" => self.ground.over_http(&name, &token, &proof).await,
            _ => self.ground.over_tls(&name, &proof).await,
        };
        let mut books = self.books();
        let looked = if kind == "http-01" {
            "http-01"
        } else {
            "tls-alpn-01"
        };
        books.looked.push(looked);
        match found {
            Ok(()) => books.orders[number].valid[host] = true,
            Err(why) => books.orders[number].error = Some((kind.to_owned(), why)),
        }
        drop(books);
        // The answer still says that it is being looked at, as it mostly does.
        let mut body = self.describe(number, host, kind, "processing");
        body["error"] = Value::Null;
        Ok((200, Vec::new(), Body::Json(body)))
    }

    fn finalize(&self, number: usize, payload: &Value) -> Result<Reply, Refused> {
        let request = payload["csr"].as_str().unwrap_or_default();
        let request = jws::decode(request).map_err(|why| ("badCSR", why))?;
        let (hosts, ready, life) = {
            let books = self.books();
            let order = &books.orders[number];
            let ready = order.valid.iter().all(|valid| *valid);
            (order.hosts.clone(), ready, books.life)
        };
        if !ready {
            return Err(("orderNotReady", "some hosts have not been looked at".into()));
        }
        let chain = self.issuer.issue(&request, &hosts, life);
        let chain = chain.map_err(|why| ("badCSR", why))?;
        self.books().orders[number].chain = Some(chain);
        Ok(self.show(number, 200))
    }
}

fn token(order: usize, host: usize) -> String {
    format!("token-{order}-{host}")
}
