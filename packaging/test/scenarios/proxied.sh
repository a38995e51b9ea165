# What replaces sogs-proxied: SOGS behind nginx and behind apache.
# shellcheck shell=bash

echo "relayd relayd/hostname string sogs.example.org" | debconf-set-selections
rm -f /etc/nginx/sites-enabled/default /etc/apache2/sites-enabled/000-default.conf
dpkg --install /debs/relayd_"$VERSION"-1_*.deb
systemctl start nginx
dpkg --install /debs/relayd-sogs-proxied_"$VERSION"-1_all.deb
eventually relayctl status
room
grep -q 'server_name sogs.example.org;' /etc/nginx/sites-available/relayd-sogs
use_sogs http://127.3.2.1:4242
use_sogs http://127.0.0.1
seen "SOGS behind nginx, switched on by the package"

echo '# mine' >>/etc/nginx/sites-available/relayd-sogs
dpkg --install /debs/relayd-sogs-proxied_"$VERSION"-1_all.deb
grep -qx '# mine' /etc/nginx/sites-available/relayd-sogs
seen "a changed site stays"

systemctl stop nginx
systemctl start apache2
use_sogs http://127.0.0.1
seen "SOGS behind apache, switched on by the package"
systemctl stop apache2

fails dpkg --install /debs/relayd-sogs-standalone_"$VERSION"-1_all.deb
dpkg --purge relayd-sogs-proxied relayd
[ ! -e /etc/nginx/sites-available/relayd-sogs ]
[ ! -e /etc/nginx/sites-enabled/relayd-sogs ]
[ ! -e /etc/apache2/sites-enabled/relayd-sogs.conf ]
nginx -t
apache2ctl configtest
seen "purged: nginx and apache are as before"
