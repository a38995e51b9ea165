# A Debian of its own for each test: made once by debootstrap, booted by systemd-nspawn where this
# machine allows that, thrown away afterwards.
# shellcheck shell=bash

cache=${CACHE:-/var/tmp/relayd-packaging}
base=$cache/bookworm

# What operators may have beside relayd, so that no test needs the network.
PACKAGES='systemd systemd-sysv dbus ucf ca-certificates python3-nacl sudo curl openssl iproute2 procps
    postgresql nginx-light libnginx-mod-stream haproxy apache2 tor caddy jq'

make_base() {
    [ ! -e "$base/made" ] || return 0
    echo "making a Debian in $base (once)"
    rm -rf "$base"
    mkdir -p "$cache"
    { debootstrap --variant=minbase bookworm "$base" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" &&
        into_base; } >"$cache/debootstrap.log" 2>&1 ||
        { tail -n 5 "$cache/debootstrap.log" >&2; return 1; }
    # They are started by the tests that are about them.
    chroot "$base" systemctl --quiet disable nginx apache2 haproxy tor caddy postgresql
    rm -f "$base/usr/sbin/policy-rc.d"
    rm -rf "$base"/var/cache/apt/archives/*.deb "$base"/var/lib/apt/lists/*
    touch "$base/made"
}

# Nothing is started in there while it is made.
into_base() {
    printf '#!/bin/sh\nexit 101\n' >"$base/usr/sbin/policy-rc.d"
    chmod 755 "$base/usr/sbin/policy-rc.d"
    cp /etc/resolv.conf "$base/etc/"
    chroot "$base" apt-get update --quiet
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive chroot "$base" apt-get install --quiet --yes --no-install-recommends $PACKAGES
}

# Boots a fresh machine; $leader is its first process. What it writes is in memory and goes with it.
boot() {
    local started=$SECONDS
    # systemd-nspawn wants a /run that is no disk, and a scope only when systemd runs outside.
    unshare --mount sh -c '
        findmnt --noheadings --types tmpfs /run >/dev/null || mount -t tmpfs tmpfs /run
        exec systemd-nspawn --quiet --directory="$1" --boot --volatile=overlay --machine=relay \
            --hostname=relay --register=no --keep-unit --private-network --console=pipe \
            --bind-ro="$2:/packaging" --bind-ro="$3:/independent" --bind-ro="$4:/debs" \
            --bind-ro="$6:/docs" \
            </dev/null >"$5" 2>&1' boot "$base" "$PWD/packaging" \
        "$PWD/integration-tests/independent" "$debs" "$work/console" "$PWD/docs/operations" &
    container=$!
    until leader=$(pgrep --parent "$container" --newest 2>/dev/null) &&
        inside systemctl is-system-running 2>/dev/null | grep -Eq 'running|degraded'; do
        if ! kill -0 "$container" 2>/dev/null || [ $((SECONDS - started)) -gt 60 ]; then
            cat "$work/console" >&2
            echo "the machine does not boot" >&2
            return 1
        fi
        sleep 0.2
    done
}

# Runs a command in the machine.
inside() {
    nsenter --target "$leader" --all --wdns=/root env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive VERSION="$version" PREVIOUS="$previous" "$@"
}

halt() {
    [ -n "${container:-}" ] || return 0
    kill -TERM "$container" 2>/dev/null || true
    wait "$container" 2>/dev/null || true
    container=''
}
