#!/usr/bin/env bash
# Prepares a new data folder that PostgreSQL recovers to a moment in when it is started. It changes nothing else, and starts nothing.
#
#   WAL_ARCHIVE=/var/backups/latchkey/wal deploy/backup/recover.sh --to '2026-11-27 07:00:00+00' \
#     /var/backups/latchkey/base-DATE.tar.gz /var/lib/postgresql/recovered
#
#   --to TIME        with its time zone: what was committed until then is there, nothing later
#   --to-the-end     all that was archived
#
#   WAL_ARCHIVE      the folder of the log; the server's user has to be able to read it
#   BACKUP_VERIFY_KEY   as for restore.sh: of the copy of the server. Log is not signed
#   BACKUP_DECRYPT   as for restore.sh; it is written into the settings of the new folder, so let it name a key file and hold no key
#
# Run it as the user of the server (postgres), with the server's own version of its programs. Afterwards: docs/backup.md.
# Exit codes: 0 done, 1 failed, 2 misused.
set -euo pipefail
. "$(dirname "$0")/common.sh"

base='' data='' target=''
while [ $# -gt 0 ]; do
  case $1 in
    --to) target=${2:-} && shift ;;
    --to-the-end) target=end ;;
    -*) misuse "there is no option $1" ;;
    *) if [ -z "$base" ]; then base=$1; else [ -z "$data" ] || misuse 'too many arguments'; data=$1; fi ;;
  esac
  shift || misuse 'an option lacks its value'
done
if [ -z "$base" ] || [ -z "$data" ]; then misuse 'which copy, and into which folder?'; fi
[ -n "$target" ] || misuse 'say --to TIME or --to-the-end'
need pg_verifybackup
archive=$(realpath "${WAL_ARCHIVE:?set WAL_ARCHIVE to the folder of the log}")
folder=$(dirname "$(realpath "$0")")

check_digest "$base"
if [ "$target" != end ]; then
  [[ $target =~ (Z|[+-][0-9]{2}(:?[0-9]{2})?)$ ]] || misuse "the time ${target@Q} needs its zone: 2026-11-27 07:00:00+00"
  moment=$(date -u --date="$target" '+%F %T.%N+00' 2>/dev/null) || misuse "${target@Q} is no time"
  [[ $moment > $(value ended "$base.manifest") ]] || refuse "$base was not finished before $target ($(value ended "$base.manifest")): take an earlier one"
fi
if [ -e "$data" ] && { [ ! -d "$data" ] || [ -n "$(ls -A "$data")" ]; }; then refuse "$data is not empty; nothing was changed"; fi

mkdir -p "$data"
chmod 700 "$data"
decrypt "$base" | tar --extract --gzip --directory="$data" || refuse "$base cannot be unpacked; remove $data"
pg_verifybackup --quiet "$data" || refuse "$base is not whole; remove $data"

quote() { printf "'%s'" "${1//\'/\'\'}"; }
command="WAL_ARCHIVE=${archive@Q} ${BACKUP_DECRYPT:+BACKUP_DECRYPT=${BACKUP_DECRYPT@Q} }${folder@Q}/restore-wal.sh %f %p"
{
  printf '\n# Of recover.sh. Once the server is in use, remove these lines, and turn the archive on into a folder of its own.\n'
  printf 'restore_command = %s\n' "$(quote "$command")"
  [ "$target" = end ] || printf "recovery_target_time = '%s'\n" "$moment"
  [ "$target" = end ] || printf "recovery_target_action = 'promote'\n"
  # A trial beside the real server must not write into its archive.
  printf "archive_mode = off\n"
} >>"$data/postgresql.auto.conf"
touch "$data/recovery.signal"
say "$data is ready: start PostgreSQL on it, wait until SELECT pg_is_in_recovery() says f, then run recovered.sh before any service"
