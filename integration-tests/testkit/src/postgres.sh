# Guards one temporary PostgreSQL (see guardian.rs and postgres.rs of relay-testkit).
# $1 is its directory, $2 the directory of PostgreSQL's programs, the rest are server options.
# Each line of input is a command and gets one line of answer. At end of input, which comes when
# the test process is gone, the server is stopped and the directory removed.

trap '' PIPE # an answer nobody awaits any more must not keep us from cleaning up
dir=$1
bin=$2
shift 2
server=

stop() {
    if [ -n "$server" ]; then
        kill -QUIT "$server" # "immediate": recovers on its next start
        wait "$server"
        server=
    fi
} 2>>"$dir/log"

if "$bin/initdb" --pgdata="$dir/data" --username=relay --auth=trust --encoding=UTF8 --no-locale \
    --no-sync >"$dir/log" 2>&1; then
    echo ok
else
    echo failed
fi

while read -r command; do
    case $command in
    start)
        "$bin/postgres" -D "$dir/data" -k "$dir" "$@" >>"$dir/log" 2>&1 &
        server=$!
        echo "$server"
        ;;
    stop)
        stop
        echo stopped
        ;;
    esac
done

stop
cd /
rm -rf "$dir"
