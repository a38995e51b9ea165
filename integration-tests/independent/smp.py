#!/usr/bin/env python3
"""An independent SimpleX SMP client, written from the protocol's description with Python's ssl
module and PyNaCl alone.

It shares no code with relayd, so that a mistake made twice (once in the server, once in the
server's own client) is found here. Run by tests/smp_independent.rs:

    smp.py check HOST PORT FINGERPRINT

Prints one line for each thing seen to work; the first surprise ends it with status 1.
"""

import base64
import hashlib
import hmac
import socket
import ssl
import struct
import sys

from nacl import bindings as na
from nacl import utils

BLOCK = 16384
ED25519 = bytes.fromhex("302a300506032b6570032100")
X25519 = bytes.fromhex("302a300506032b656e032100")


class Surprise(Exception):
    pass


def expect(truth, what):
    if not truth:
        raise Surprise(what)


# --- cryptography -----------------------------------------------------------------------------


def rotate(value, bits):
    value &= 0xFFFFFFFF
    return (value << bits | value >> (32 - bits)) & 0xFFFFFFFF


def hsalsa20(key):
    """HSalsa20 of a key and sixteen zero bytes."""
    k = struct.unpack("<8I", key)
    c = struct.unpack("<4I", b"expand 32-byte k")
    x = [c[0], *k[:4], c[1], 0, 0, 0, 0, c[2], *k[4:], c[3]]
    quarters = [
        (0, 4, 8, 12),
        (5, 9, 13, 1),
        (10, 14, 2, 6),
        (15, 3, 7, 11),
        (0, 1, 2, 3),
        (5, 6, 7, 4),
        (10, 11, 8, 9),
        (15, 12, 13, 14),
    ]
    for _ in range(10):
        for a, b, d, e in quarters:
            x[b] ^= rotate(x[a] + x[e], 7)
            x[d] ^= rotate(x[b] + x[a], 9)
            x[e] ^= rotate(x[d] + x[b], 13)
            x[a] ^= rotate(x[e] + x[d], 18)
    return struct.pack("<8I", *(x[i] for i in (0, 5, 10, 15, 6, 7, 8, 9)))


def seal(secret, nonce, message):
    return na.crypto_secretbox(message, nonce, hsalsa20(secret))


def unseal(secret, nonce, sealed):
    return na.crypto_secretbox_open(sealed, nonce, hsalsa20(secret))


