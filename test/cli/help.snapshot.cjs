/* IMPORTANT
 * This snapshot file is auto-generated, but designed for humans.
 * It should be checked into source control and tracked carefully.
 * Re-generate by setting TAP_SNAPSHOT=1 and running tests.
 * Make sure to inspect the output below.  Do not ignore changes!
 */
'use strict'
exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey 1`] = `
Usage: latchkey [options] [command]

Passwordless sign-in service: one-time codes by SMS and email, accounts and sessions over a REST
API.

Options:
  -V, --version                      prints the version
  -h, --help                         prints this

Commands:
  dev                                Runs the service with all it needs: an embedded PostgreSQL and
                                     secrets of its own in ./.data.
  init [options]                     Writes a first .env with new secrets; with --database, makes
                                     the service's own role in the database.
  start                              Runs the service. Settings are variables of the environment, or
                                     stand in ./.env.
  migrate [options]                  Applies the pending migrations.
  status [options]                   Tells whether the service can run on the database: 0 where it
                                     can.
  doctor [options]                   Examines settings, database and the running service.
  keys                               Makes secrets, and replaces them step by step.
  admin                              Makes admins, lists them, and makes them none again.
  users                              Finds users, and does for them what support has to.
  api-keys                           Makes API keys for back ends, lists them, and takes them away.
  events                             Deliveries of events that were given up, and sending them
                                     again.
  numbers                            Finds stored numbers that a country has changed, and moves
                                     accounts to what they became.
  send-test [options] <PHONE|EMAIL>  Sends a message that opens nothing by the drivers of the
                                     settings, and says what each of them answered.
  messages [options] [LANGUAGE...]   Prints every message in every language, as the settings make
                                     them.
  cleanup [options]                  Deletes expired codes, tickets and sessions once, for an
                                     outside scheduler.
  seed [options]                     Fills a development database with people who do not exist.
  openapi [options]                  Prints the OpenAPI document of this version, for generators of
                                     clients.
  completion <bash|zsh|fish>         Prints a script with which a shell completes the words and
                                     options of latchkey.

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey admin 1`] = `
Usage: latchkey admin [options] [command]

Makes admins, lists them, and makes them none again.

Options:
  -h, --help                      prints this

Commands:
  grant [options] <PHONE|EMAIL>   Makes somebody who has an account an admin.
  revoke [options] <PHONE|EMAIL>  Makes an admin none again.
  create [options] <PHONE|EMAIL>  Makes a user who is an admin: whoever signs in with it first.
  list [options]                  Lists the admins, with masked identifiers.

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey admin create 1`] = `
Usage: latchkey admin create [options] <PHONE|EMAIL>

Makes a user who is an admin: whoever signs in with it first.

Arguments:
  PHONE|EMAIL  a phone in E.164, such as +919876543210, or an email

Options:
  --json       prints one JSON document, and errors as JSON on standard error
  -h, --help   prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey admin grant 1`] = `
Usage: latchkey admin grant [options] <PHONE|EMAIL>

Makes somebody who has an account an admin.

Arguments:
  PHONE|EMAIL  a phone in E.164, such as +919876543210, or an email

Options:
  --json       prints one JSON document, and errors as JSON on standard error
  -h, --help   prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey admin list 1`] = `
Usage: latchkey admin list [options]

Lists the admins, with masked identifiers.

Options:
  --json      prints one JSON document, and errors as JSON on standard error
  -h, --help  prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey admin revoke 1`] = `
Usage: latchkey admin revoke [options] <PHONE|EMAIL>

Makes an admin none again.

Arguments:
  PHONE|EMAIL  a phone in E.164, such as +919876543210, or an email

Options:
  --json       prints one JSON document, and errors as JSON on standard error
  -h, --help   prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey api-keys 1`] = `
Usage: latchkey api-keys [options] [command]

Makes API keys for back ends, lists them, and takes them away.

Options:
  -h, --help             prints this

Commands:
  create [options]       Makes an API key for a back end, and prints it: it is shown once.
  list [options]         Lists the API keys, the newest first, without the keys themselves.
  revoke [options] <ID>  Takes an API key away: its next call is refused.

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey api-keys create 1`] = `
Usage: latchkey api-keys create [options]

