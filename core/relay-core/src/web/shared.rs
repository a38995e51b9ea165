//! A shared port: who speaks TLS is given to who understands them.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::sleep;

use super::certificate::Certificates;
use super::metrics::{Caller, WebMetrics};
use crate::net::{Conn, Drain, Http, Refusal, Service};

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
        // Boxed, so that a connection does not keep the room of its beginning for life.
        let begin = Box::pin(self.clone().begin(conn, drain));
        async move {
            let serving = begin.await;
            if let Some(serving) = serving {
                serving.await;
            }
        }
        .boxed()
    }
}

impl SharedPort {
    /// Finds out who serves it; nobody if it misbehaves, or begins nothing while we stop.
    async fn begin(self, conn: Conn, drain: Drain) -> Option<BoxFuture<'static, ()>> {
        let metrics = Arc::clone(conn.metrics());
        tokio::select! {
            biased;
            begun = self.hand_over(conn, &drain) => {
                begun.inspect_err(|why| metrics.refused(*why)).ok()
            }
            () = drained(&drain) => None,
        }
    }

    /// What serves it from here on.
    async fn hand_over(
        &self,
        mut conn: Conn,
        drain: &Drain,
    ) -> Result<BoxFuture<'static, ()>, Refusal> {
        let hello = conn.peek_hello().await?;
        if let (None, Some(unnamed)) = (&hello.host, &self.unnamed) {
            self.metrics.called(Caller::Unnamed);
            return Ok(unnamed.serve(conn, drain.clone()));
        }
        let config = self.certificates.config_for(&hello);
        let conn = conn.encrypt(config).await?;
        if hello.is_acme() {
            // It has seen the certificate, which is all it came for.
            self.metrics.called(Caller::Authority);
            return Ok(async {}.boxed());
        }
        self.metrics.called(Caller::Browser);
        Ok(self.https.serve(conn, drain.clone()))
    }
}

async fn drained(drain: &Drain) {
    drain.requested().await;
    sleep(LAST_HELLO).await;
}
