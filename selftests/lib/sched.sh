# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For scripts that look at the share of the host that VMs get. Comes after vmctl.sh; $groups
# is the directory that their control groups are in.

groups=/sys/fs/cgroup/vmm

value() { cat "$groups/$1/$2" 2>&1; }
policy() { $vmctl list -o csv --no-header --fields name,weight,cap,pin,mem_limit | sed -n "s/^$1,//p"; }
allowed() { sed -n 's/^Cpus_allowed_list:\t//p' /proc/"$(process "$1")"/task/*/status | sort -u; }
used() { sed -n 's/^usage_usec //p' "$groups/$1/cpu.stat"; }
uptime_us() { sed 's/\.\([0-9]*\) .*/\10000/' /proc/uptime; }

# within WHAT GOT WANTED: of numbers of a thousandth each; two percent may be between them.
within() { ok "$1: $(($2 / 10)).$(($2 % 10)) %" [ "$2" -ge $(($3 - 20)) -a "$2" -le $(($3 + 20)) ]; }

# share SECONDS A B: thousandths that A has of what A and B get.
share()
{
	local a b

	a=$(used "$2") b=$(used "$3")
	sleep "$1"
	a=$(($(used "$2") - a)) b=$(($(used "$3") - b))
	echo $((1000 * a / (a + b)))
}

# part SECONDS A: thousandths of a CPU that A gets.
part()
{
	local a t

	a=$(used "$2") t=$(uptime_us)
	sleep "$1"
	a=$(($(used "$2") - a)) t=$(($(uptime_us) - t))
	echo $((1000 * a / t))
}

# shared WHAT A B SHARE: of thousandths. A processor that others take time from, as a busy
# machine's emulated ones are, gives fair shares only over longer times.
shared()
{
	local n got

	for n in 5 10 20; do
		got=$(share $n "$2" "$3")
		echo "# $1: $got of a thousand in $n s"
		[ "$got" -gt $(($4 + 20)) -o "$got" -lt $(($4 - 20)) ] || break
	done
	within "$1" "$got" "$4"
}

# holds WHAT VM CAP: of thousandths. It is never above, and on a busy machine, where the host's
# timers come late, not always as much.
holds()
{
	local n got

	for n in 1 2 3 4 5; do
		got=$(part 3 "$2")
		echo "# $1: $got of a thousand"
		[ "$got" -le $(($3 + 20)) ] || break
		[ "$got" -lt $(($3 - 20)) ] || break
	done
	within "$1" "$got" "$3"
}
