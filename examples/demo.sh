#!/usr/bin/env bash
# The story of an endpoint's life, told by sipctl itself in a temporary workspace: `make demo`.
# Each command is shown, run, and its exit status checked; the first surprise ends the demo.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/voice"
cd "$folder/voice"

# An identity of its own; nothing of the user's Git or sipctl settings is read or changed.
# shellcheck disable=SC2046,SC2086 # several names are meant
unset $(git rev-parse --local-env-vars) ${!SIPCTL_*}
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME="Ada Moreau" GIT_AUTHOR_EMAIL=ada@example.net
export GIT_COMMITTER_NAME="Ada Moreau" GIT_COMMITTER_EMAIL=ada@example.net
export SIPCTL_NO_INPUT=1 SIPCTL_NO_PAGER=1

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' plain=$'\e[0m'; else bold='' plain=''; fi

say() {
    printf '\n'
    printf '# %s\n' "$@"
}

# run STATUS COMMAND: shows the command, runs it, and ends the demo unless it ends with STATUS.
run() {
    local status=0
    printf '\n%s$ %s%s\n' "$bold" "$2" "$plain"
    eval "$2" 2>&1 || status=$?
    if [ "$status" -ne "$1" ]; then
        printf '\nthe demo failed: status %s, expected %s\n' "$status" "$1" >&2
        exit 1
    fi
}

say "A workspace is a folder of YAML files in a Git repository."
run 0 "sipctl init"

say "Each endpoint is one file, each change one commit. The file holds what was" \
    "given and no defaults: to SIP, no port is not the same as port 5060."
run 0 "sipctl create pbx-paris --host sip.paris.example.net \\
    --username +33155000001 --password-env PBX_PARIS_PASSWORD --tag paris"
run 0 "cat endpoints/pbx-paris.yaml"
run 0 "sipctl create pbx-lyon --host sip.lyon.example.net --codec alaw --tag lyon"

say "What is wrong is refused (status 3), and nothing has changed."
run 3 "sipctl create pbx-nice --host sip.nice.example.net --codec g729"

say "Look at a change before it is made, then make it."
run 0 "sipctl edit pbx-paris --port 5070 --dry-run"
run 0 "sipctl edit pbx-paris --port 5070 -m 'Provider moves Paris to port 5070'"

say "Tags and one query language find endpoints, also to change many at once."
run 0 "sipctl tag add --where 'host:*.example.net' production"
run 0 "sipctl search tag:production 'port:>5060'"

say "A copy keeps what the original says. A renamed endpoint keeps its history."
run 0 "sipctl duplicate pbx-lyon pbx-nice --host sip.nice.example.net"
run 0 "sipctl rename pbx-paris trunk-paris"

say "Files may be edited by hand. sipctl sees it, checks it and commits it."
run 0 "echo 'description: Main trunk of Paris.' >> endpoints/trunk-paris.yaml"
run 0 "sipctl status"
run 0 "sipctl save"

say "A file that is wrong is found at its line and column (status 1). The other" \
    "endpoints still work. What can be mended without guessing, fmt mends."
run 0 "cat > endpoints/sbc-a.yaml <<'END'
reference: sbc-a
host: sbc-a.example.net
port: 05061
username: 0123
END"
run 1 "sipctl validate"
run 0 "sipctl list"
run 0 "sipctl fmt"
run 0 "sipctl save -m 'Add the first border controller'"

say "Tables come in and go out. The headings may be those of the product's list."
run 0 "cat > carriers.csv <<'END'
Reference,SIP endpoint,Port,Codec,User name
carrier-north,192.0.2.10,5060,alaw and ulaw,
carrier-south,2001:db8::10,5080,ulaw,south-1
END"
run 0 "sipctl import carriers.csv"

say "Where do calls go? A scenario is a file too: actions with labelled branches."
run 0 "mkdir scenarios && cat > scenarios/support-in.yaml <<'END'
reference: support-in
type: interaction-start
entry_points: [\"+33100000000\"]
start: hours
actions:
  hours:
    action: test-calendar
    timezone: Europe/Paris
    open: [\"Mon-Fri 08:00-19:00\"]
    branches: {open: menu, closed: night}
  menu: # for sales press 1
    action: vocal-announcement
    branches: {\"1\": null, default: queue}
  queue: {action: distribution-to-queue, branches: {processed: null}}
  night: {action: voicemail, branches: {ok: null, error: null}}
END"
run 0 "sipctl save -m 'Route the support line' | tail -1"
run 0 "sipctl attach support-in trunk-paris --after menu --branch 1 \\
    --id sales --fallback queue"
run 0 "sipctl scenario show support-in"

say "What a scenario uses does not go away behind its back (status 3)."
run 0 "sipctl uses trunk-paris"
run 3 "sipctl delete trunk-paris"

say "Paris moves: its calls go to Nice. One call, Monday at ten, key 1, shows it."
run 0 "sipctl reroute trunk-paris pbx-nice"
run 0 "sipctl diff HEAD~1 | fold -s"
run 0 "sipctl plan HEAD~1 | fold -s"
run 0 "sipctl scenario trace support-in --at 2026-11-23T10:00 --key 1"
run 0 "sipctl detach support-in pbx-nice"

say "Passwords live with the files, encrypted to the keys that sipctl.yaml lists."
export SIPCTL_IDENTITY_FILE=$folder/ada.key
run 0 "sipctl secret keygen --name ada 2> /dev/null"
run 0 "echo 'open sesame' | sipctl secret set trunk-paris"
run 0 "cut -c-70 endpoints/trunk-paris.yaml"
run 0 "sipctl secret check"

say "Nothing is lost: Git has it, and sipctl brings it back."
run 0 "sipctl delete pbx-lyon carrier-south"
run 0 "sipctl restore pbx-lyon"

say "A slip of the keyboard, and back. Both stand in the history."
run 0 "sipctl edit --where tag:production --transport tls -m 'Go to TLS'"
run 0 "sipctl undo"

say "Which commit set each field last?"
run 0 "sipctl blame trunk-paris"

say "For a spreadsheet or another program: CSV and JSON, never with passwords."
run 0 "sipctl export csv --where host:192.0.2.0/24"

say "The life of one endpoint, by field, through its renaming."
run 0 "sipctl history trunk-paris"
