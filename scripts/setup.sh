#!/bin/sh
# Brings what is missing and nothing else: `setup.sh build` what runs without tracing, `setup.sh run` what tracing needs,
# `setup.sh test` what the tests need too.
# Idempotent. What it cannot bring it names, with the command that would; finwait and its tests then say the rest.
set -eu
purpose=${1:-run}
cd "$(dirname "$0")/.."
say() { printf 'setup: %s\n' "$*" >&2; }

if ! cmp -s package-lock.json node_modules/.finwait-lock 2>/dev/null; then
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
    say "installing with apt:$packages"
    # shellcheck disable=SC2086 # a list of package names
    { as_root apt-get -qq update && as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $packages >/dev/null; } ||
      say "could not; by hand: apt-get install$packages"
  else
    say "missing:$packages  (Fedora: dnf install$packages)"
  fi
fi

# Who is not root may not look into it, and sees no directory where there is one.
if [ "$purpose" != build ] && ! grep -q '^[^ ]* [^ ]*/tracing tracefs ' /proc/mounts && [ ! -d /sys/kernel/debug/tracing/events ]; then
  as_root mount -t tracefs nodev /sys/kernel/tracing 2>/dev/null ||
    say 'tracefs is not mounted; by hand: mount -t tracefs nodev /sys/kernel/tracing'
fi

if [ ! -e dist/bin/finwait.js ] || [ -n "$(find src package.json tsconfig.json tsconfig.build.json -newer dist/bin/finwait.js -print -quit)" ]; then
  say 'building'
  npm run --silent build
  touch dist/bin/finwait.js
fi
