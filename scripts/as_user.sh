#!/usr/bin/env bash
# as_user.sh COMMAND [ARG...]: run a command as an ordinary user, because PostgreSQL refuses root.
# Root becomes $OMS_USER (oms_test, made when missing); anybody else stays who he is.
# The command starts in $OMS_WORK (or /), which is also its home, with OMS_* and PG_CONFIG passed on.
set -euo pipefail

cd "${OMS_WORK:-/}"
[ "$(id -u)" -eq 0 ] || exec "$@"

user=${OMS_USER:-oms_test}
if ! id -u "$user" >/dev/null 2>&1; then
    useradd --system --user-group --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin "$user" || id -u "$user" >/dev/null
fi

keep=()
for name in $(compgen -e); do
    case $name in OMS_* | PG_CONFIG) keep+=("$name=${!name}") ;; esac
done
exec setpriv --reuid="$user" --regid="$user" --init-groups --reset-env \
    env "HOME=${OMS_WORK:-/}" "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin" LC_ALL=C.UTF-8 \
    "${keep[@]}" "$@"