def hkdf(salt, secret, info, length):
    key = hmac.digest(salt or bytes(64), secret, "sha512")
    out, block = b"", b""
    while len(out) < length:
        block = hmac.digest(key, block + info + bytes([len(out) // 64 + 1]), "sha512")
        out += block
    return out[:length]


class Ed25519:
    def __init__(self):
        self.public, self.secret = na.crypto_sign_seed_keypair(utils.random(32))
        self.spki = ED25519 + self.public

    def authorize(self, _connection, _corr_id, signed):
        return na.crypto_sign(signed, self.secret)[:64]


class Authenticator:
    """An X25519 key, whose authorization only its holder and the server can make."""

    def __init__(self):
        self.secret = utils.random(32)
        self.public = na.crypto_scalarmult_base(self.secret)
        self.spki = X25519 + self.public

    def authorize(self, connection, corr_id, signed):
        shared = na.crypto_scalarmult(self.secret, connection.server_key)
        return seal(shared, corr_id[:24].ljust(24, b"\0"), hashlib.sha512(signed).digest())


# --- encodings --------------------------------------------------------------------------------


def short(data):
    return bytes([len(data)]) + data


def large(data):
    return struct.pack(">H", len(data)) + data


def pad(message, length):
    return (large(message)).ljust(length, b"#")


class Reader:
    def __init__(self, data):
        self.data = data

    def take(self, length):
        expect(len(self.data) >= length, "more bytes")
        taken, self.data = self.data[:length], self.data[length:]
        return taken

    def short(self):
        return self.take(self.take(1)[0])

    def word(self):
        return struct.unpack(">H", self.take(2))[0]

    def large(self):
        return self.take(self.word())


def unpad(block):
    return Reader(block).large()


# --- a connection -----------------------------------------------------------------------------


class Connection:
    def __init__(self, host, port, fingerprint, version=18, tls=ssl.TLSVersion.TLSv1_3, alpn=True):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # the fingerprint is checked below
        context.minimum_version = context.maximum_version = tls
        if tls == ssl.TLSVersion.TLSv1_2:
            context.set_ciphers("ECDHE-ECDSA-CHACHA20-POLY1305")
        if alpn:
            context.set_alpn_protocols(["smp/1"])
        plain = socket.create_connection((host, int(port)), timeout=30)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tls = context.wrap_socket(plain)
        self.version = version
        self.events = []
        self.sending = self.receiving = None
        self.handshake(fingerprint, alpn)

    def handshake(self, fingerprint, alpn):
        hello = Reader(unpad(self.read_block()))
        lowest, highest = hello.word(), hello.word()
        expect(lowest <= self.version <= highest, f"version {self.version} in {lowest}..{highest}")
        self.session = hello.short()
        expect(self.session == self.tls.get_channel_binding("tls-unique"), "the session id is tls-unique")
        if not alpn:
            expect((lowest, highest, hello.data) == (6, 6, b""), "a legacy hello without ALPN")
            self.write_block(pad(struct.pack(">H", 6) + short(fingerprint), BLOCK))
            return
        chain = [hello.large() for _ in range(hello.take(1)[0])]
        expect(chain[0] == self.tls.getpeercert(binary_form=True), "the chain of TLS again")
        expect(hashlib.sha256(chain[1]).digest() == fingerprint, "the fingerprint of the address")
        self.server_key = signed_key(hello.large(), chain[0])
        answer = struct.pack(">H", self.version) + short(fingerprint)
        secret = utils.random(32)
        if self.version >= 7:
            answer += short(X25519 + na.crypto_scalarmult_base(secret))
        if self.version >= 14:
            answer += b"F"
        if self.version >= 16:
            answer += b"0"
        self.write_block(pad(answer, BLOCK))
        if self.version >= 11:
            shared = na.crypto_scalarmult(secret, self.server_key)
            chains = hkdf(self.session, shared, b"SimpleXSbChainInit", 64)
            self.receiving, self.sending = chains[:32], chains[32:]

    def read_block(self):
        block = b""
        while len(block) < BLOCK:
            more = self.tls.recv(BLOCK - len(block))
            expect(more, "an open connection")
            block += more
        return block

    def write_block(self, block):
        expect(len(block) == BLOCK, "whole blocks")
        self.tls.sendall(block)

    def write(self, transmissions):
        content = bytes([len(transmissions)]) + b"".join(map(large, transmissions))
        if self.sending is None:
            return self.write_block(pad(content, BLOCK))
        self.sending, key, nonce = step(self.sending)
        self.write_block(seal(key, nonce, pad(content, BLOCK - 16)))

    def read(self):
        block = self.read_block()
        if self.receiving is not None:
            self.receiving, key, nonce = step(self.receiving)
            block = unseal(key, nonce, block)
        content = Reader(unpad(block))
        count = content.take(1)[0]
        replies = [self.reply(Reader(content.large())) for _ in range(count)]
        expect(content.data == b"", "nothing after the last transmission")
        return replies

    def reply(self, transmission):
        expect(transmission.short() == b"", "no authorization from a server")
        if self.version < 7:
            expect(transmission.short() == self.session, "the session on the wire")
        return transmission.short(), transmission.short(), transmission.data

    def transmission(self, corr_id, entity, command, key):
        body = short(corr_id) + short(entity) + command
        authorization = key.authorize(self, corr_id, short(self.session) + body) if key else b""
        out = short(authorization)
        if self.version >= 16 and key:
            out += b"0"
        if self.version < 7:
            out += short(self.session)
        return out + body

    def ask(self, entity, command, key=None):
        corr_id = utils.random(24)
        self.write([self.transmission(corr_id, entity, command, key)])
        answer = None
        while answer is None:
            for answered, entity, response in self.read():
                expect(answered in (corr_id, b""), "answers to what was asked, and events")
                if answered:
                    answer = response
                else:
                    self.events.append((entity, response))
        return answer

    def event(self):
        while not self.events:
            for corr_id, entity, response in self.read():
                expect(corr_id == b"", "an event")
                self.events.append((entity, response))
        return self.events.pop(0)


def step(chain):
    out = hkdf(b"", chain, b"SimpleXSbChain", 88)
    return out[:32], out[32:64], out[64:]


def signed_key(der, leaf):
    """The session key, once the signature of the certificate's key on it is checked."""
    expect(len(der) == 122, "an Ed25519 signature on the session key")
    signed, signature = der[2:48], der[-64:]
    at = leaf.index(ED25519) + len(ED25519)
    na.crypto_sign_open(signature + signed, leaf[at : at + 32])
    expect(signed[2:14] == X25519, "an X25519 session key")
    return signed[14:]


# --- queues -----------------------------------------------------------------------------------


class Queue:
    def __init__(self, connection, mode=b"M", subscribe=b"S"):
        self.key = Ed25519()
        self.dh = utils.random(32)
        dh = X25519 + na.crypto_scalarmult_base(self.dh)
        command = b"NEW " + short(self.key.spki) + short(dh)
        version = connection.version
        command += (b"0" if version >= 9 else b"") + subscribe
        if 9 <= version < 15:
            command += b"T" if mode == b"M" else b"F"
        if version >= 15:
            command += b"1" + mode + b"0"
        if version >= 17:
            command += b"0"
        reply = connection.ask(b"", command, self.key)
        expect(reply.startswith(b"IDS "), f"IDS, not {reply[:20]!r}")
        ids = Reader(reply[4:])
        self.recipient, self.sender, server = ids.short(), ids.short(), ids.short()
        expect(len(self.recipient) == len(self.sender) == 24, "ids of 24 bytes")
        expect(server[:12] == X25519, "the server's DH key")
        self.secret = na.crypto_scalarmult(self.dh, server[12:])

    def open(self, message):
        expect(message.startswith(b"MSG "), f"MSG, not {message[:20]!r}")
        reader = Reader(message[4:])
        message_id = reader.short()
        plain = unpad(unseal(self.secret, message_id, reader.data))
        return message_id, plain

    def next(self, connection):
        entity, message = connection.event()
        expect(entity == self.recipient, "an event of this queue")
        return self.open(message)


def text(plain):
    expect(plain[9:10] == b" ", f"flags before the body in {plain[:12]!r}")
    return plain[8:9], plain[10:]


def is_reply(connection, expected, entity, command, key=None):
    reply = connection.ask(entity, command, key)
    expect(reply == expected, f"{expected!r} to {command[:12]!r}, not {reply[:40]!r}")


def conversation(connect):
    """Create, secure by the sender, send, receive, decrypt, acknowledge."""
    recipient, sender = connect(), connect()
    queue, key = Queue(recipient), Ed25519()
    skey = b"SKEY " + short(key.spki)
    is_reply(sender, b"OK", queue.sender, skey, key)
    is_reply(sender, b"OK", queue.sender, skey, key)
    stranger = Ed25519()
    is_reply(sender, b"ERR AUTH", queue.sender, b"SKEY " + short(stranger.spki), stranger)
    body = utils.random(16048)
    is_reply(sender, b"OK", queue.sender, b"SEND T " + body, key)
    is_reply(sender, b"OK", queue.sender, b"SEND F second", key)
    message_id, plain = queue.next(recipient)
    expect(text(plain) == (b"T", body), "the message as it was sent")
    is_reply(recipient, b"ERR NO_MSG", queue.recipient, b"ACK " + short(bytes(24)), queue.key)
    reply = recipient.ask(queue.recipient, b"ACK " + short(message_id), queue.key)
    second_id, plain = queue.open(reply)
    expect(text(plain) == (b"F", b"second"), "the next one with the acknowledgement")
    is_reply(recipient, b"OK", queue.recipient, b"ACK " + short(second_id), queue.key)
    is_reply(recipient, b"ERR NO_MSG", queue.recipient, b"ACK " + short(second_id), queue.key)
    is_reply(sender, b"ERR LARGE_MSG", queue.sender, b"SEND T " + bytes(16049), key)


def authenticators(connect):
    recipient, sender = connect(), connect()
    queue, key = Queue(recipient), Authenticator()
    is_reply(recipient, b"OK", queue.recipient, b"KEY " + short(key.spki), queue.key)
    is_reply(sender, b"OK", queue.sender, b"SEND F deniable", key)
    is_reply(sender, b"ERR AUTH", queue.sender, b"SEND F forged", Authenticator())
    is_reply(sender, b"ERR AUTH", queue.sender, b"SEND F unsigned")
    expect(text(queue.next(recipient)[1]) == (b"F", b"deniable"), "an authenticator is enough")


def takeover(connect):
    first, second, sender = connect(), connect(), connect()
    queue = Queue(first, mode=b"C")
    is_reply(sender, b"OK", queue.sender, b"SEND F hello")
    expect(text(queue.next(first)[1]) == (b"F", b"hello"), "delivered to the creator")
    expect(second.ask(queue.recipient, b"SUB", queue.key) in (b"SOK 0", b"OK"), "subscribed")
    message_id, plain = queue.next(second)
    expect(text(plain) == (b"F", b"hello"), "delivered again to who took over")
    expect(first.event() == (queue.recipient, b"END"), "the first is told")
    is_reply(second, b"OK", queue.recipient, b"ACK " + short(message_id), queue.key)
    is_reply(second, b"OK", queue.recipient, b"OFF", queue.key)
    is_reply(sender, b"ERR AUTH", queue.sender, b"SEND F too late")
    is_reply(second, b"OK", queue.recipient, b"DEL", queue.key)
    is_reply(second, b"ERR AUTH", queue.recipient, b"SUB", queue.key)


def errors(connect):
    connection = connect()
    key = Ed25519()
    is_reply(connection, b"PONG", b"", b"PING")
    is_reply(connection, b"ERR CMD UNKNOWN", b"", b"HELLO")
    is_reply(connection, b"ERR CMD SYNTAX", b"", b"PING ")
    is_reply(connection, b"ERR CMD HAS_AUTH", b"", b"PING", key)
    is_reply(connection, b"ERR CMD NO_AUTH", b"", b"SUB", key)
    is_reply(connection, b"ERR CMD NO_ENTITY", b"", b"SEND T hello")
    is_reply(connection, b"ERR AUTH", utils.random(24), b"SUB", key)
    is_reply(connection, b"ERR AUTH", utils.random(24), b"SEND T hello")
    connection.write_block(utils.random(BLOCK))
    if connection.receiving:
        connection.sending = step(connection.sending)[0]
        expect(connection.read() == [(b"", b"", b"ERR BLOCK")], "ERR BLOCK for garbage")
        is_reply(connection, b"PONG", b"", b"PING")


def check(host, port, fingerprint):
    fingerprint = base64.urlsafe_b64decode(fingerprint)
    for version in (18, 17, 16, 15, 14, 12, 11):
        for tls in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
            for step_ in (conversation, authenticators, takeover, errors):
                step_(lambda: Connection(host, port, fingerprint, version, tls))
                print(f"ok  v{version} {tls.name}: {step_.__name__}")
    legacy = Connection(host, port, fingerprint, 6, alpn=False)
    queue = Queue(legacy)
    is_reply(legacy, b"OK", queue.sender, b"SEND T old")
    expect(text(queue.next(legacy)[1]) == (b"T", b"old"), "a client of version 6")
    print("ok  v6 without ALPN")


if __name__ == "__main__":
    if len(sys.argv) != 5 or sys.argv[1] != "check":
        sys.exit(__doc__)
    try:
        check(*sys.argv[2:])
    except Surprise as surprise:
        print(f"expected {surprise}")
        sys.exit(1)