Makes an API key for a back end, and prints it: it is shown once.

Options:
  --name <NAME>       what it is for, 200 characters at most
  --scopes <SCOPE,…>  what it may do: users:read, users:write, sessions:read, sessions:write,
                      events:read
  --days <NUMBER>     until it ends, 730 at most (default: 365)
  --json              prints one JSON document, and errors as JSON on standard error
  -h, --help          prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey api-keys list 1`] = `
Usage: latchkey api-keys list [options]

Lists the API keys, the newest first, without the keys themselves.

Options:
  --limit <NUMBER>   keys of a page, 1000 at most (default: 50)
  --cursor <CURSOR>  goes on after the page that ended with it
  --json             prints one JSON document, and errors as JSON on standard error
  -h, --help         prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey api-keys revoke 1`] = `
Usage: latchkey api-keys revoke [options] <ID>

Takes an API key away: its next call is refused.

Arguments:
  ID          which: its id, as the list has it

Options:
  --json      prints one JSON document, and errors as JSON on standard error
  -h, --help  prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey cleanup 1`] = `
Usage: latchkey cleanup [options]

Deletes expired codes, tickets and sessions once, for an outside scheduler.

Options:
  --json      prints one JSON document, and errors as JSON on standard error
  -h, --help  prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey completion 1`] = `
Usage: latchkey completion [options] <bash|zsh|fish>

Prints a script with which a shell completes the words and options of latchkey.

Arguments:
  bash|zsh|fish  for which shell

Options:
  -h, --help     prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey dev 1`] = `
Usage: latchkey dev [options]

Runs the service with all it needs: an embedded PostgreSQL and secrets of its own in ./.data.

Options:
  -h, --help  prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey doctor 1`] = `
Usage: latchkey doctor [options]

Examines settings, database and the running service.

Options:
  --url <URL>  where the service is (PUBLIC_URL, or this machine)
  --outside    logs in where the settings lead: mail server, Twilio account, webhook, Redis; sends
               no message
  --prove      tries the limits too, by being refused: writes rows that end by themselves, and says
               so first
  --json       prints one JSON document, and errors as JSON on standard error
  -h, --help   prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey events 1`] = `
Usage: latchkey events [options] [command]

Deliveries of events that were given up, and sending them again.

Options:
  -h, --help        prints this

Commands:
  parked [options]  Lists deliveries of events that were given up after 24 hours.
  replay [options]  Has events sent again that were given up; they go out in order, before what is
                    new of the same user.

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey events parked 1`] = `
Usage: latchkey events parked [options]

Lists deliveries of events that were given up after 24 hours.

Options:
  --since <TIME>    when they happened: 2026-11-20, 2026-11-20T09:00:00Z, or so long ago: 12h, 7d
                    (default: 30d)
  --limit <NUMBER>  to show at the most, the oldest first (default: 100)
  --json            prints one JSON document, and errors as JSON on standard error
  -h, --help        prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey events replay 1`] = `
Usage: latchkey events replay [options]

Has events sent again that were given up; they go out in order, before what is new of the same user.

Options:
  --since <TIME>  when they happened: 2026-11-20, 2026-11-20T09:00:00Z, or so long ago: 12h, 7d
  --all           also those that were taken, to every endpoint
  --json          prints one JSON document, and errors as JSON on standard error
  -h, --help      prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey init 1`] = `
Usage: latchkey init [options]

Writes a first .env with new secrets; with --database, makes the service's own role in the database.

Options:
  --database       gives the role of DATABASE_URL the rights that the service needs, as the owner in
                   DIRECT_DATABASE_URL
  --output <FILE>  to write to; never over a file that is there (default: .env)
  --print          prints the settings, or the SQL for the role, and writes nothing
  --json           prints one JSON document, and errors as JSON on standard error
  -h, --help       prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey keys 1`] = `
Usage: latchkey keys [options] [command]

Makes secrets, and replaces them step by step.

Options:
  -h, --help                             prints this

Commands:
  new [options]                          Prints new secrets in the form of settings.
  rotate [options] <signing-key|pepper>  Tells how far a rotation is by the settings of today, and
                                         prints those of its next step. It changes nothing.

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey keys new 1`] = `
Usage: latchkey keys new [options]

