#!/bin/sh
# Installs what is missing, and nothing else: `setup.sh build` for running without tracing, `setup.sh run` for tracing,
# `setup.sh test` for the tests too. With a second word `ask` it asks on the terminal, if there is one, before it
# installs or mounts anything.
# Idempotent. It names what it cannot bring, with the command that would; finwait and its tests then say the rest.
set -eu
purpose=${1:-run}
asks=${2:-}
cd "$(dirname "$0")/.."
say() { printf 'setup: %s\n' "$*" >&2; }

# Decides about doing it: asks where somebody can answer, else yes.
agree() {
  [ "$asks" = ask ] || return 0
  { [ -t 0 ] || [ -t 2 ]; } && (: </dev/tty) 2>/dev/null || return 0
  printf 'setup: %s? [Y/n] ' "$*" >/dev/tty
  read -r answer </dev/tty || answer=n
  case $answer in '' | [Yy] | [Yy][Ee][Ss]) ;; *) return 1 ;; esac
}

if ! cmp -s package-lock.json node_modules/.finwait-lock 2>/dev/null; then
  agree 'install the npm packages into node_modules, as package-lock.json has them' ||
    { say 'finwait cannot be built without them; by hand: npm ci'; exit 1; }
  say 'installing the npm packages'
  npm ci --no-audit --no-fund --loglevel=error
  cp package-lock.json node_modules/.finwait-lock
fi

packages=''
need() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || packages="$packages $2"; }
if [ "$purpose" != build ]; then
  need bpftrace bpftrace
  need ss iproute2
fi
if [ "$purpose" = test ]; then
  need nft nftables
  need tmux tmux
  need strace strace
  need python3 python3-minimal
  need unshare util-linux
fi

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null 2>&1; then sudo "$@"
  else return 1
  fi
}

if [ -n "$packages" ]; then
  if command -v apt-get >/dev/null 2>&1; then
    # shellcheck disable=SC2086 # a list of package names
    { agree "install with apt, as root:$packages" && say "installing with apt:$packages" && as_root apt-get -qq update && as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $packages >/dev/null; } ||
      say "could not; by hand: apt-get install$packages"
  else
    say "missing:$packages  (Fedora: dnf install$packages)"
  fi
fi

# A user other than root may not look into it, and sees no directory where there is one.
if [ "$purpose" != build ] && ! grep -q '^[^ ]* [^ ]*/tracing tracefs ' /proc/mounts && [ ! -d /sys/kernel/debug/tracing/events ]; then
  { agree 'mount tracefs at /sys/kernel/tracing, as root' && as_root mount -t tracefs nodev /sys/kernel/tracing 2>/dev/null; } ||
    say 'tracefs is not mounted; by hand: mount -t tracefs nodev /sys/kernel/tracing'
fi

if [ ! -e dist/bin/finwait.js ] || [ -n "$(find src package.json tsconfig.json tsconfig.build.json -newer dist/bin/finwait.js -print -quit)" ]; then
  say 'building'
  npm run --silent build
  touch dist/bin/finwait.js
fi
