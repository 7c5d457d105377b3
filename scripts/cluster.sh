#!/usr/bin/env bash
# A private PostgreSQL cluster in a folder of its own, on a unix socket only that user (and root) can reach.
#
#   cluster.sh init DIR [NAME=VALUE...]   make it; settings go to postgresql.conf
#   cluster.sh start DIR | stop DIR
#   cluster.sh socket DIR                 print its socket folder (port 5432 or OMS_LISTEN; user oms)
#
# With OMS_LISTEN=PORT at init that is its port and it listens on 127.0.0.1 too; the password is in DIR/password.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

bin=$("$PG_CONFIG" --bindir)

init() {
    local dir=$1 socket setting
    shift
    mkdir -p "$dir"
    chmod 0700 "$dir"
    # A socket's path must stay below 107 bytes.
    if [ "${#dir}" -lt 80 ]; then
        socket=$dir/socket
        mkdir -p "$socket"
    else
        socket=$(mktemp -d /tmp/oms.XXXXXX)
    fi
    say "$socket" > "$dir/socket.path"
    (umask 077 && head -c 18 /dev/urandom | base64 > "$dir/password")
    "$bin/initdb" --pgdata="$dir/data" --username=oms --pwfile="$dir/password" --encoding=UTF8 --locale=C.UTF-8 \
        --auth-local=trust --auth-host=scram-sha-256 --no-instructions > "$dir/initdb.log" ||
        { cat "$dir/initdb.log" >&2; return 1; }
    {
        say "unix_socket_directories = '$socket'"
        say "port = ${OMS_LISTEN:-5432}"
        say "listen_addresses = '${OMS_LISTEN:+127.0.0.1}'"
        for setting in "$@"; do
            say "${setting%%=*} = '${setting#*=}'"
        done
    } >> "$dir/data/postgresql.conf"
}

start() {
    "$bin/pg_ctl" --pgdata="$1/data" --log="$1/log" --wait --silent start || { tail -n 20 "$1/log" >&2; return 1; }
}

stop() {
    local socket
    stop_clusters_under "$1"
    socket=$(cat "$1/socket.path" 2>/dev/null) || return 0
    case $socket in /tmp/oms.??????) rm -rf "$socket" ;; esac
}

command=$1 dir=$2
shift 2
case $command in
    init) init "$dir" "$@" ;;
    start | stop) "$command" "$dir" ;;
    socket) cat "$dir/socket.path" ;;
    *) die "cluster.sh: no command $command" ;;
esac
