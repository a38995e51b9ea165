//! One of each command and response of today's version, as bytes: who changes one of them
//! changes the protocol.

use super::vectors::to_hex;
use crate::wire::*;

const KEY: AuthKey = AuthKey::Ed25519([0x11; 32]);
const DH_KEY: DhKey = DhKey([0x22; 32]);
const TODAY: Version = Version::NOTICES;

fn dump(encode: impl FnOnce(&mut Writer<'_>)) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes, BLOCK, encode).unwrap();
    let tag = bytes.split(|&byte| byte == b' ').next().unwrap();
    format!("{:5} {}\n", String::from_utf8_lossy(tag), to_hex(&bytes))
}

fn all_commands() -> Vec<Command<'static>> {
    let id = Short::cut(b"id");
    let data = LinkData {
        fixed: b"fixed",
        user: b"user",
    };
    let link = NewLink {
        sender_id: Short::cut(b"sender"),
        data,
    };
    let notifier = NewNotifier {
        key: KEY,
        dh_key: DH_KEY,
    };
    let new = New {
        key: KEY,
        dh_key: DH_KEY,
        password: Some(Short::cut(b"password")),
        mode: SubscriptionMode::Subscribe,
        request: Some(QueueRequest::Contact(Some((id, link)))),
        notifier: Some(notifier),
    };
    let relay = ServerAddress {
        hosts: vec![Short::cut(b"host"), Short::cut(b"onion")],
        port: Short::EMPTY,
        key_hash: Short::cut(b"hash"),
    };
    vec![
        Command::New(Box::new(new)),
        Command::Sub,
        Command::Subs(None),
        Command::Key(KEY),
        Command::Rkey(vec![KEY, KEY]),
        Command::Lset { link_id: id, data },
        Command::Ldel,
        Command::Nkey(notifier),
        Command::Ndel,
        Command::Get,
        Command::Ack(id),
        Command::Off,
        Command::Del,
        Command::Que,
        Command::Skey(KEY),
        Command::Send {
            notification: true,
            body: b"body",
        },
        Command::Lkey(KEY),
        Command::Lget,
        Command::Nsub,
        Command::Nsubs(None),
        Command::Ping,
        Command::Prxy {
            relay,
            password: None,
        },
        Command::Pfwd {
            version: TODAY,
            key: DH_KEY,
            body: b"body",
        },
        Command::Rfwd(b"body"),
        Command::Rslv(b"name"),
    ]
}

#[test]
fn commands() {
    let commands = all_commands();
    let dumps = commands
        .iter()
        .map(|command| dump(|w| command.encode(TODAY, w)));
    insta::assert_snapshot!(dumps.collect::<String>(), @"
    NEW   4e4557202c302a300506032b657003210011111111111111111111111111111111111111111111111111111111111111112c302a300506032b656e0321002222222222222222222222222222222222222222222222222222222222222222310870617373776f7264533143310269640673656e64657200056669786564000475736572312c302a300506032b657003210011111111111111111111111111111111111111111111111111111111111111112c302a300506032b656e0321002222222222222222222222222222222222222222222222222222222222222222
    SUB   535542
    SUBS  53554253
    KEY   4b4559202c302a300506032b65700321001111111111111111111111111111111111111111111111111111111111111111
    RKEY  524b455920022c302a300506032b657003210011111111111111111111111111111111111111111111111111111111111111112c302a300506032b65700321001111111111111111111111111111111111111111111111111111111111111111
    LSET  4c5345542002696400056669786564000475736572
    LDEL  4c44454c
    NKEY  4e4b4559202c302a300506032b657003210011111111111111111111111111111111111111111111111111111111111111112c302a300506032b656e0321002222222222222222222222222222222222222222222222222222222222222222
    NDEL  4e44454c
    GET   474554
    ACK   41434b20026964
    OFF   4f4646
    DEL   44454c
    QUE   515545
    SKEY  534b4559202c302a300506032b65700321001111111111111111111111111111111111111111111111111111111111111111
    SEND  53454e44205420626f6479
    LKEY  4c4b4559202c302a300506032b65700321001111111111111111111111111111111111111111111111111111111111111111
    LGET  4c474554
    NSUB  4e535542
    NSUBS 4e53554253
    PING  50494e47
    PRXY  50525859200204686f7374056f6e696f6e00046861736830
    PFWD  504657442000122c302a300506032b656e0321002222222222222222222222222222222222222222222222222222222222222222626f6479
    RFWD  5246574420626f6479
    RSLV  52534c56206e616d65
    ");
}

#[test]
fn responses() {
    let id = Short::cut(b"id");
    let all = IdsDigest {
        count: 2,
        hash: [0x33; 16],
    };
    let ids = Ids {
        recipient_id: Short::cut(b"recipient"),
        sender_id: Short::cut(b"sender"),
        dh_key: DH_KEY,
        mode: Some(QueueMode::Messaging),
        link_id: Some(id),
        service_id: None,
        notifier: Some((id, DH_KEY)),
    };
    let data = LinkData {
        fixed: b"fixed",
        user: b"user",
    };
    let identity = CertChain {
        certificates: vec![b"leaf", b"ca"],
        signed_key: b"signed",
    };
    let responses = [
        Response::Ids(Box::new(ids)),
        Response::Lnk {
            sender_id: id,
            data,
        },
        Response::Sok(Some(id)),
        Response::Soks(all),
        Response::Msg { id, body: b"body" },
        Response::Nid {
            notifier_id: id,
            dh_key: DH_KEY,
        },
        Response::Nmsg {
            nonce: &[0x44; 24],
            meta: Short::cut(b"meta"),
        },
        Response::End,
        Response::Ends(all),
        Response::Deld,
        Response::Alls,
        Response::Info(b"{}"),
        Response::Pkey {
            session_id: id,
            versions: VersionRange::new(Version::V6, Version::NOTICES).unwrap(),
            identity,
        },
        Response::Pres(b"body"),
        Response::Rres(b"body"),
        Response::Rname(b"{}"),
        Response::Ok,
        Response::Err(Error::Auth),
        Response::Pong,
    ];
    let dumps = responses
        .iter()
        .map(|response| dump(|w| response.encode(TODAY, w)));
    insta::assert_snapshot!(dumps.collect::<String>(), @"
    IDS   4944532009726563697069656e740673656e6465722c302a300506032b656e0321002222222222222222222222222222222222222222222222222222222222222222314d3102696430310269642c302a300506032b656e0321002222222222222222222222222222222222222222222222222222222222222222
    LNK   4c4e4b2002696400056669786564000475736572
    SOK   534f4b2031026964
    SOKS  534f4b53200000000000000002
    MSG   4d534720026964626f6479
    NID   4e4944200269642c302a300506032b656e0321002222222222222222222222222222222222222222222222222222222222222222
    NMSG  4e4d534720444444444444444444444444444444444444444444444444046d657461
    END   454e44
    ENDS  454e4453200000000000000002
    DELD  44454c44
    ALLS  414c4c53
    INFO  494e464f207b7d
    PKEY  504b455920026964000600120200046c6561660002636100067369676e6564
    PRES  5052455320626f6479
    RRES  5252455320626f6479
    RNAME 524e414d45207b7d
    OK    4f4b
    ERR   4552522041555448
    PONG  504f4e47
    ");
}
