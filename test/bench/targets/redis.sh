# redis-server under a fixed load: this many keys of 1 KiB. Argument: number of keys.
set -e
socket=$(mktemp -u "${TMPDIR:-/tmp}/cmemstat-redis-XXXXXX")
redis-server --port 0 --unixsocket "$socket" --save '' --appendonly no --daemonize no >/dev/null &
server=$!
until redis-cli -s "$socket" ping >/dev/null 2>&1; do sleep 0.05; done
redis-cli -s "$socket" debug populate "$1" key 1024 >/dev/null
redis-benchmark -s "$socket" -n 20000 -t get,incr -q >/dev/null
redis-cli -s "$socket" shutdown nosave >/dev/null 2>&1 || true
wait "$server"
