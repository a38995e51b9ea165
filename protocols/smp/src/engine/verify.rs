//! Whether commands are authorized.
//!
//! Whether a queue exists must not show: where there is none, or where no key fits, a key nobody
//! holds takes part, and an answer from the cache is checked against the database before it is
//! "no", so that both ways cost one read and one verification.

use relay_storage::ReadError;

use super::lookup::Located;
use super::shared::Shared;
use crate::crypto::{Claim, Verifier};
use crate::queue::Record;
use crate::wire::{AuthKey, Command, CommandError, Error, Request};

/// What is known of a command before it is executed.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) located: Option<Located>,
    pub(crate) refused: Option<Error>,
}

impl Shared {
    /// Verifies commands together; reads their queues, from the cache unless `fresh`.
    pub(crate) async fn verify(
        &self,
        verifier: &Verifier,
        requests: &[&Request<'_>],
        fresh: bool,
    ) -> Result<Vec<Verdict>, ReadError> {
        let located = self.locate(requests, fresh).await?;
        let mut verdicts = judge(verifier, requests, located);
        self.appeal(verifier, requests, &mut verdicts).await?;
        Ok(verdicts)
    }

    /// Who was refused on the word of the cache is judged again by the database.
    async fn appeal(
        &self,
        verifier: &Verifier,
        requests: &[&Request<'_>],
        verdicts: &mut [Verdict],
    ) -> Result<(), ReadError> {
        let doubtful: Vec<usize> = (0..verdicts.len())
            .filter(|at| verdicts[*at].is_doubtful())
            .collect();
        if doubtful.is_empty() {
            return Ok(());
        }
        let again: Vec<_> = doubtful.iter().map(|at| requests[*at]).collect();
        let located = self.locate(&again, true).await?;
        for ((at, request), located) in doubtful.into_iter().zip(again).zip(located) {
            let same = verdicts[at].revision() == located.as_ref().map(revision);
            if !same {
                self.forget_located(&verdicts[at]);
                let judged = judge(verifier, &[request], vec![located]);
                verdicts[at] = judged.into_iter().next().unwrap_or_else(Verdict::internal);
            }
        }
        Ok(())
    }

    fn forget_located(&self, verdict: &Verdict) {
        if let Some(located) = &verdict.located {
            self.records.forget(&located.found.record);
        }
    }
}

impl Verdict {
    fn internal() -> Self {
        Self {
            located: None,
            refused: Some(Error::Internal),
        }
    }

    fn is_doubtful(&self) -> bool {
        let cached = self.located.as_ref().is_some_and(|located| located.cached);
        cached && self.refused == Some(Error::Auth)
    }

    fn revision(&self) -> Option<(i64, i64)> {
        self.located.as_ref().map(revision)
    }
}

fn revision(located: &Located) -> (i64, i64) {
    (located.found.record.row, located.found.record.revision)
}

/// What has to be verified for a command.
enum Proof<'a> {
    /// Nothing: it may, or it may not.
    Settled(Result<(), Error>),
    /// That one of these keys gave it.
    Key(&'a [AuthKey]),
    /// The same, though the answer is no in any case.
    Never,
}

fn judge(
    verifier: &Verifier,
    requests: &[&Request<'_>],
    located: Vec<Option<Located>>,
) -> Vec<Verdict> {
    let proofs: Vec<_> = (requests.iter().zip(&located))
        .map(|(request, located)| {
            proof(
                request,
                located.as_ref().map(|located| &*located.found.record),
            )
        })
        .collect();
    let claims: Vec<_> = (requests.iter().zip(&proofs))
        .filter_map(|(request, proof)| claim(request, proof))
        .collect();
    let mut held = verifier.verify_all(&claims).into_iter();
    let each = requests.iter().zip(proofs).map(|(request, proof)| {
        let proven = claim(request, &proof).is_some() && held.next().unwrap_or(false);
        match proof {
            Proof::Settled(outcome) => outcome.err(),
            Proof::Key(_) if proven => None,
            Proof::Key(_) | Proof::Never => Some(Error::Auth),
        }
    });
    let refused: Vec<_> = each.collect();
    let verdicts = located.into_iter().zip(refused);
    verdicts
        .map(|(located, refused)| Verdict { located, refused })
        .collect()
}

fn claim<'a>(request: &'a Request<'_>, proof: &Proof<'a>) -> Option<Claim<'a>> {
    let keys: &[AuthKey] = match proof {
        Proof::Settled(_) => return None,
        Proof::Key(keys) => keys,
        Proof::Never => &[],
    };
    let credentials = request.credentials?;
    Some(Claim {
        keys,
        authorization: credentials.authorization,
        signed: request.signed,
        corr_id: request.corr_id.as_bytes(),
    })
}

fn proof<'a>(request: &'a Request<'_>, record: Option<&'a Record>) -> Proof<'a> {
    let service = request
        .credentials
        .and_then(|credentials| credentials.service);
    if service.is_some() {
        return Proof::Settled(Err(Error::Service)); // no session here is a service's
    }
    match &request.command {
        Command::Ping => Proof::Settled(Ok(())),
        Command::Subs(_) | Command::Nsubs(_) | Command::Rfwd(_) => {
            Proof::Settled(Err(Error::Cmd(CommandError::Prohibited)))
        }
        // Those are done elsewhere and do not come here.
        Command::Prxy { .. } | Command::Pfwd { .. } => {
            Proof::Settled(Err(Error::Cmd(CommandError::Prohibited)))
        }
        Command::Rslv(_) => Proof::Settled(Err(Error::Cmd(CommandError::Unknown))),
        Command::New(new) => Proof::Key(std::slice::from_ref(&new.key)),
        Command::Skey(key) | Command::Lkey(key) => match record {
            Some(_) => Proof::Key(std::slice::from_ref(key)),
            None => Proof::Never,
        },
        Command::Lget => Proof::Settled(record.map(drop).ok_or(Error::Auth)),
        Command::Send { .. } => of_sender(request, record),
        Command::Nsub => match record.and_then(|record| record.notifier.as_ref()) {
            Some(notifier) => Proof::Key(std::slice::from_ref(&notifier.key)),
            None => Proof::Never,
        },
        _ => record.map_or(Proof::Never, |record| Proof::Key(&record.recipient_keys)),
    }
}

/// A secured queue wants its key's signature, an unsecured one wants none.
fn of_sender<'a>(request: &Request<'_>, record: Option<&'a Record>) -> Proof<'a> {
    match record.map(|record| record.sender_key.as_ref()) {
        Some(None) if request.credentials.is_none() => Proof::Settled(Ok(())),
        Some(Some(key)) => Proof::Key(std::slice::from_ref(key)),
        Some(None) | None => Proof::Never,
    }
}
