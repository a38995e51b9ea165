# Install, use, upgrade without refusing a connection, remove, purge: the package relayd.
# shellcheck shell=bash

echo "relayd relayd/hostname string relay.example.org" | debconf-set-selections
# --- install the release before, and use it
dpkg --install /debs/relayd_"$PREVIOUS"-1_*.deb
systemctl is-active relayd
[ "$(ps -o user= -C relayd)" = relayd ]
eventually relayctl status
seen "installed $PREVIOUS: active, as user relayd, ready"
grep -qx 'hosts = \["relay.example.org"\]' /etc/relayd/relayd.toml
relayctl smp address | grep -q '@relay.example.org'
[ "$(stat -c '%U:%G %a' /etc/relayd/relayd.toml)" = "root:relayd 640" ]
[ "$(stat -c '%U:%G %a' /var/lib/relayd)" = "relayd:relayd 700" ]
[ "$(stat -c '%U:%G %a' /run/relayd/admin.sock)" = "relayd:relayd 660" ]
seen "the public host name is in the configuration, and what is secret is"
key=$(room)
use_sogs http://127.0.0.1:8080
use_smp 127.0.0.1 5223
address=$(relayctl smp address)

# --- systemctl reload says what is wrong, and changes nothing then
echo '# mine' >>/etc/relayd/relayd.toml
systemctl reload relayd
echo 'nonsense = 1' >/etc/relayd/conf.d/99-wrong.toml
fails systemctl reload relayd
rm /etc/relayd/conf.d/99-wrong.toml
systemctl is-active relayd
seen "a reload takes over what is right and refuses what is not"

# --- metrics of the process are there in the sandbox
curl -sf http://127.0.0.1:9464/metrics >/root/metrics
grep -q '^process_resident_memory_bytes' /root/metrics
grep -q '^process_start_time_seconds [1-9]' /root/metrics
seen "metrics have the process in them"

# --- backups
systemctl start relayd-backup.service
relayctl backup verify /var/backups/relayd/relayd-*.tar
systemctl enable --now relayd-backup.timer
seen "the backup service makes a backup that verifies"

# --- upgrade under a crowd of clients
python3 /packaging/test/crowd.py 8080 5223 9464 /root/crowd &
eventually test -s /root/crowd.started
before=$(systemctl show -P MainPID relayd)
dpkg --install /debs/relayd_"$VERSION"-1_*.deb
[ "$(systemctl show -P MainPID relayd)" != "$before" ]
relayctl --version | grep -q "${VERSION%%-*}"
sleep 1
touch /root/crowd.stop
wait
cat /root/crowd
fails grep -v '^served' /root/crowd
[ "$(systemctl show -P NRestarts relayd)" = 0 ]
systemctl is-active relayd
seen "upgraded to $VERSION: $(cat /root/crowd), none refused"
grep -qx '# mine' /etc/relayd/relayd.toml
[ "$(public_key)" = "$key" ]
[ "$(relayctl smp address)" = "$address" ]
relayctl sogs room list | grep -q lounge
use_sogs http://127.0.0.1:8080
use_smp 127.0.0.1 5223
seen "configuration, keys and rooms are as they were"

# --- a program put into place by hand takes over by a reload, under a crowd of clients
python3 /packaging/test/crowd.py 8080 5223 9464 /root/byhand &
eventually test -s /root/byhand.started
before=$(systemctl show -P MainPID relayd)
systemctl reload relayd
[ "$(systemctl show -P MainPID relayd)" = "$before" ]
cp /usr/bin/relayctl /root/relayctl
install -m 755 /root/relayctl /usr/bin/relayctl
systemctl reload relayd
[ "$(systemctl show -P MainPID relayd)" != "$before" ]
sleep 1
touch /root/byhand.stop
wait
fails grep -v '^served' /root/byhand
systemctl is-active relayd
[ "$(systemctl show -P NRestarts relayd)" = 0 ]
seen "systemctl reload hands over to a program that was replaced: $(cat /root/byhand), none refused"

# --- watchdog and restart policy
kill -KILL "$(systemctl show -P MainPID relayd)"
eventually relayctl status
seen "a killed daemon comes back"

# --- remove keeps configuration and data, purge asks
dpkg --remove relayd
fails systemctl is-active relayd
[ -e /etc/relayd/relayd.toml ]
[ -e /var/lib/relayd/relayd.db ]
dpkg --install /debs/relayd_"$VERSION"-1_*.deb
eventually relayctl status
[ "$(public_key)" = "$key" ]
seen "removed and installed again: everything is there"
dpkg --purge relayd
[ ! -e /etc/relayd ]
[ -e /var/lib/relayd/relayd.db ]
seen "purged, without an answer: the configuration is gone, keys and messages are kept"
dpkg --install /debs/relayd_"$VERSION"-1_*.deb
echo "relayd relayd/purge-data boolean true" | debconf-set-selections
dpkg --purge relayd
[ ! -e /etc/relayd ]
[ ! -e /var/lib/relayd ]
[ ! -e /var/backups/relayd ]
fails dpkg --status relayd
[ -z "$(find /etc -name '*relayd*')" ]
seen "purged, with the answer yes: nothing is left"
