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
