#!/usr/bin/env python3
"""An independent Session client, written from the protocol's description with PyNaCl alone.

It shares no code with relayd, so that a mistake made twice (once in the server, once in the
server's own test client) is found here. Run by tests/sogs_independent.rs:

    sogs.py id SEED                          the Session ID (05) that belongs to a seed
    sogs.py check URL PUBLIC_KEY ROOM SEED   walk through everything; SEED is an admin's

Prints one line for each thing seen to work; the first surprise ends it with status 1.
"""

import base64
import hashlib
import json
import struct
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

from nacl import bindings as na
from nacl import utils

ORDER = 2**252 + 27742317777372353535851937790883648493


def blake2b(data, size=64):
    return hashlib.blake2b(data, digest_size=size).digest()


def b64(data):
    return base64.b64encode(data).decode()


class User:
    """A Session account: an Ed25519 seed, from which everything else follows."""

    def __init__(self, seed, server, blinded=True):
        self.seed = seed
        self.server = server
        self.public, _ = na.crypto_sign_seed_keypair(seed)
        digest = bytearray(hashlib.sha512(seed).digest()[:32])
        digest[0] &= 248
        digest[31] &= 127
        digest[31] |= 64
        scalar = int.from_bytes(digest, "little") % ORDER
        self.session_id = "05" + na.crypto_sign_ed25519_pk_to_curve25519(self.public).hex()
        if not blinded:
            self.id = self.session_id
            self.header = "00" + self.public.hex()
            self.signing = None
            return
        factor = int.from_bytes(blake2b(server), "little") % ORDER
        self.signing = (scalar * factor % ORDER).to_bytes(32, "little")
        self.blinded = na.crypto_scalarmult_ed25519_base_noclamp(self.signing)
        self.id = "15" + self.blinded.hex()
        self.header = self.id

    def sign(self, message):
        if self.signing is None:
            secret = self.seed + self.public
            return na.crypto_sign(message, secret)[:64]
        prefix = hashlib.sha512(self.seed).digest()[32:]
        r = hashlib.sha512(prefix + self.blinded + message).digest()
        r = int.from_bytes(r, "little") % ORDER
        commitment = na.crypto_scalarmult_ed25519_base_noclamp(r.to_bytes(32, "little"))
        challenge = hashlib.sha512(commitment + self.blinded + message).digest()
        challenge = int.from_bytes(challenge, "little") % ORDER
        s = (r + challenge * int.from_bytes(self.signing, "little")) % ORDER
        return commitment + s.to_bytes(32, "little")

    def headers(self, method, target, body):
        path, _, query = target.partition("?")
        nonce = utils.random(16)
        now = str(int(time.time()))
        signed = self.server + nonce + now.encode() + method.encode()
        signed += urllib.parse.unquote(path).encode()
        if query:
            signed += b"?" + query.encode()
        if body:
            signed += blake2b(body)
        return {
            "X-SOGS-Pubkey": self.header,
            "X-SOGS-Nonce": b64(nonce),
            "X-SOGS-Timestamp": now,
            "X-SOGS-Signature": b64(self.sign(signed)),
        }


