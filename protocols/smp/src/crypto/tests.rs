//! Every vector of the cryptography, and what must not open.

mod authorization;
mod garbage;

use crate::crypto::*;
use crate::wire::tests::vectors::{spki, to_hex, vector};
use crate::wire::*;

#[rustfmt::skip]
const SESSION_ID: [u8; 32] = [
    0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f,
    0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f,
];

fn secret(name: &str) -> SecretKey {
    SecretKey::from_bytes(&vector("keys.spki").array(&format!("keys/{name}/private")))
}

fn dh(name: &str) -> DhKey {
    spki(name).try_into().unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    to_hex(&fingerprint(bytes))
}

fn seal(key: &BoxKey, nonce: Nonce, plain: &[u8]) -> Vec<u8> {
    let mut sealed = [&[0; TAG], plain].concat();
    key.seal(nonce, &mut sealed);
    sealed
}

#[test]
fn key_agreement() {
    let expected = vector("crypto.dh").bytes("secret");
    let (client, server) = (secret("client_session"), secret("srv_session"));
    assert_eq!(client.agree(&server.public()).unwrap()[..], expected);
    assert_eq!(server.agree(&dh("client_session")).unwrap()[..], expected);
    assert!(client.agree(&DhKey([0; 32])).is_none());
    assert!(client.agree(&DhKey([1; 32])).is_some());
}

#[test]
fn boxes() {
    let vector_box = vector("crypto.box");
    let nonce = Nonce(vector_box.array("nonce"));
    let key = secret("srv_session")
        .box_key(&dh("client_session"))
        .unwrap();
    let message = vector_box.bytes("message");
    assert_eq!(seal(&key, nonce, &message), vector_box.bytes("out"));
    let mut padded = Vec::new();
    pad(&mut padded, 32, |w| w.bytes(&message)).unwrap();
    assert_eq!(
        seal(&key, nonce, &padded),
        vector_box.bytes("out_padded_32")
    );

    let trap = vector("crypto.sbox_trap");
    let key = BoxKey::new(&trap.array("key"));
    let sealed = seal(&key, Nonce(trap.array("nonce")), &trap.bytes("message"));
    assert_eq!(sealed, trap.bytes("simplex"));

    let reverse = vector("crypto.nonce_reverse");
    let nonce = Nonce(reverse.array("nonce"));
    assert_eq!(nonce.reversed(), Nonce(reverse.array("response_nonce")));
    assert_eq!(Nonce::from_corr_id(&[7; 30]), Nonce([7; 24]));
    assert_eq!(Nonce::from_corr_id(&[7; 2]).0[..3], [7, 7, 0]);
}

#[test]
fn a_bent_box_stays_closed() {
    let (key, nonce) = (BoxKey::new(&[1; 32]), Nonce([2; 24]));
    let sealed = seal(&key, nonce, b"message");
    for at in 0..sealed.len() {
        let mut bent = sealed.clone();
        bent[at] ^= 1;
        let before = bent.clone();
        assert_eq!(key.open(nonce, &mut bent), Err(Unopened));
        assert_eq!(bent, before);
    }
    assert_eq!(key.open(Nonce([3; 24]), &mut sealed.clone()), Err(Unopened));
    assert_eq!(key.open(nonce, &mut [0; 15]), Err(Unopened));
    assert_eq!(key.open(nonce, &mut sealed.clone()).unwrap(), b"message");
}

#[test]
fn encrypted_blocks() {
    let expected = vector("block.plain_v7_v10");
    let vector = vector("block.encrypted_v11");
    let chains = || Chains::new(&SESSION_ID, &vector.array("dh_secret"));
    let content = vector.bytes("content");
    let block = |framing| {
        let mut block = BatchWriter::new(framing);
        for transmission in Batch::split(&content).unwrap() {
            block.push(|w| w.bytes(transmission)).unwrap();
        }
        block.finish()
    };
    let plain = block(Framing::Plain);
    let plain_sha256 = expected.text("block_sha256");
    assert_eq!(sha256(&plain), plain_sha256);

    let (mut server, mut client) = (chains(), chains());
    let mut first = block(Framing::Sealed);
    server.to_client.seal(&mut first);
    assert_eq!(sha256(&first), vector.text("s2c_block1_sha256"));
    assert!(first.starts_with(&vector.bytes("s2c_block1_head")));
    assert!(first.ends_with(&vector.bytes("s2c_block1_tail")));
    let mut second = block(Framing::Sealed);
    server.to_client.seal(&mut second);
    assert_ne!(first, second);
    let mut upward = block(Framing::Sealed);
    client.to_server.seal(&mut upward);
    assert_eq!(sha256(&upward), vector.text("c2s_block1_sha256"));

    // a block that does not open still moves the chain
    assert_eq!(client.to_client.open(&mut [0; BLOCK]), Err(Unopened));
    let opened = client.to_client.open(&mut second).unwrap();
    assert_eq!(unpad(opened).unwrap(), content);
    let opened = server.to_server.open(&mut upward).unwrap();
    assert_eq!(unpad(opened).unwrap(), content);
}

