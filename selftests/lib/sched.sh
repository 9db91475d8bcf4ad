# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For scripts that look at the share of the host that VMs get. Comes after vmctl.sh; $groups
# is the directory that their control groups are in.

groups=/sys/fs/cgroup/vmm

value() { cat "$groups/$1/$2" 2>&1; }
policy() { $vmctl list -o csv --no-header --fields name,weight,cap,pin,mem_limit | sed -n "s/^$1,//p"; }
allowed() { sed -n 's/^Cpus_allowed_list:\t//p' /proc/"$(process "$1")"/task/*/status | sort -u; }

# sample VM...: microseconds of CPU time that each has had, and of the host's uptime, read by one
# process: what lies between two readings would be in one of them.
sample()
{
	local groups_of=("${@/#/$groups/}")

	awk '$1 == "usage_usec" { printf "%s ", $2 } FILENAME == "/proc/uptime" { printf "%.0f\n", $1 * 1e6 }' \
		"${groups_of[@]/%//cpu.stat}" /proc/uptime
}

# within WHAT GOT WANTED: of numbers of a thousandth each; two percent may be between them.
within() { ok "$1: $(($2 / 10)).$(($2 % 10)) %" [ "$2" -ge $(($3 - 20)) -a "$2" -le $(($3 + 20)) ]; }

# share SECONDS A B: thousandths that A has of what A and B get.
share()
{
	local a b a0 b0 t

	read -r a0 b0 t < <(sample "$2" "$3")
	sleep "$1"
	read -r a b t < <(sample "$2" "$3")
	echo $((1000 * (a - a0) / (a - a0 + b - b0)))
}

# part SECONDS A: thousandths of a CPU that A gets.
part()
{
	local a t a0 t0

	read -r a0 t0 < <(sample "$2")
	sleep "$1"
	read -r a t < <(sample "$2")
	echo $((1000 * (a - a0) / (t - t0)))
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
