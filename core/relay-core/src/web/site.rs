//! What a relay serves on the shared web ports.

use std::fmt;

use axum::Router;
use axum::http::Uri;

/// Whether a site wants a request that another site of the same host could answer too.
pub type Claim = fn(&Uri) -> bool;

/// Pages and endpoints a relay serves on the shared web ports.
///
/// Where several sites have the same host, a request goes to the first that claims it, else to
/// the first that claims nothing at all.
#[derive(Clone)]
pub struct Site {
    /// The relay it belongs to, for messages.
    pub name: &'static str,
    /// The hosts it is for, in lower case and without a port; none for every host that no other
    /// site is for.
    pub hosts: Vec<String>,
    /// Which requests come here before other sites of the same host are asked.
    pub claim: Option<Claim>,
    /// What answers.
    pub router: Router,
}

impl Site {
    /// A site that leaves what others claim to them.
    pub fn new(name: &'static str, hosts: Vec<String>, router: Router) -> Self {
        Self {
            name,
            hosts,
            claim: None,
            router,
        }
    }

    /// Takes these requests before other sites of the same host do.
    #[must_use]
    pub fn claiming(mut self, claim: Claim) -> Self {
        self.claim = Some(claim);
        self
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site")
            .field("name", &self.name)
            .field("hosts", &self.hosts)
            .finish_non_exhaustive()
    }
}
