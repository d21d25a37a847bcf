# What the scripts need, and how it is installed where it is missing. Sourced, not run.
# shellcheck shell=bash

# Whether we may install packages.
can_install() {
  command -v apt-get >/dev/null 2>&1 && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# install_packages WHY PACKAGE…: by apt, or says what to install and stops.
install_packages() {
  local why=$1
  shift
  if ! can_install; then
    echo "gigdesk: $why is missing. Install it with: sudo apt-get install $*" >&2
    return 1
  fi
  echo "Installing $why ($*) …"
  export DEBIAN_FRONTEND=noninteractive
  local log
  log=$(mktemp)
  if ! { as_root apt-get update && as_root apt-get install -y --no-install-recommends "$@"; } \
    >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    echo "gigdesk: installing $why failed; see above." >&2
    return 1
  fi
  rm -f "$log"
}

has_postgres() {
  command -v initdb >/dev/null 2>&1 && return 0
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}

# The PostgreSQL server's binaries. Debian's package would start a server of its own on
# installation; Gigdesk starts the one it needs.
need_postgres() {
  has_postgres && return 0
  if can_install && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    as_root mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
  fi
  install_packages "PostgreSQL" postgresql
}

# A C compiler, for libpq, which is compiled in.
need_compiler() {
  command -v cc >/dev/null 2>&1 && command -v make >/dev/null 2>&1 && return 0
  install_packages "a C compiler" gcc libc6-dev make ca-certificates
}

need_rust() {
  # shellcheck disable=SC1091
  [ -f "$HOME/.cargo/env" ] && . "$HOME/.cargo/env"
  command -v cargo >/dev/null 2>&1 && return 0
  echo "gigdesk: Rust is missing. Install it from https://rustup.rs, then run this again." >&2
  return 1
}

# A browser that a program can steer, for the tests of the pages.
need_browser() {
  command -v chromium >/dev/null 2>&1 && command -v chromedriver >/dev/null 2>&1 && return 0
  install_packages "Chromium" chromium chromium-driver
}
