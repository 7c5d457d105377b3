#!/usr/bin/env bash
# Install from Debian's packages exactly what is missing; nothing to do is the quick and usual case.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Server and headers go together: headers newer than the server build a module that may not load.
packages=(
    build-essential
    postgresql-15 postgresql-server-dev-15
    postgresql-15-pgtap postgresql-15-wal2json
    libipc-run-perl libdbd-pg-perl libjson-validator-perl libopenapi-client-perl
    python3
    libpq-dev librdkafka-dev libjansson-dev libmicrohttpd-dev libgnutls28-dev libsystemd-dev pkg-config
    openjdk-17-jre-headless maven kcat openssl curl
    clang-14 libclang-rt-14-dev locales
    chromium chromium-driver
    "$@"
)

# What is not from Debian but already there does as well.
provided() {
    case $1 in
        openjdk-17-jre-headless) command -v java > /dev/null ;;
        maven) command -v mvn > /dev/null ;;
        python3-pip) python3 -m pip --version > /dev/null 2>&1 ;;
        *) return 1 ;;
    esac
}
installed() { dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | grep -q '^ii'; }

# Without these, a test says that it cannot be run, and is skipped.
optional=(postgresql-15-repack postgresql-15-cron postgresql-15-plproxy patroni etcd-server python3-psycopg2 libfaketime python3-pip mmdebstrap git)

missing=()
for package in "${packages[@]}"; do
    installed "$package" || provided "$package" || missing+=("$package")
done
wanted=()
for package in "${optional[@]}"; do
    installed "$package" || provided "$package" || wanted+=("$package")
done
[ "${#missing[@]}" -gt 0 ] || [ "${#wanted[@]}" -gt 0 ] || exit 0

root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        [ "${#missing[@]}" -eq 0 ] || die "needs root or sudo to install: ${missing[*]}"
        exit 0
    fi
    root=(sudo)
fi
apt() { "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 "$@"; }
install_optional() {
    local package
    for package in "${wanted[@]}"; do
        apt install --no-install-recommends "$package" || say "$package cannot be installed: the test that needs it will be skipped"
    done
}
if [ "${#missing[@]}" -eq 0 ]; then
    say "installing: ${wanted[*]}"
    { apt update && install_optional; } || say "the archive cannot be reached: what needs ${wanted[*]} will be skipped"
    exit 0
fi
say "installing: ${missing[*]} ${wanted[*]}"

apt update

# The headers of the server that is there, when the archive still has them: upgrading a server
# restarts clusters that are none of ours.
if installed postgresql-15 && ! installed postgresql-server-dev-15; then
    version=$(dpkg-query -W -f '${Version}' postgresql-15)
    if apt-cache madison postgresql-server-dev-15 | grep -qF "| $version |"; then
        missing=("${missing[@]/#postgresql-server-dev-15/postgresql-server-dev-15=$version}")
    fi
fi

# Debian makes and starts a cluster with a new server package. We bring our own clusters, so
# that is switched off for the length of this install, and the setting put back as it was.
config=/etc/postgresql-common/createcluster.conf
restore() { if "${root[@]}" test -e "$config.oms"; then "${root[@]}" mv "$config.oms" "$config"; fi; }
if ! installed postgresql-15; then
    installed postgresql-common || apt install --no-install-recommends postgresql-common
    trap restore EXIT
    "${root[@]}" cp -p "$config" "$config.oms"
    "${root[@]}" sh -c "echo 'create_main_cluster = false' >> $config"
fi

apt install --no-install-recommends "${missing[@]}"
install_optional
