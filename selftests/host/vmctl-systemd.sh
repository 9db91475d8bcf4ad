#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: host: amd, kernel: 6.1, timeout: 180
#
# VMs as transient units: a systemd of its own, as the first process of a process
# namespace and of a control group, and vmctl beside it there. It is the system's manager,
# with nothing to do but this; a user's manager runs as a service of it.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vmctl.sh
. selftests/lib/sched.sh

export VMM_DIR=$tmp/vmm
top=/sys/fs/cgroup/container
groups=$top/vmm.slice

# ---- its systemd

mkdir -p "$tmp/units" $top
cat >"$tmp/units/bare.target" <<-END
	[Unit]
	DefaultDependencies=no
END
for unit in sysinit basic shutdown umount exit; do
	cp "$tmp/units/bare.target" "$tmp/units/$unit.target"
done
chmod 755 "$tmp"
echo +cpu +memory >/sys/fs/cgroup/cgroup.subtree_control
# Nobody but it may be in its group: a group with processes has none below it.
cat >"$tmp/init" <<-END
	echo 0 >$top/cgroup.procs
	exec unshare --cgroup sh -c 'umount /sys/fs/cgroup; mount -t cgroup2 cgroup /sys/fs/cgroup &&
		exec /lib/systemd/systemd --system --unit=bare.target'
END
# Its own directories of units as well, where a reload finds the transient ones again.
paths=/run/systemd/system.control:/run/systemd/transient:$tmp/units
env -i PATH="$PATH" container=vmm SYSTEMD_UNIT_PATH="$paths" SYSTEMD_GENERATOR_PATH=/none \
	SYSTEMD_LOG_TARGET=console SYSTEMD_LOG_LEVEL=info \
	unshare --pid --fork --kill-child --mount --uts --mount-proc sh "$tmp/init" >"$tmp/log" 2>&1 </dev/null &
outer=$!
until_ok [ -S /run/systemd/private ]
first=$(pgrep -P $outer -x systemd)
ok "systemd runs" [ -n "$first" ]

# Commands of vmctl are carried out beside it; what the test sees, it sees from outside.
inside() { nsenter -t "$first" -p -m -u -C "$@"; }
printf '#!/bin/sh\nexec nsenter -t %s -p -m -u -C %s "$@"\n' "$first" "$PWD/$vmctl" >"$tmp/vmctl"
chmod 755 "$tmp/vmctl"
real=$PWD/$vmctl
vmctl=$tmp/vmctl
until_ok eval 'inside systemctl is-system-running 2>/dev/null | grep -q .'
unit() { inside systemctl show "$1" -p "$2" --value; }

# ---- VMs

define plain rest
define web rest --weight 300 --cap 30 --pin 1 --mem-limit 64M
quiet 0 start plain web
is "$(ls -d $groups/*/ | tr '\n' ' ')" "$groups/vmm-plain.scope/ $groups/vmm-web.scope/ " \
	"each is a scope in vmm.slice"
is "$(unit vmm-web.scope ActiveState) $(unit vmm-web.scope Description)" "active Virtual machine web" \
	"which systemd knows"
is "$(value vmm-web.scope cgroup.procs)" "$(vmctl=$real process web)" "its process is in it"
is "$(value vmm-web.scope cpu.weight) $(value vmm-web.scope cpu.max) $(value vmm-web.scope memory.max)" \
	"300 30000 100000 67108864" "with its policy"
is "$(policy web) $(policy plain)" "300,30,1,67108864 100,,1-2," "list tells them"
quiet 0 sched web weight=50 cap=none mem-limit=128M
is "$(policy web)" "50,,1,134217728" "changed live"
is "$(unit vmm-web.scope CPUWeight) $(unit vmm-web.scope CPUQuotaPerSecUSec) $(unit vmm-web.scope MemoryMax)" \
	"50 infinity 134217728" "by systemd"
