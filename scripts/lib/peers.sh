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

# need_match_peers DIR: scipy and OR-tools in a virtual environment in DIR, which is kept for the
# next time. Afterwards DIR/bin/python runs scripts/bench-peers/match.py.
need_match_peers() {
  local dir=$1
  "$dir/bin/python" -c 'import ortools, scipy' >/dev/null 2>&1 && return 0
  command -v python3 >/dev/null 2>&1 && python3 -c 'import ensurepip' >/dev/null 2>&1 \
    || install_packages "Python" python3 python3-venv || return 1
  echo "Installing scipy and OR-tools into $dir …" >&2
  python3 -m venv "$dir" \
    && "$dir/bin/pip" install --quiet --disable-pip-version-check numpy scipy ortools
}
