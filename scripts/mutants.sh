#!/usr/bin/env bash
# mutants.sh [COUNT [SEED]]: how many planted faults the generated tests find (doc/generated_tests.md).
#
# COUNT (100) faults are chosen by SEED (1) of those that mutants.pl knows: six of ten in rows of machines, one of ten each in what shows and in traits of
# commands, two of ten in shipped rules. Each is planted in a copy of the checkout, which is built, and test/pgtap/generated_*.sql are run until one fails.
# A fault that does not compile, with which the library does not load, or whose rule its own examples refuse, is none: the next one is taken.
# Prints a line for each: found (by which test), or NOT FOUND.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

count=100 seed=1
[ "${1:-}" = inside ] || { count=${1:-100} seed=${2:-1}; }

tree=${OMS_WORK:-}/mutant stage=${OMS_WORK:-}/stage

# Build the library of the tree as it stands; after a change of its scripts, the extension in a new database too. A session loads the library that is there.
make_it() {
    local options=(with_llvm=no "PG_CONFIG=$PG_CONFIG" PG_CFLAGS='-O0 -Wall -Werror -DUSE_ASSERT_CHECKING')
    case $1 in
        sql/* | all)
            make -s -C "$tree" -j "$(nproc)" "${options[@]}" all install "DESTDIR=$stage" > "$OMS_WORK/build.log" 2>&1 || return 1
            psql -X -q -d postgres -c 'DROP DATABASE IF EXISTS mutant WITH (FORCE)' -c 'CREATE DATABASE mutant' &> /dev/null
            psql -X -q -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION oms_state' -c 'CREATE EXTENSION pgtap' &> "$OMS_WORK/made.log" ;;
        *)
            make -s -C "$tree" "${options[@]}" oms_state.so > "$OMS_WORK/build.log" 2>&1 || return 1
            rm -f "$stage$("$PG_CONFIG" --pkglibdir)/oms_state.so"
            cp "$tree/oms_state.so" "$stage$("$PG_CONFIG" --pkglibdir)/oms_state.so"
            psql -X -q -v ON_ERROR_STOP=1 -c "LOAD 'oms_state'" &> "$OMS_WORK/made.log" ;;
    esac
}

# The tests of one text that can find a fault: those of machines for one of machines, those of a rule for one of that rule, as no other rule is asked there.
tests_for() {
    local group=$1 what=$2 text=$3
    if [ "$group" = rules ]; then
        awk -v rule="'$(sed 's/^rule \([a-z_]*\) .*/\1/' <<< "$what")'" '/^SELECT pg_temp\.try/ { next } /^SELECT pg_temp\.(rule|routing)/ && !index($0, rule) { next } { print }' "$text"
    else
        sed '/^CREATE TEMPORARY TABLE shapes/,$d' "$text"
    fi
}

# The first test that fails. The text of the machine that the fault's file is of goes first.
first_failure() {
    local group=$1 file=$2 what=$3 text texts=() first answer
    first=$(basename "$file" | sed -n 's/_machine\.c$//p')
    for text in "$project"/test/pgtap/generated_"${first:-order}".sql "$project"/test/pgtap/generated_*.sql; do
        [[ " ${texts[*]} " == *" $text "* ]] || texts+=("$text")
    done
    for text in "${texts[@]}"; do
        # a text that an error or the end of the server ends has failed too; psql is not waited for
        answer=$(tests_for "$group" "$what" "$text" | psql -X -A -t -q -v ON_ERROR_STOP=1 2>&1 | grep -m 1 -E '^not ok|ERROR:|FATAL:|server closed' || true)
        if [ -n "$answer" ]; then
            say "$answer"
            until psql -X -q -c 'SELECT' &> /dev/null; do sleep 0.2; done
            return 0
        fi
        [ "$group" != rules ] || return 1
    done
    return 1
}

inside() {
    local group file offset length what instead found=0 missed=0 none=0 answer restored=''
    declare -A left=([machine]=$((OMS_COUNT * 6 / 10)) [status]=$((OMS_COUNT / 10)) [traits]=$((OMS_COUNT / 10)) [rules]=$((OMS_COUNT * 2 / 10)))
    rm -rf "$tree"
    copy_tree "$tree"
    "$scripts/cluster.sh" init "$OMS_WORK/cluster" fsync=off
    cat >> "$OMS_WORK/cluster/data/postgresql.conf" <<CONF
extension_destdir = '$stage'
dynamic_library_path = '$stage$("$PG_CONFIG" --pkglibdir):$("$PG_CONFIG" --pkglibdir)'
CONF
    "$scripts/cluster.sh" start "$OMS_WORK/cluster"
    PGHOST=$("$scripts/cluster.sh" socket "$OMS_WORK/cluster")
    export PGHOST PGUSER=oms PGDATABASE=mutant PATH=$("$PG_CONFIG" --bindir):$PATH
    make_it all || { cat "$OMS_WORK/build.log" "$OMS_WORK/made.log"; die "it does not build as it is"; }
    answer=$(first_failure machine '' '') && die "without a fault: $answer"

    while IFS=$'\t' read -r group file offset length what instead; do
        [ "${left[$group]}" -gt 0 ] || continue
        # back to the scripts as they are
        [[ ${restored:-} != sql/* || $file == sql/* ]] || make_it all
        perl "$scripts/mutants.pl" plant "$tree" "$file" "$offset" "$length" "$instead"
        if ! make_it "$file"; then
            none=$((none + 1))
        elif answer=$(first_failure "$group" "$file" "$what"); then
            left[$group]=$((left[$group] - 1)) found=$((found + 1))
            printf 'found\t%s\t%s\t%s\n' "$group" "$what" "$answer"
        else
            left[$group]=$((left[$group] - 1)) missed=$((missed + 1))
            printf 'NOT FOUND\t%s\t%s\t%s\n' "$group" "$what" "$file"
        fi
        cp "$project/$file" "$tree/$file"
        restored=$file
    done < <(perl "$scripts/mutants.pl" list "$project" "$OMS_SEED")
    printf '%s found, %s not; %s more were none\n' "$found" "$missed" "$none"
}

if [ "${1:-}" = inside ]; then
    inside
    exit
fi

export OMS_COUNT=$count OMS_SEED=$seed
in_a_copy mutants mutants.sh
