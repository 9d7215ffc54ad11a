#!/usr/bin/env bash
# Follows the event log of an index with nothing but bash: plain commands of Redis over a socket.
# The contract is contracts/asyncapi.json, channel `stream`.
#
#   follow_events.sh [HOST [PORT [NAMESPACE [AFTER]]]]
#
# AFTER is the id of the last event that was dealt with, `7-1`; without it all that are kept are
# read. Prints a line an event, `ID KIND SUBJECT`, until it is ended.
set -euo pipefail
export LC_ALL=C # lengths in bytes

prefix="rc:{${3:-default}}:"
after=${4:-}
exec 3<>"/dev/tcp/${1:-127.0.0.1}/${2:-6379}"

send() { # the words of a command
  printf '*%d\r\n' "$#" >&3
  for word in "$@"; do printf '$%d\r\n%s\r\n' "${#word}" "$word" >&3; done
}

receive() { # one text or the length of one list, into `reply`; -1 for nothing
  local head
  read -r head <&3
  head=${head%$'\r'}
  case $head in
    '$-1' | '*-1' | _) reply=-1 ;;
    '$0') reply='' && read -r <&3 ;;
    '$'*) read -r -N "${head:1}" reply <&3 && read -r <&3 ;;
    -*) echo "the server says ${head:1}" >&2 && exit 1 ;;
    *) reply=${head:1} ;;
  esac
}

older() { # whether one id comes before another
  local a=${1/-/ } b=${2/-/ }
  read -r a1 a2 <<<"$a" && read -r b1 b2 <<<"$b"
  ((a1 < b1 || (a1 == b1 && a2 < b2)))
}

send HGET "${prefix}index" forgotten
receive
if [[ -n $after && $reply != -1 ]] && older "$after" "$reply"; then
  echo "the events up to $reply are no longer kept: some after $after are missing" >&2
  exit 1
fi
after=${after:-0-0}

while true; do
  send XREAD COUNT 100 BLOCK 5000 STREAMS "${prefix}events" "$after"
  receive # the number of streams
  [[ $reply == -1 ]] && continue
  receive && receive # the stream's list, and its name
  receive
  for ((entries = reply; entries > 0; entries--)); do
    receive && receive
    after=$reply
    declare -A event=()
    receive
    for ((fields = reply; fields > 0; fields -= 2)); do
      receive && name=$reply
      receive && event[$name]=$reply
    done
    # Kinds and fields that are not known here are read over.
    subject=${event[a]:+${event[a]}@${event[v]}}
    echo "$after ${event[k]} ${subject:-${event[w]:-index}}"
  done
done
