# What takes the place of smp-server: its name, user, folders and unit.
# shellcheck shell=bash

echo "relayd relayd/hostname string smp.example.org" | debconf-set-selections
dpkg --install /debs/relayd_"$VERSION"-1_*.deb /debs/relayd-smp-compat_"$VERSION"-1_all.deb
[ "$(stat -c %U:%G /etc/opt/simplex)" = smp:smp ]
[ "$(stat -c %U:%G /var/opt/simplex)" = smp:smp ]
eventually relayctl status
fails listens 127.0.0.1 5223
seen "user and folders are there, and relayd leaves port 5223 alone"

# The guide, word for word.
sudo su smp -c "smp-server init -y -l --ip 192.168.1.5 --password test"
[ -e /etc/opt/simplex/smp-server.ini ]
sudo systemctl enable smp-server.service
sudo systemctl start smp-server.service
sudo systemctl status smp-server.service
eventually listens 127.0.0.1 5223
sudo journalctl -u smp-server.service | grep -q 'Server address: smp://'
[ "$(ps -o user= -C smp-server || ps -o user= -p "$(systemctl show -P MainPID smp-server)")" = smp ]
systemctl is-active relayd smp-server
seen "smp-server init and start as the guide says, beside relayd.service"
sudo systemctl restart smp-server.service
eventually listens 127.0.0.1 5223
sudo systemctl stop smp-server.service
[ "$(systemctl show -P Result smp-server)" = success ]
seen "it restarts and stops cleanly"

dpkg --remove relayd-smp-compat
eventually relayctl status
eventually listens 127.0.0.1 5223
use_smp 127.0.0.1 5223
[ -d /etc/opt/simplex ]
seen "removed: relayd serves SMP itself, the old folders stay"
dpkg --purge relayd-smp-compat relayd
