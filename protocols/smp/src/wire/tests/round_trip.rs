//! Whatever can be said is understood as it was meant, in every version.

use proptest::prelude::*;

use crate::wire::*;

/// The parts of which commands and responses are made.
#[derive(Clone, Debug)]
struct Pool {
    version: u16,
    ids: [Vec<u8>; 4],
    bodies: [Vec<u8>; 2],
    key: [u8; 32],
    key448: [u8; 57],
    nonce: [u8; 24],
    hash: [u8; 16],
    number: i64,
    flags: [bool; 4],
}

fn pool() -> impl Strategy<Value = Pool> {
    let bytes = |max| proptest::collection::vec(any::<u8>(), 0..=max);
    let password = proptest::collection::vec(b'a'..=b'z', 0..=40);
    (
        (
            6..=20u16,
            [bytes(0xff), bytes(24), bytes(24), bytes(24)],
            [bytes(1000), bytes(1000)],
        ),
        (
            any::<[u8; 32]>(),
            any::<[[u8; 19]; 3]>(),
            any::<[u8; 24]>(),
            any::<[u8; 16]>(),
        ),
        (any::<i64>(), any::<[bool; 4]>(), password),
    )
        .prop_map(
            |((version, mut ids, bodies), (key, parts, nonce, hash), (number, flags, pw))| {
                ids[3] = pw;
                let key448 = parts.concat().try_into().unwrap();
                Pool {
                    version,
                    ids,
                    bodies,
                    key,
                    key448,
                    nonce,
                    hash,
                    number,
                    flags,
                }
            },
        )
}

impl Pool {
    fn version(&self) -> Version {
        Version(self.version)
    }

