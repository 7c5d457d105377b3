#!/usr/bin/env bash
# build.sh TREE STAGE test|release|server: build a copy of the checkout and install it below STAGE.
# "server" is a build for tests that goes into the server itself, which is a copy of ours; no program is built.
# Else the programs beside the extension are built in the tree (debezium/bridge/oms_bridge, gateway/oms_gateway; for tests also oms_bridge-san and
# oms_gateway-san, under the sanitizers).
# Writes STAGE/postgresql.conf: the lines that let a server load an extension from there (Debian's
# extension_destdir; $libdir itself cannot be moved, so the library path is searched first).
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

tree=$1 stage=$2 kind=$3
options=(with_llvm=no "PG_CONFIG=$PG_CONFIG")
[ "$kind" = release ] || options+=(OMS_TEST_BUILD=1)

make -s -C "$tree" -j "$(nproc)" "${options[@]}" all
rm -rf "$stage"
if [ "$kind" = server ]; then
    make -s -C "$tree" "${options[@]}" install
    mkdir -p "$stage"
    : > "$stage/postgresql.conf"
    exit 0
fi
make -s -C "$tree" "${options[@]}" install "DESTDIR=$stage"

for program in debezium/bridge gateway; do
    [ -e "$tree/$program/Makefile" ] || continue
    make -s -C "$tree/$program" -j "$(nproc)"
    [ "$kind" != test ] || make -s -C "$tree/$program" -j "$(nproc)" SANITIZE=1
done

library=$("$PG_CONFIG" --pkglibdir)
cat > "$stage/postgresql.conf" <<CONF
extension_destdir = '$stage'
dynamic_library_path = '$stage$library:$library'
CONF
