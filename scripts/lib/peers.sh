# The solvers and systems that benchmarks compare with, and how they are installed. Sourced, not run.
# shellcheck shell=bash

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
