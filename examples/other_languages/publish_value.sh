#!/usr/bin/env bash
# Publishes a JSON value as a version of an artifact with bash, GNU sed and b3sum: one plain
# command of Redis over a socket. The contract is docs/how-to/other-languages.md and
# contracts/schemas/VersionRecord.json.
set -euo pipefail
export LC_ALL=C # lengths in bytes
trap '' PIPE    # a server that has gone is an error to tell, not the end

usage='publish_value.sh [OPTION]... ARTIFACT JSON

  --host HOST            of the server: 127.0.0.1
  --port PORT            of the server: 6379
  --namespace NAMESPACE  of the index: default
  --version NAME         of the version; the next number
  --metadata KEY=JSON    an entry of metadata, as often as there are some
  --tag TAG              of the version, as often as there are some
  --request ID           of this publication; a new one

Prints ARTIFACT@VERSION. To be safe against a lost reply, choose an ID and repeat the whole
command with it until it succeeds: for 24 hours the same ID gives the same version, and
nothing is published twice.

  publish_value.sh --request "$(uuidgen)" --metadata MSE=0.25 --tag nightly model "[0.2, 0.8]"'

die() { echo "$1" >&2 && exit 1; }
misused() { printf '%s\n\n%s\n' "$1" "$usage" >&2 && exit 2; }
lost() { die "the server has not answered: it may be published or not. Repeat with --request $request"; }

named() { # WHAT NAME PATTERN
  [[ $2 =~ ^$3$ ]] || die "$1 '$2' does not match ^$3\$"
}

# \uXXXX, of surrogates both halves
x='[0-9A-Fa-f]'
h="[0-9A-Ca-cE-Fe-f]$x$x$x|[Dd][0-7]$x$x|[Dd][89ABab]$x$x\\\\u[Dd][C-Fc-f]$x$x"
string='"([^"\\'$'\x01-\x1f'']|\\(["\\/bfnrt]|u('$h')))*"'
number='-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?'
S=$'\x01' V=$'\x02' # what stands for a string and for any other value while it is checked

compact() { # WHAT TEXT: checks JSON, and leaves it without blanks in `json`
  local before='' shape=$2 depth=0
  [[ $shape != *[$S$V]* ]] && iconv -f UTF-8 -t UTF-8 <<<"$shape" &>/dev/null || die "$1 is no JSON: $2"
  shape=$(sed -zE "s~$string~$S~g; s~$number|true|false|null~$V~g; s~[ \t\r\n]+~~g" <<<"$shape")
  while [[ $shape != "$before" ]]; do # the innermost lists and objects become values
    ((depth++ <= 200)) || die "$1 is nested deeper than 200 levels"
    before=$shape
    shape=$(sed -E "s~\{($S:[$S$V](,$S:[$S$V])*)?\}|\[([$S$V](,[$S$V])*)?\]~$V~g" <<<"$shape")
  done
  [[ $shape == [$S$V] ]] || die "$1 is no JSON: $2"
  json=$(sed -zE 's~("([^"\\]|\\.)*")|[ \t\r\n]+~\1~g' <<<"$2")
}

host=127.0.0.1 port=6379 namespace=default version='' tags=() request=''
declare -A metadata=()
while [[ ${1:-} == --* ]]; do
  (($# > 1)) || misused "$1 needs a value"
  case $1 in
    --host) host=$2 ;;
    --port) port=$2 ;;
    --namespace) named namespace "$2" '[a-z0-9][a-z0-9._-]{0,63}' && namespace=$2 ;;
    --version) named version "$2" '[A-Za-z0-9][A-Za-z0-9._+-]{0,63}' && version=$2 ;;
    --tag) named tag "$2" '[A-Za-z0-9][A-Za-z0-9._+-]{0,63}' && tags+=("$2") ;;
    --request) named request "$2" '[A-Za-z0-9_-]{1,128}' && request=$2 ;;
    --metadata)
      key=${2%%=*}
      [[ $2 == *=* && $key && $key != *[$'\x01-\x1f']* ]] || misused "'$2' is not KEY=JSON"
      [[ -z ${metadata[$key]+given} ]] || misused "metadata '$key' is given twice"
      compact "metadata '$key'" "${2#*=}"
      ((${#json} <= 16384)) || die "metadata '$key' is ${#json} bytes, over 16384"
      metadata[$key]=$json
      ;;
    *) misused "there is no option $1" ;;
  esac
  shift 2
done
(($# == 2)) || misused "an artifact and its value are needed"
artifact=$1
named artifact "$artifact" '[a-z0-9][a-z0-9._-]{0,63}'
((${#metadata[@]} <= 64)) || die "${#metadata[@]} entries of metadata, over 64"
request=${request:-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')}

compact value "$2"
size=${#json} value=$json bases=''
((size <= 4096)) || die "the value is $size bytes, over 4096: it belongs into the store"
case $value in
  '{'*) type=dict ;;
  '['*) type=list ;;
  '"'*) type=str ;;
  true | false) type=bool bases='"bases":["builtins.int"],' ;;
  null) type=NoneType ;;
  *[.eE]*) type=float ;;
  *) type=int ;;
esac
digest=b3:$(printf %s "$value" | b3sum --no-names)
part="{\"name\":\"data\",\"media_type\":\"application/json\",\"digest\":\"$digest\",\"size\":$size}"
manifest="{\"type\":\"builtins.$type\",$bases\"materializer\":\"json@1\",\"parts\":[$part],\"safety\":\"data-only\"}"
record="{\"digest\":\"$digest\",\"manifest\":$manifest}"

words=(FCALL rc1_publish 1 "rc:{$namespace}:" "$request" "" "$artifact" "$version" "$record" 1 "$value")
words+=("${#tags[@]}" ${tags[@]+"${tags[@]}"} "${#metadata[@]}")
for key in ${metadata[@]+"${!metadata[@]}"}; do
  ranked=''
  [[ ${metadata[$key]} =~ ^$number$ ]] && ranked=${metadata[$key]}
  words+=("$key" "${metadata[$key]}" "$ranked")
done

send() { # the words of a command
  {
    printf '*%d\r\n' "$#"
    for word in "$@"; do printf '$%d\r\n%s\r\n' "${#word}" "$word"; done
  } >&3 2>/dev/null || lost
}

receive() { # one text or the length of one list, into `reply`
  local head
  read -r -t 10 head <&3 || lost
  head=${head%$'\r'}
  case $head in
    '$-1' | _) reply='' ;;
    '$0') reply='' && read -r -t 10 <&3 || lost ;;
    '$'*) { read -r -t 10 -N "${head:1}" reply <&3 && read -r -t 10 <&3; } || lost ;;
    -*) die "the server says ${head:1}" ;;
    *) reply=${head:1} ;;
  esac
}

{ exec 3<>"/dev/tcp/$host/$port"; } 2>/dev/null || die "no server answers at $host:$port"
send HGET "rc:{$namespace}:index" protocol
receive
[[ $reply == 1 ]] || die "no index of protocol 1 is in namespace '$namespace': start a worker there first"

send "${words[@]}"
receive
answer=()
for ((items = reply; items > 0; items--)); do receive && answer+=("$reply"); done
case ${answer[0]} in
  DONE) echo "$artifact@${answer[1]}" ;;
  EXISTS) die "$artifact@$version exists already: a version is published once" ;;
  NUMBER) die "$artifact@$version cannot be: the next number is ${answer[3]}, at most 999 may be skipped" ;;
  INVALID) die "the index refuses it: ${answer[1]}" ;;
  *) die "the index refuses it: ${answer[*]}" ;;
esac