#[test]
fn signed_session_keys() {
    let (vector, chain) = (vector("handshake.signed_key"), vector("cert.chain"));
    let object = SignedKey::object(&dh("srv_session").into());
    assert_eq!(object, vector.bytes("object"));
    let ed25519 = SigningKey::Ed25519(chain.array("leaf_private").into());
    let ed448 = SigningKey::Ed448(vector.array("ed448_signer_private").into());
    for (signer, der) in [(ed25519, "der_ed25519"), (ed448, "der_ed448_signer")] {
        let signature = signer.sign(&object);
        let signed = SignedKey::to_der(&object, signature.for_certificate());
        assert_eq!(signed, vector.bytes(der));
        let parsed = SignedKey::parse(&signed).unwrap();
        assert_eq!(parsed.key, dh("srv_session").into());
        let key = signer.public().into();
        assert!(verify_certificate_signature(
            &key,
            parsed.object,
            parsed.signature
        ));
        assert!(!verify_certificate_signature(
            &key,
            b"other",
            parsed.signature
        ));
        let other = SigningKey::Ed25519([9; 32].into()).public().into();
        assert!(!verify_certificate_signature(
            &other,
            parsed.object,
            parsed.signature
        ));
    }
    let ca = chain.bytes("ca_der");
    assert_eq!(sha256(&ca), chain.text("fingerprint"));
}

#[test]
fn messages() {
    let vector = vector("msg.encrypt");
    let key = secret("srv_queue_dh").box_key(&dh("rcv_dh")).unwrap();
    let id = vector.array("msg_id");
    let timestamp = 1_750_000_000;
    let sent = Message::Sent {
        timestamp,
        notification: true,
        body: b"hello",
    };
    for (message, sha, head) in [
        (sent, "enc_sha256", "enc_head"),
        (Message::Quota { timestamp }, "quota_sha256", "quota_head"),
    ] {
        let delivery = message::Delivery {
            key: &key,
            id: &id,
            message,
        };
        let mut bytes = Vec::new();
        write(&mut bytes, BLOCK, |w| delivery.encode(w)).unwrap();
        assert!(bytes.starts_with(&vector.bytes("command_prefix")));
        let Ok(Response::Msg { id: heard, body }) = Response::parse(Version(18), &bytes) else {
            panic!("no message");
        };
        assert_eq!(heard.as_bytes(), id);
        assert_eq!(body.len(), vector.number("enc_len"));
        assert_eq!(sha256(body), vector.text(sha));
        assert!(body.starts_with(&vector.bytes(head)));
        let mut body = body.to_vec();
        assert_eq!(message::open(&key, &id, &mut body), Ok(message));
    }
    let body = [0; 16106];
    let long = Message::Sent {
        timestamp,
        notification: true,
        body: &body,
    };
    let delivery = message::Delivery {
        key: &key,
        id: &id,
        message: long,
    };
    assert_eq!(
        write(&mut Vec::new(), BLOCK, |w| delivery.encode(w)),
        Err(TooLarge)
    );
}

#[test]
fn the_longest_bodies_of_all_versions_fit() {
    let (key, id, body) = (BoxKey::new(&[1; 32]), [2; 24], [3; 16088]);
    for version in (6..=20).map(Version) {
        let message = Message::Sent {
            timestamp: 0,
            notification: false,
            body: &body[..version.max_body()],
        };
        let delivery = message::Delivery {
            key: &key,
            id: &id,
            message,
        };
        let mut block = BatchWriter::new(Framing::Sealed);
        block
            .push(|w| {
                let session = Session {
                    version,
                    id: Short::from(&SESSION_ID),
                };
                let id = Short::from(&id);
                Reply::encode(session, id, id, |w| delivery.encode(w), w);
            })
            .unwrap();
    }
}

#[test]
fn notifications() {
    let vector = vector("msg.nmsg");
    let key = secret("srv_ntf_dh").box_key(&dh("rcv_ntf_dh")).unwrap();
    let nonce = Nonce(vector.array("nonce"));
    let meta = vector.bytes("plaintext");
    let meta = NotificationMeta::parse(&meta).unwrap();
    let mut sealed = message::seal_notification(&key, nonce, &meta).unwrap();
    assert_eq!(to_hex(&sealed), vector.text("encrypted"));
    let response = Response::Nmsg {
        nonce: &nonce.0,
        meta: Short::cut(&sealed),
    };
    let mut bytes = Vec::new();
    write(&mut bytes, 0xff, |w| response.encode(Version(18), w)).unwrap();
    assert_eq!(to_hex(&bytes), vector.text("command"));
    assert_eq!(
        message::open_notification(&key, nonce, &mut sealed),
        Ok(meta)
    );
}

