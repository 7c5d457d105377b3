#!/usr/bin/env bash
# Every test there is, on private clusters, from a copy of the checkout; the last line counts.
#
#   test.sh                       all (OMS_SOAK=1: with long rounds)
#   test.sh CATEGORY [NAME...]    one of: style unit common bridge gateway regress isolation pgtap tap threads packages versions; NAMEs without folder or ending
#
# OMS_WORK=DIR    work there and keep it: a second run builds only what changed
# OMS_ACCEPT=1    afterwards, copy what regress and isolation printed over the expected files, and what the recorded streams
#                 of test/data/payloads gave over what is stored of them
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() { sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }
case ${1:-} in
    -h | --help | help) usage; exit 0 ;;
    '' | style | unit | common | bridge | gateway | regress | isolation | pgtap | tap | threads | packages | versions) ;;
    *) usage >&2; die "test.sh: no category $1" ;;
esac

"$scripts/setup.sh"
# The jars of the real broker, into a cache outside the tree. Without them the tests that need one say so, and are skipped.
"$project/test/kafka/kafka.sh" fetch || say "no Kafka here: the tests against a real broker will be skipped"
"$scripts/promtool.sh" fetch || say "no promtool here: the rules for Prometheus will not be played"
# Servers of other versions, likewise.
case ${1:-} in
    '' | versions) "$scripts/servers.sh" fetch || say "no servers of other versions here: those tests will be skipped" ;;
esac

keep=${OMS_WORK:-}
OMS_WORK=${OMS_WORK:-$(mktemp -d /var/tmp/oms_state-test.XXXXXX)}
mkdir -p "$OMS_WORK"
OMS_WORK=$(cd "$OMS_WORK" && pwd -P)
export OMS_WORK

finish() {
    end_group
    stop_clusters_under "$OMS_WORK"
    [ -n "$keep" ] || rm -rf "$OMS_WORK"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

copy_tree "$OMS_WORK/tree"
chmod 0755 "$OMS_WORK"
give_to_user "$OMS_WORK"

# These need root, and git for what is given away: they run in the checkout itself, and are counted with the others.
case ${1:-} in
    '' | packages) say "packages: in clean installations of Debian 12"; run_group "$scripts/package_test.sh" "$OMS_WORK" ;;
esac

# What was run now, and not what an earlier run left.
accept() {
    local kind file
    for kind in regress:test isolation:test/isolation; do
        [ $# -eq 0 ] || [ "$1" = "${kind%%:*}" ] || continue
        for file in "$OMS_WORK/out/${kind%%:*}"/results/*.out; do
            [ ! -e "$file" ] || cp "$file" "$project/${kind#*:}/expected/"
        done
    done
    for file in "$OMS_WORK"/out/tap/tmp_check/payloads/*.out.gz; do
        { [ $# -gt 0 ] && [ "$1" != tap ]; } || [ ! -e "$file" ] || cp "$file" "$project/test/data/payloads/"
    done
}

status=0
run_group "$scripts/as_user.sh" "$OMS_WORK/tree/scripts/run_tests.sh" "$@" || status=$?
[ -z "${OMS_ACCEPT:-}" ] || accept "$@"
exit "$status"
