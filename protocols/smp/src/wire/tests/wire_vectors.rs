//! Every vector of bytes on the wire: parsed to what it says, and written back the same.

use super::vectors::{spki, to_hex, vector};
use crate::wire::*;

#[rustfmt::skip]
pub(super) const SERVICE_ID: [u8; 24] = [
    0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab,
    0xac, 0xad, 0xae, 0xaf, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7,
];

fn written(encode: impl FnOnce(&mut Writer<'_>)) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes, usize::MAX, encode).unwrap();
    to_hex(&bytes)
}

/// What a name of a vector says about versions; 18 if nothing.
pub(super) fn version(name: &str) -> Version {
    if let Some(rest) = name.strip_prefix('v') {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        return Version(digits.parse().unwrap());
    }
    match name {
        _ if name.contains("v19") => Version(19),
        _ if name.contains("v20") => Version(20),
        _ => Version(18),
    }
}

#[test]
fn primitives() {
    let vector = vector("enc.primitives");
    let expect = |name: &str, bytes: String| {
        let (_, expected) = vector
            .items("items")
            .into_iter()
            .find(|(n, _)| n.starts_with(name))
            .unwrap();
        assert_eq!(bytes, to_hex(&expected), "{name}");
    };
    let abc = Short::cut(b"abc");
    expect("short_string('abc')", written(|w| w.short(abc)));
    expect("short_string('')", written(|w| w.short(Short::EMPTY)));
    expect("large('abc')", written(|w| w.large(b"abc")));
    expect("word16(18)", written(|w| w.word16(18)));
    expect("int64(1750000000)", written(|w| w.int64(1_750_000_000)));
    expect("int64(-1)", written(|w| w.int64(-1)));
    expect("bool true", written(|w| w.bool(true)));
    expect("bool false", written(|w| w.bool(false)));
    expect(
        "maybe nothing",
        written(|w| w.maybe(None::<Short<'_>>, Writer::short)),
    );
    expect("maybe just", written(|w| w.maybe(Some(abc), Writer::short)));
    let strings = [Short::cut(b"a"), Short::cut(b"bc")];
    expect(
        "list of short",
        written(|w| w.non_empty(&strings, |w, s| w.short(*s))),
    );
    expect("system time", written(|w| w.int64(1_750_000_000)));
    expect(
        "version range 6..18",
        written(|w| w.put(&VersionRange::new(Version::V6, Version::NOTICES).unwrap())),
    );
    let pair = |w: &mut Writer<'_>| {
        w.short(Short::cut(b"a"));
        w.word16(1);
    };
    expect("pair", written(pair));
}

#[test]
fn keys() {
    let keys = vector("keys.spki");
    for (name, value) in keys.value("keys").as_object().unwrap() {
        let key = spki(name);
        assert_eq!(to_hex(&key.to_spki()), value["spki"], "{name}");
        let dh = DhKey::try_from(key).is_ok();
        assert_eq!(dh, value["alg"] == "X25519", "{name}");
        AuthKey::try_from(key).unwrap();
    }
    assert_eq!(
        written(|w| w.put(&spki("rcv_auth"))),
        keys.text("wire_example")
    );
    for id in ["keys.repo_samples", "keys.repo_dummy"] {
        for name in ["ed25519", "x25519"] {
            let der = vector(id).base64(name);
            assert_eq!(PublicKey::from_spki(&der).unwrap().to_spki(), der);
        }
    }
    let x448 = PublicKey::X448([7; 56]);
    assert_eq!(PublicKey::from_spki(&x448.to_spki()), Ok(x448));
    assert_eq!(AuthKey::try_from(x448), Err(Malformed));
}

#[test]
fn padding() {
    let vector = vector("pad");
    let mut padded = Vec::new();
    pad(&mut padded, vector.number("n"), |w| {
        w.bytes(&vector.bytes("message"));
    })
    .unwrap();
    assert_eq!(padded, vector.bytes("padded"));
    assert_eq!(unpad(&padded).unwrap(), vector.bytes("message"));
    assert_eq!(
        pad(&mut Vec::new(), 6, |w| w.bytes(b"hello")),
        Err(TooLarge)
    );
}

#[test]
fn new_commands() {
    let vector = vector("cmd.NEW");
    let sender_id = vector.bytes("required_sender_id_for_links");
    let link_id = vector.bytes("link_id_contact");
    let (fixed, user) = (vector.bytes("fixed_data"), vector.bytes("user_data"));
    let data = LinkData {
        fixed: &fixed,
        user: &user,
    };
    let link = NewLink {
        sender_id: Short::cut(&sender_id),
        data,
    };
    let plain = New {
        key: spki("rcv_auth").try_into().unwrap(),
        dh_key: spki("rcv_dh").try_into().unwrap(),
        password: None,
        mode: SubscriptionMode::Subscribe,
        request: Some(QueueRequest::Messaging(None)),
        notifier: None,
    };
    let secret = |text: &'static [u8]| Some(Short::cut(text));
    let notifier = Some(NewNotifier {
        key: spki("ntf_auth").try_into().unwrap(),
        dh_key: spki("rcv_ntf_dh").try_into().unwrap(),
    });
    let old = New {
        request: None,
        ..plain.clone()
    };
    let contact = New {
        request: Some(QueueRequest::Contact(None)),
        ..plain.clone()
    };
    let cases = [
        ("v6", old.clone()),
        (
            "v6_password",
            New {
                password: secret(b"secret"),
                ..old.clone()
            },
        ),
        ("v9_messaging", plain.clone()),
        (
            "v9_contact_password_only_create",
            New {
                password: secret(b"secret"),
                mode: SubscriptionMode::OnlyCreate,
                ..contact.clone()
            },
        ),
        ("v15_messaging", plain.clone()),
        ("v15_no_mode", old),
        (
            "v17_messaging_ntf",
            New {
                notifier,
                ..plain.clone()
            },
        ),
        ("v18_messaging", plain.clone()),
        (
            "v18_messaging_link",
            New {
                request: Some(QueueRequest::Messaging(Some(link))),
                ..plain.clone()
            },
        ),
        (
            "v18_contact_link",
            New {
                request: Some(QueueRequest::Contact(Some((Short::cut(&link_id), link)))),
                password: secret(b"secret"),
                ..plain
            },
        ),
    ];
    for (name, new) in cases {
        let version = version(name);
        let bytes = vector.bytes(name);
        let command = Command::New(Box::new(new));
        assert_eq!(
            Command::parse(version, &bytes),
            Ok(command.clone()),
            "{name}"
        );
        assert_eq!(
            written(|w| command.encode(version, w)),
            vector.text(name),
            "{name}"
        );
    }
}

#[test]
fn ids_responses() {
    let vector = vector("resp.IDS");
    let (recipient_id, sender_id) = (vector.bytes("rcv_id"), vector.bytes("snd_id"));
    let mode = Some(QueueMode::Messaging);
    let plain = Ids {
        recipient_id: Short::cut(&recipient_id),
        sender_id: Short::cut(&sender_id),
        dh_key: spki("srv_queue_dh").try_into().unwrap(),
        mode: None,
        link_id: None,
        service_id: None,
        notifier: None,
    };
    let full = Ids {
        mode,
        link_id: Some(Short::cut(&[4; 24])),
        notifier: Some((Short::cut(&[3; 24]), spki("srv_ntf_dh").try_into().unwrap())),
        ..plain
    };
    let cases = [
        ("v6", plain),
        ("v9", Ids { mode, ..plain }),
        ("v15", Ids { mode, ..plain }),
        ("v16", Ids { mode, ..plain }),
        ("v17", Ids { mode, ..plain }),
        ("v18_link_ntf", full),
    ];
    for (name, ids) in cases {
        let version = version(name);
        let bytes = vector.bytes(name);
        let response = Response::Ids(Box::new(ids));
        assert_eq!(
            Response::parse(version, &bytes),
            Ok(response.clone()),
            "{name}"
        );
        assert_eq!(
            written(|w| response.encode(version, w)),
            vector.text(name),
            "{name}"
        );
    }
}

#[test]
fn other_commands() {
    let items = vector("cmd.others").items("items");
    assert_eq!(items.len(), 26);
    for (name, bytes) in items {
        let version = version(&name);
        let command = Command::parse(version, &bytes).unwrap();
        assert_eq!(
            written(|w| command.encode(version, w)),
            to_hex(&bytes),
            "{name}"
        );
        let tag = name.split(' ').next().unwrap();
        assert_eq!(command.tag(), tag, "{name}");
    }
}

#[test]
fn other_responses() {
    for (name, bytes) in vector("resp.others").items("items") {
        let version = version(&name);
        let response = Response::parse(version, &bytes).unwrap();
        assert_eq!(
            written(|w| response.encode(version, w)),
            to_hex(&bytes),
            "{name}"
        );
        let tag = name.split(' ').next().unwrap();
        assert_eq!(response.tag(), tag, "{name}");
        if let Response::Info(json) = response {
            serde_json::from_slice::<QueueInfo>(json).unwrap();
        }
    }
    let sok = Response::Sok(Some(Short::from(&SERVICE_ID)));
    let (_, expected) = &vector("resp.others")
        .items("items")
        .into_iter()
        .find(|(name, _)| name == "SOK service")
        .unwrap();
    assert_eq!(Response::parse(Version(18), expected), Ok(sok.clone()));
    assert_eq!(written(|w| sok.encode(Version(15), w)), to_hex(b"OK"));
}

#[test]
fn errors() {
    let vector = vector("errors");
    let texts = vector.value("items").as_array().unwrap();
    let texts = texts
        .iter()
        .map(|text| text.as_str().unwrap().as_bytes().to_vec());
    let strings = vector
        .items("with_string_args")
        .into_iter()
        .map(|(_, bytes)| bytes);
    for bytes in texts.chain(strings) {
        let Ok(response @ Response::Err(_)) = Response::parse(Version(18), &bytes) else {
            panic!("{:?}", String::from_utf8_lossy(&bytes));
        };
        assert_eq!(written(|w| response.encode(Version(18), w)), to_hex(&bytes));
    }
}

#[test]
fn old_peers_hear_what_they_know() {
    let blocked = Response::Err(Error::Blocked(BlockingInfo {
        reason: BlockingReason::Spam,
        notice: Some(ClientNotice { ttl: Some(1) }),
    }));
    let says = |response: &Response<'_>, version| {
        let mut bytes = Vec::new();
        write(&mut bytes, 0xff, |w| response.encode(Version(version), w)).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    assert_eq!(
        says(&blocked, 18),
        r#"ERR BLOCKED reason=spam,notice={"ttl":1}"#
    );
    assert_eq!(says(&blocked, 17), "ERR BLOCKED reason=spam");
    assert_eq!(says(&blocked, 11), "ERR AUTH");
    assert_eq!(says(&Response::Deld, 10), "DELD");
    assert_eq!(says(&Response::Deld, 9), "END");
    assert_eq!(says(&Response::Sok(None), 16), "SOK 0");
    assert_eq!(says(&Response::Sok(None), 15), "OK");
}

#[test]
fn routed_errors_do_not_nest() {
    let nested = [&b"ERR "[..], &b"PROXY PROTOCOL ".repeat(1000), b"AUTH"].concat();
    assert_eq!(
        Response::parse(Version(18), &nested),
        Err(Error::Cmd(CommandError::Syntax))
    );
    let detailed = Response::parse(Version(18), b"ERR PROXY BROKER NETWORK TIMEOUT").unwrap();
    let network = Error::Proxy(Box::new(ProxyError::Broker(BrokerError::Network)));
    assert_eq!(detailed, Response::Err(network));
}

#[test]
fn sizes() {
    let sizes = vector("sizes");
    let size = |name: &str| sizes.value("items")[name].as_u64().unwrap();
    let is = |name: &str, ours: usize| assert_eq!(size(name), ours as u64, "{name}");
    is("block", BLOCK);
    is("max SEND body v6-7", Version(7).max_body());
    is("max SEND body v8-10", Version(10).max_body());
    is("max SEND body v11+", Version(11).max_body());
    is("MSG encrypted body", TAG + PADDED_MESSAGE);
    let id = Short::from(&SERVICE_ID);
    let transmission = |corr_id, entity_id, response: Response<'_>| {
        let session = Session {
            version: Version(18),
            id: Short::EMPTY,
        };
        let mut bytes = Vec::new();
        write(&mut bytes, BLOCK, |w| {
            let response = |w: &mut Writer<'_>| response.encode(Version(18), w);
            Reply::encode(session, corr_id, entity_id, response, w);
        })
        .unwrap();
        bytes.len()
    };
    is(
        "END transmission",
        transmission(Short::EMPTY, id, Response::End),
    );
    let body = [0; TAG + PADDED_MESSAGE];
    is(
        "MSG transmission (empty corrId, 24-byte ids)",
        transmission(Short::EMPTY, id, Response::Msg { id, body: &body }),
    );
    let meta = [0; TAG + PADDED_NOTIFICATION];
    let notification = Response::Nmsg {
        nonce: &SERVICE_ID,
        meta: Short::cut(&meta),
    };
    is(
        "NMSG transmission",
        transmission(Short::EMPTY, id, notification),
    );
}

#[test]
fn as_many_fit_a_block_as_the_reference_sends() {
    let fit = |length| {
        let mut block = BatchWriter::new(Framing::Sealed);
        while block.push(|w| w.bytes(&[0; 400][..length])).is_ok() {}
        block.count()
    };
    assert_eq!([fit(119), fit(151), fit(201)], [135, 106, 80]);
}