#[test]
fn private_routing() {
    let vector = vector("proxy.layers");
    let secret = |name| SecretKey::from_bytes(&vector.array(name));
    let relay = secret("relay_session_private");
    let client_key = secret("client_ephemeral_private")
        .box_key(&relay.public())
        .unwrap();
    let proxy_key = secret("proxy_handshake_private")
        .box_key(&relay.public())
        .unwrap();
    let (pfwd, rfwd) = (vector.bytes("pfwd_corr_id"), vector.bytes("rfwd_corr_id"));
    let (inner_nonce, outer_nonce) = (Nonce::from_corr_id(&pfwd), Nonce::from_corr_id(&rfwd));

    let content = vector.bytes("inner_block");
    let mut inner = forward::seal_inner(&client_key, inner_nonce, &content).unwrap();
    assert_eq!(inner.len(), vector.number("enc_transmission_len"));
    assert_eq!(sha256(&inner), vector.text("enc_transmission_sha256"));
    let forwarded = forward::Forwarded {
        corr_id: Short::cut(&pfwd),
        version: Version(17),
        key: secret("client_ephemeral_private").public(),
        inner: &inner,
    };
    let command = Command::Pfwd {
        version: Version(17),
        key: forwarded.key,
        body: &inner,
    };
    let mut bytes = Vec::new();
    write(&mut bytes, BLOCK, |w| command.encode(Version(18), w)).unwrap();
    assert!(bytes.starts_with(&vector.bytes("pfwd_prefix")));
    let mut outer = forward::seal_outer(&proxy_key, outer_nonce, |w| w.put(&forwarded)).unwrap();
    assert_eq!(outer.len(), vector.number("rfwd_body_len"));
    assert_eq!(sha256(&outer), vector.text("rfwd_body_sha256"));

    let opened = proxy_key.open(outer_nonce, &mut outer).unwrap();
    assert_eq!(opened.len(), vector.number("fwd_plain_len"));
    assert_eq!(forward::Forwarded::parse(opened), Ok(forwarded));
    let opened = forward::open_inner(&client_key, inner_nonce, &mut inner).unwrap();
    assert_eq!(opened, content);
    let transmission = Batch::split(opened).unwrap().single().unwrap();
    assert_eq!(transmission, vector.bytes("inner_transmission"));
    let session_id = vector.bytes("relay_session_id");
    let relay_session = Session {
        version: Version(17),
        id: Short::cut(&session_id),
    };
    let request = Request::parse(relay_session, transmission).unwrap();
    assert_eq!(request.corr_id.as_bytes(), pfwd);
    assert_eq!(request.signed.to_vec(), vector.bytes("inner_authorized"));

    let answer = vector.bytes("response_inner_block");
    let inner = forward::seal_inner(&client_key, inner_nonce.reversed(), &answer).unwrap();
    assert_eq!(inner.len(), vector.number("enc_response_len"));
    assert_eq!(sha256(&inner), vector.text("enc_response_sha256"));
    let outer = forward::seal_outer(&proxy_key, outer_nonce.reversed(), |w| {
        w.short(Short::cut(&pfwd));
        w.bytes(&inner);
    })
    .unwrap();
    assert_eq!(outer.len(), vector.number("rres_body_len"));
    assert_eq!(sha256(&outer), vector.text("rres_body_sha256"));
}

#[test]
fn links() {
    let vector = vector("shortlink.kdf");
    let link_key = vector.array("link_key");
    let (id, key) = link::contact(&link_key);
    assert_eq!(to_hex(&id), vector.text("contact_link_id"));
    let same = |key: &BoxKey, raw: &str| {
        let nonce = Nonce([0; 24]);
        let expected = BoxKey::new(&vector.array(raw));
        assert_eq!(seal(key, nonce, b"text"), seal(&expected, nonce, b"text"));
    };
    same(&key, "contact_data_key");
    same(&link::invitation(&link_key), "invitation_data_key");
    let corr_id = vector.bytes("corr_id");
    assert_eq!(
        to_hex(&sender_id(&corr_id)),
        vector.text("sender_id_from_corr_id")
    );
    let mut rng = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(1);
    for (padded, length) in [
        (link::PADDED_FIXED, "fixed_data_len"),
        (link::PADDED_USER, "user_data_len"),
    ] {
        let mut data = link::seal(&mut rng, &key, padded, b"data").unwrap();
        assert_eq!(data.len(), vector.number(length));
        assert_eq!(link::open(&key, &mut data), Ok(&b"data"[..]));
    }
}

#[test]
fn sets_of_ids() {
    let vector = vector("service.ids_hash_v19");
    let ids = [vector.bytes("ids/0"), vector.bytes("ids/1")];
    let digest = ids_digest(ids.iter().map(Vec::as_slice));
    assert_eq!(
        (digest.count, to_hex(&digest.hash)),
        (2, vector.text("hash").to_owned())
    );
    let mut bytes = Vec::new();
    write(&mut bytes, 0xff, |w| {
        Command::Subs(Some(digest)).encode(Version(19), w);
    })
    .unwrap();
    assert_eq!(to_hex(&bytes), vector.text("subs_command"));
    assert_eq!(ids_digest([]), IdsDigest::default());
}
