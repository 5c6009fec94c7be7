# redis-server under a fixed load: this many keys of 1 KiB. Argument: number of keys.
set -e
socket=$(mktemp -u "${TMPDIR:-/tmp}/cmemstat-redis-XXXXXX")
redis-server --port 0 --unixsocket "$socket" --save '' --appendonly no --daemonize no >/dev/null &
server=$!
until redis-cli -s "$socket" ping >/dev/null 2>&1; do sleep 0.05; done
# DEBUG POPULATE is disabled by default since Redis 7, and redis-cli ends with 0 for refused commands.
redis-cli -s "$socket" eval "for i = 1, ARGV[1] do redis.call('set', 'key:' .. i, string.rep('x', 1024)) end" 0 "$1" >/dev/null
[ "$(redis-cli -s "$socket" dbsize)" = "$1" ]
redis-benchmark -s "$socket" -n 20000 -t get,incr -q >/dev/null
redis-cli -s "$socket" shutdown nosave >/dev/null 2>&1 || true
wait "$server"
