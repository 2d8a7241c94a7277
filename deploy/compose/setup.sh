#!/bin/sh
# Writes what compose.yaml reads: secrets/, a file for each secret, and .env. Nothing that is there is changed, but for secrets that stand
# in .env: they are moved to secrets/. Run it again with other profiles at any time.
#
#   deploy/compose/setup.sh [--domain login.example.com] [PROFILE…]
#
#   tls         Caddy in front, with a certificate for the domain; without --domain for https://localhost, of an authority of its own
#   replicas    a second replica, and Caddy in front of both
#   pgbouncer   the service reaches PostgreSQL through PgBouncer
#   redis       the flood guard counts for all replicas together
#   mail        mail is caught and shown at http://127.0.0.1:8025 instead of sent: for trying
#
# Needs openssl. Exit codes: 0 done, 1 failed, 2 misused.
set -eu
umask 077
cd "$(dirname "$0")/../.."

misuse() { echo "setup: $1 (deploy/compose/setup.sh --help)" >&2; exit 2; }
domain='' profiles=''
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"; exit ;;
    --domain) [ $# -gt 1 ] || misuse '--domain lacks its value'; domain=$2; shift ;;
    tls | replicas | pgbouncer | redis | mail) profiles="$profiles $1" ;;
    *) misuse "there is no profile $1" ;;
  esac
  shift
done
# A folder of its own for the trials of deploy/test-compose.sh.
if [ -n "${SETUP_FOLDER:-}" ]; then cd "$SETUP_FOLDER"; fi
case " $profiles " in *' mail '*' replicas '* | *' replicas '*' mail '*) misuse 'the mail catcher is for one replica' ;; esac
case " $profiles " in *' tls '* | *' replicas '*) ;; *) [ -z "$domain" ] || misuse '--domain is for the profiles tls and replicas' ;; esac
command -v openssl >/dev/null || { echo 'setup: openssl is missing' >&2; exit 1; }

touch .env
mkdir -p secrets
chmod 700 secrets

# secret FILE SETTING COMMAND…: moved from .env where it stands there, else made
secret() {
  file=secrets/$1 name=$2
  shift 2
  if [ -n "$name" ] && grep -q "^$name=." .env; then
    if [ ! -e "$file" ]; then
      # Without the quotation marks that compose takes off too.
      sed -n "s/^$name=//p" .env | tail -n 1 | sed "s/^\"\(.*\)\"\$/\1/; s/^'\(.*\)'\$/\1/" | tr -d '\n' >"$file.new"
      mv "$file.new" "$file"
      echo "setup: moved $name from .env to $file"
    else
      echo "setup: $name stands in .env and in $file; the line in .env is removed, the file counts"
    fi
    sed "/^$name=/d" .env >.env.new && mv .env.new .env
  fi
  [ -e "$file" ] || { "$@" | tr -d '\n' >"$file.new" && mv "$file.new" "$file" && echo "setup: made $file"; }
  chmod 444 "$file"
}
# setting NAME VALUE: added to .env unless there
setting() { grep -q "^$1=" .env || { printf '%s=%s\n' "$1" "$2" >>.env && echo "setup: .env has $1=$2"; }; }
# change NAME VALUE: the line in .env, whatever it was
change() {
  sed "/^$1=/d" .env >.env.new && mv .env.new .env
  if [ -n "$2" ]; then printf '%s=%s\n' "$1" "$2" >>.env; fi
}
# leave NAME VALUE: takes the line out again that a profile wrote, unless somebody has changed it since
leave() { if grep -qxF "$1=$2" .env; then change "$1" ''; fi; }
letters() { openssl rand -hex 24; }
key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 2>/dev/null || openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256; }

secret owner_password POSTGRES_PASSWORD letters
secret service_password '' letters
owner=$(cat secrets/owner_password)
service=$(cat secrets/service_password)
secret owner_database_url DIRECT_DATABASE_URL printf 'postgresql://latchkey:%s@postgres:5432/latchkey' "$owner"
secret database_url DATABASE_URL printf 'postgresql://latchkey_service:%s@postgres:5432/latchkey' "$service"
secret pooled_database_url '' printf 'postgresql://latchkey_service:%s@pgbouncer:6432/latchkey' "$service"
secret pgbouncer_users '' printf '"latchkey_service" "%s"' "$service"
# PEM in base64: one line, as `latchkey keys new` prints it
jwt() { key | openssl base64 -A; }
secret jwt_private_key JWT_PRIVATE_KEY jwt
# An installation that had no EVENT_KEY has used its pepper as one: events are found by it ever after.
if grep -q '^OTP_PEPPER=.' .env; then event_key() { cat secrets/otp_pepper; }; else event_key() { openssl rand -base64 32; }; fi
secret otp_pepper OTP_PEPPER openssl rand -base64 32
secret event_key EVENT_KEY event_key
webhook() { printf 'whsec_'; openssl rand -base64 32; }
secret sender_webhook_secret SENDER_WEBHOOK_SECRET webhook
secret metrics_token METRICS_TOKEN openssl rand -hex 32

case " $profiles " in *' tls '* | *' replicas '*)
  if [ -n "$domain" ]; then change PUBLIC_URL "https://$domain"; else setting PUBLIC_URL https://localhost; fi ;;
  *) leave PUBLIC_URL https://localhost ;;
esac
case " $profiles " in *' replicas '*) change UPSTREAMS 'latchkey:3000 latchkey-2:3000' ;; *) change UPSTREAMS '' ;; esac
case " $profiles " in *' pgbouncer '*) change DATABASE_URL_SECRET pooled_database_url ;; *) change DATABASE_URL_SECRET '' ;; esac
case " $profiles " in *' redis '*) change REDIS_URL redis://redis:6379 ;; *) leave REDIS_URL redis://redis:6379 ;; esac
case " $profiles " in *' mail '*)
  change EMAIL_DRIVERS smtp
  change SMTP_URL smtp://127.0.0.1:1025
  setting EMAIL_FROM 'Latchkey <codes@example.com>' ;;
  *)
  # Mail would go to a catcher that is not there any more.
  if grep -qxF SMTP_URL=smtp://127.0.0.1:1025 .env; then
    change SMTP_URL ''
    leave EMAIL_DRIVERS smtp
    leave EMAIL_FROM 'Latchkey <codes@example.com>'
  fi ;;
esac
# shellcheck disable=SC2086  # each profile a word
change COMPOSE_PROFILES "$(echo $profiles | tr ' ' ',')"
for name in SMS_DRIVERS EMAIL_DRIVERS; do
  grep -q "^$name=" .env || echo "setup: set $name in .env: docs/drivers.md"
done
echo 'setup: now: docker compose up --build --detach'
