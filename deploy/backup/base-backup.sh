#!/usr/bin/env bash
# Copies the whole server, for recovery to any moment after it: with the log that archive-wal.sh keeps. Weekly, say.
#
#   REPLICATION_URL=postgresql://backup@db.internal/postgres BACKUP_DIR=/var/backups/latchkey WAL_ARCHIVE=/var/backups/latchkey/wal \
#     deploy/backup/base-backup.sh
#
#   REPLICATION_URL        the server, as a role with REPLICATION (also REPLICATION_URL_FILE); never a pooler's
#   BACKUP_DIR             where files are written, closed to others
#   WAL_ARCHIVE            the folder of the log, where it can be reached from here: log older than the oldest copy is removed
#   BACKUP_ENCRYPT, BACKUP_SIGN_KEY, BACKUP_COPY   as for backup.sh
#   BACKUP_KEEP_BASES      copies that are kept (2)
#
# It writes base-DATE.tar.gz (.enc) and its .manifest. Tablespaces of one's own are not supported. Exit codes: 0 done, 1 failed, 2 misused.
set -euo pipefail
. "$(dirname "$0")/common.sh"

[ $# -eq 0 ] || misuse "it takes no arguments, and got $1"
need pg_basebackup psql
directory=${BACKUP_DIR:?set BACKUP_DIR to the folder of the backups}
keep=${BACKUP_KEEP_BASES:-2}
[[ $keep =~ ^[1-9][0-9]*$ ]] || misuse 'BACKUP_KEEP_BASES is a whole number, at least 1'
connect "$(setting REPLICATION_URL)"

mkdir -p "$directory"
exec 9>"$directory/.base-lock"
flock --nonblock 9 || refuse 'another base backup is running'
rm -rf "$directory"/.base-partial.*
work=$(mktemp -d "$directory/.base-partial.XXXXXX")
trap 'rm -rf "$work"' EXIT

name=base-$(date -u +%Y%m%dT%H%M%SZ).tar.gz${BACKUP_ENCRYPT:+.enc}
# The list of what is in it is read from the same bytes; the label says where in the log it begins.
mkfifo "$work/check"
{ tar --extract --to-stdout --file=- backup_label && cat >/dev/null; } <"$work/check" >"$work/label" 2>"$work/tar" &
reader=$!
pg_basebackup --format=tar --pgdata=- --wal-method=fetch --checkpoint=fast --manifest-checksums=SHA256 --no-password ${connection:+--dbname="$connection"} |
  tee "$work/check" | gzip --fast | encrypt >"$work/$name" || refuse 'pg_basebackup, or the command that encrypts, failed: nothing is kept'
wait "$reader" || refuse 'what was written cannot be read again: nothing is kept'
begins=$(sed -nE 's/^START WAL LOCATION: .* \(file ([0-9A-F]{24})\)$/\1/p' "$work/label")
started=$(sed -n 's/^START TIME: //p' "$work/label")
[ -n "$begins" ] || refuse 'the copy has no backup_label: nothing is kept'
printf 'format 1\nsha256 %s\nwal %s\nstarted %s\nended %s\n' "$(digest "$work/$name")" "$begins" "$started" "$(date -u '+%F %T.%N+00')" >"$work/$name.manifest"
sign "$work/$name.manifest"
sync "$work/$name" "$work/$name.manifest"
mv "$work/$name" "$directory/$name"
mv "$work/$name.manifest" "$directory/$name.manifest"
sync "$directory"
say "$directory/$name: $(stat --format=%s "$directory/$name") bytes, log from $begins on"

if [ -n "${BACKUP_COPY:-}" ]; then
  for file in "$directory/$name" "$directory/$name.manifest"; do
    sh -c "$BACKUP_COPY" copy "$file" || refuse "BACKUP_COPY failed for $file: it is in $directory alone, and nothing old was removed"
  done
fi

bases() { find "$directory" -maxdepth 1 -name 'base-*.manifest' -printf '%f\n' | sort -r; }
bases | tail -n "+$((keep + 1))" | while read -r manifest; do
  rm -f "$directory/$manifest" "$directory/${manifest%.manifest}"
  say "removed ${manifest%.manifest}: the newest $keep are kept"
done
[ -n "${WAL_ARCHIVE:-}" ] || exit 0
# The first 8 digits are the timeline, which says nothing of the order.
oldest=$(value wal "$directory/$(bases | tail -n 1)")
removed=0
while read -r file; do
  segment=${file%%.*}
  [[ ${segment:8} < ${oldest:8} ]] || continue
  rm -f "$WAL_ARCHIVE/$file"
  removed=$((removed + 1))
done < <(find "$WAL_ARCHIVE" -maxdepth 1 -regextype posix-extended -regex '.*/[0-9A-F]{24}(\.[0-9A-F]{8}\.backup)?\.(gz|gz\.enc|sha256)' -printf '%f\n')
[ "$removed" -eq 0 ] || say "removed $removed files of log from before the oldest copy"
