#!/bin/sh
# `npm start [-- ARGS]`: sets up what is missing, then runs finwait, as root where it must be.
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh run
node=$(command -v node)
case "${1:-top}" in
  replay | demo | doctor | --help | -h | --version | -V | help) exec "$node" dist/bin/finwait.js "$@" ;;
esac
if [ "$(id -u)" = 0 ] || ! command -v sudo >/dev/null 2>&1; then exec "$node" dist/bin/finwait.js "$@"; fi
exec sudo "$node" dist/bin/finwait.js "$@"
