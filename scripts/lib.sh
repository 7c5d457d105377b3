# Shared by the scripts here; sourced, never run.
# shellcheck shell=bash

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
scripts=$project/scripts
pg_home=/usr/lib/postgresql/15
export PG_CONFIG=${PG_CONFIG:-$pg_home/bin/pg_config}

# The caller's libpq and make settings must not reach private clusters and builds.
unset MAKEFLAGS MFLAGS MAKELEVEL
for _name in $(compgen -e); do
    case $_name in PG_CONFIG) ;; PG*) unset "$_name" ;; esac
done
unset _name

say() { printf '%s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }

# Copy the checkout to $1 (kept objects stay, so that a second build is short).
copy_tree() {
    mkdir -p "$1"
    find "$1" -type f ! -name '*.o' ! -path '*/common/build*' ! -path '*/debezium/bridge/build*' ! -path '*/gateway/build*' \
        ! -name 'oms_bridge' ! -name 'oms_bridge-san' ! -name 'oms_gateway' ! -name 'oms_gateway-san' ! -name 'oms_gateway-tsan' -delete
    # A file that an editor writes meanwhile is no reason to stop (status 1).
    { tar -C "$project" --warning=no-file-changed -cf - --exclude=./.git --exclude=./.demo --exclude=./stage --exclude='*.o' \
        --exclude='*.so' --exclude='*.bc' --exclude=tmp_check --exclude='./common/build*' --exclude='./debezium/bridge/build*' --exclude='./gateway/build*' . || [ $? -eq 1 ]; } |
        tar -C "$1" --no-same-owner -xf -
}

# Hand a folder to the user that scripts/as_user.sh runs as.
give_to_user() {
    if [ "$(id -u)" -eq 0 ]; then
        local user
        user=$("$scripts/as_user.sh" id -un)
        chown -R "$user:" "$@"
    fi
}

# Stop every PostgreSQL server whose data directory lies under $1: by its id, and only if it is one.
stop_clusters_under() {
    local file pid tries
    while IFS= read -r file; do
        pid=$(head -n 1 "$file" 2>/dev/null) || continue
        [[ $pid =~ ^[0-9]+$ ]] || continue
        [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$(dirname "$file")" ] || continue
        kill -INT "$pid" 2>/dev/null || continue
        for ((tries = 0; tries < 100; tries++)); do
            kill -0 "$pid" 2>/dev/null || continue 2
            sleep 0.1
        done
        kill -QUIT "$pid" 2>/dev/null || true
    done < <(find "$1" -name postmaster.pid 2>/dev/null)
}

# Run a command as a process group of its own and wait for it, so that a signal to this
# script acts at once and reaches all of its children (end_group).
group=
run_group() {
    local status=0
    set -m
    "$@" < /dev/null &
    group=$!
    set +m
    wait "$group" || status=$?
    group=
    return "$status"
}
end_group() {
    if [ -n "$group" ]; then
        kill -TERM -- "-$group" 2>/dev/null || true
        wait "$group" 2>/dev/null || true
        group=
    fi
}

# in_a_copy NAME SCRIPT: a copy of the checkout below a new $OMS_WORK, which goes at the end, and in it "SCRIPT inside" as an ordinary user.
in_a_copy() {
    "$scripts/setup.sh"
    OMS_WORK=$(mktemp -d "/var/tmp/oms_state-$1.XXXXXX")
    export OMS_WORK
    trap 'end_group; stop_clusters_under "$OMS_WORK"; rm -rf "$OMS_WORK"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    copy_tree "$OMS_WORK/tree"
    chmod 0755 "$OMS_WORK"
    give_to_user "$OMS_WORK"
    run_group "$scripts/as_user.sh" "$OMS_WORK/tree/scripts/$2" inside
}

# Inside of it: what is here is built, and psql asks a server with the extension from then on.
serve_extension() {
    "$scripts/build.sh" "$project" "$OMS_WORK/stage" release
    "$scripts/cluster.sh" init "$OMS_WORK/cluster"
    cat "$OMS_WORK/stage/postgresql.conf" >> "$OMS_WORK/cluster/data/postgresql.conf"
    "$scripts/cluster.sh" start "$OMS_WORK/cluster"
    PGHOST=$("$scripts/cluster.sh" socket "$OMS_WORK/cluster")
    export PGHOST PGUSER=oms PGDATABASE=postgres PATH=$("$PG_CONFIG" --bindir):$PATH
    psql -X -q -c 'CREATE EXTENSION oms_state'
}
