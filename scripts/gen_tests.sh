#!/usr/bin/env bash
# gen_tests.sh: test/pgtap/generated_*.sql from the machines and rules as they are in the code: what oms.generate_transition_tests() gives of each
# machine. A copy of the checkout is built and asked.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [ "${1:-}" = inside ]; then
    serve_extension
    mkdir -p "$OMS_WORK/tests"
    while read -r object; do
        psql -X -q -A -t -v ON_ERROR_STOP=1 -c "SELECT * FROM oms.generate_transition_tests('$object')" > "$OMS_WORK/tests/generated_$object.sql"
    done < <(psql -X -q -A -t -c 'SELECT DISTINCT object FROM oms.state_transitions')
    exit
fi

in_a_copy tests gen_tests.sh
mkdir -p "$project/test/pgtap"
rm -f "$project"/test/pgtap/generated_*.sql
cp "$OMS_WORK"/tests/generated_*.sql "$project/test/pgtap/"
