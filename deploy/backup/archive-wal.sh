#!/usr/bin/env bash
# PostgreSQL's archive_command: keeps one file of the write-ahead log, compressed, encrypted where BACKUP_ENCRYPT says how.
#
#   archive_mode = on
#   archive_timeout = 60          # at most so many seconds are lost with the server
#   archive_command = 'WAL_ARCHIVE=/var/backups/latchkey/wal /usr/share/latchkey/backup/archive-wal.sh %p %f'
#
# It says yes only when the file is on the disk, and never writes over one that has other content: then two servers archive into one
# folder. PostgreSQL keeps what was not archived, and tries again. Mount the folder from another machine: it is to outlive the server.
set -euo pipefail
. "$(dirname "$0")/common.sh"

[ $# -eq 2 ] || misuse 'it takes what archive_command gives: %p %f'
source=$1 name=$2
archive=${WAL_ARCHIVE:?set WAL_ARCHIVE to the folder of the log}
target=$archive/$name.gz${BACKUP_ENCRYPT:+.enc}
digest=$(digest "$source")
if [ -e "$target" ]; then
  # Archived before a crash of the server that then asks again: PostgreSQL wants a yes for the same content.
  [ "$(cat "$archive/$name.sha256" 2>/dev/null)" = "$digest" ] && exit 0
  refuse "$target is there with other content: does another server write into this folder?"
fi
work=$(mktemp "$archive/.partial.XXXXXX")
trap 'rm -f "$work" "$work.sha256"' EXIT
gzip --fast <"$source" | encrypt >"$work"
printf '%s\n' "$digest" >"$work.sha256"
sync "$work" "$work.sha256"
mv "$work.sha256" "$archive/$name.sha256"
mv --no-clobber "$work" "$target"
[ ! -e "$work" ] || refuse "$target appeared meanwhile"
sync "$archive"
