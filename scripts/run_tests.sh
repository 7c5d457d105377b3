#!/usr/bin/env bash
# The tests themselves, run by test.sh as an ordinary user inside the copy of the checkout.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

stage=$OMS_WORK/stage
out=$OMS_WORK/out
# The drivers and modules of tests are those of the headers that we build against; for servers of other versions, still those.
pgxs=${OMS_DRIVERS:-$(dirname "$("$PG_CONFIG" --pgxs)")/../..}
bin=$("$PG_CONFIG" --bindir)
passed=0
failed=0

trap 'end_group; stop_clusters_under "$OMS_WORK"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

title() { printf '\n== %s\n' "$*"; }
count() { passed=$((passed + $1)) failed=$((failed + $2)); }
summary() {
    printf '\n%d passed, %d failed\n' "$passed" "$failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

# check NAME COMMAND...: one test, passed when the command succeeds.
check() {
    local name=$1
    shift
    if run_group "$@"; then
        say "ok - $name"
        count 1 0
    else
        say "FAILED - $name"
        count 0 1
        return 1
    fi
}

# names FOLDER ENDING [NAME...]: the NAMEs, or every file of the folder, without ending, sorted.
names() {
    local folder=$1 ending=$2
    shift 2
    if [ $# -gt 0 ]; then
        printf '%s\n' "$@"
    else
        find "$folder" -maxdepth 1 -name "*$ending" -printf '%f\n' 2>/dev/null | sed "s/${ending//./\\.}\$//" | LC_ALL=C sort
    fi
}

# The same server settings for every kind of test; a category adds its own file when it has one.
server_config() {
    cat "$stage/postgresql.conf"
    say "fsync = off"
    say "log_line_prefix = '%m [%p] %q%a '"
    [ ! -e "$project/test/postgresql.conf" ] || cat "$project/test/postgresql.conf"
}

# regress_like CATEGORY PROGRAM FOLDER ENDING [NAME...]: pg_regress and its isolation sister.
regress_like() {
    local category=$1 program=$2 folder=$3 input=$4 ending=$5 tests log status=0 good bad
    shift 5
    mapfile -t tests < <(names "$folder" "$ending" "$@")
    [ "${#tests[@]}" -gt 0 ] || return 0
    title "$category"
    rm -rf "${out:?}/$category"
    mkdir -p "$out/$category"
    log=$out/$category/log.txt
    run_group "$program" --inputdir="$input" --outputdir="$out/$category" --bindir="$bin" \
        --temp-instance="$out/$category/instance" --temp-config="$out/server.conf" \
        --encoding=UTF8 --no-locale --load-extension=oms_state --dbname="oms_$category" \
        "${tests[@]}" > "$log" 2>&1 || status=$?
    cat "$log"
    good=$(grep -cE '\.\.\. ok( |$)' "$log" || true)
    bad=$(grep -cE '\.\.\. FAILED( |$)' "$log" || true)
    # Not started, stopped half way, or failed without saying which: never count that as well.
    [ $((good + bad)) -eq "${#tests[@]}" ] || bad=$((${#tests[@]} - good))
    [ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
    count "$good" "$bad"
    if [ "$bad" -gt 0 ]; then
        cat "$out/$category/regression.diffs" 2>/dev/null || tail -n 40 "$out/$category"/log/*.log 2>/dev/null || true
    fi
}

# tap CATEGORY FILE...: TAP from any command (OMS_TAP_EXEC), counted by assertion.
tap() {
    local category=$1 result
    shift
    title "$category"
    result=$out/$category.count
    rm -f "$result"
    run_group perl "$scripts/tap.pl" "$result" "$@" || true
    if [ -s "$result" ]; then
        # shellcheck disable=SC2046
        count $(cat "$result")
    else
        say "FAILED - $category did not run to its end"
        count 0 1
    fi
}

# A throw-away cluster with an empty database oms, for the categories that are plain psql.
sql_cluster() {
    rm -rf "$out/cluster"
    "$scripts/cluster.sh" init "$out/cluster"
    cat "$out/server.conf" >> "$out/cluster/data/postgresql.conf"
    "$scripts/cluster.sh" start "$out/cluster"
    PGHOST=$("$scripts/cluster.sh" socket "$out/cluster")
    export PGHOST PGUSER=oms PGDATABASE=oms
    psql -X -q -d postgres -c 'CREATE DATABASE oms'
    psql -X -q -c 'CREATE EXTENSION oms_state' -c 'CREATE EXTENSION pgtap'
}
end_sql_cluster() {
    "$scripts/cluster.sh" stop "$out/cluster"
    unset PGHOST PGUSER PGDATABASE
}

run_style() {
    title style
    check "house rules" "$scripts/check_style.sh" "$stage$("$PG_CONFIG" --pkglibdir)/oms_state.so" || true
}

# test/unit/NAME.c: a library of its own, loaded beside oms_state.so, whose functions it calls directly.
run_unit() {
    local tests name files=()
    mapfile -t tests < <(names "$project/test/unit" .c "$@")
    [ "${#tests[@]}" -gt 0 ] || return 0
    mkdir -p "$out/unit"
    for name in "${tests[@]}"; do
        if run_group cc -std=gnu99 -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare \
            -Wno-missing-field-initializers -DUSE_ASSERT_CHECKING -fPIC -shared \
            -I "$project/src" -I "$("$PG_CONFIG" --includedir-server)" \
            -o "$out/unit/$name.so" "$project/test/unit/$name.c"; then
            cat > "$out/unit/$name.sql" <<SQL
LOAD 'oms_state';
CREATE FUNCTION pg_temp.unit_$name() RETURNS text AS '$out/unit/$name', 'unit_$name' LANGUAGE C;
SELECT pg_temp.unit_$name();
SQL
            files+=("$out/unit/$name.sql")
        else
            check "build of test/unit/$name.c" false || true
        fi
    done
    [ "${#files[@]}" -gt 0 ] || return 0
    sql_cluster
    OMS_TAP_EXEC='psql -X -A -t -q -v ON_ERROR_STOP=1 -f' tap unit "${files[@]}"
    end_sql_cluster
}

# common/test/NAME.c: programs of their own, with the sanitizers. And the fuzzers of common/fuzz, for a moment.
run_common() {
    local tests common=$project/common
    mapfile -t tests < <(names "$common/test" .c "$@")
    [ "${#tests[@]}" -gt 0 ] || return 0
    check "unit tests of common/ build" make -s -C "$common" -j "$(nproc)" SANITIZE=1 tests || return 0
    tests=("${tests[@]/#/$common/build-san/test_}")
    OMS_TAP_EXEC="env -C $common/test timeout 300" tap common "${tests[@]}"
    [ $# -gt 0 ] || check "decoders under libFuzzer" "$common/fuzz/run.sh" "$([ -n "${OMS_SOAK:-}" ] && echo 120 || echo few)" || true
}

# debezium/bridge/test/NAME.c: programs of their own, with the sanitizers. And the fuzzer of debezium/bridge/fuzz, for a moment.
run_bridge() {
    local tests bridge=$project/debezium/bridge
    mapfile -t tests < <(names "$bridge/test" .c "$@")
    [ "${#tests[@]}" -gt 0 ] || return 0
    check "unit tests of the bridge build" make -s -C "$bridge" -j "$(nproc)" SANITIZE=1 tests || return 0
    tests=("${tests[@]/#/$bridge/build-san/test_}")
    OMS_TAP_EXEC="env -C $bridge/test timeout 300" tap bridge "${tests[@]}"
    [ $# -gt 0 ] || check "position under libFuzzer" "$bridge/fuzz/run.sh" "$([ -n "${OMS_SOAK:-}" ] && echo 120 || echo few)" || true
}

# gateway/test/NAME.c and gateway/fuzz: likewise.
run_gateway() {
    local tests gateway=$project/gateway
    mapfile -t tests < <(names "$gateway/test" .c "$@")
    [ "${#tests[@]}" -gt 0 ] || return 0
    check "unit tests of the gateway build" make -s -C "$gateway" -j "$(nproc)" SANITIZE=1 tests || return 0
    tests=("${tests[@]/#/$gateway/build-san/test_}")
    OMS_TAP_EXEC="env -C $gateway/test timeout 300" tap gateway "${tests[@]}"
    [ $# -gt 0 ] || [ ! -e "$gateway/fuzz/run.sh" ] ||
        check "the gateway's pure parts under libFuzzer" "$gateway/fuzz/run.sh" "$([ -n "${OMS_SOAK:-}" ] && echo 120 || echo few)" || true
}

run_regress() {
    regress_like regress "$pgxs/src/test/regress/pg_regress" "$project/test/sql" "$project/test" .sql "$@"
}

run_isolation() {
    regress_like isolation "$pgxs/src/test/isolation/pg_isolation_regress" "$project/test/isolation/specs" \
        "$project/test/isolation" .spec "$@"
}

run_pgtap() {
    local tests
    mapfile -t tests < <(names "$project/test/pgtap" .sql "$@")
    [ "${#tests[@]}" -gt 0 ] || return 0
    tests=("${tests[@]/#/test/pgtap/}")
    sql_cluster
    OMS_TAP_EXEC='psql -X -A -t -q -v ON_ERROR_STOP=1 -f' tap pgtap "${tests[@]/%/.sql}"
    end_sql_cluster
}

run_tap() {
    local tests
    mapfile -t tests < <(names "$project/test/t" .pl "$@")
    [ "${#tests[@]}" -gt 0 ] || return 0
    tap_files tap "${tests[@]}"
    [ $# -gt 0 ] || [ -z "${OMS_SOAK:-}" ] || run_threads
}

# The gateway's once more, under TSan: beside its loop are the threads of the guard and of the admin address.
run_threads() {
    local tests
    check "the gateway builds under TSan" make -s -C "$project/gateway" -j "$(nproc)" SANITIZE=thread || return 0
    mapfile -t tests < <(names "$project/test/t" .pl "$@" | grep '_gateway_')
    OMS_SOAK='' OMS_GATEWAY=$project/gateway/oms_gateway-tsan tap_files threads "${tests[@]}"
}

# tap_files CATEGORY NAME...
tap_files() {
    local category=$1 tests
    shift
    tests=("${@/#/test/t/}")
    rm -rf "${out:?}/$category"
    mkdir -p "$out/$category"
    TESTDIR=$out/$category PGPORT=65432 PG_REGRESS=$pgxs/src/test/regress/pg_regress \
        PERL5LIB=$project/test/lib:$pgxs/src/test/perl OMS_SERVER_CONF=$out/server.conf \
        OMS_BRIDGE=${OMS_BRIDGE:-$project/debezium/bridge/oms_bridge-san} OMS_GATEWAY=${OMS_GATEWAY:-$project/gateway/oms_gateway-san} \
        tap "$category" "${tests[@]/%/.pl}"
}

# What test.sh ran as root before.
run_packages() {
    OMS_TAP_EXEC=cat tap packages "$OMS_WORK/packages.tap"
}

# What runs on a server of another version: behaviour, races, what DBAs do to tables, and the replication slot. The server is a copy of
# ours, and the extension installed into it. Not pg_upgrade: minor versions of the summer of 2026 write options of columns (pg_attver) into
# the catalog that older ones, as these are, do not read.
on_version() {
    run_regress
    run_isolation
    run_tap 020_fix_matrices 022_fix_cases 030_caller 031_roles 032_statistics 050_property 053_blocks 054_allocation_examples 063_transactions 065_partitions 080_own_columns 081_own_triggers 082_own_indexes 083_maintenance \
        084_own_constraints 085_compression 086_interrupted_lookups 101_slot
}

# test_version VERSION: all of that in a folder and a process of its own, into a log.
test_version() {
    local work=$OMS_WORK/$1 config
    mkdir -p "$work"
    copy_tree "$work/tree"
    config=$("$scripts/servers.sh" copy "$1" "$work/server")
    OMS_WORK=$work OMS_DRIVERS=$pgxs OMS_SECONDS=${OMS_SECONDS:-10} PG_CONFIG=$config "$work/tree/scripts/run_tests.sh" on_version > "$out/version-$1.log" 2>&1
}
# Side by side: each spends much of its time waiting.
test_versions() {
    local version versions=()
    for version in "$@"; do
        test_version "$version" &
    done
    wait
}

run_versions() {
    local version versions
    mapfile -t versions < <("$scripts/servers.sh" list)
    [ "${#versions[@]}" -gt 0 ] || { title versions; say "SKIPPED: no servers of other versions here; only PostgreSQL $("$PG_CONFIG" --version | sed 's/[^0-9]*//') was tested"; return 0; }
    [ $# -eq 0 ] || versions=("$@")
    run_group test_versions "${versions[@]}" || true
    for version in "${versions[@]}"; do
        title "PostgreSQL $version"
        # the last line is its count
        sed '$d' "$out/version-$version.log"
        if [[ $(tail -n 1 "$out/version-$version.log") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
            count "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
        else
            say "FAILED - PostgreSQL $version did not run to its end"
            count 0 1
        fi
    done
}

cd "$project"
export PATH=$bin:$PATH
export TMPDIR=$OMS_WORK/t
mkdir -p "$out" "$TMPDIR"

title "build"
kind=test
[ -z "${OMS_DRIVERS:-}" ] || kind=server
check "build with -Werror and assertions" "$scripts/build.sh" "$project" "$stage" "$kind" || { summary; exit 1; }
server_config > "$out/server.conf"

if [ $# -gt 0 ]; then
    category=$1
    shift
    case $category in
        style | unit | common | bridge | gateway | regress | isolation | pgtap | tap | threads | packages | versions) "run_$category" "$@" ;;
        on_version) on_version ;;
        *) die "test.sh: no category $category" ;;
    esac
else
    for category in style unit common bridge gateway regress isolation pgtap tap packages versions; do
        "run_$category"
    done
fi
summary
