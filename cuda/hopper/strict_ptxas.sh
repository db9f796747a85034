#!/bin/sh
# Runs a compiler, and fails where ptxas has serialised wgmma or put waits into its pipeline: it
# reports that as information (C7510 to C7520), and such a kernel loses half its speed.
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
"$@" 2>"$log"
status=$?
cat "$log" >&2
grep -Eq '\(C75[12][0-9]\)' "$log" && exit 1
exit $status
