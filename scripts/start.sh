#!/bin/sh
# `npm start [-- ARGS]`: sets up what is missing, then runs finwait, as root where it must be.
set -eu
cd "$(dirname "$0")/.."
traces=yes
case "${1:-top}" in
  replay | demo | doctor | --help | -h | --version | -V | help) traces=no ;;
  # Over a recording, or for a list, too.
  trace | explain) for word; do case "$word" in *.fwr | --list | --help | -h) traces=no ;; esac; done ;;
  lab) for word; do case "$word" in --list | --help | -h) traces=no ;; esac; done ;;
esac
if [ "$traces" = no ]; then sh scripts/setup.sh build; else sh scripts/setup.sh run; fi
node=$(command -v node)
if [ "$traces" = no ]; then exec "$node" dist/bin/finwait.js "$@"; fi
if [ "$(id -u)" = 0 ] || ! command -v sudo >/dev/null 2>&1; then exec "$node" dist/bin/finwait.js "$@"; fi
exec sudo "$node" dist/bin/finwait.js "$@"
