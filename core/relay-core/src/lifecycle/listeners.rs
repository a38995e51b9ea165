//! All listening sockets of the daemon: bound together, accepting together, drained in two
//! groups (clients first, operators last), and handed over as one.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::failure::Failure;
use crate::net::{
    AcceptOptions, Acceptor, Drainer, Gate, Inherited, Listener, NetMetrics, Service,
};
use crate::protocol::Port;

/// Who connects to a listener.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Audience {
    /// Users of the relays.
    Clients,
    /// Monitoring, over the network.
    Monitoring,
    /// relayctl.
    Operators,
}

/// Sockets that are bound but not served yet.
pub(crate) struct Bound {
    listeners: Vec<(Arc<Listener>, AcceptOptions, Audience)>,
}

/// Sockets that are served.
pub(crate) struct Serving {
    listeners: Vec<Arc<Listener>>,
    clients: Group,
    operators: Group,
}

struct Group {
    drainer: Drainer,
    acceptors: JoinSet<()>,
}

impl Bound {
    /// Binds every port, or takes its sockets from `inherited`. All or nothing.
    pub(crate) fn bind(
        ports: Vec<(Port, Audience)>,
        inherited: &mut Inherited,
    ) -> Result<Self, Failure> {
        let mut listeners = Vec::new();
        for (port, audience) in ports {
            for addr in &port.listen {
                let listener = match inherited.take(port.name, addr) {
                    Some(fd) => Listener::from_fd(port.name, addr, fd, &port.bind)?,
                    None => Listener::bind(port.name, addr, &port.bind)?,
                };
                listeners.push((Arc::new(listener), port.accept.clone(), audience));
            }
        }
        for left in inherited.leftovers() {
            tracing::warn!("an inherited socket is wanted by no listener and is closed: {left}");
        }
        Ok(Self { listeners })
    }

    /// Addresses of the listeners of this name, as really bound.
    pub(crate) fn addresses(&self, name: &str) -> Vec<String> {
        let named = self
            .listeners
            .iter()
            .filter(|(listener, ..)| listener.name() == name);
        named
            .map(|(listener, ..)| listener.local().to_string())
            .collect()
    }

    /// Accepts connections on all of them.
    pub(crate) fn serve(
        self,
        gates: impl Fn(Audience) -> Gate,
        service: impl Fn(&str) -> Option<Arc<dyn Service>>,
        metrics: &NetMetrics,
    ) -> Serving {
        let mut serving = Serving {
            listeners: Vec::new(),
            clients: Group::new(),
            operators: Group::new(),
        };
        for (listener, options, audience) in self.listeners {
            let Some(service) = service(listener.name()) else {
                continue;
            };
            serving.listeners.push(Arc::clone(&listener));
            let group = match audience {
                Audience::Clients => &mut serving.clients,
                Audience::Monitoring | Audience::Operators => &mut serving.operators,
            };
            let acceptor = Acceptor {
                gate: gates(audience),
                metrics: metrics.listener(listener.name()),
                drain: group.drainer.drain(),
                listener,
                options,
                service,
            };
            group.acceptors.spawn(acceptor.run());
        }
        serving
    }
}

impl Serving {
    /// The sockets, to hand them to another process.
    pub(crate) fn listeners(&self) -> Vec<Arc<Listener>> {
        self.listeners.clone()
    }

    /// Leaves unix sockets' paths alone when closing: another process serves them now.
    pub(crate) fn disarm(&self) {
        for listener in &self.listeners {
            listener.disarm();
        }
    }

    /// Accepts no more and lets what is in flight finish, for at most `limit` or until
    /// `hurry`; then cuts it off. Operators can look on until the clients are gone.
    pub(crate) async fn drain(self, limit: Duration, hurry: impl Future<Output = ()>) {
        let Self {
            listeners,
            mut clients,
            mut operators,
        } = self;
        drop(listeners);
        let orderly = async {
            clients.finish().await;
            operators.finish().await;
        };
        tokio::select! {
            () = orderly => return,
            () = tokio::time::sleep(limit) => tracing::warn!("the time limit for draining is over; cutting off what is left"),
            () = hurry => tracing::warn!("second signal; cutting off what is left"),
        }
        for group in [&mut clients, &mut operators] {
            group.drainer.end();
            group.ended().await;
        }
    }
}

impl Group {
    fn new() -> Self {
        Self {
            drainer: Drainer::new(),
            acceptors: JoinSet::new(),
        }
    }

    async fn finish(&mut self) {
        self.drainer.request();
        self.ended().await;
    }

    async fn ended(&mut self) {
        while self.acceptors.join_next().await.is_some() {}
    }
}
