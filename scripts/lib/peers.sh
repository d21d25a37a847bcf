# What the measurements compare us with, one function for each. Sourced, not run.
# shellcheck shell=bash

# Where the peers' packages are kept from one run to the next.
peers_dir() {
  printf '%s' "${GIGDESK_BENCH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gigdesk-bench}"
}

# graphile-worker and pg-boss, from npm. Without Node.js or a network they are left out, and the
# report says so.
need_queue_peers() {
  local dir
  dir=$(peers_dir)/queues
  if ! command -v npm >/dev/null 2>&1; then
    echo "npm is missing: graphile-worker and pg-boss are left out." >&2
    return 0
  fi
  mkdir -p "$dir"
  cp scripts/bench-peers/queues.mjs "$dir/"
  if ! cmp -s scripts/bench-peers/package.json "$dir/package.json" || [ ! -d "$dir/node_modules" ]; then
    cp scripts/bench-peers/package.json "$dir/"
    if ! (cd "$dir" && npm install --no-audit --no-fund --silent); then
      rm -f "$dir/package.json"
      echo "npm install failed: graphile-worker and pg-boss are left out." >&2
      return 0
    fi
  fi
  export GIGDESK_BENCH_PEERS=$dir
}
