# The examples for reverse proxies, word for word, in front of relayd as they say it is configured.
# shellcheck shell=bash

EXAMPLES=/usr/share/doc/relayd/examples/proxies

# The settings that stand in an example behind "relayd.toml:", in place.
settings() {
    sed -n '/^# relayd.toml:/,/^#\?$/s/^#\( relayd.toml:\)\? *\(\[\|[a-z]\)/\2/p' "$EXAMPLES/$1" \
        >/etc/relayd/conf.d/50-proxy.toml
    grep -q listen /etc/relayd/conf.d/50-proxy.toml
    relayctl config check
    systemctl restart relayd
    eventually relayctl status
}

# Certificates where certbot would put them.
certificates() {
    local live=/etc/letsencrypt/live/sogs.example.org
    mkdir -p $live
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=sogs \
        -addext subjectAltName=DNS:sogs.example.org -keyout $live/privkey.pem -out $live/fullchain.pem
    cat $live/privkey.pem $live/fullchain.pem >/etc/haproxy/sogs.example.org.pem
    export SSL_CERT_FILE=$live/fullchain.pem
}

dpkg --install /debs/relayd_"$VERSION"-1_*.deb
echo "127.0.0.1 sogs.example.org smp.example.org" >>/etc/hosts
certificates
rm -f /etc/nginx/sites-enabled/default /etc/apache2/sites-enabled/000-default.conf
settings nginx-sogs.conf
room

cp $EXAMPLES/nginx-sogs.conf /etc/nginx/sites-enabled/sogs
nginx -t
systemctl start nginx
use_sogs http://sogs.example.org
use_sogs https://sogs.example.org
seen "nginx-sogs.conf"

# Web pages move to where the shared port sends browsers.
settings nginx-stream.conf
sed -i '/listen.*443/d; s/listen 80;/listen 127.0.0.1:8443 ssl proxy_protocol; listen 80;/' /etc/nginx/sites-enabled/sogs
cat $EXAMPLES/nginx-stream.conf >>/etc/nginx/nginx.conf
nginx -t
systemctl restart nginx
use_smp 127.0.0.1 5223
use_smp 127.0.0.1 443
use_sogs https://sogs.example.org
seen "nginx-stream.conf: browsers and SimpleX apps on one port"
systemctl stop nginx

settings haproxy.cfg
cp $EXAMPLES/haproxy.cfg /etc/haproxy/haproxy.cfg
haproxy -c -f /etc/haproxy/haproxy.cfg
systemctl start haproxy
eventually curl -sf http://sogs.example.org/
use_sogs http://sogs.example.org
use_sogs https://sogs.example.org
use_smp 127.0.0.1 443
use_smp 127.0.0.1 5223
seen "haproxy.cfg: browsers and SimpleX apps on one port, with client addresses"
systemctl stop haproxy

settings apache-sogs.conf
a2enmod -q proxy_http ssl
cp $EXAMPLES/apache-sogs.conf /etc/apache2/sites-enabled/sogs.conf
apache2ctl configtest
systemctl start apache2
use_sogs http://sogs.example.org
use_sogs https://sogs.example.org
seen "apache-sogs.conf"
systemctl stop apache2

# Nobody gives certificates here: Caddy makes its own.
settings Caddyfile
{ printf '{\n\tlocal_certs\n\tskip_install_trust\n}\n'; cat $EXAMPLES/Caddyfile; } >/etc/caddy/Caddyfile
caddy validate --config /etc/caddy/Caddyfile --adapter caddyfile
systemctl start caddy
root=/var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt
eventually test -e $root
export SSL_CERT_FILE=$root
eventually curl -sf --cacert $root https://sogs.example.org/
use_sogs http://sogs.example.org
use_sogs https://sogs.example.org
seen "Caddyfile"
systemctl stop caddy

sed '/^SocksPort/d' $EXAMPLES/torrc >/etc/tor/torrc
tor --verify-config -f /etc/tor/torrc
sed 's/^#\([SH]\)/\1/' $EXAMPLES/torrc >/etc/tor/torrc
tor --verify-config -f /etc/tor/torrc
seen "torrc is understood by tor"