quiet 0 sched plain prio=5 cap=60 pin=2
is "$(policy plain)" "33,60,2," "also where there was no policy"
inside systemctl daemon-reload
is "$(policy web) $(policy plain)" "50,,1,134217728 33,60,2," "a reload of systemd leaves it"
before=$(policy web)
refused 2 "web: cap 101: at most 100" sched web cap=101
refused 4 "web: mem-limit 1M: it has" sched web mem-limit=1M cap=5
is "$(policy web)" "$before" "a refusal changes nothing"
define twin rest --cap 10
ok "another process has the name of a unit" inside systemd-run -q --scope --unit=vmm-twin.scope \
	sh -c 'sleep 1000 >/dev/null 2>&1 </dev/null & true'
refused 7 "twin: no control group for its policy: systemd: .*vmm-twin.scope" start twin
is "$(state twin)" stopped "it does not run then"
inside systemctl stop vmm-twin.scope

# ---- ends

pid=$(vmctl=$real process web)
quiet 0 reset web
is "$(vmctl=$real process web) $(policy web)" "$pid 50,,1,134217728" "a reset changes nothing of that"
quiet 0 stop -f -t 0.1 web
ok "its scope goes with it" until_ok [ ! -e $groups/vmm-web.scope ]
is "$(unit vmm-web.scope LoadState)" not-found "also for systemd"
ok "systemd ends one" inside systemctl stop vmm-plain.scope
is "$(state plain) $(tail -n 1 "$VMM_DIR/log/plain/console.log")" \
	"stopped [vmctl: plain ended: ended by SIGTERM]" "by a signal, which its log tells"
quiet 0 start web
kill -KILL "$(vmctl=$real process web)"
ok "killed: its scope is gone" until_ok [ ! -e $groups/vmm-web.scope ]
quiet 0 start web
is "$(policy web)" "300,30,1,67108864" "it starts again"
quiet 0 kill web

# ---- a user's manager

run=/run/user/65534
service=$top/system.slice/user.service
install -d -o 65534 -m 700 $run "$tmp/user"
install -m 755 $real "$tmp/real"
chmod 644 "$tmp/rest"
chmod 666 /dev/vmm
inside systemd-run -q --unit=user.service -p User=65534 -p Delegate=yes -E XDG_RUNTIME_DIR=$run \
	-E SYSTEMD_UNIT_PATH="$tmp/units" -E SYSTEMD_GENERATOR_PATH=/none -E SYSTEMD_LOG_TARGET=console \
	/lib/systemd/systemd --user --unit=bare.target
ok "a user's manager runs" until_ok [ -S $run/systemd/private ]
until_ok [ -e $service/init.scope/cgroup.procs ]
other()
{
	(echo 0 >$service/init.scope/cgroup.procs && inside setpriv --reuid 65534 --regid 65534 \
		--clear-groups env -i XDG_RUNTIME_DIR=$run VMM_DIR="$tmp/user/vmm" "$tmp/real" "$@")
}
groups=$service/vmm.slice
ok "his VM" other create -m 8M --multiboot "$tmp/rest" --cap 40 --weight 7 --mem-limit 64M his
ok "starts" other start his
is "$(ls -d $groups/*/)" "$groups/vmm-his.scope/" "as a scope of his manager"
is "$(policy his)" "7,40,1-2,67108864" "with its policy"
ok "he changes it" other sched his cap=50 weight=none
is "$(policy his)" "100,50,1-2,67108864" "which works"
quiet 0 sched his weight=9
is "$(policy his) $(value vmm-his.scope cpu.weight)" "9,50,1-2,67108864 9" "root changes it, through that manager"
ok "he stops it" other stop -f -t 0.1 his
ok "nothing is left of it" until_ok [ ! -e $groups/vmm-his.scope ]

# ---- the end of all

[ $tap_bad = 0 ] || tail -n 40 "$tmp/log" | sed 's/^/# /'
kill -KILL "$first"
wait $outer 2>/dev/null
rm -rf /run/systemd $run
until_ok eval 'find $top -depth -type d -exec rmdir {} + 2>/dev/null; [ ! -e $top ]'
done_testing
