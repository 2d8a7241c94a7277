#!/usr/bin/env bash
# PostgreSQL's restore_command: brings one file of the write-ahead log back. recover.sh sets it.
#
#   restore_command = 'WAL_ARCHIVE=/var/backups/latchkey/wal /usr/share/latchkey/backup/restore-wal.sh %f %p'
#
# Exit code 1 says that there is no such file, which is how a recovery finds the end of the log. A file that is damaged ends with 126, at
# which PostgreSQL stops: with 1 it would take the damage for the end, and open a database that lacks the rest.
set -euo pipefail
. "$(dirname "$0")/common.sh"

[ $# -eq 2 ] || misuse 'it takes what restore_command gives: %f %p'
name=$1 target=$2
archive=${WAL_ARCHIVE:?set WAL_ARCHIVE to the folder of the log}
for file in "$archive/$name.gz" "$archive/$name.gz.enc"; do
  [ -e "$file" ] || continue
  if decrypt "$file" | gzip --decompress >"$target" && [ "$(digest "$target")" = "$(cat "$archive/$name.sha256")" ]; then exit 0; fi
  rm -f "$target"
  printf '%s: %s is damaged, or BACKUP_DECRYPT has another key\n' "$program" "$file" >&2
  exit 126
done
exit 1
