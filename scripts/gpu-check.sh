#!/usr/bin/env bash
# All that only a machine with a GPU can show: the whole test suite on each kernel,
# compute-sanitizer on small problems, the GPU's memory over 100,000 calls, a thousand repeats, the
# main job. Needs a build and a GPU that nobody else uses; prints a table last and exits 1 if
# anything failed.
# usage: scripts/gpu-check.sh [folder for the logs [regular expression: only steps of such a name]]
set -u
cd "$(dirname "$0")/.."
out=${1:-build/gpu-check}
wanted=${2:-.}
mkdir -p "$out"
names=() results=()

check() { # name, command...
  local name=$1 start=$SECONDS status
  [[ $name =~ $wanted ]] || return 0
  shift
  "$@" >"$out/$name.log" 2>&1
  status=$?
  names+=("$name")
  results+=("$([[ $status == 0 ]] && echo ok || echo "FAILED ($status)"), $((SECONDS - start)) s")
  [[ $status == 0 ]] || { failed=1; tail -n 40 "$out/$name.log"; }
}

failed=0
export FLASHDIFF_REQUIRE_CUDA=1
jest=(node node_modules/jest/bin/jest.js)
on_devices=$(grep -l support/devices test/*.test.ts)
check suite "${jest[@]}"
check suite-generic env FLASHDIFF_CUDA_KERNEL=generic "${jest[@]}" $on_devices
for kernel in auto generic; do
  for tool in memcheck racecheck initcheck synccheck; do
    check "$tool-$kernel" env FLASHDIFF_CUDA_KERNEL=$kernel timeout 120 \
      compute-sanitizer --tool $tool --error-exitcode 9 node scripts/sanitizer-suite.mjs
  done
done
check memory env FLASHDIFF_ALONE_ON_GPU=1 "${jest[@]}" test/lifetime.test.ts -t 'calls leave no memory'
check repeat node scripts/repeat.mjs
check main-job node examples/needle/main.mjs --out "$out/attention.svg"

for i in "${!names[@]}"; do printf '%-20s %s\n' "${names[i]}" "${results[i]}"; done
exit $failed