Prints new secrets in the form of settings.

Options:
  --json      prints one JSON document, and errors as JSON on standard error
  -h, --help  prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey keys rotate 1`] = `
Usage: latchkey keys rotate [options] <signing-key|pepper>

Tells how far a rotation is by the settings of today, and prints those of its next step. It changes
nothing.

Arguments:
  signing-key|pepper  what is replaced

Options:
  --step <NUMBER>     prints the settings of that step: 1, 2 or 3
  --json              prints one JSON document, and errors as JSON on standard error
  -h, --help          prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey messages 1`] = `
Usage: latchkey messages [options] [LANGUAGE...]

Prints every message in every language, as the settings make them.

Arguments:
  LANGUAGE    only these, such as hi ta

Options:
  --json      prints one JSON document, and errors as JSON on standard error
  -h, --help  prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey migrate 1`] = `
Usage: latchkey migrate [options]

Applies the pending migrations.

Options:
  --rolled-back <NAME>  lets a migration that failed be applied again
  --diff                shows the SQL that the migrations lack to reach prisma/schema.prisma
  --write <NAME>        writes that SQL as the next migration, of this name
  --json                prints one JSON document, and errors as JSON on standard error
  -h, --help            prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey numbers 1`] = `
Usage: latchkey numbers [options] [command]

Finds stored numbers that a country has changed, and moves accounts to what they became.

Options:
  -h, --help        prints this

Commands:
  check [options]   Finds stored numbers that nobody can sign in with today.
  rename [options]  Moves accounts to the numbers that theirs became. Without --yes it says what it
                    would do.

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey numbers check 1`] = `
Usage: latchkey numbers check [options]

Finds stored numbers that nobody can sign in with today.

Options:
  --country <COUNTRY>  whose numbers, such as BJ; all without it
  --json               prints one JSON document, and errors as JSON on standard error
  -h, --help           prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey numbers rename 1`] = `
Usage: latchkey numbers rename [options]

Moves accounts to the numbers that theirs became. Without --yes it says what it would do.

Options:
  --country <COUNTRY>  whose numbers, such as BJ
  --from <PATTERN>     of whole national numbers, such as (\\d{8})
  --to <TEXT>          what they become, with $1 for parts of the pattern, such as 01$1
  --yes                does it
  --json               prints one JSON document, and errors as JSON on standard error
  -h, --help           prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey openapi 1`] = `
Usage: latchkey openapi [options]

Prints the OpenAPI document of this version, for generators of clients.

Options:
  --output <FILE>  to write to; else standard output
  --force          replaces a file that is there
  -h, --help       prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey seed 1`] = `
Usage: latchkey seed [options]

Fills a development database with people who do not exist.

Options:
  --users <NUMBER>  how many (default: 1000)
  --seed <NUMBER>   another number makes other people (default: 1)
  --force           adds them to users that are there
  --json            prints one JSON document, and errors as JSON on standard error
  -h, --help        prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey send-test 1`] = `
Usage: latchkey send-test [options] <PHONE|EMAIL>

Sends a message that opens nothing by the drivers of the settings, and says what each of them
answered.

Arguments:
  PHONE|EMAIL          a phone in E.164, such as +919876543210, or an email

Options:
  --driver <NAME>      by this driver alone
  --locale <LANGUAGE>  in this language, such as hi
  --json               prints one JSON document, and errors as JSON on standard error
  -h, --help           prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey start 1`] = `
Usage: latchkey start [options]

Runs the service. Settings are variables of the environment, or stand in ./.env.

Options:
  -h, --help  prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey status 1`] = `
Usage: latchkey status [options]

Tells whether the service can run on the database: 0 where it can.

Options:
  --json      prints one JSON document, and errors as JSON on standard error
  -h, --help  prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey users 1`] = `
Usage: latchkey users [options] [command]

Finds users, and does for them what support has to.

Options:
  -h, --help                           prints this

