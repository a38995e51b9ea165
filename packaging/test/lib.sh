# What the scenarios share; they run inside a machine, as root, with `set -eux`.
# shellcheck shell=bash

# Prints that something was seen to work.
seen() {
    set +x
    echo "ok  $*" >&3
    set -x
}

# Succeeds when the command fails: `!` alone would not end a script.
fails() {
    if "$@"; then
        echo "succeeded, and should not: $*" >&2
        return 1
    fi
}

# Waits up to 30 seconds for a command to succeed.
eventually() {
    { set +x; } 2>/dev/null
    local tries
    for tries in $(seq 150); do
        if "$@" >/dev/null 2>&1; then
            set -x
            return 0
        fi
        sleep 0.2
    done
    echo "not within 30 seconds ($tries tries): $*" >&2
    return 1
}

# Whether anybody listens there.
listens() {
    python3 -c 'import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)' "$@"
}

SEED=1111111111111111111111111111111111111111111111111111111111111111

# A room whose administrator is the Python client; prints the server's public key.
room() {
    local admin
    admin=$(python3 /independent/sogs.py id $SEED)
    relayctl sogs room add lounge --name "The lounge" >&2
    relayctl sogs mod add "$admin" --rooms lounge --admin >&2
    public_key
}

public_key() {
    relayctl sogs url lounge | sed 's/.*public_key=//'
}

# Walks through everything of SOGS at a URL.
use_sogs() {
    local steps
    steps=$(python3 /independent/sogs.py check "$1" "$(public_key)" lounge $SEED | grep -c '^ok')
    [ "$steps" -ge 18 ]
    seen "SOGS at $1: $steps steps of a client in Python"
}

# Walks through everything of SMP at a host and port.
use_smp() {
    local steps
    steps=$(python3 /independent/smp.py check "$1" "$2" "$(relayctl smp fingerprint)" | grep -c '^ok')
    [ "$steps" -ge 57 ]
    seen "SMP at $1 port $2: $steps steps of a client in Python"
}
