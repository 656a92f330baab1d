#!/bin/sh
# `npm start [-- ARGS]`: sets up what is missing, then runs finwait, as root where it must be.
set -eu
cd "$(dirname "$0")/.."

# True for a command line that traces this host. test/scripts/start.test.ts holds the options against finwait's own.
traces() {
  command=top
  case ${1:--} in
    -*) ;;
    *) command=$1; shift ;;
  esac
  case $command in replay | demo | doctor | help) return 1 ;; esac
  while [ $# -gt 0 ]; do
    word=$1
    shift
    # Letters of options that take nothing may stand before another one, as in -4o FILE.
    while case $word in -[46T]?*) ;; *) false ;; esac; do word=-${word#-?}; done
    case $word in
      --help | -h | --version | -V | --list | --list=*) return 1 ;;
      --backend | --pid | -p | --lport | -L | --dport | -D | --netns | --comm | --state | --min-age | --duration | \
        --record | -o | --by | --socket | --limit | --count | --at-once)
        if [ $# -gt 0 ]; then shift; fi
        ;;
      --) if [ $# -gt 0 ]; then set -- "./$1"; fi ;;
      -?*) ;;
      # A recording.
      *) case $command in trace | explain) return 1 ;; esac ;;
    esac
  done
}

if traces "$@"; then purpose=run; else purpose=build; fi
sh scripts/setup.sh "$purpose" ask
node=$(command -v node)
if [ "$purpose" = build ] || [ "$(id -u)" = 0 ] || ! command -v sudo >/dev/null 2>&1; then
  exec "$node" dist/bin/finwait.js "$@"
fi
exec sudo "$node" dist/bin/finwait.js "$@"
