#!/usr/bin/env bash
# Restores a backup into an empty database, and ends what must not come alive again.
#
#   DIRECT_DATABASE_URL=postgresql://… deploy/backup/restore.sh /var/backups/latchkey/latchkey-DATE.dump
#   deploy/backup/restore.sh --check FILE      reads the whole backup and changes nothing; needs no database
#
#   --sessions end|keep    end (what it does unless told): nobody is signed in any more, and no device is trusted. keep: who was signed in
#                          at the time of the backup is so again, also who has signed out or was signed out since.
#
#   DIRECT_DATABASE_URL, DATABASE_URL   an empty database, as its owner (also NAME_FILE)
#   BACKUP_DECRYPT         a command that decrypts a file .enc from its input to its output: age --decrypt --identity KEY
#   BACKUP_VERIFY_KEY      the public half of the key that backups are signed by; then one of nobody else is read
#   LATCHKEY               how the command latchkey is called (latchkey)
#
# Everything happens in one transaction, with the end of sessions and codes: it is there as a whole, or not at all. Owners and grants
# are not restored; afterwards `latchkey init --database` makes the service's role and its grants. Exit codes: 0 done, 1 failed, 2 misused.
set -euo pipefail
. "$(dirname "$0")/common.sh"

file='' check_only=no sessions=end
while [ $# -gt 0 ]; do
  case $1 in
    --check) check_only=yes ;;
    --sessions) sessions=${2:-} && shift ;;
    --sessions=*) sessions=${1#*=} ;;
    -*) misuse "there is no option $1" ;;
    *) [ -z "$file" ] || misuse 'it restores one file'; file=$1 ;;
  esac
  shift || misuse 'an option lacks its value'
done
[ -n "$file" ] || misuse 'which backup?'
[[ $sessions =~ ^(end|keep)$ ]] || misuse '--sessions is end or keep'
need pg_restore psql

check_digest "$file"
counted=$(decrypt "$file" | count_rows) || refuse "$file cannot be read to its end: it is no dump, or BACKUP_DECRYPT has another key. The database was not touched"
expected=$(grep '^rows ' "$file.manifest")
[ "$counted" = "$expected" ] || refuse "$file holds other rows than its manifest says. The database was not touched"
say "$file is whole: migrations up to $(value migration "$file.manifest")"
[ "$check_only" = no ] || exit 0

connect_as_owner
home=$(awk '$2 ~ /\.users$/ { sub(/\.users$/, "", $2); print $2 }' <<<"$expected")
[ -z "$schema" ] || [ "$schema" = "$home" ] || refuse "the backup is of the schema $home, and the connection string names $schema"
occupied=$(query --set=schema="$schema" <<'SQL'
SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^(pg_|information_schema$)' AND (:'schema' = '' OR n.nspname = :'schema') AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1 LIMIT 1
SQL
) || refuse 'the database cannot be reached'
[ -z "$occupied" ] || refuse "the database is not empty: it has $occupied. Restore into one that createdb has just made, and let the service use that; nothing was changed"

{
  # A dump of one schema makes it.
  if [ -n "$schema" ]; then printf 'DROP SCHEMA IF EXISTS "%s";\n' "$schema"; fi
  decrypt "$file" | pg_restore --no-owner --no-privileges --file=-
  printf 'SET search_path TO %s;\n' "$home"
  printf '\\set sessions %s\n' "$sessions"
  cat "$(dirname "$0")/after-restore.sql"
} | PGOPTIONS=-cclient_min_messages=warning query --single-transaction --output=/dev/null || refuse 'the restore failed and was undone as a whole'

while read -r _ table rows; do
  case $table in *.sessions | *.devices | *.signup_tickets | *.recycle_tickets | *.exchange_codes) continue ;; esac
  got=$(query --command="SELECT count(*) FROM $table")
  # The end of sessions is told to whoever hears of events.
  case $table in *.event_outbox) [ "$got" -lt "$rows" ] || got=$rows ;; esac
  [ "$got" = "$rows" ] || refuse "$table has $got rows instead of $rows"
  query --command="ANALYZE $table"
done <<<"$expected"
say "restored: every table has the rows of the backup; sessions: $sessions"

run_on_it
say 'now: latchkey init --database (the role of the service and its grants), start the service, latchkey doctor. What else a restore brings back: docs/backup.md'
