#!/usr/bin/env bash
# package_test.sh DIR: the tests of test/packages, as TAP in DIR/packages.tap; test.sh calls it, as root, and has its results counted.
# Where a clean Debian cannot be had the file says so, and nothing is tested.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

tap=$1/packages.tap
OMS_PACKAGES=$(mktemp -d /var/tmp/oms_state-packages.XXXXXX)
export OMS_PACKAGES
trap 'rm -rf --one-file-system "$OMS_PACKAGES"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Two clean ones, of one making: into one go the packages, into the other the steps of the Dockerfile.
status=0
"$scripts/chroots.sh" build "$OMS_PACKAGES/build" 2> "$OMS_PACKAGES/why" && "$scripts/chroots.sh" clean "$OMS_PACKAGES/debian" 2>> "$OMS_PACKAGES/why" || status=$?
if [ "$status" -ne 0 ]; then
    printf '1..0 # SKIP NO CLEAN DEBIAN HERE, so packages and images are not tested: %s\n' "$(tail -n 1 "$OMS_PACKAGES/why")" > "$tap"
    exit 0
fi
cp -a "$OMS_PACKAGES/debian" "$OMS_PACKAGES/image"

perl "$project/test/packages/packages.pl" > "$tap" 2>&1 || true
