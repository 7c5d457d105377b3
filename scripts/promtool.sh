#!/usr/bin/env bash
# promtool.sh: Prometheus' own checker of rules, out of Debian's package, without installing the server that comes with it.
#
#   promtool.sh fetch     into the cache, once; quick when it is there
#   promtool.sh path      where it is, if it is
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cache=/var/cache/oms_state/promtool
[ "$(id -u)" -eq 0 ] || [ -d "$cache" ] || cache=${HOME:?}/.cache/oms_state/promtool

fetch() {
    [ ! -x "$cache/promtool" ] || return 0
    local temporary
    temporary=$(mktemp -d)
    # shellcheck disable=SC2064
    trap "rm -rf '$temporary'" EXIT
    (cd "$temporary" && apt-get -q -o APT::Sandbox::User=root download prometheus > /dev/null && dpkg -x prometheus_*.deb files)
    mkdir -p "$cache"
    install -m 0755 "$temporary/files/usr/bin/promtool" "$cache/promtool.new"
    mv "$cache/promtool.new" "$cache/promtool"
}

case ${1:-} in
    fetch) fetch ;;
    path) command -v promtool || { [ ! -x "$cache/promtool" ] || say "$cache/promtool"; } ;;
    *) sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" ;;
esac
