//! A shared port: who speaks TLS is given to who understands them.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::sleep;

use super::certificate::Certificates;
use super::metrics::{Caller, WebMetrics};
use crate::net::{Conn, Drain, Hello, Http, Refusal, Service};

/// How long who has just connected may still say hello after a drain was requested.
const LAST_HELLO: Duration = Duration::from_secs(1);

/// Serves the connections of shared TLS ports.
#[derive(Clone)]
pub(crate) struct SharedPort {
    pub(crate) certificates: Arc<Certificates>,
    pub(crate) https: Http,
    /// Who serves connections that name no host.
    pub(crate) unnamed: Option<Arc<dyn Service>>,
    pub(crate) metrics: WebMetrics,
}

impl Service for SharedPort {
    fn serve(&self, conn: Conn, drain: Drain) -> BoxFuture<'static, ()> {
        self.clone().run(conn, drain).boxed()
    }
}

impl SharedPort {
    async fn run(self, mut conn: Conn, drain: Drain) {
        let hello = tokio::select! {
            biased;
            hello = conn.peek_hello() => hello,
            () = drained(&drain) => return,
        };
        let metrics = Arc::clone(conn.metrics());
        let served = match hello {
            Ok(hello) => self.hand_over(conn, &hello, drain).await,
            Err(why) => Err(why),
        };
        match served {
            Ok(serving) => serving.await,
            Err(why) => metrics.refused(why),
        }
    }

    /// What serves it from here on; a future of its own, so that nothing of the handshake is kept.
    async fn hand_over(
        &self,
        conn: Conn,
        hello: &Hello,
        drain: Drain,
    ) -> Result<BoxFuture<'static, ()>, Refusal> {
        if let (None, Some(unnamed)) = (&hello.host, &self.unnamed) {
            self.metrics.called(Caller::Unnamed);
            return Ok(unnamed.serve(conn, drain));
        }
        let config = self.certificates.config_for(hello);
        let conn = conn.encrypt(config).await?;
        if hello.is_acme() {
            // It has seen the certificate, which is all it came for.
            self.metrics.called(Caller::Authority);
            return Ok(async {}.boxed());
        }
        self.metrics.called(Caller::Browser);
        Ok(self.https.serve(conn, drain))
    }
}

async fn drained(drain: &Drain) {
    drain.requested().await;
    sleep(LAST_HELLO).await;
}
