#!/bin/sh
# The real bpftrace, which is the next on PATH; its pid goes where the fakes' pids go.
[ "$1" = --version ] || echo $$ >>"$FAKE_PIDS"
PATH=${PATH#*:} exec bpftrace "$@"