Commands:
  list [options]                       Lists users, the newest first, with masked identifiers.
  show [options] <ID|PHONE|EMAIL>      Shows a user: account, sessions and the latest events.
  disable [options] <ID|PHONE|EMAIL>   Disables a user, and ends all sessions.
  enable [options] <ID|PHONE|EMAIL>    Lets a disabled user sign in again.
  sign-out [options] <ID|PHONE|EMAIL>  Ends all sessions of a user.
  delete [options] <ID|PHONE|EMAIL>    Deletes a user with sessions, devices and addresses. Nothing
                                       brings them back.
  export [options]                     Writes all users as lines of JSON, with whole identifiers.
  import [options] <FILE>              Moves users in from the export of another system, or from
                                       that of \`latchkey users export\`.

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey users delete 1`] = `
Usage: latchkey users delete [options] <ID|PHONE|EMAIL>

Deletes a user with sessions, devices and addresses. Nothing brings them back.

Arguments:
  ID|PHONE|EMAIL   the id of a user, a phone in E.164 or an email

Options:
  --yes            does not ask; needed where there is no terminal to ask on
  --reason <TEXT>  why, which is kept with the event
  --json           prints one JSON document, and errors as JSON on standard error
  -h, --help       prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey users disable 1`] = `
Usage: latchkey users disable [options] <ID|PHONE|EMAIL>

Disables a user, and ends all sessions.

Arguments:
  ID|PHONE|EMAIL   the id of a user, a phone in E.164 or an email

Options:
  --reason <TEXT>  why, which is kept with the event
  --json           prints one JSON document, and errors as JSON on standard error
  -h, --help       prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey users enable 1`] = `
Usage: latchkey users enable [options] <ID|PHONE|EMAIL>

Lets a disabled user sign in again.

Arguments:
  ID|PHONE|EMAIL   the id of a user, a phone in E.164 or an email

Options:
  --reason <TEXT>  why, which is kept with the event
  --json           prints one JSON document, and errors as JSON on standard error
  -h, --help       prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey users export 1`] = `
Usage: latchkey users export [options]

Writes all users as lines of JSON, with whole identifiers.

Options:
  --output <FILE>  to write to, readable for its owner alone; else standard output
  --force          replaces a file that is there
  -h, --help       prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey users import 1`] = `
Usage: latchkey users import [options] <FILE>

Moves users in from the export of another system, or from that of \`latchkey users export\`.

Arguments:
  FILE              lines of JSON, a list of JSON or CSV, in UTF-8

Options:
  --map <SYSTEM>    what the file is an export of: supabase, auth0, better-auth, firebase, clerk;
                    without it, of latchkey
  --trust-verified  phones and emails that were verified there count as proved; else nobody owns an
                    account before they sign in
  --events          each user is an event user.created, which EVENT_WEBHOOKS are sent; else none is
                    told of
  --dry-run         says what would become of each line, and writes nothing but the report
  --report <FILE>   where each line that is refused is told, with the reason; else
                    FILE.refused.ndjson
  --restart         begins again where an import was interrupted; else the same command goes on with
                    it
  --json            prints one JSON document, and errors as JSON on standard error
  -h, --help        prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey users list 1`] = `
Usage: latchkey users list [options]

Lists users, the newest first, with masked identifiers.

Options:
  --search <TEXT>    those whose name, phone or email begins with it
  --limit <NUMBER>   users of a page, 1000 at most (default: 50)
  --cursor <CURSOR>  goes on after the page that ended with it
  --json             prints one JSON document, and errors as JSON on standard error
  -h, --help         prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey users show 1`] = `
Usage: latchkey users show [options] <ID|PHONE|EMAIL>

Shows a user: account, sessions and the latest events.

Arguments:
  ID|PHONE|EMAIL  the id of a user, a phone in E.164 or an email

Options:
  --json          prints one JSON document, and errors as JSON on standard error
  -h, --help      prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`

exports[`.build/test/runner/files-process.js > TAP > the help of each command > latchkey users sign-out 1`] = `
Usage: latchkey users sign-out [options] <ID|PHONE|EMAIL>

Ends all sessions of a user.

Arguments:
  ID|PHONE|EMAIL   the id of a user, a phone in E.164 or an email

Options:
  --passkeys       also removes their passkeys and known devices, of which some may be a stranger’s
  --reason <TEXT>  why, which is kept with the event
  --json           prints one JSON document, and errors as JSON on standard error
  -h, --help       prints this

Exit codes: 0 done; 1 it failed, or found something wrong;
2 what was typed cannot be used, and nothing was done
`