    fn id(&self, n: usize) -> Short<'_> {
        Short::cut(&self.ids[n])
    }

    fn auth_key(&self) -> AuthKey {
        match self.number.rem_euclid(3) {
            0 => AuthKey::Ed25519(self.key),
            1 => AuthKey::Ed448(self.key448),
            _ => AuthKey::X25519(self.key),
        }
    }

    fn data(&self) -> LinkData<'_> {
        LinkData {
            fixed: &self.bodies[0],
            user: &self.bodies[1],
        }
    }

    fn notifier(&self) -> NewNotifier {
        NewNotifier {
            key: self.auth_key(),
            dh_key: DhKey(self.key),
        }
    }

    fn digest(&self) -> IdsDigest {
        let known = self.version() >= Version::RECEIVE_SERVICES;
        IdsDigest {
            count: self.number,
            hash: if known { self.hash } else { [0; 16] },
        }
    }

    fn since<T>(&self, version: Version, value: T) -> Option<T> {
        (self.version() >= version && self.flags[3]).then_some(value)
    }

    fn new_queue(&self) -> New<'_> {
        let link = NewLink {
            sender_id: self.id(1),
            data: self.data(),
        };
        let link = self.since(Version::LINKS, link);
        let request = if self.flags[0] {
            QueueRequest::Messaging(link)
        } else {
            QueueRequest::Contact(link.map(|link| (self.id(2), link)))
        };
        New {
            key: self.auth_key(),
            dh_key: DhKey(self.key),
            password: self.flags[1].then_some(self.id(3)),
            mode: if self.flags[2] {
                SubscriptionMode::Subscribe
            } else {
                SubscriptionMode::OnlyCreate
            },
            request: (self.version() >= Version::SENDER_SECURES).then_some(request),
            notifier: self.since(Version::NEW_NOTIFIER, self.notifier()),
        }
    }

    fn relay(&self) -> ServerAddress<'_> {
        let hosts = vec![self.id(1), self.id(2)];
        ServerAddress {
            hosts,
            port: self.id(3),
            key_hash: Short::from(&self.key),
        }
    }

    fn commands(&self) -> Vec<Command<'_>> {
        let body = &self.bodies[0][..];
        let all = (self.version() >= Version::RECEIVE_SERVICES).then_some(self.digest());
        let key = self.auth_key();
        let mut commands = vec![
            Command::New(Box::new(self.new_queue())),
            Command::Sub,
            Command::Subs(all),
            Command::Key(key),
            Command::Rkey(vec![key; 3]),
            Command::Lset {
                link_id: self.id(0),
                data: self.data(),
            },
            Command::Ldel,
            Command::Nkey(self.notifier()),
            Command::Ndel,
            Command::Get,
            Command::Ack(self.id(0)),
            Command::Off,
            Command::Del,
            Command::Que,
            Command::Skey(key),
            Command::Send {
                notification: self.flags[0],
                body,
            },
            Command::Lkey(key),
            Command::Lget,
            Command::Nsub,
            Command::Nsubs(all),
            Command::Ping,
            Command::Prxy {
                relay: self.relay(),
                password: self.flags[1].then_some(self.id(3)),
            },
            Command::Pfwd {
                version: self.version(),
                key: DhKey(self.key),
                body,
            },
            Command::Rfwd(body),
        ];
        if self.version() >= Version::NAMES {
            commands.push(Command::Rslv(b"some.name"));
        }
        commands
    }

    fn ids_response(&self) -> Ids<'_> {
        let mode = if self.flags[0] {
            QueueMode::Messaging
        } else {
            QueueMode::Contact
        };
        Ids {
            recipient_id: self.id(0),
            sender_id: self.id(1),
            dh_key: DhKey(self.key),
            mode: (self.version() >= Version::SENDER_SECURES).then_some(mode),
            link_id: self.since(Version::LINKS, self.id(2)),
            service_id: self.since(Version::SERVICES, self.id(2)),
            notifier: self.since(Version::NEW_NOTIFIER, (self.id(2), DhKey(self.key))),
        }
    }

    fn identity(&self) -> CertChain<'_> {
        CertChain {
            certificates: vec![&self.bodies[0], &self.ids[0]],
            signed_key: &self.bodies[1],
        }
    }

    fn responses(&self) -> Vec<Response<'_>> {
        let (body, version) = (&self.bodies[0][..], self.version());
        let versions = VersionRange::new(version, Version(u16::MAX)).unwrap();
        let mut responses = vec![
            Response::Ids(Box::new(self.ids_response())),
            Response::Lnk {
                sender_id: self.id(1),
                data: self.data(),
            },
            Response::Soks(self.digest()),
            Response::Msg {
                id: self.id(0),
                body,
            },
            Response::Nid {
                notifier_id: self.id(0),
                dh_key: DhKey(self.key),
            },
            Response::Nmsg {
                nonce: &self.nonce,
                meta: self.id(0),
            },
            Response::End,
            Response::Ends(self.digest()),
            Response::Alls,
            Response::Info(body),
            Response::Pkey {
                session_id: self.id(0),
                versions,
                identity: self.identity(),
            },
            Response::Pres(body),
            Response::Rres(body),
            Response::Rname(body),
            Response::Ok,
            Response::Pong,
        ];
        if version >= Version::DELETED_EVENT {
            responses.push(Response::Deld);
        }
        if version >= Version::SERVICES {
            responses.push(Response::Sok(self.flags[0].then_some(self.id(0))));
        }
        responses.extend(self.errors().into_iter().map(Response::Err));
        responses
    }

    fn errors(&self) -> Vec<Error> {
        let text = String::from_utf8_lossy(&self.ids[3]).into_owned();
        let reason = if self.flags[0] {
            BlockingReason::Spam
        } else {
            BlockingReason::Content
        };
        let notice = ClientNotice {
            ttl: self.flags[1].then_some(self.number),
        };
        let notice = self.since(Version::NOTICES, notice);
        let broker = |error| Error::Proxy(Box::new(ProxyError::Broker(error)));
        let handshake = |error| TransportError::Handshake(error);
        let mut errors = vec![
            Error::Block,
            Error::Session,
            Error::Auth,
            Error::Service,
            Error::Crypto,
            Error::Quota,
            Error::Store(text.clone()),
            Error::NoMsg,
            Error::LargeMsg,
            Error::Expired,
            Error::Internal,
            Error::Duplicate,
            Error::Name(NameError::NoResolver),
            Error::Name(NameError::NotFound),
            Error::Name(NameError::Resolver(text.clone())),
            Error::Proxy(Box::new(ProxyError::BasicAuth)),
            Error::Proxy(Box::new(ProxyError::NoSession)),
            Error::Proxy(Box::new(ProxyError::Protocol(Error::Auth))),
            broker(BrokerError::Response(text.clone())),
            broker(BrokerError::Unexpected(text)),
            broker(BrokerError::Network),
            broker(BrokerError::Host),
            broker(BrokerError::NoService),
            broker(BrokerError::Timeout),
        ];
        if self.version() >= Version::BLOCKED {
            errors.push(Error::Blocked(BlockingInfo { reason, notice }));
        }
        errors.extend(
            [
                CommandError::Unknown,
                CommandError::Syntax,
                CommandError::Prohibited,
                CommandError::NoAuth,
                CommandError::HasAuth,
                CommandError::NoEntity,
            ]
            .map(Error::Cmd),
        );
        errors.extend(
            [
                TransportError::Block,
                TransportError::Version,
                TransportError::LargeMsg,
                TransportError::Session,
                TransportError::NoAuth,
                handshake(HandshakeError::Parse),
                handshake(HandshakeError::Identity),
                handshake(HandshakeError::BadAuth),
                handshake(HandshakeError::BadService),
            ]
            .map(|error| broker(BrokerError::Transport(error))),
        );
        errors
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn commands(pool in pool(), authorized: bool, signature in any::<[[u8; 32]; 2]>()) {
        let signature: [u8; 64] = signature.concat().try_into().unwrap();
        let session = Session { version: pool.version(), id: pool.id(2) };
        let service = (pool.version() >= Version::SERVICES && pool.flags[2]).then_some(&signature);
        let credentials = authorized
            .then_some(Credentials { authorization: Authorization::Ed25519(&signature), service });
        for command in pool.commands() {
            let draft = Draft::new(session.version, pool.id(0), pool.id(1), &command).unwrap();
            let mut bytes = Vec::new();
            write(&mut bytes, BLOCK, |w| draft.encode(session, credentials, w)).unwrap();
            match Request::parse(session, &bytes) {
                Ok(request) => {
                    prop_assert_eq!(&request.command, &command);
                    prop_assert_eq!(request.credentials, credentials);
                    prop_assert_eq!((request.corr_id, request.entity_id), (pool.id(0), pool.id(1)));
                    prop_assert_eq!(request.signed.to_vec(), draft.signed(session).to_vec());
                }
                Err(refusal) => prop_assert_eq!(
                    Err(refusal.error),
                    command.check_credentials(authorized, pool.id(1))
                ),
            }
        }
    }

    #[test]
    fn responses(pool in pool()) {
        let session = Session { version: pool.version(), id: pool.id(2) };
        for response in pool.responses() {
            let mut bytes = Vec::new();
            write(&mut bytes, BLOCK, |w| {
                let response = |w: &mut Writer<'_>| response.encode(session.version, w);
                Reply::encode(session, pool.id(0), pool.id(1), response, w);
            })
            .unwrap();
            let reply = Reply::parse(session, &bytes).unwrap();
            prop_assert_eq!(reply.response, Ok(response));
            prop_assert_eq!((reply.corr_id, reply.entity_id), (pool.id(0), pool.id(1)));
        }
    }

    #[test]
    fn hellos(pool in pool()) {
        let version = pool.version();
        let service = ServiceHello { role: ServiceRole::Messaging, identity: pool.identity() };
        let client = ClientHello {
            version,
            key_hash: pool.id(0),
            session_key: (version >= Version::SESSION_KEYS).then_some(DhKey(pool.key)),
            proxy: version >= Version::PROXY_FLAG && pool.flags[0],
            service: pool.since(Version::SERVICES, service),
        };
        let bytes = client.to_bytes().unwrap();
        prop_assert_eq!(ClientHello::parse(&bytes), Ok(client));
        let server = ServerHello {
            versions: VersionRange::new(Version::V6, version).unwrap(),
            session_id: pool.id(0),
            identity: (version >= Version::SESSION_KEYS).then(|| pool.identity()),
        };
        let bytes = server.to_bytes().unwrap();
        prop_assert_eq!(ServerHello::parse(&bytes), Ok(server));
    }

    #[test]
    fn messages(pool in pool()) {
        let (timestamp, body) = (pool.number, &pool.bodies[0][..]);
        // "QUOTA " read as a time is in the year 191 thousand million
        prop_assume!(!timestamp.to_be_bytes().starts_with(b"QUOTA "));
        let sent = Message::Sent { timestamp, notification: pool.flags[0], body };
        for message in [sent, Message::Quota { timestamp }] {
            let bytes = message.to_bytes().unwrap();
            prop_assert_eq!(Message::parse(&bytes), Ok(message));
        }
        let meta = NotificationMeta { message_id: pool.id(0), timestamp };
        let bytes = meta.to_bytes().unwrap();
        prop_assert_eq!(NotificationMeta::parse(&bytes), Ok(meta));
    }

    #[test]
    fn signed_keys(pool in pool(), signature in any::<[[u8; 19]; 6]>()) {
        let signature: [u8; 114] = signature.concat().try_into().unwrap();
        let (short, _) = signature.split_first_chunk::<64>().unwrap();
        for key in [PublicKey::Ed25519(pool.key), PublicKey::X25519(pool.key)] {
            for signature in [CertSignature::Ed25519(short), CertSignature::Ed448(&signature)] {
                let object = SignedKey::object(&key);
                let der = SignedKey::to_der(&object, signature);
                let expected = SignedKey { key, object: &object, signature };
                prop_assert_eq!(SignedKey::parse(&der), Ok(expected));
            }
        }
    }
}
