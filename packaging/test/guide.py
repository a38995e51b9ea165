#!/usr/bin/env python3
"""Prints the blocks of a page as one script."""

import re
import sys

text = open(sys.argv[1], encoding="utf-8").read()
BLOCK = re.compile(r"^```(sh|toml)\n(.*?)^```$|^<!-- run\n(.*?)^-->$", re.S | re.M)
for match in BLOCK.finditer(text):
    kind, block, hidden = match.groups()
    print("# step")
    if kind == "toml":
        first, _, rest = block.partition("\n")
        file = first.removeprefix("# ")
        assert file.startswith("/etc/relayd/"), f"a toml block begins with its file: {first}"
        print(f"cat >{file} <<'END'\n{rest}END")
    else:
        print(block or hidden)
        # The next block may ask the daemon that this one started.
        print("[ ! -e /run/relayd ] || eventually relayctl status")