class Plain:
    """Requests in clear, as bots and browsers send them."""

    name = "plain HTTP"

    def __init__(self, url, _server):
        self.url = url

    def send(self, method, target, headers, body):
        request = urllib.request.Request(
            self.url + target, method=method, headers=headers, data=body or None
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return reply.status, dict(lower(reply.headers)), reply.read()
        except urllib.error.HTTPError as reply:
            return reply.code, dict(lower(reply.headers)), reply.read()


def lower(headers):
    return [(name.lower(), value) for name, value in headers.items()]


class Onion:
    """Onion requests, fourth generation, as libsession seals them (XChaCha20-Poly1305)."""

    name = "onion v4"

    def __init__(self, url, server):
        self.url = url
        self.server = server

    def send(self, method, target, headers, body):
        secret = utils.random(32)
        public = na.crypto_scalarmult_base(secret)
        shared = na.crypto_scalarmult(secret, self.server)
        key = blake2b(shared + public + self.server, 32)
        meta = {"method": method, "endpoint": target, "headers": headers}
        parts = [json.dumps(meta).encode()] + ([body] if body else [])
        plain = b"l" + b"".join(b"%d:%s" % (len(part), part) for part in parts) + b"e"
        nonce = utils.random(24)
        sealed = nonce + na.crypto_aead_xchacha20poly1305_ietf_encrypt(plain, None, nonce, key)
        outer = {"ephemeral_key": public.hex(), "enc_type": "xchacha20"}
        payload = struct.pack("<I", len(sealed)) + sealed + json.dumps(outer).encode()
        request = urllib.request.Request(
            self.url + "/oxen/v4/lsrpc", method="POST", data=payload
        )
        with urllib.request.urlopen(request, timeout=30) as reply:
            answer = reply.read()
        opened = na.crypto_aead_xchacha20poly1305_ietf_decrypt(
            answer[24:], None, answer[:24], key
        )
        info, body = two_strings(opened)
        info = json.loads(info)
        return info["code"], info["headers"], body


def two_strings(bencoded):
    expect(bencoded[:1] == b"l" and bencoded[-1:] == b"e", "a bencoded list")
    rest, parts = bencoded[1:-1], []
    while rest:
        length, _, rest = rest.partition(b":")
        parts.append(rest[: int(length)])
        expect(len(parts[-1]) == int(length), "whole strings in the reply")
        rest = rest[int(length) :]
    expect(len(parts) == 2, "two strings in the reply, always")
    return parts


class Surprise(Exception):
    pass


def expect(truth, what):
    if not truth:
        raise Surprise(what)


class Session:
    """A user (or nobody) on a transport."""

    def __init__(self, transport, user=None):
        self.transport = transport
        self.user = user

    def ask(self, method, target, body=None, content=None, **extra):
        if isinstance(body, (dict, list)):
            body, content = json.dumps(body).encode(), "application/json"
        headers = {"Content-Type": content} if content else {}
        if self.user:
            headers |= self.user.headers(method, target, body)
        headers |= extra.get("headers", {})
        return self.transport.send(method, target, headers, body)

    def get(self, target, status=200):
        return self.json("GET", target, None, status)

    def json(self, method, target, body=None, status=200):
        code, headers, answer = self.ask(method, target, body)
        shown = f"{method} {target}: {code} {answer[:200]!r}"
        expect(code == status, f"{status} from {shown}")
        expect(headers.get("content-type") == "application/json", f"bare JSON type from {shown}")
        return json.loads(answer)

    def refused(self, method, target, status, text=None, body=None):
        code, headers, answer = self.ask(method, target, body)
        shown = f"{method} {target}: {code} {answer[:200]!r}"
        expect(code == status, f"{status} from {shown}")
        if text is not None:
            expect(answer.decode() == text, f"{text!r} from {shown}")
            expect(
                headers.get("content-type") == "text/plain; charset=utf-8",
                f"plain text from {shown}",
            )


def padded(text):
    data = text.encode() + b"\x80"
    return data + b"\0" * (-(len(data) + 1) % 160)


def post(session, room, text, **more):
    data = padded(text)
    body = {"data": b64(data), "signature": b64(session.user.sign(data)), **more}
    return session.json("POST", f"/room/{room}/message", body, 201), data


def capabilities(t, server, room, admin):
    nobody = Session(t)
    expect(nobody.get("/capabilities") == {"capabilities": ["blind", "reactions", "sogs"]}, "caps")
    answer = nobody.json("GET", "/capabilities?required=sogs,magic", status=412)
    expect(answer["missing"] == ["magic"], "what is missing is named")
    unblinded = Session(t, User(utils.random(32), server, blinded=False))
    unblinded.refused(
        "GET",
        "/capabilities",
        400,
        "Invalid authentication: this server requires the use of blinded ids",
    )


def reading_and_writing(t, server, room, admin):
    alice = Session(t, User(utils.random(32), server))
    info = alice.get(f"/room/{room}")
    expect(info["token"] == room and info["read"] and info["write"], "the room is open")
    since = info["message_sequence"]
    sent, data = post(alice, room, "hello from nowhere")
    expect(sent["session_id"] == alice.user.id, "the author is who signed")
    expect(sent["seqno"] == since + 1, "the next number")
    seen = alice.get(f"/room/{room}/messages/since/{since}?t=r&reactors=5")
    expect([m["id"] for m in seen] == [sent["id"]], "what was posted is seen")
    expect(base64.b64decode(seen[0]["data"]) == data, "padding is restored")
    key = bytes.fromhex(seen[0]["session_id"][2:])
    na.crypto_sign_open(base64.b64decode(seen[0]["signature"]) + data, key)
    one = alice.get(f"/room/{room}/message/{sent['id']}")
    expect(one["seqno"] == sent["seqno"] and one["reactions"] == {}, "one message")
    recent = alice.get(f"/room/{room}/messages/recent?limit=1")
    expect([m["id"] for m in recent] == [sent["id"]], "the newest")
    Session(t).refused(
        "POST", f"/room/{room}/message", 401, "X-SOGS-* request authentication required", {}
    )


def editing_and_deleting(t, server, room, admin):
    alice = Session(t, User(utils.random(32), server))
    bob = Session(t, User(utils.random(32), server))
    sent, _ = post(alice, room, "first")
    data = padded("second")
    edit = {"data": b64(data), "signature": b64(alice.user.sign(data))}
    target = f"/room/{room}/message/{sent['id']}"
    expect(alice.json("PUT", target, edit) == {}, "an edit answers {}")
    bob.refused("PUT", target, 403, body=edit)
    bob.refused("DELETE", target, 403)
    seen = alice.get(target)
    expect(seen["edited"] > 0 and base64.b64decode(seen["data"]) == data, "edited")
    expect(alice.json("DELETE", target) == {}, "a deletion answers {}")
    alice.refused("GET", target, 404)
    gone = alice.get(f"/room/{room}/messages/since/{seen['seqno']}?t=r")
    gone = [m for m in gone if m["id"] == sent["id"]]
    expect(len(gone) == 1 and gone[0]["data"] is None and gone[0]["deleted"] is True, "tombstone")
    expect("signature" not in gone[0], "a tombstone has no signature")


def reactions(t, server, room, admin):
    alice = Session(t, User(utils.random(32), server))
    bob = Session(t, User(utils.random(32), server))
    sent, _ = post(alice, room, "react to this")
    emoji = urllib.parse.quote("👍")
    target = f"/room/{room}/reaction/{sent['id']}/{emoji}"
    added = bob.json("PUT", target)
    expect(added["added"] is True and added["seqno"] > sent["seqno"], "added")
    expect(bob.json("PUT", target)["added"] is False, "once only")
    row = bob.get(f"/room/{room}/messages/since/{sent['seqno']}?t=r&reactors=5")
    expect(set(row[0]) == {"id", "seqno", "reactions"}, "exactly three keys")
    thumb = row[0]["reactions"]["👍"]
    expect(thumb == {"index": 0, "count": 1, "reactors": [bob.user.id], "you": True}, "mine")
    expect(bob.json("DELETE", target)["removed"] is True, "removed")
    Session(t).refused("PUT", target, 401)


def files(t, server, room, admin):
    alice = Session(t, User(utils.random(32), server))
    content = utils.random(300_000)
    target = f"/room/{room}/file"
    code, _, answer = alice.ask(
        "POST",
        target,
        content,
        "application/octet-stream",
        headers={"Content-Disposition": "attachment; filename*=UTF-8''b%C3%A4r.bin"},
    )
    expect(code == 201, f"an upload is taken: {code} {answer[:200]!r}")
    file_id = json.loads(answer)["id"]
    expect(isinstance(file_id, int), "a file id is a number")
    post(alice, room, "see attachment", files=[str(file_id)])
    code, headers, answer = Session(t).ask("GET", f"{target}/{file_id}")
    expect(code == 200 and answer == content, "the same bytes come back")
    expect("b%C3%A4r.bin" in headers["content-disposition"], "with their name")
    alice.refused("GET", f"{target}/{file_id + 1000}", 404)


def polling(t, server, room, admin):
    """The batch of the desktop and iOS apps, with headers inside that must be ignored."""
    alice = Session(t, User(utils.random(32), server))
    sent, _ = post(alice, room, "poll me")
    parts = [
        {"method": "GET", "path": "/capabilities"},
        {"method": "GET", "path": f"/room/{room}/pollInfo/0"},
        {
            "method": "GET",
            "path": f"/room/{room}/messages/since/{sent['seqno'] - 1}?t=r&reactors=5",
            "headers": {"X-SOGS-Pubkey": "stale", "X-SOGS-Nonce": "stale"},
        },
        {"method": "GET", "path": "/inbox/since/0"},
        {"method": "GET", "path": f"/room/{room}/message/999999999"},
    ]
    answers = alice.json("POST", "/batch", parts)
    expect([a["code"] for a in answers] == [200, 200, 200, 304, 404], f"codes {answers}")
    expect(all(isinstance(a["headers"], dict) and "body" in a for a in answers), "whole parts")
    expect(answers[1]["body"]["details"]["token"] == room, "details for pollInfo/0")
    expect(answers[2]["body"][0]["id"] == sent["id"], "messages inside")
    short = alice.json("POST", "/sequence", parts)
    expect(len(short) == 4, "a sequence stops where it fails")
    nonce = alice.user.headers("GET", "/rooms", None)
    for status in (200, 425):
        code, _, _ = t.send("GET", "/rooms", nonce, None)
        expect(code == status, f"{status} for a nonce, got {code}")


def direct_messages(t, server, room, admin):
    alice = Session(t, User(utils.random(32), server))
    bob = Session(t, User(utils.random(32), server))
    bob.get("/rooms")  # who never came cannot be written to
    stranger = User(utils.random(32), server)
    body = {"message": b64(b"sealed for bob")}
    alice.refused("POST", f"/inbox/{stranger.id}", 404, body=body)
    sent = alice.json("POST", f"/inbox/{bob.user.id}", body, 201)
    expect("message" not in sent and sent["recipient"] == bob.user.id, "no echo")
    inbox = bob.get("/inbox")
    expect(inbox[0]["sender"] == alice.user.id and inbox[0]["message"] == body["message"], "inbox")
    code, _, answer = bob.ask("GET", f"/inbox/since/{inbox[0]['id']}")
    expect((code, answer) == (304, b""), "304 and nothing when nothing is new")
    expect(alice.get("/outbox")[0]["id"] == sent["id"], "outbox")
    expect(bob.json("DELETE", "/inbox") == {"deleted": 1}, "emptied")


def moderation(t, server, room, admin):
    boss = Session(t, admin)
    alice = Session(t, User(utils.random(32), server))
    post(alice, room, "rude")
    info = boss.get(f"/room/{room}")
    expect(info.get("admin") is True and admin.id in info["admins"], "named by 05, met as 15")
    alice.refused("POST", f"/user/{alice.user.id}/ban", 403, body={"rooms": [room]})
    ban = [
        {
            "method": "POST",
            "path": f"/user/{alice.user.id}/ban",
            "json": {"rooms": [room], "global": False},
        },
        {"method": "DELETE", "path": f"/room/{room}/all/{alice.user.id}"},
    ]
    answers = boss.json("POST", "/sequence", ban)
    expect([a["code"] for a in answers] == [200, 200], f"banned and cleaned: {answers}")
    data = padded("again")
    again = {"data": b64(data), "signature": b64(alice.user.sign(data))}
    alice.refused("POST", f"/room/{room}/message", 403, body=again)
    alice.refused("GET", f"/room/{room}/messages/recent", 403)
    expect(
        boss.json("POST", f"/user/{alice.user.id}/unban", {"rooms": [room]}) == {}, "unbanned"
    )
    post(alice, room, "sorry")
    sent, _ = post(boss, room, "pin this")
    pinned = boss.json("POST", f"/room/{room}/pin/{sent['id']}")
    pins = boss.get(f"/room/{room}")["pinned_messages"]
    expect(pins[-1]["id"] == sent["id"] and isinstance(pins[-1]["pinned_at"], int), "pinned")
    after = boss.json("POST", f"/room/{room}/unpin/{sent['id']}")
    expect(after["unpinned"] and after["info_updates"] > pinned["info_updates"], "unpinned")


def forgeries(t, server, room, admin):
    alice = Session(t, User(utils.random(32), server))
    headers = alice.user.headers("GET", "/rooms", None)
    code, _, answer = t.send("GET", f"/room/{room}", headers, None)
    text = b"Invalid authentication: X-SOGS-Signature verification failed"
    expect((code, answer) == (401, text), f"a signature is for one path: {code} {answer}")
    late = dict(alice.user.headers("GET", "/rooms", None))
    late["X-SOGS-Timestamp"] = str(int(time.time()) - 90_000)
    code, _, answer = t.send("GET", "/rooms", late, None)
    text = b"Invalid authentication: X-SOGS-Timestamp is too far from current time"
    expect((code, answer) == (425, text), f"an old request: {code} {answer}")
    del late["X-SOGS-Nonce"]
    code, _, answer = t.send("GET", "/rooms", late, None)
    text = b"Invalid authentication headers: missing 1/4 required X-SOGS-* headers"
    expect((code, answer) == (400, text), f"three of four: {code} {answer}")


def check(url, public_key, room, seed):
    server = bytes.fromhex(public_key)
    admin = User(bytes.fromhex(seed), server)
    steps = [
        capabilities,
        reading_and_writing,
        editing_and_deleting,
        reactions,
        files,
        polling,
        direct_messages,
        moderation,
        forgeries,
    ]
    for transport in (Plain, Onion):
        for step in steps:
            step(transport(url.rstrip("/"), server), server, room, admin)
            print(f"ok  {transport.name}: {step.__name__.replace('_', ' ')}")


def main(arguments):
    match arguments:
        case ["id", seed]:
            print(User(bytes.fromhex(seed), bytes(32), blinded=False).session_id)
        case ["check", url, public_key, room, seed]:
            check(url, public_key, room, seed)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Surprise as surprise:
        print(f"expected {surprise}")
        sys.exit(1)
