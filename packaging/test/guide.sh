# Runs a page of docs/operations: every block of sh, every toml block into the file that its first line
# names, and the comments that begin with "run", in their order.
# shellcheck shell=bash

page=$1

# What the pages begin with: an installed relayd, with a public name.
case $(basename "$page") in
install.md) ;;
*)
    echo "relayd relayd/hostname string relay.example.net" | debconf-set-selections
    dpkg --install /debs/relayd_"$VERSION"-1_*.deb
    eventually relayctl status
    ;;
esac
rm -f /etc/nginx/sites-enabled/default

python3 /packaging/test/guide.py "/docs/$(basename "$page")" >/root/page.sh
steps=$(grep -c '^# step' /root/page.sh || true)
export VERSION
. /root/page.sh
seen "$page: $steps blocks"
