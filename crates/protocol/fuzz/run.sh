#!/usr/bin/env bash
# Fuzzes each target for so many seconds: `fuzz/run.sh` for half a minute each, `fuzz/run.sh 3600` for
# a long run, `fuzz/run.sh 600 decode` for one target. Needs a nightly toolchain and `cargo install
# cargo-fuzz`. What is found lands in `artifacts/`; make a vector or a test of it.
set -euo pipefail
cd "$(dirname "$0")"

seconds=${1:-30}
shift || true
targets=("$@")
[ $# -gt 0 ] || targets=(decode roundtrip utf8 mask inflate)

for target in "${targets[@]}"; do
  cargo +nightly fuzz build --fuzz-dir . "$target"
  mkdir -p "corpus/$target"
  dictionary=()
  [ ! -f "dictionaries/$target.dict" ] || dictionary=("-dict=dictionaries/$target.dict")
  cargo +nightly fuzz run --fuzz-dir . "$target" "corpus/$target" "seeds/$target" -- \
    "-max_total_time=$seconds" -max_len=4096 -timeout=10 -print_final_stats=1 "${dictionary[@]}"
done
