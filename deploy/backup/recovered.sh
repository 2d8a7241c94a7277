#!/usr/bin/env bash
# After a recovery to a moment (recover.sh) or to a snapshot of a disk: ends what must not come alive again. restore.sh does it by itself.
#
#   DIRECT_DATABASE_URL=postgresql://… deploy/backup/recovered.sh
#
#   --sessions end|keep    as for restore.sh
#   LATCHKEY               how the command latchkey is called (latchkey)
#
# Exit codes: 0 done, 1 failed, 2 misused.
set -euo pipefail
. "$(dirname "$0")/common.sh"

sessions=end
while [ $# -gt 0 ]; do
  case $1 in
    --sessions) sessions=${2:-} && shift ;;
    --sessions=*) sessions=${1#*=} ;;
    *) misuse "it does not know $1" ;;
  esac
  shift || misuse 'an option lacks its value'
done
[[ $sessions =~ ^(end|keep)$ ]] || misuse '--sessions is end or keep'
need psql
connect_as_owner
[ "$(query --command='SELECT pg_is_in_recovery()')" = f ] || refuse 'the server is still recovering, or cannot be reached: wait until SELECT pg_is_in_recovery() says f'
{
  [ -z "$schema" ] || printf 'SET search_path TO %s;\n' "$schema"
  printf '\\set sessions %s\n' "$sessions"
  cat "$(dirname "$0")/after-restore.sql"
} | PGOPTIONS=-cclient_min_messages=warning query --single-transaction --output=/dev/null || refuse 'it failed and was undone as a whole'
say "codes and proofs are ended; sessions: $sessions"
run_on_it
