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
use crate::session::Service;
use crate::wire::{
    AuthKey, Authorization, Command, CommandError, Credentials, Error, Request, ServiceRole,
};

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
        service: Option<&Service>,
        requests: &[&Request<'_>],
        fresh: bool,
    ) -> Result<Vec<Verdict>, ReadError> {
        let located = self.locate(requests, fresh).await?;
        let speaker = service.map(Speaker::new);
        let court = Court {
            verifier,
            speaker: speaker.as_ref(),
        };
        let mut verdicts = court.judge(requests, located);
        self.appeal(&court, requests, &mut verdicts).await?;
        Ok(verdicts)
    }

    /// Who was refused on the word of the cache is judged again by the database.
    async fn appeal(
        &self,
        court: &Court<'_>,
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
                let judged = court.judge(&[request], vec![located]);
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

/// What commands of one connection are judged by.
struct Court<'c> {
    verifier: &'c Verifier,
    speaker: Option<&'c Speaker<'c>>,
}

/// The service that the connection is.
struct Speaker<'c> {
    service: &'c Service,
    key: [AuthKey; 1],
}

impl<'c> Speaker<'c> {
    fn new(service: &'c Service) -> Self {
        Self {
            service,
            key: [AuthKey::Ed25519(service.key)],
        }
    }
}

/// What has to be verified for a command.
enum Proof<'a> {
    /// Nothing: it may, or it may not.
    Settled(Result<(), Error>),
    /// That one of these keys gave it.
    Key(&'a [AuthKey]),
    /// The same, though the answer is no in any case.
    Never,
    /// That the service itself gave it.
    Service(&'a [AuthKey]),
}

/// All that has to be verified for a command.
struct Case<'a> {
    proof: Proof<'a>,
    /// The service has signed it too, for a queue that is or becomes its own.
    signed: Option<(&'a Speaker<'a>, &'a [u8; 64])>,
}

impl Court<'_> {
    fn judge(&self, requests: &[&Request<'_>], located: Vec<Option<Located>>) -> Vec<Verdict> {
        let cases: Vec<_> = (requests.iter().zip(&located))
            .map(|(request, located)| {
                let record = located.as_ref().map(|located| &*located.found.record);
                self.case(request, record)
            })
            .collect();
        let claims: Vec<_> = (requests.iter().zip(&cases))
            .flat_map(|(request, case)| [case.by_service(request), case.by_key(request)])
            .flatten()
            .collect();
        let mut held = self.verifier.verify_all(&claims).into_iter();
        let refused: Vec<_> = (requests.iter().zip(cases))
            .map(|(request, case)| {
                let by_service = case.by_service(request).map(|_| held.next());
                let by_key = case.by_key(request).map(|_| held.next());
                case.outcome(by_service.flatten(), by_key.flatten())
            })
            .collect();
        let verdicts = located.into_iter().zip(refused);
        verdicts
            .map(|(located, refused)| Verdict { located, refused })
            .collect()
    }

    /// The role comes first, then the service's signature, then the queue's key.
    fn case<'a>(&'a self, request: &'a Request<'_>, record: Option<&'a Record>) -> Case<'a> {
        let role = self.speaker.map(|speaker| speaker.service.role);
        if role.is_some_and(|role| role_of(&request.command).is_some_and(|needed| needed != role)) {
            return Case::refused(Error::Cmd(CommandError::Prohibited));
        }
        let signature = request
            .credentials
            .and_then(|credentials| credentials.service);
        let signed = match (
            request.command.is_signed_by_service(),
            self.speaker,
            signature,
        ) {
            (true, Some(speaker), Some(signature)) => Some((speaker, signature)),
            (true, None, None) | (false, _, None) => None,
            _ => return Case::refused(Error::Service),
        };
        let proof = match request.command {
            Command::Subs(_) | Command::Nsubs(_) => self.by_service(request),
            _ => proof(request, record),
        };
        Case { proof, signed }
    }

    /// A service subscribes itself, by its own key.
    fn by_service<'a>(&'a self, request: &Request<'_>) -> Proof<'a> {
        let signs = |credentials: Credentials<'_>| {
            matches!(credentials.authorization, Authorization::Ed25519(_))
        };
        match self.speaker {
            Some(speaker)
                if request.entity_id.as_bytes() == speaker.service.id
                    && request.credentials.is_some_and(signs) =>
            {
                Proof::Service(&speaker.key)
            }
            _ => Proof::Settled(Err(Error::Service)),
        }
    }
}

impl<'a> Case<'a> {
    fn refused(error: Error) -> Self {
        Self {
            proof: Proof::Settled(Err(error)),
            signed: None,
        }
    }

    /// That the service has signed.
    fn by_service(&self, request: &'a Request<'_>) -> Option<Claim<'a>> {
        let (speaker, signature) = self.signed?;
        Some(Claim {
            keys: &speaker.key,
            authorization: Authorization::Ed25519(signature),
            prefix: &[],
            signed: request.signed,
            corr_id: request.corr_id.as_bytes(),
        })
    }

    /// That a key has authorized.
    fn by_key(&self, request: &'a Request<'_>) -> Option<Claim<'a>> {
        let keys: &[AuthKey] = match self.proof {
            Proof::Settled(_) => return None,
            Proof::Key(keys) | Proof::Service(keys) => keys,
            Proof::Never => &[],
        };
        let prefix = self.signed.map(|(speaker, _)| &speaker.service.fingerprint);
        Some(Claim {
            keys,
            authorization: request.credentials?.authorization,
            prefix: prefix.map_or(&[], |fingerprint| fingerprint),
            signed: request.signed,
            corr_id: request.corr_id.as_bytes(),
        })
    }

    /// Why it is refused, given which claims hold.
    fn outcome(self, by_service: Option<bool>, by_key: Option<bool>) -> Option<Error> {
        if by_service == Some(false) {
            return Some(Error::Service);
        }
        match self.proof {
            Proof::Settled(outcome) => outcome.err(),
            Proof::Key(_) | Proof::Service(_) if by_key == Some(true) => None,
            Proof::Key(_) | Proof::Never => Some(Error::Auth),
            Proof::Service(_) => Some(Error::Service),
        }
    }
}

/// Which services may give a command; all if it says none.
fn role_of(command: &Command<'_>) -> Option<ServiceRole> {
    match command {
        Command::Ping => None,
        Command::Nsub | Command::Nsubs(_) => Some(ServiceRole::Notifier),
        Command::Rfwd(_) => Some(ServiceRole::Proxy),
        _ => Some(ServiceRole::Messaging),
    }
}

fn proof<'a>(request: &'a Request<'_>, record: Option<&'a Record>) -> Proof<'a> {
    match &request.command {
        Command::Ping | Command::Rslv(_) => Proof::Settled(Ok(())),
        // Those are done elsewhere and do not come here.
        Command::Rfwd(_) | Command::Prxy { .. } | Command::Pfwd { .. } => {
            Proof::Settled(Err(Error::Cmd(CommandError::Prohibited)))
        }
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
