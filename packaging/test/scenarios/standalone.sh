# What replaces sogs-standalone: SOGS on port 80, from a socket unit.
# shellcheck shell=bash

echo "relayd relayd/hostname string 203.0.113.7" | debconf-set-selections
dpkg --install /debs/relayd_"$VERSION"-1_*.deb
fails curl -sf http://127.0.0.1/
dpkg --install /debs/relayd-sogs-standalone_"$VERSION"-1_all.deb
eventually relayctl status
room
use_sogs http://127.0.0.1
relayctl sogs url lounge | grep -q '^http://203.0.113.7/lounge?public_key='
seen "SOGS on port 80, with links that say so"

# The daemon has no right to bind port 80, nor any other.
grep -qx 'CapEff:[[:space:]]*0000000000000000' "/proc/$(systemctl show -P MainPID relayd)/status"
seen "the daemon has no capability"

# The guide's commands under the old name; the program is the same.
[ "$(readlink -f "$(command -v sogs)")" = /usr/bin/relayctl ]
[ "$(readlink -f "$(command -v session-open-group-server)")" = /usr/bin/relayctl ]
sogs --add-room fish --name "Fishing" --description "Australian fisheries chat"
sogs --rooms + --add-moderators 05d871fc80ca007eed9b2f4df72853e2a2d5465a92fcb1889fb5c84aa2833b3b40 --admin --visible
curl -sf http://127.0.0.1/ | grep -q Fishing
session-open-group-server --print-url | grep -q 203.0.113.7
seen "the guide's commands, as sogs and session-open-group-server"

# A restart, too, refuses nobody: the socket stays open.
python3 /packaging/test/crowd.py 80 5223 9464 /root/crowd &
eventually test -s /root/crowd.started
systemctl restart relayd
sleep 1
touch /root/crowd.stop
wait
fails grep '^sogs' /root/crowd
seen "a restart refuses nobody on port 80"

dpkg --remove relayd-sogs-standalone
eventually relayctl status
fails curl -sf http://127.0.0.1/
curl -sf http://127.0.0.1:8080/ >/dev/null
seen "removed: SOGS is where it was before"
dpkg --install /debs/relayd-sogs-standalone_"$VERSION"-1_all.deb
eventually curl -sf http://127.0.0.1/
dpkg --purge relayd-sogs-standalone relayd
[ ! -e /etc/relayd ]
