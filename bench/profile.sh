#!/usr/bin/env bash
# profile.sh create|fill|fill3|cancel|batch|block|block_bust: the hottest functions of a backend that runs the command in a loop.
# Needs perf (Debian: linux-perf) and kernel.perf_event_paranoid <= 2. OMS_PERF_EVENT picks another event than cpu-clock:u.
set -euo pipefail
command -v perf >/dev/null || { echo "profile.sh needs perf: apt-get install linux-perf" >&2; exit 1; }
exec "$(dirname "${BASH_SOURCE[0]}")/../scripts/bench.sh" --profile "${1:-fill}" "${@:2}"
