#!/usr/bin/env bash
# check_style.sh [LIBRARY]: the house rules that a machine can check. Prints each breach; none is success.
#
# In src/ the folders are the layers: includes go down only. common/LAYERS and debezium/bridge/LAYERS say the same of the files there: lines "L<n> name ..."
# from the bottom up, a name with its ending or without (then .c and .h alike). gateway/pure/ is below gateway/live/, and that below gateway/server/.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$project"

breaches=0
breach() { say "style: $*"; breaches=$((breaches + 1)); }

# From the bottom up; entry, look and query stand side by side, and so do fix and slot.
declare -A level=([base]=0 [core]=1 [store]=2 [entry]=3 [look]=3 [query]=3 [fix]=4 [slot]=4)

# An include names the file from src/ on, so it says its folder.
check_folders() {
    local file own folder other
    while read -r file; do
        folder=${file#src/}
        folder=${folder%%/*}
        own=${level[$folder]:-}
        [ -n "$own" ] || { breach "$file is in no folder that is a layer"; continue; }
        while read -r other; do
            if [ ! -e "src/$other" ]; then
                [[ $other == */* || -z $(find src -name "$other") ]] || breach "$file includes $other: ours are named from src/ on"
                continue
            fi
            other=${other%%/*}
            [ "$other" = "$folder" ] || [ "$other" = oms_state.h ] || [ "${level[$other]}" -lt "$own" ] ||
                breach "$file includes of $other/: includes go down only"
        done < <(sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p' "$file")
    done < <(find src -mindepth 2 -name '*.[ch]' | sort)
}

# The core is pure: of PostgreSQL it knows values, lists, hashes and memory, and no table, catalog, SQL or clock.
check_core() {
    local pure=' postgres.h common/hashfn.h catalog/pg_collation_d.h catalog/pg_type_d.h datatype/timestamp.h lib/simplehash.h lib/stringinfo.h limits.h math.h mb/pg_wchar.h miscadmin.h nodes/pg_list.h oms_state.h port/pg_bitutils.h regex/regex.h
        utils/builtins.h utils/date.h utils/fmgrprotos.h utils/hsearch.h utils/jsonb.h utils/memutils.h utils/numeric.h utils/varlena.h utils/array.h utils/timestamp.h '
    local file header
    while IFS=: read -r file header; do
        [[ $header == core/* || $header == base/* || ${pure//[[:space:]]/ } == *" $header "* ]] || breach "$file includes $header: the core is pure"
    done < <(grep -rHo '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<][^">]*' src/core | sed 's/[[:space:]]*#[[:space:]]*include[[:space:]]*["<]//')
}

check_layers() {
    declare -A layer=()
    local folder=$1 file line name own other
    [ -e "$folder/LAYERS" ] || { breach "no $folder/LAYERS"; return; }
    while read -r line; do
        read -ra words <<< "$line"
        [[ ${words[0]:-} =~ ^L([0-9]+)$ ]] || continue
        for name in "${words[@]:1}"; do
            case $name in
                *.*) layer[$name]=${BASH_REMATCH[1]} ;;
                *) layer[$name.c]=${BASH_REMATCH[1]} layer[$name.h]=${BASH_REMATCH[1]} ;;
            esac
        done
    done < "$folder/LAYERS"
    for file in "$folder"/*.[ch]; do
        name=${file#"$folder/"}
        own=${layer[$name]:-}
        [ -n "$own" ] || { breach "$file is not in $folder/LAYERS"; continue; }
        while read -r other; do
            [ -e "$folder/$other" ] || continue
            [ -n "${layer[$other]:-}" ] || continue
            [ "${layer[$other]}" -le "$own" ] ||
                breach "$file (L$own) includes $other (L${layer[$other]}): includes go down only"
        done < <(sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p' "$file")
    done
}

# What bridge and gateway share knows neither; what is pure in the gateway, its live engine too, knows no socket, no database, no clock, and nothing of its server.
check_programs() {
    local pure=' ctype.h errno.h inttypes.h limits.h stdarg.h stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h strings.h base.h text.h json_scan.h '
    local file header
    while IFS=: read -r file header; do
        [ -e "common/$header" ] || breach "$file includes $header: common/ knows no program"
    done < <(grep -Ho '^[[:space:]]*#[[:space:]]*include[[:space:]]*"[^"]*' common/*.[ch] | sed 's/[[:space:]]*#[[:space:]]*include[[:space:]]*"//')
    while IFS=: read -r file header; do
        [ -e "gateway/pure/$header" ] || [[ $pure == *" $header "* ]] || breach "$file includes $header: gateway/pure is pure"
    done < <(grep -Ho '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<][^">]*' gateway/pure/*.[ch] 2>/dev/null | sed 's/[[:space:]]*#[[:space:]]*include[[:space:]]*["<]//')
    while IFS=: read -r file header; do
        [ -e "gateway/live/$header" ] || [ -e "gateway/pure/$header" ] || [[ $pure == *" $header "* ]] || breach "$file includes $header: gateway/live is pure"
    done < <(grep -Ho '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<][^">]*' gateway/live/*.[ch] | sed 's/[[:space:]]*#[[:space:]]*include[[:space:]]*["<]//')
}

# elog(ERROR) is for what cannot happen; whatever a user can reach is an ereport with a SQLSTATE.
check_errors() {
    local found
    found=$(perl -0777 -ne '
        while (/\belog\s*\(\s*(?:ERROR|FATAL|PANIC)\s*,\s*"((?!BUG:|cannot)[^"]*)/g) {
            my $line = 1 + (substr($_, 0, $-[0]) =~ tr/\n//);
            print "$ARGV:$line: elog(ERROR, \"$1\"\n";
        }' $(find src -name '*.[ch]'))
    [ -z "$found" ] || breach "elog(ERROR) where only \"BUG: ...\" and \"cannot ...\" may stand:
$found"
}

# A static function begins with a word of its file's name, or how one begins, or its plural: a backtrace tells where one is.
check_prefixes() {
    local found
    found=$(perl -0777 -ne '
        my ($name) = $ARGV =~ m|([^/]+)\.c$|;
        while (/^static[^;{}=]*?\n([a-z0-9]+)(\w*)\(/mg) {
            my ($first, $function) = ($1, $1 . $2);
            print "$ARGV: $function()\n" unless $first eq "oms" || grep { /^\Q$first\E/ || "${_}s" eq $first } split /_/, $name;
        }' $(find src -name '*.c'))
    [ -z "$found" ] || breach "static functions without a word of their file's name:
$found"
}

check_sizes() {
    local file lines
    for file in $(find src -name '*.[ch]') common/*.[ch] debezium/bridge/*.[ch] $(find gateway -name '*.[ch]' ! -path '*/build*' 2>/dev/null); do
        lines=$(wc -l < "$file")
        [ "$lines" -le 1000 ] || breach "$file has $lines lines; 1000 is the limit"
    done
}

# The page: no text becomes markup or code, no decimal a float, and a module is read in one go.
check_web() {
    local found file lines
    found=$(grep -nE 'innerHTML|outerHTML *=|insertAdjacentHTML|document\.write|\beval\(|new Function|parseFloat|toFixed' gateway/web/*.js || true)
    [ -z "$found" ] || breach "what the page does not do:
$found"
    found=$(grep -nE '<script[^>]*>[^<]|<style|[[:space:]](style|on[a-z]+)=' gateway/web/*.html || true)
    [ -z "$found" ] || breach "nothing stands inline in the page:
$found"
    for file in gateway/web/*.js; do
        lines=$(wc -l < "$file")
        [ "$lines" -le 500 ] || breach "$file has $lines lines; 500 is the limit"
    done
}

# On PostgreSQL 15 every function that is not static shares the server's namespace.
check_exports() {
    local library=$1 pattern='^(_PG_init|_PG_fini|Pg_magic_func|pg_finfo_oms_.*|oms_.*)$' symbol
    while read -r symbol; do
        [[ $symbol =~ ^(_init|_fini|_edata|_end|__bss_start)$ ]] || breach "exported symbol $symbol has no prefix of ours"
    done < <(nm -D --defined-only "$library" | awk '{print $NF}' | grep -vE "$pattern" || true)
}

# One version number: the control file is the source.
check_version() {
    local version file
    version=$(sed -n "s/^default_version *= *'\([^']*\)'.*/\1/p" oms_state.control)
    perl -MJSON::PP -0777 -e '
        my ($version, $meta) = ($ARGV[0], decode_json(<STDIN>));
        exit($meta->{version} eq $version && $meta->{provides}{oms_state}{version} eq $version ? 0 : 1);
    ' "$version" < META.json || breach "META.json does not say version $version"
    grep -qF "#define BRIDGE_VERSION \"$version\"" debezium/bridge/bridge.h || breach "BRIDGE_VERSION is not $version"
    grep -qF "#define GATEWAY_VERSION \"$version\"" gateway/server/options.h || breach "GATEWAY_VERSION is not $version"
    grep -qE "^## \[?${version//./\\.}\]?( |\$)" CHANGELOG.md || breach "CHANGELOG.md has no section $version"
    for file in $(grep -lE '#[[:space:]]*define[[:space:]]+OMS_VERSION[[:space:]]' $(find src -name '*.h') || true); do
        grep -qE "#[[:space:]]*define[[:space:]]+OMS_VERSION[[:space:]]+\"${version//./\\.}\"" "$file" ||
            breach "OMS_VERSION in $file is not $version"
    done
}

# Every part of the scripts is in the list, and the list names no ghosts.
check_parts() {
    local part
    for part in sql/[0-9]*.sql; do
        [ -e "$part" ] || continue
        grep -qE "^(sql/)?${part#sql/}([[:space:]]|\$)" sql/parts.list || breach "$part is not in sql/parts.list"
    done
}

# A script loads whatever the database's encoding, and no schema but pg_catalog decides what a name in it means.
check_scripts() {
    local script parts
    for script in sql/*.sql; do
        ! LC_ALL=C grep -nP '[^\x00-\x7F]' "$script" || breach "$script is not ASCII"
    done
    mapfile -t parts < <(sed -n 's|^\([^#]\)|sql/\1|p' sql/parts.list)
    for script in install upgrade; do
        [ "$(awk -v script="$script" -f sql/expand.awk sql/kinds.list "${parts[@]}" | sed -n 2p)" = "SET LOCAL search_path = pg_catalog, pg_temp;" ] ||
            breach "the first statement of the $script script does not set search_path"
    done
}

# What serves every kind of object names none: the store, the entry (but for files of a kind's own), and the parts of the scripts that are not a kind's own
# or views for people.
# What old scripts know by its name, and what an upgrade finds, is as it is.
check_kinds() {
    local kind table type rest kinds='' tables='' types='' part found own
    while read -r kind table type rest; do
        kinds+="|$kind" tables+="|$table" types+="|$type"
    done < <(grep -v '^#' sql/kinds.list)
    kinds=${kinds#|} tables=${tables#|} types=${types#|}
    found=$(grep -nE "\bKIND_(${kinds^^})\b|\"($kinds|$tables|$types)\"|\boms_($kinds)_|\b($kinds)_events|\b($types)\b \*|core/($kinds)/" \
        $(find src/store src/entry -name '*.[ch]' ! -name old_symbols.c ! -name '*_order.[ch]') || true)
    [ -z "$found" ] || breach "a kind of object is named where all are served:
$found"
    own="_($tables|views)\.sql"
    for part in sql/[0-9]*.sql; do
        [[ ! $part =~ $own ]] || continue
        found=$(awk -v script=install -f sql/expand.awk <(say '#') "$part" | sed 's/^ *--.*//' |
            grep -nE "\boms\.($tables)\b|\b($kinds)_events|'($kinds|$tables|$types)'|\boms\.($kinds)_" || true)
        [ -z "$found" ] || breach "$part names a kind of object:
$found"
    done
}

# Debezium sends what the bridge sends.
check_outbox() {
    "$scripts/gen_outbox.sh" --print | cmp -s - debezium/oms-outbox.json || breach "debezium/oms-outbox.json is not what scripts/gen_outbox.sh makes"
}

check_folders
check_kinds
check_core
check_layers common
check_layers debezium/bridge
check_programs
check_errors
check_prefixes
check_sizes
check_web
check_version
check_parts
check_scripts
check_outbox
[ $# -eq 0 ] || check_exports "$1"
[ "$breaches" -eq 0 ]
