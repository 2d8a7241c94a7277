#!/usr/bin/env bash
# Backs up, destroys and restores: people sign in before and after. On a PostgreSQL of its own, from Debian's binaries; as root, since
# PostgreSQL runs as another user. Takes half a minute. The last line counts: `N passed, N failed`.
# shellcheck disable=SC2016  # what stands in single quotes is meant for other programs
set -uo pipefail

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$project" || exit 1
passed=0 failed=0
ok() { passed=$((passed + 1)); printf '   ok  %s\n' "$1"; }
no() {
  failed=$((failed + 1))
  printf 'FAIL %s\n' "$1"
  [ $# -lt 2 ] || tail -n 20 "$2" | sed 's/^/     | /'
}
# works TEXT COMMAND…: it exits with 0
works() {
  local text=$1
  shift
  if "$@" >"$work/out" 2>&1; then ok "$text"; else no "$text" "$work/out"; fi
}
# refuses TEXT WORDS COMMAND…: it exits with 1, says these words, and shows no error of the shell
refuses() {
  local text=$1 words=$2 code
  shift 2
  "$@" >"$work/out" 2>&1
  code=$?
  if [ "$code" -eq 1 ] && grep -q "$words" "$work/out"; then ok "$text"; else no "$text (exit code $code)" "$work/out"; fi
}
# same TEXT WANTED GOT
same() { if [ "$2" = "$3" ]; then ok "$1"; else no "$1: wanted $2, got $3"; fi; }

binaries=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
if [ -z "$binaries" ] || [ "$(id -u)" -ne 0 ]; then
  echo '== SKIPPED: it needs root and a PostgreSQL of Debian'
  echo '0 passed, 0 failed, 1 skipped'
  exit
fi
export PATH=$binaries:$PATH

work=$(mktemp -d)
chmod 755 "$work"
service=''
clean_up() {
  trap - EXIT
  [ -z "$service" ] || kill "$service" 2>/dev/null
  for data in "$work"/*/postmaster.pid; do [ -e "$data" ] && as_postgres pg_ctl --pgdata="$(dirname "$data")" --mode=immediate stop >/dev/null 2>&1; done
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

as_postgres() { (cd / && setpriv --reuid=postgres --regid=postgres --init-groups env HOME=/tmp "$@"); }
free_port() { node -e 'const s = net.createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'; }
# until_true SECONDS COMMAND…
until_true() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.1
  done
}

# --- A server, the scripts where it reaches them, and the command latchkey ---------------------------------------------------
port=$(free_port)
server_options="-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
install -d -o postgres -g postgres -m 700 "$work/wal"
mkdir "$work/bin" && install -m 755 deploy/backup/*.sh "$work/bin" && install -m 644 deploy/backup/*.sql "$work/bin"
printf 'a key for these tests\n' >"$work/key" && chmod 644 "$work/key"
export BACKUP_ENCRYPT="openssl enc -aes-256-cbc -pbkdf2 -pass file:$work/key"
export BACKUP_DECRYPT="openssl enc -d -aes-256-cbc -pbkdf2 -pass file:$work/key"
start_server() { as_postgres pg_ctl --pgdata="$1" -w -t 30 -l "$1/log" -o "$server_options" start; }
install -d -o postgres -g postgres -m 700 "$work/data"
as_postgres initdb -D "$work/data" -U postgres -A trust -E UTF8 --locale=C >"$work/out" 2>&1 || { no initdb "$work/out"; exit 1; }
printf "archive_mode = on\nwal_level = replica\narchive_command = 'BACKUP_ENCRYPT=\"%s\" WAL_ARCHIVE=%s %s/archive-wal.sh %%p %%f'\n" \
  "$BACKUP_ENCRYPT" "$work/wal" "$work/bin" >>"$work/data/postgresql.conf"
start_server "$work/data" >"$work/out" 2>&1 || { no 'PostgreSQL starts' "$work/out"; exit 1; }

sql() { psql --no-psqlrc -qtA -v ON_ERROR_STOP=1 "postgresql://postgres@127.0.0.1:$port/$1" -c "$2"; }
url() { printf 'postgresql://latchkey:p%%40ss@127.0.0.1:%s/%s' "$port" "$1"; }
cat >"$work/bin/latchkey" <<END
#!/bin/sh
cd '$project' && exec node --import tsx src/cli/main.ts "\$@"
END
chmod 755 "$work/bin/latchkey"
export LATCHKEY=$work/bin/latchkey
sql postgres "CREATE ROLE latchkey LOGIN PASSWORD 'p@ss'"
new_database() { sql postgres "CREATE DATABASE $1 OWNER latchkey"; }
new_database live
export BACKUP_DIR=$work/backups
migrate() { DATABASE_URL=$1 "$LATCHKEY" migrate; }

# --- The service -------------------------------------------------------------------------------------------------------------
service_port=$(free_port)
base=http://127.0.0.1:$service_port
secrets=$("$LATCHKEY" keys new | grep -E '^(JWT_PRIVATE_KEY|OTP_PEPPER|EVENT_KEY)=')
ready() { node -e "fetch('$base/health/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"; }
start_service() {
  # shellcheck disable=SC2046,SC2086  # a setting each
  env $secrets NODE_ENV=test PORT="$service_port" HOST=127.0.0.1 DATABASE_URL="$(url "$1")" OTP_ECHO=true \
    SMS_DRIVERS=console EMAIL_DRIVERS=console LOG_LEVEL=warn node --import tsx src/server.ts >"$work/service.log" 2>&1 &
  service=$!
  until_true 30 ready || no 'the service is ready' "$work/service.log"
}
stop_service() { kill "$service" && wait "$service" 2>/dev/null; service=''; }
# sign_in EMAIL: `new` or `known`, and the token
sign_in() {
  node -e '
    const [base, email] = process.argv.slice(1)
    const post = async (path, body) => (await fetch(base + path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) })).json()
    const { otp } = await post("/auth/request-otp", { email })
    if (process.env.ask_only) process.exit()
    const { token, isNewUser } = await post("/auth/verify-otp", { email, otp })
    console.log(isNewUser === undefined ? "refused" : isNewUser ? "new" : "known", token)
  ' --input-type=module -- "$base" "$1"
}
me() { node -e 'fetch(process.argv[1] + "/users/me", { headers: { authorization: "Bearer " + process.argv[2] } }).then((r) => console.log(r.status))' "$base" "$1"; }

echo '== Back up, destroy, restore'
works 'migrations' migrate "$(url live)"
start_service live
read -r ada ada_token < <(sign_in ada@example.com)
read -r bob _ < <(sign_in bob@example.com)
read -r _ _ < <(ask_only=yes sign_in eve@example.com)
same 'two people make an account' 'new new' "$ada $bob"
same 'one of them is signed in' 200 "$(me "$ada_token")"
export DIRECT_DATABASE_URL
DIRECT_DATABASE_URL=$(url live)
same 'a code of somebody else is live' 1 "$(sql live 'SELECT count(*) FROM otps WHERE code_hash IS NOT NULL')"
works 'a backup, encrypted' "$work/bin/backup.sh"
backup=$(find "$BACKUP_DIR" -name 'latchkey-*.enc')
same 'the manifest has its rows' 'rows public.users 2' "$(grep public.users "$backup.manifest")"
same 'nobody else may read it' '600 700' "$(stat --format=%a "$backup") $(stat --format=%a "$BACKUP_DIR")"
same 'nothing of it is left half written' '' "$(find "$BACKUP_DIR" -name '.partial*')"
read -r _ late_token < <(sign_in late@example.com)
stop_service
sql postgres 'DROP DATABASE live'
new_database live
works 'it is whole, says --check' "$work/bin/restore.sh" --check "$backup"
works 'restored into an empty database, on which this version can run' "$work/bin/restore.sh" "$backup"
start_service live
same 'who was signed in is not any more' 401 "$(me "$ada_token")"
same 'nor is who came after the backup' 401 "$(me "$late_token")"
read -r ada _ < <(sign_in ada@example.com)
read -r late _ < <(sign_in late@example.com)
same 'signing in again leads to the same account, where the backup had it' 'known new' "$ada $late"
stop_service
works 'the service and its migrations go on with it' migrate "$(url live)"

echo '== What is refused, before anything is changed'
refuses 'a database that is not empty' 'the database is not empty' "$work/bin/restore.sh" "$backup"
new_database empty
DIRECT_DATABASE_URL=$(url empty)
copy() { cp "$backup" "$work/copy.dump.enc" && cp "$backup.manifest" "$work/copy.dump.enc.manifest"; }
resign() { sed -i "s/^sha256 .*/sha256 $(sha256sum "$1" | cut -d ' ' -f 1)/" "$1.manifest"; }
copy && printf 'x' | dd of="$work/copy.dump.enc" bs=1 seek=5000 conv=notrunc status=none
refuses 'one byte is another' 'is not what was written' "$work/bin/restore.sh" "$work/copy.dump.enc"
copy && truncate --size=5008 "$work/copy.dump.enc" && resign "$work/copy.dump.enc"
refuses 'it ends too early' 'cannot be read to its end' "$work/bin/restore.sh" "$work/copy.dump.enc"
copy && sed -i 's/public.users 2/public.users 3/' "$work/copy.dump.enc.manifest"
refuses 'it has other rows than were counted' 'holds other rows' "$work/bin/restore.sh" "$work/copy.dump.enc"
copy && rm "$work/copy.dump.enc.manifest"
refuses 'it has no manifest' 'manifest is missing' "$work/bin/restore.sh" "$work/copy.dump.enc"
printf 'another key\n' >"$work/other-key"
refuses 'another key' 'BACKUP_DECRYPT has another key' env BACKUP_DECRYPT="openssl enc -d -aes-256-cbc -pbkdf2 -pass file:$work/other-key" "$work/bin/restore.sh" "$backup"
refuses 'no key' 'is encrypted' env BACKUP_DECRYPT= "$work/bin/restore.sh" "$backup"
openssl genpkey -algorithm ed25519 -out "$work/sign.pem" 2>/dev/null && openssl pkey -in "$work/sign.pem" -pubout -out "$work/verify.pem"
openssl genpkey -algorithm ed25519 2>/dev/null | openssl pkey -pubout -out "$work/other.pem"
works 'a signed backup' env BACKUP_SIGN_KEY="$work/sign.pem" BACKUP_DIR="$work/signed" DIRECT_DATABASE_URL="$(url live)" "$work/bin/backup.sh"
signed=$(find "$work/signed" -name 'latchkey-*.enc')
verified() { env BACKUP_VERIFY_KEY="$work/verify.pem" "$work/bin/restore.sh" --check "$@"; }
works 'is known by its signature' verified "$signed"
refuses 'one that is not signed' 'is not signed by the key' verified "$backup"
refuses 'a key of somebody else' 'is not signed by the key' env BACKUP_VERIFY_KEY="$work/other.pem" "$work/bin/restore.sh" --check "$signed"
cp "$signed" "$work/copy.dump.enc" && cp "$signed.manifest" "$work/copy.dump.enc.manifest"
refuses 'another backup in its place' 'was signed as' verified "$work/copy.dump.enc"
printf 'x' | dd of="$signed" bs=1 seek=5000 conv=notrunc status=none && resign "$signed"
refuses 'another one with its digest' 'is not signed by the key' verified "$signed"
refuses 'a key that cannot sign' 'nothing is kept' env BACKUP_SIGN_KEY="$work/verify.pem" BACKUP_DIR="$work/unsigned" DIRECT_DATABASE_URL="$(url live)" "$work/bin/backup.sh"
same 'and the database is as empty as before' 0 "$(sql empty "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'public'")"
refuses 'a backup of a database that is not of Latchkey' 'not one of Latchkey' "$work/bin/backup.sh"
refuses 'an encryption that fails' 'nothing is kept' env BACKUP_ENCRYPT=false DIRECT_DATABASE_URL="$(url live)" "$work/bin/backup.sh"
refuses 'a server that cannot be reached' 'cannot be read' env DIRECT_DATABASE_URL=postgresql://latchkey@127.0.0.1:9/live "$work/bin/backup.sh"
same 'none of them left a file' 1 "$(find "$BACKUP_DIR" -name '*.enc' | wc -l)"

echo '== Sessions that are kept, a schema of its own, what is old'
works 'a restore that keeps sessions' "$work/bin/restore.sh" --sessions keep "$backup"
same 'they are there, and no code is live' '2 0' "$(sql empty 'SELECT count(*) FROM sessions') $(sql empty 'SELECT count(*) FROM otps WHERE code_hash IS NOT NULL OR code_seed IS NOT NULL')"
new_database shared && new_database shared_again
DIRECT_DATABASE_URL="$(url shared)?schema=app"
works 'migrations into a schema' migrate "$DIRECT_DATABASE_URL"
sql shared "CREATE TABLE public.of_another_application (); INSERT INTO app.users (id, email) VALUES (gen_random_uuid(), 'cleo@example.com')"
works 'a backup of that schema alone' env BACKUP_ENCRYPT= BACKUP_DIR="$work/shared" "$work/bin/backup.sh"
sql shared_again 'CREATE TABLE public.of_another_application ()'
DIRECT_DATABASE_URL="$(url shared_again)?schema=app"
works 'restored beside another application' "$work/bin/restore.sh" "$(find "$work/shared" -name '*.dump')"
same 'with its rows' 1 "$(sql shared_again 'SELECT count(*) FROM app.users')"
DIRECT_DATABASE_URL=$(url live)
for year in 2001 2002 2003; do touch "$BACKUP_DIR/latchkey-${year}0101T000000Z.dump"{,.manifest}; done
works 'a backup beside old ones, copied elsewhere' env BACKUP_KEEP_AT_LEAST=3 BACKUP_COPY="cp \"\$1\" $work/elsewhere" bash -c 'mkdir '"$work"'/elsewhere && '"$work"'/bin/backup.sh'
same 'the newest three are left' 3 "$(find "$BACKUP_DIR" -name 'latchkey-*.manifest' | wc -l)"
same 'and two files are elsewhere' 2 "$(find "$work/elsewhere" -type f | wc -l)"

echo '== To the moment before a DELETE'
start_service live
export WAL_ARCHIVE=$work/wal
as_postgres_here() { as_postgres env BACKUP_ENCRYPT="$BACKUP_ENCRYPT" BACKUP_DECRYPT="$BACKUP_DECRYPT" WAL_ARCHIVE="$WAL_ARCHIVE" PATH="$PATH" "$@"; }
bases=$work/bases
install -d -o postgres -g postgres -m 700 "$bases"
base_backup() { as_postgres_here REPLICATION_URL="postgresql://postgres@127.0.0.1:$port/postgres" BACKUP_DIR="$bases" "$@" "$work/bin/base-backup.sh"; }
works 'a copy of the server' base_backup
copy_of_server=$(find "$bases" -name 'base-*.enc')
read -r dora _ < <(sign_in dora@example.com)
before=$(sql live 'SELECT now()')
sql live 'DELETE FROM users'
same 'somebody signed up after the copy, and everybody was deleted' 'new 0' "$dora $(sql live 'SELECT count(*) FROM users')"
stop_service
last=$(sql live 'SELECT pg_walfile_name(pg_switch_wal())')
archived() { [ -e "$work/wal/$last.gz.enc" ]; }
works 'the log is archived' until_true 30 archived
as_postgres pg_ctl --pgdata="$work/data" --mode=immediate stop >/dev/null 2>&1
mv "$work/data" "$work/destroyed"
recover() { as_postgres_here "$work/bin/recover.sh" "$@"; }
install -d -o postgres -g postgres -m 700 "$work/data" "$work/occupied"
touch "$work/occupied/file"
refuses 'a folder that is not empty' 'is not empty' recover --to "$before" "$copy_of_server" "$work/occupied"
refuses 'a moment before the copy' 'take an earlier one' recover --to '2020-01-01 00:00:00+00' "$copy_of_server" "$work/data"
works 'a data folder to the moment before' recover --to "$before" "$copy_of_server" "$work/data"
started() { start_server "$work/data"; }
works 'PostgreSQL starts on it' started
recovered() { [ "$(sql live 'SELECT pg_is_in_recovery()')" = f ]; }
works 'and recovers' until_true 30 recovered
works 'what must not come alive again is ended' "$work/bin/recovered.sh"
start_service live
read -r dora _ < <(sign_in dora@example.com)
read -r ada _ < <(sign_in ada@example.com)
same 'both are known, also who came after the copy' 'known known' "$dora $ada"
stop_service
as_postgres pg_ctl --pgdata="$work/data" --mode=immediate stop >/dev/null 2>&1

echo '== The archive'
rm -rf "$work/data"
install -d -o postgres -g postgres -m 700 "$work/data"
recover --to-the-end "$copy_of_server" "$work/data" >"$work/out" 2>&1
cp -p "$work/wal/$last.gz.enc" "$work/kept"
printf 'x' | dd of="$work/wal/$last.gz.enc" bs=1 seek=100 conv=notrunc status=none
if started >"$work/out" 2>&1; then no 'a damaged log was taken for its end'; else ok 'a damaged file of log stops the recovery'; fi
same 'and its name is in the server'\''s log' 1 "$(grep -c "$last.gz.enc is damaged" "$work/data/log")"
cp -p "$work/kept" "$work/wal/$last.gz.enc"
archive() { as_postgres_here "$work/bin/archive-wal.sh" "$work/destroyed/pg_wal/$last" "$1"; }
works 'a file that was archived before is confirmed' archive "$last"
same 'what it has is what was archived' 0 "$(as_postgres_here "$work/bin/restore-wal.sh" "$last" "$work/bases/again" && cmp "$work/bases/again" "$work/destroyed/pg_wal/$last"; echo $?)"
other=$(find "$work/wal" -regextype posix-extended -regex '.*/[0-9A-F]{24}\.gz\.enc' ! -name "$last*" -printf '%f\n' | head -n 1)
refuses 'and none is written over' 'other content' archive "${other%%.*}"
mv "$work/data" "$work/unrecovered" && mv "$work/destroyed" "$work/data"
works 'the first server runs again' started
works 'a second copy, of which one is kept' base_backup BACKUP_KEEP_BASES=1
same 'the first is gone' 1 "$(find "$bases" -name 'base-*.enc' | wc -l)"
same 'and so is log that it alone needed' 0 "$(find "$work/wal" -name "$other" | wc -l)"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
