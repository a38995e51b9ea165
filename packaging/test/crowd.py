#!/usr/bin/env python3
"""Clients that connect again and again, without a pause, until FILE.stop appears.

    crowd.py SOGS_PORT SMP_PORT METRICS_PORT FILE

Writes one line to FILE for everything that went wrong, else "served N connections". An SMP connection
that is already open when a daemon hands over ends, as apps know it: that is no complaint, once."""

import http.client
import pathlib
import socket
import ssl
import sys
import threading

sogs, smp, metrics = (int(port) for port in sys.argv[1:4])
file = sys.argv[4]
stop = pathlib.Path(file + ".stop")
complaints, served, ended = [], [0], []


def http_client(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    status = connection.getresponse().status
    if status != 200:
        raise OSError(f"status {status}")
    connection.close()


def smp_client():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["smp/1"])
    with socket.create_connection(("127.0.0.1", smp), timeout=60) as plain:
        with context.wrap_socket(plain) as tls:
            hello = b""
            while len(hello) < 16384:
                part = tls.recv(16384 - len(hello))
                if not part:
                    return ended.append(1)
                hello += part


def member(name, work):
    while not stop.exists():
        try:
            work()
            served[0] += 1
        except Exception as error:
            complaints.append(f"{name}: {error!r}")


members = [
    ("sogs", lambda: http_client(sogs, "/capabilities")),
    ("smp", smp_client),
    ("metrics", lambda: http_client(metrics, "/livez")),
]
threads = [threading.Thread(target=member, args=pair) for pair in members]
for thread in threads:
    thread.start()
pathlib.Path(file + ".started").write_text("yes")
for thread in threads:
    thread.join()
if len(ended) > 1:
    complaints.append(f"smp: {len(ended)} ended before the server's hello")
lines = complaints or [f"served {served[0]} connections"]
pathlib.Path(file).write_text("\n".join(lines) + "\n")
