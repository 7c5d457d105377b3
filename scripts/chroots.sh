#!/usr/bin/env bash
# chroots.sh: clean installations of Debian 12, made by mmdebstrap, to build packages in and to install them in.
#
#   chroots.sh build DIR      with what building takes, of the release without its security updates: what is built against the older headers
#                             loads into the older servers too, what is built against newer ones does not. From a cache.
#   chroots.sh clean DIR      with PostgreSQL 15 as it is in the archive today, and nothing that builds
#   chroots.sh enter DIR COMMAND [ARG...]
#                             run a command in one; whatever it started ends with it, and so do its mounts
#
# OMS_CHROOTS_CACHE   the cache folder; else /var/cache/oms_state/chroots
# Exit status 75: they cannot be had here (not root, no mmdebstrap, no archive, no namespaces); the reason is on stderr.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# What debian/control asks for; unzip for the archive, lintian to look at what came out, and a server to see it load.
building=(build-essential $(sed -n '/^Build-Depends:/,/^[^ ]/s/^ \([a-z0-9.-]*\).*/\1/p' "$project/debian/control" | sed 's/^debhelper-compat$/debhelper/')
    postgresql-15 unzip lintian ca-certificates)
running=(postgresql-15 systemd ca-certificates)

cannot() { printf 'chroots.sh: no clean Debian 12 here: %s\n' "$*" >&2; exit 75; }

able() {
    [ "$(id -u)" -eq 0 ] || cannot "only root can make one"
    command -v mmdebstrap > /dev/null || cannot "mmdebstrap is not installed"
    unshare --mount --pid --fork true 2> /dev/null || cannot "no namespaces of mounts and processes"
}

# debootstrap TARGET PACKAGE[,PACKAGE...] [OPTION...]
debootstrap() {
    local target=$1 packages=$2 log
    shift 2
    log=$(mktemp)
    if ! mmdebstrap --quiet --variant=minbase --include="$packages" --dpkgopt='path-exclude=/usr/share/locale/*' \
        "$@" bookworm "$target" > "$log" 2>&1 < /dev/null; then
        tail -n 3 "$log" >&2
        rm -f "$log"
        cannot "mmdebstrap could not make it (is the archive reachable?)"
    fi
    rm -f "$log"
}

join() { local IFS=,; printf '%s' "$*"; }

# Made beside its place and then renamed: one that is stopped leaves the cache as it was. The name says what is in it, so a list that changed is
# another file; LLVM's archives, half of it all, are for who links LLVM.
build() {
    local cache=${OMS_CHROOTS_CACHE:-/var/cache/oms_state/chroots} name
    name=$cache/build-$(join "${building[@]}" | sha256sum | cut -c1-16).tar
    mkdir -p "$cache" || cannot "cannot make the cache folder $cache"
    exec 9> "$cache/lock"
    flock 9
    if [ ! -e "$name" ]; then
        say "chroots.sh: making a Debian 12 to build in, once" >&2
        rm -f "$cache"/build-*.tar "$cache"/new.??????.tar
        local new
        new=$(mktemp "$cache/new.XXXXXX.tar")
        # shellcheck disable=SC2016
        debootstrap "$new" "$(join "${building[@]}")" --dpkgopt='path-exclude=/usr/lib/llvm-*/lib/*.a' --dpkgopt='path-exclude=/usr/share/man/*' \
            --setup-hook='mkdir -p "$1/etc/apt/preferences.d"' \
            --setup-hook='printf "Package: *\nPin: release l=Debian-Security\nPin-Priority: -1\n" > "$1/etc/apt/preferences.d/release"'
        mv "$new" "$name"
    fi
    exec 9>&-
    mkdir -p "$1"
    tar -C "$1" -xf "$name"
}

clean() { debootstrap "$1" "$(join "${running[@]}")" --format=directory; }

enter() {
    local root=$1
    shift
    # shellcheck disable=SC2016
    exec unshare --mount --pid --fork --kill-child bash -c 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && mount -t tmpfs tmpfs "$0/run" && exec chroot "$0" "$@"' \
        "$root" env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

case ${1:-} in
    build | clean) able; "$1" "${2:?}" ;;
    enter) shift; enter "$@" ;;
    *) sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac
