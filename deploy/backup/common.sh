# What the scripts of this folder share; each of them reads it. Bash, GNU date and coreutils, and PostgreSQL's own programs.
# shellcheck shell=bash
umask 077

program=$(basename "$0" .sh)
# refuse TEXT: nothing was done, or nothing that stays.
refuse() {
  printf '%s: %s\n' "$program" "$*" >&2
  exit 1
}
# misuse TEXT: what was typed cannot be used.
misuse() {
  printf '%s: %s (%s --help)\n' "$program" "$*" "$0" >&2
  exit 2
}
say() { printf '%s: %s\n' "$program" "$*"; }

# The comment at the top of a script is its help.
help() { awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"; }
for argument in "$@"; do
  if [ "$argument" = --help ] || [ "$argument" = -h ]; then help && exit 0; fi
done

need() {
  local tool
  for tool in "$@"; do command -v "$tool" >/dev/null || refuse "$tool is not on the PATH: it comes with PostgreSQL (Debian: /usr/lib/postgresql/VERSION/bin)"; done
}

# setting NAME: its value, or that of the file which NAME_FILE names, as everywhere in Latchkey.
setting() {
  local file=$1_FILE
  if [ -n "${!1:-}" ]; then printf '%s' "${!1}"
  elif [ -n "${!file:-}" ]; then cat "${!file}" || refuse "$file names a file that cannot be read"
  fi
}

# connect URL: from then on libpq's programs find the database by PGPASSWORD and $connection. The password goes into no argument, since
# every user of a machine sees those; what Prisma and node-postgres alone understand (`schema`, `uselibpqcompat`) is left out.
connect() {
  local url=$1 password rest
  schema=
  connection=$url
  [[ $url =~ ^postgres(ql)?:// ]] || { [ -n "$url" ] && refuse 'the connection string has to begin with postgresql://'; return 0; }
  if [[ $url =~ [?\&]schema=([^\&]*) ]]; then
    schema=$(decode "${BASH_REMATCH[1]}")
    [[ $schema =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || refuse "the schema ${schema@Q} has other characters than letters, digits and _: back it up by pg_dump yourself"
  fi
  rest=$(printf '%s' "$url" | sed -E 's/([?&])(schema|uselibpqcompat)=[^&]*&?/\1/g; s/[?&]$//')
  if [[ $rest =~ ^([a-z]+://[^:/?#@]*):([^@/?#]*)@(.*)$ ]]; then
    password=${BASH_REMATCH[2]}
    rest=${BASH_REMATCH[1]}@${BASH_REMATCH[3]}
    PGPASSWORD=$(decode "$password")
    export PGPASSWORD
  fi
  connection=$rest
}
decode() { printf '%b' "${1//%/\\x}"; }

# The owner's way to the database: never through a pooler.
connect_as_owner() {
  local url
  url=$(setting DIRECT_DATABASE_URL)
  [ -n "$url" ] || url=$(setting DATABASE_URL)
  [ -n "$url" ] || [ -n "${PGHOST:-}${PGDATABASE:-}${PGSERVICE:-}" ] || refuse 'DIRECT_DATABASE_URL or DATABASE_URL has to name the database'
  connect "$url"
}
query() { psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 ${connection:+--dbname="$connection"} "$@"; }

encrypt() { if [ -n "${BACKUP_ENCRYPT:-}" ]; then sh -c "$BACKUP_ENCRYPT"; else cat; fi; }
# decrypt FILE
decrypt() {
  case $1 in
    *.enc)
      [ -n "${BACKUP_DECRYPT:-}" ] || refuse "$1 is encrypted: BACKUP_DECRYPT has to be the command that decrypts it, from its input to its output"
      sh -c "$BACKUP_DECRYPT" <"$1"
      ;;
    *) cat "$1" ;;
  esac
}
digest() { sha256sum "$1" | cut -d ' ' -f 1; }

# value NAME MANIFEST: what a manifest says.
value() { awk -v name="$1" '$1 == name { sub(/^[^ ]+ /, ""); print; exit }' "$2"; }
# sign MANIFEST: appends who wrote it, where BACKUP_SIGN_KEY names a key. The digest in it covers the backup; its name, that an older one
# is not put in its place. openssl takes the key from its file: in an argument every user of the machine would see it.
sign() {
  local signature
  [ -n "${BACKUP_SIGN_KEY:-}" ] || return 0
  printf 'name %s\n' "$(basename "$1" .manifest)" >>"$1"
  signature=$(openssl pkeyutl -sign -inkey "$BACKUP_SIGN_KEY" -rawin -in "$1" | base64 --wrap=0) ||
    refuse 'BACKUP_SIGN_KEY names no key that openssl can sign with: nothing is kept'
  printf 'signature %s\n' "$signature" >>"$1"
}
# Refuses a manifest that somebody else has written, or of another backup, where BACKUP_VERIFY_KEY names the public half.
check_signature() {
  local parts verdict
  if [ -z "${BACKUP_VERIFY_KEY:-}" ]; then
    say 'who wrote it is not known: BACKUP_VERIFY_KEY is not set. Whoever may write to its folder could have made it'
    return
  fi
  [ -f "$BACKUP_VERIFY_KEY" ] || refuse 'BACKUP_VERIFY_KEY names no file'
  # Signed is all but the last line, which is the signature. Of files: openssl asks for their size first.
  parts=$(mktemp -d)
  head -n -1 "$1.manifest" >"$parts/text"
  tail -n 1 "$1.manifest" | sed -n 's/^signature //p' | base64 --decode >"$parts/signature" 2>/dev/null || true
  verdict=$(openssl pkeyutl -verify -pubin -inkey "$BACKUP_VERIFY_KEY" -rawin -in "$parts/text" -sigfile "$parts/signature" 2>/dev/null) || true
  rm -r "$parts"
  [[ $verdict == *'Verified Successfully'* ]] || refuse "$1.manifest is not signed by the key of BACKUP_VERIFY_KEY: somebody else may have made it. The database was not touched"
  [ "$(value name "$1.manifest")" = "$(basename "$1")" ] || refuse "$1 was signed as $(value name "$1.manifest"): another backup lies in its place. The database was not touched"
}
# Refuses a file that is not, byte for byte, what was written.
check_digest() {
  [ -f "$1" ] || refuse "$1 is not there"
  [ -f "$1.manifest" ] || refuse "$1.manifest is missing: it lies beside each backup, and says what has to be in it"
  check_signature "$1"
  [ "$(digest "$1")" = "$(value sha256 "$1.manifest")" ] || refuse "$1 is not what was written: its SHA-256 differs from that of its manifest. Take another backup; the database was not touched"
}

# Of a dump on the input, the rows of each table: `rows SCHEMA.TABLE COUNT`. It reads all of it, so a dump that ends early fails.
count_rows() {
  pg_restore --file=- | awk '
    copying { if ($0 == "\\.") { print "rows", table, count; copying = 0 } else count++; next }
    /^COPY .* FROM stdin;$/ { table = $2; count = 0; copying = 1 }'
}

# run_on_it: asks the service's own commands whether this version can run on the data, after the migrations that it lacks. The functions of
# a release (docs/decisions/0019) are among these: a dump of one schema does not have them.
run_on_it() {
  local latchkey url
  read -r -a latchkey <<<"${LATCHKEY:-latchkey}"
  if ! command -v "${latchkey[0]}" >/dev/null; then
    say 'the command latchkey is not here: run latchkey migrate and latchkey status where it is'
    return
  fi
  url=$(setting DIRECT_DATABASE_URL)
  if [ -z "${DATABASE_URL:-}${DATABASE_URL_FILE:-}" ] && [ -n "$url" ]; then export DATABASE_URL=$url; fi
  "${latchkey[@]}" migrate && "${latchkey[@]}" status || refuse 'the data is there, but this version cannot run on it: see above'
}
