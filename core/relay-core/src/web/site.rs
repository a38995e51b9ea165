//! What a relay serves on the shared web ports, and which of several is meant.

use std::fmt;

use axum::Router;
use axum::http::Uri;

/// Says of a request whether it is one of those meant.
pub type Claim = fn(&Uri) -> bool;

/// Pages and endpoints a relay serves on the shared web ports.
///
/// Where several sites have the same host, a request goes to the first that claims it, else to
/// the first that claims nothing at all, else to the first.
#[derive(Clone)]
pub struct Site {
    /// The relay it belongs to, for messages.
    pub name: &'static str,
    /// The hosts it is for, in lower case and without a port; none for every host that no other
    /// site is for.
    pub hosts: Vec<String>,
    /// Which requests come here before other sites of the same host are asked.
    pub claim: Option<Claim>,
    /// Which requests are answered over plain HTTP, also where browsers are sent to HTTPS.
    pub plain: Option<Claim>,
    /// What answers.
    pub router: Router,
}

impl Site {
    /// A site that leaves what others claim to them, and whose pages may move to HTTPS.
    pub fn new(name: &'static str, hosts: Vec<String>, router: Router) -> Self {
        Self {
            name,
            hosts,
            claim: None,
            plain: None,
            router,
        }
    }

    /// Takes these requests before other sites of the same host do.
    #[must_use]
    pub fn claiming(mut self, claim: Claim) -> Self {
        self.claim = Some(claim);
        self
    }

    /// Answers these requests over plain HTTP, whatever `web.redirect` says.
    #[must_use]
    pub fn plain_for(mut self, plain: Claim) -> Self {
        self.plain = Some(plain);
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

/// The site a request is for.
pub(crate) fn find<'a>(sites: &'a [Site], host: Option<&str>, uri: &Uri) -> Option<&'a Site> {
    let named = |site: &&Site| site.hosts.iter().any(|name| Some(&**name) == host);
    let mut candidates: Vec<_> = sites.iter().filter(named).collect();
    if candidates.is_empty() {
        candidates = sites.iter().filter(|site| site.hosts.is_empty()).collect();
    }
    let claims = |site: &&&Site| site.claim.is_some_and(|claim| claim(uri));
    let claiming = candidates.iter().find(claims);
    let modest = || candidates.iter().find(|site| site.claim.is_none());
    let found = claiming.or_else(modest).or(candidates.first());
    found.copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sites: &[Site], host: &str, path: &str) -> Option<&'static str> {
        find(sites, Some(host), &path.parse().unwrap()).map(|site| site.name)
    }

    fn site(name: &'static str, hosts: &[&str]) -> Site {
        let hosts = hosts.iter().map(|&host| host.to_owned()).collect();
        Site::new(name, hosts, Router::new())
    }

    #[test]
    fn the_host_decides_then_the_claim_then_the_order() {
        let rooms = |uri: &Uri| uri.path().starts_with("/room");
        let sites = [
            site("smp", &["both.example", "smp.example"]),
            site("smp default", &[]),
            site("sogs", &["both.example", "sogs.example"]).claiming(rooms),
            site("sogs default", &[]).claiming(rooms),
        ];
        for (host, path, name) in [
            ("smp.example", "/", "smp"),
            ("smp.example", "/rooms", "smp"),
            ("sogs.example", "/", "sogs"),
            ("both.example", "/rooms", "sogs"),
            ("both.example", "/", "smp"),
            ("192.0.2.1", "/rooms", "sogs default"),
            ("192.0.2.1", "/", "smp default"),
        ] {
            assert_eq!(found(&sites, host, path), Some(name), "{host}{path}");
        }
        assert_eq!(found(&sites[..1], "192.0.2.1", "/"), None);
    }
}
