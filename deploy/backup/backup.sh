#!/usr/bin/env bash
# Backs the database up into one file, reads all of that file again, and removes old ones.
#
#   DIRECT_DATABASE_URL=postgresql://… BACKUP_DIR=/var/backups/latchkey deploy/backup/backup.sh
#
#   DIRECT_DATABASE_URL, DATABASE_URL   the database, as the service has it (also NAME_FILE); never a pooler's
#   BACKUP_DIR             where files are written, closed to others
#   BACKUP_ENCRYPT         a command that encrypts from its input to its output: age --recipient age1…
#   BACKUP_SIGN_KEY        a private key (Ed25519, PEM) by which a restore knows that it is yours: openssl genpkey -algorithm ed25519
#   BACKUP_COPY            a command that takes a file elsewhere; "$1" is the file, once for the backup and once for its manifest
#   BACKUP_KEEP_DAYS       older ones are removed (14)
#   BACKUP_KEEP_AT_LEAST   but never the newest so many (3)
#
# It writes latchkey-DATE.dump (.enc where encrypted; never in plain to the disk then) and DATE.dump.manifest: digest, migrations, rows of
# each table. Identifiers are in there: encrypt it, and treat it like the database. Exit codes: 0 done, 1 failed, 2 misused.
set -euo pipefail
. "$(dirname "$0")/common.sh"

[ $# -eq 0 ] || misuse "it takes no arguments, and got $1"
need pg_dump pg_restore psql
directory=${BACKUP_DIR:?set BACKUP_DIR to the folder of the backups}
keep_days=${BACKUP_KEEP_DAYS:-14} keep_at_least=${BACKUP_KEEP_AT_LEAST:-3}
[[ $keep_days =~ ^[0-9]+$ && $keep_at_least =~ ^[1-9][0-9]*$ ]] || misuse 'BACKUP_KEEP_DAYS and BACKUP_KEEP_AT_LEAST are whole numbers, the second at least 1'
connect_as_owner

mkdir -p "$directory"
exec 9>"$directory/.lock"
flock --nonblock 9 || refuse 'another backup is running'
rm -rf "$directory"/.partial.*
work=$(mktemp -d "$directory/.partial.XXXXXX")
trap 'rm -rf "$work"' EXIT

name=latchkey-$(date -u +%Y%m%dT%H%M%SZ).dump${BACKUP_ENCRYPT:+.enc}
migration=$(query ${schema:+--command="SET search_path TO $schema"} --command='SELECT max(migration_name) FROM _prisma_migrations WHERE finished_at IS NOT NULL') ||
  refuse 'the database cannot be read, or is not one of Latchkey'

# What is written and what is read again are the same bytes, on their way to the file.
mkfifo "$work/check"
count_rows <"$work/check" >"$work/rows" &
reader=$!
pg_dump --format=custom --lock-wait-timeout=60s ${schema:+--schema="$schema"} ${connection:+--dbname="$connection"} |
  tee "$work/check" | encrypt >"$work/$name" || refuse 'pg_dump, or the command that encrypts, failed: nothing is kept'
wait "$reader" || refuse 'what was written cannot be read again: nothing is kept'
for table in users sessions auth_events _prisma_migrations; do
  grep -q "\.$table " "$work/rows" || refuse "the dump has no table $table: nothing is kept"
done

{
  printf 'format 1\nsha256 %s\nmigration %s\nserver %s\n' "$(digest "$work/$name")" "$migration" "$(query --command='SHOW server_version')"
  cat "$work/rows"
} >"$work/$name.manifest"
sign "$work/$name.manifest"
sync "$work/$name" "$work/$name.manifest"
# The manifest last: a backup without one is none.
mv "$work/$name" "$directory/$name"
mv "$work/$name.manifest" "$directory/$name.manifest"
sync "$directory"
say "$directory/$name: $(stat --format=%s "$directory/$name") bytes, $(awk '$2 ~ /\.users$/ { print $3 }' "$directory/$name.manifest") users, migrations up to $migration"

if [ -n "${BACKUP_COPY:-}" ]; then
  for file in "$directory/$name" "$directory/$name.manifest"; do
    sh -c "$BACKUP_COPY" copy "$file" || refuse "BACKUP_COPY failed for $file: it is in $directory alone, and nothing old was removed"
  done
fi

oldest=latchkey-$(date -u --date="-$keep_days days" +%Y%m%dT%H%M%SZ)
find "$directory" -maxdepth 1 -name 'latchkey-*.manifest' -printf '%f\n' | sort -r | tail -n "+$((keep_at_least + 1))" | while read -r manifest; do
  [[ $manifest < $oldest ]] || continue
  rm -f "$directory/$manifest" "$directory/${manifest%.manifest}"
  say "removed ${manifest%.manifest}: older than $keep_days days"
done
