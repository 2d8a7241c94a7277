#!/bin/sh
# pg_dump, pg_restore and psql of PostgreSQL's container, for the scripts of deploy/backup on the machine itself: the links in
# deploy/compose/bin have these names.
#
#   PATH="$PWD/deploy/compose/bin:$PATH" DIRECT_DATABASE_URL=postgresql://latchkey@127.0.0.1/latchkey BACKUP_DIR=… deploy/backup/backup.sh
#
# Inside of the container, its own address asks for no password: none has to get there.
set -eu
program=$(basename "$0")
case $program in pg_dump | pg_restore | psql) ;; *) echo 'Called by the names of its links: deploy/compose/bin' >&2; exit 2 ;; esac
cd "$(dirname "$(realpath "$0")")/../.."
# What has its command in an argument reads no input: that of a loop around it is not to be swallowed.
case " $* " in *' --command='*) exec </dev/null ;; esac
exec docker compose exec -T postgres "$program" "$@"
