#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, host: amd intel, soak: intel, timeout: 90
# test: files: setpriv python3 Documentation/schema/vmctl.json
#
# vmctl events: a VM's life as it happens, with names and numbers without a gap; groups; that
# what a listener who is too slow loses is told, to the number.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vmctl.sh

# listen FILE ARGS...: events in the background, in $listener; they are heard from here on.
# What $with has comes before the command.
listen()
{
	local file=$1 n
	shift

	${with-} $vmctl events "$@" >"$tmp/$file" 2>"$tmp/$file.err" &
	listener=$!
	for n in $(seq 100); do
		# the socket is bound to groups: the last column but some of /proc/net/netlink
		awk -v pid=$listener '$2 == 16 && $4 != "00000000" { n++ } END { exit !n }' \
			/proc/net/netlink && break
		sleep 0.05
	done
	sleep 0.3
}

# until_lines FILE COUNT
until_lines()
{
	local n

	for n in $(seq 200); do
		[ "$(wc -l <"$tmp/$1")" -lt "$2" ] || return 0
		sleep 0.05
	done
	echo "# $(cat "$tmp/$1")"
	return 1
}

listen lines -o jsonl -n 7
begin web rest
$vmctl pause web
$vmctl resume web
$vmctl set web name=www
$vmctl reset www
end $listener
is $status 0 "seven events, then the end"

# told KEY: its values, of all lines
told() { sed "s/.*\"$1\": \"*\([^,\"}]*\).*/\1/" "$tmp/lines" | tr '\n' ' '; }
is "$(told event)" "created started paused resumed changed reset gone " "a life"
is "$(told seq)" "1 2 3 4 5 6 7 " "without a gap"
is "$(told name)" "web web web web www www www " "with the name that it had"
is "$(told group | tr ' ' '\n' | sort -u | tr -d '\n')" "life" "of the group life"
is "$(told lost | tr ' ' '\n' | sort -u | tr -d '\n')" "0" "none was lost"
ok "as the schema says" /usr/bin/python3 selftests/lib/schema.py event "$tmp/lines"

# ---- groups, forms, one VM

listen faults -g faults -o jsonl -n 1
refused 3 "events: web: no VM of this name" events --vm web
$vmctl run -m 8M --multiboot "$tmp/fault" bad </dev/null >/dev/null 2>&1
until_lines faults 1
ok "a fault has a vCPU and a reason" grep -q \
	'"group": "faults", "seq": 1, "event": "fault", .*"vcpu": 0, "reason": "shutdown"' \
	"$tmp/faults"
ok "as the schema says, too" /usr/bin/python3 selftests/lib/schema.py event "$tmp/faults"
begin web rest
web=$pid
begin lab rest
lab=$pid
listen table -n 2 --vm web
$vmctl pause lab
$vmctl pause web
$vmctl resume web
end $listener
is $status 0 "a VM's events alone"
is "$(awk '{ print $3, $4, $6 }' "$tmp/table" | tr '\n' ';')" \
	"NAME GROUP EVENT;web life paused;web life resumed;" "as a table"
refused 2 "-g death: the groups are life, limits and faults" events -g death
refused 2 "-o json: events have no end" events -o json
refused 2 "no field 'x'" events --fields x
refused 2 "-n 0: not a number from 1" events -n 0

# ---- losses

# Makes $1 events of the VM whose id is $2: changes of a label.
many_events()
{
	/usr/bin/python3 - "$1" "$2" <<-'END'
	import socket, struct, sys

	def attr(kind, data):
	    data = struct.pack('HH', 4 + len(data), kind) + data
	    return data + bytes(-len(data) % 4)

	def ask(family, cmd, attrs):
	    s.send(struct.pack('IHHIIBBH', 20 + len(attrs), family, 5, 1, 0, cmd, 1, 0) + attrs)
	    return s.recv(65536)

	s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
	s.bind((0, 0))
	answer = ask(16, 3, attr(2, b'vmm\0'))
	s.recv(65536)
	at = answer.index(b'\x06\x00\x01\x00')
	family = struct.unpack('H', answer[at + 4:at + 6])[0]
	label = attr(1, b'k\0') + attr(2, b'v\0')
	for i in range(int(sys.argv[1])):
	    answer = ask(family, 2, attr(2, struct.pack('I', int(sys.argv[2]))) + attr(0x8000 | 16, label))
	    assert answer[16:20] == bytes(4), answer
	END
}

id=$($vmctl list --fields id,name -o csv --no-header | sed -n 's/,web$//p')
# without the right to a larger one, a socket has the system's buffer
with="setpriv --bounding-set -net_admin" listen lost -o jsonl --vm web
kill -STOP $listener
many_events 2000 "$id"
kill -CONT $listener
# until it has read what there is: the last event must find room
for n in $(seq 100); do
	lines=$(wc -l <"$tmp/lost")
	sleep 0.5
	[ "$(wc -l <"$tmp/lost")" != "$lines" ] || [ "$lines" = 0 ] || break
done
{ kill -KILL $web; wait $web; } 2>/dev/null
for n in $(seq 200); do
	! grep -q '"gone"' "$tmp/lost" || break
	sleep 0.05
done
kill $listener
# what has come, and what has not, are all that there were: the last number says how many
/usr/bin/python3 - "$tmp/lost" <<'END'
import json, sys

lines = [json.loads(line) for line in open(sys.argv[1])]
come = sum(e['event'] != 'lost' for e in lines)
lost = sum(e['lost'] for e in lines)
first = lines[0]['seq'] - lines[0]['lost']
print('#', come, 'came', lost, 'lost')
assert lines[-1]['event'] == 'gone'
assert come > 100 and lost > 100
assert come + lost == lines[-1]['seq'] - first + 1
assert come + lost == 2001
END
is $? 0 "2000 events that nobody read: each came or is told as lost"
ok "in words, too" grep -q "events came faster than they were read" "$tmp/lost.err"
ok "with the number: $(tail -n 1 "$tmp/lost.err")" grep -Eq "VM $id web: [0-9]+ of group life lost" "$tmp/lost.err"
ok "as the schema says, still" /usr/bin/python3 selftests/lib/schema.py event "$tmp/lost"
{ kill -KILL $lab; wait; } 2>/dev/null
done_testing
