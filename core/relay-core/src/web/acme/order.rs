//! One order: from an account to a certificate.

use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Identifier, NewAccount, NewOrder, Order,
    OrderStatus, RetryPolicy,
};
use std::time::Duration;

use super::Acme;
use crate::web::settings::Challenge;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const NO_ACCOUNT: &str = "urn:ietf:params:acme:error:accountDoesNotExist";

/// Quick at first, for authorities that are, and patient then.
const POLLING: RetryPolicy = RetryPolicy::new()
    .initial_delay(Duration::from_millis(100))
    .backoff(1.5)
    .timeout(Duration::from_mins(2));

/// A certificate chain and its key, in PEM.
pub(super) async fn certificate(acme: &Acme) -> Outcome<String> {
    let hosts = acme.settings.hosts.iter().cloned();
    let hosts: Vec<_> = hosts.map(Identifier::Dns).collect();
    let mut order = begin(acme, &NewOrder::new(&hosts)).await?;
    let answers = Answers::give(acme, &mut order).await?;
    let status = order.poll_ready(&POLLING).await;
    if !matches!(status, Ok(OrderStatus::Ready)) {
        let reason = refusal(&mut order).await;
        let reason = reason.or(status.err().map(|error| error.to_string()));
        return Err(reason
            .unwrap_or_else(|| "the order is not valid".to_owned())
            .into());
    }
    drop(answers);
    let key = zeroize::Zeroizing::new(order.finalize().await?);
    let chain = order.poll_certificate(&POLLING).await?;
    Ok(format!("{}\n{}", chain.trim_end(), key.as_str()))
}

/// Orders; with another account if the authority has forgotten ours.
async fn begin(acme: &Acme, order: &NewOrder<'_>) -> Outcome<Order> {
    let directory = &acme.settings.directory;
    if let Some(credentials) = acme.folder.load_account(directory) {
        let http = Box::new(acme.courier.clone());
        let builder = Account::builder_with_http(http);
        let account = builder.from_credentials(credentials).await?;
        match account.new_order(order).await {
            Err(instant_acme::Error::Api(problem))
                if problem.r#type.as_deref() == Some(NO_ACCOUNT) => {}
            outcome => return Ok(outcome?),
        }
    }
    Ok(register(acme).await?.new_order(order).await?)
}

async fn register(acme: &Acme) -> Outcome<Account> {
    let mail = |address: &String| format!("mailto:{address}");
    let contact: Vec<_> = acme.settings.contact.iter().map(mail).collect();
    let contact: Vec<_> = contact.iter().map(String::as_str).collect();
    let wanted = NewAccount {
        contact: &contact,
        terms_of_service_agreed: true,
        only_return_existing: false,
    };
    let directory = acme.settings.directory.clone();
    let builder = Account::builder_with_http(Box::new(acme.courier.clone()));
    let (account, credentials) = builder.create(&wanted, directory, None).await?;
    acme.folder.save_account(&credentials)?;
    Ok(account)
}

/// What the authority found wrong, host by host.
async fn refusal(order: &mut Order) -> Option<String> {
    let mut reasons = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let Ok(state) = authorization.refresh().await else {
            continue;
        };
        let host = state.identifier().to_string();
        let problems = state
            .challenges
            .iter()
            .filter_map(|tried| tried.error.as_ref());
        let details = problems.filter_map(|problem| problem.detail.clone());
        reasons.extend(details.map(|detail| format!("{host}: {detail}")));
    }
    let said = !reasons.is_empty();
    said.then(|| format!("the authority refuses: {}", reasons.join("; ")))
}

/// What is answered to the authority, until this is dropped.
struct Answers<'a> {
    acme: &'a Acme,
    tokens: Vec<String>,
    hosts: Vec<String>,
}

impl<'a> Answers<'a> {
    async fn give(acme: &'a Acme, order: &mut Order) -> Outcome<Self> {
        let mut answers = Self {
            acme,
            tokens: Vec::new(),
            hosts: Vec::new(),
        };
        let kind = match acme.challenge {
            Challenge::Http01 => ChallengeType::Http01,
            Challenge::TlsAlpn01 => ChallengeType::TlsAlpn01,
        };
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            if authorization.status != AuthorizationStatus::Pending {
                continue;
            }
            let host = authorization.identifier().to_string();
            let Some(mut challenge) = authorization.challenge(kind.clone()) else {
                return Err(format!("the authority does not offer {kind:?} for {host}").into());
            };
            let proof = challenge.key_authorization();
            answers.prepare(&host, &challenge.token, &proof)?;
            challenge.set_ready().await?;
        }
        Ok(answers)
    }

    fn prepare(
        &mut self,
        host: &str,
        token: &str,
        proof: &instant_acme::KeyAuthorization,
    ) -> Outcome<()> {
        match self.acme.challenge {
            Challenge::Http01 => {
                self.acme.tokens.add(token, proof.as_str());
                self.tokens.push(token.to_owned());
            }
            Challenge::TlsAlpn01 => {
                let digest = proof.digest();
                self.acme.certificates.challenge(host, digest.as_ref())?;
                self.hosts.push(host.to_owned());
            }
        }
        Ok(())
    }
}

impl Drop for Answers<'_> {
    fn drop(&mut self) {
        for token in &self.tokens {
            self.acme.tokens.remove(token);
        }
        for host in &self.hosts {
            self.acme.certificates.challenge_is_over(host);
        }
    }
}
