#!/usr/bin/env bash
# package.sh: what is given away, from the files that git knows, as they are in the checkout.
#
#   package.sh dist [DIR]     the archive for PGXN: DIR/oms_state-VERSION.zip (make dist)
#   package.sh debs [DIR]     Debian's packages, of that archive alone, in a clean Debian 12 (make packages; as root): DIR/*.deb
#
# DIR is dist/ of the checkout where it is not given.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

version=$(sed -n "s/^default_version *= *'\([^']*\)'.*/\1/p" "$project/oms_state.control")
name=oms_state-$version

# git stash create makes a commit of the files as they are now, and changes nothing; where nothing differs it prints nothing.
git() { command git -C "$project" -c safe.directory="$project" "$@"; }
dist() {
    local commit
    git rev-parse -q --verify HEAD > /dev/null || die "package.sh: $project is no checkout of git"
    commit=$(git -c user.name=package.sh -c user.email=package.sh stash create)
    mkdir -p "$1"
    git archive --format=zip --prefix="$name/" -o "$1/$name.zip.tmp" "${commit:-HEAD}"
    mv "$1/$name.zip.tmp" "$1/$name.zip"
    say "$1/$name.zip"
}

# build_in ROOT DIR: the archive is unpacked in the chroot ROOT and built there as an ordinary user; what comes out goes to DIR.
build_in() {
    local root=$1 out=$2
    mkdir -p "$root/build" "$out"
    cp "$out/$name.zip" "$root/build/"
    "$scripts/chroots.sh" enter "$root" sh -ec "
        cd /build
        unzip -q $name.zip
        chown -R nobody: /build
        setpriv --reuid=nobody --regid=nogroup --clear-groups env -C /build/$name HOME=/build DEB_BUILD_OPTIONS=parallel=$(nproc) dpkg-buildpackage -us -uc -b"
    cp "$root"/build/*.deb "$root"/build/*.changes "$out/"
}

debs() {
    local root
    root=$(mktemp -d /var/tmp/oms_state-build.XXXXXX)
    trap 'rm -rf --one-file-system "$root"' EXIT
    dist "$1"
    "$scripts/chroots.sh" build "$root"
    build_in "$root" "$1"
    ls "$1"/*.deb
}

case ${1:-} in
    dist | debs) "$1" "$(mkdir -p "${2:-$project/dist}" && cd "${2:-$project/dist}" && pwd -P)" ;;
    build_in) build_in "$2" "$3" ;;
    *) sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac
