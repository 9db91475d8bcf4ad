# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What tests there are. A test is a source file in the directory of its kind; its needs
# stand in that file, in a comment line among the first forty:
#
#	test: KEY: VALUE, KEY: VALUE...
#
#	group	the group it belongs to, if not its kind (soak, bench: not in `make check`)
#	kernel	the series it runs on, one instance for each: "6.1 6.12" unless told for what
#		runs in a test host; one that starts test hosts itself has series and
#		processor as its arguments, if it tells any
#	check	those of them that `make check` runs it on, "6.1 6.12" on AMD and 6.1 on Intel
#		unless told; the others are of the group soak
#	soak	of the processors in host, those on which all its instances are of that group,
#		and have three times as long
#	host	the processors it runs on: amd, intel or both, and one instance for each;
#		"amd intel" for api and payload, amd for host. HOSTS says which ones run at all
#	cpus	of the test host: 2 on AMD; 1 on Intel, whose emulator is several times as
#		fast with one, so that only tests say 2 which need processors at the same time
#	memory	of the test host in G: 2G, of which an Intel host has no more
#	timeout	seconds: 60. Those of an Intel host are emulated, of 50 million instructions
#		each, and do not stretch when this machine is busy
#	module	no: vmm.ko is not loaded for it; PARAMETER=VALUE: it is, with that;
#		audit: its debug build is
#	alone	yes: it gets a boot of its own, but not on an Intel host, where one takes long
#	append	kernel parameters of the host
#	allow	a regular expression of kernel complaints that the test provokes
#	files	what it needs beyond itself in the Intel host, which sees nothing of this
#		machine but the module, vmctl, lib/ and the payloads: files of the checkout;
#		a word without a slash is a program of this system, see programs.sh
#	modules	what it needs there of the kernel's modules
#
# A record has these fields, separated by tabs, with - for nothing:
#	name kind group host kernel cpus memory timeout module alone append allow files modules
#	command

# Where each kind runs: on this machine, or inside a test host.
KINDS="static unit fuzz testhost host api payload bench"
in_host() { case $1 in host | api | payload) true ;; *) false ;; esac; }

# Payloads that meet what the host's kernel does with its processor, not the module alone: its
# registers, timers and interrupts. A check runs these on each kernel, the others on one.
MEETING="exceptions ipi syscall timer xsave"

# Payloads whose matter is processors that run at the same time. On Intel they do without
# posted interrupts, which its emulator gets wrong now and then: see vmx.rst.
TOGETHER="ipi smp"

# need SOURCE KEY [DEFAULT]
need()
{
	local v=

	[ ! -f "$1" ] || v=$(sed -n "1,40{s/^[ #*\/]*test: //p}" "$1" |
		tr ',' '\n' | sed -n "s/^ *$2: *//p" | head -n 1)
	echo "${v:-${3-}}"
}

# group_of KERNEL GROUP CHECK: an instance that is not for the check waits for the long tests.
group_of()
{
	case " - $3 " in
	*" $1 "*) echo "$2" ;;
	*)	echo soak ;;
	esac
}

# cpus_of HOST: of a test host whose test does not say.
cpus_of() { [ "$1" = amd ] && echo 2 || echo 1; }

# hosts_of KIND SOURCE
hosts_of()
{
	case $1 in
	api | payload)	need "$2" host "amd intel" ;;
	host)		need "$2" host amd ;;
	*)		need "$2" host - ;;
	esac
}

# The end of a test's name: @6.1 on an AMD host, @intel-6.1 on an Intel one.
suffix_of()
{
	case $2:$1 in
	-:*)	;;
	*:intel) echo "@intel-$2" ;;
	*)	echo "@$2" ;;
	esac
}

# record KIND NAME SOURCE COMMAND: one line for each processor and kernel it runs on.
record()
{
	local kind=$1 name=$2 src=$3 command=$4 host kernel kernels alone limit memory check

	if in_host "$kind"; then
		kernels=$(need "$src" kernel "6.1 6.12")
	else
		kernels=$(need "$src" kernel -)
	fi
	for host in $(hosts_of "$kind" "$src"); do
		alone=no
		[ "$host" = intel ] || alone=$(need "$src" alone no)
		memory=$(need "$src" memory 2G)
		[ "$host" != intel ] || [ "${memory%G}" -le 2 ] || memory=2G
		limit=$(need "$src" timeout 60) check=$(need "$src" check "6.1 6.12")
		[ "$host" != intel ] || check=6.1
		[[ " $(need "$src" soak) " != *" $host "* ]] || { check=none limit=$((3 * limit)); }
		for kernel in $kernels; do
			printf '%s\t' "$kind/$name$(suffix_of "$host" "$kernel")" "$kind" \
				"$(group_of "$kernel" "$(need "$src" group "$kind")" "$check")" \
				"$host" "$kernel" \
				"$(need "$src" cpus "$(cpus_of "$host")")" $memory $limit \
				"$(need "$src" module yes)" "$alone" \
				"$(need "$src" append -)" "$(need "$src" allow -)" \
				"$(need "$src" files -)" "$(need "$src" modules -)"
			in_host "$kind" || [ "$kernel" = - ] || command="$4 $kernel $host"
			printf '%s\n' "$command"
		done
	done
}

# One test for each image, of all its runs: in an emulated host a test's own frame costs
# more than most payloads. The payloads' list tells image and seconds of each run.
discover_payloads()
{
	local name image cpus memory seconds rest host kernel slow there module check
	declare -A runs=() limit=()

	[ -f payload/list ] || return
	while read -r name image cpus memory seconds rest; do
		case $name in '' | '#'*) continue ;; esac
		runs[$image]="${runs[$image]-} $name"
		limit[$image]=$((${limit[$image]:-0} + seconds))
	done <payload/list
	for image in $(printf '%s\n' "${!runs[@]}" | sort); do
		for host in amd intel; do
			slow=3
			[ $host = amd ] || slow=1
			there=$(cpus_of $host) module=yes
			[[ " $TOGETHER " != *" $image "* ]] || there=2
			[ $there$host != 2intel ] || module=posted=0
			check=6.1
			[ $host = intel ] || [[ " $MEETING " != *" $image "* ]] || check="6.1 6.12"
			for kernel in 6.1 6.12; do
				printf '%s\t' "payload/$image$(suffix_of $host $kernel)" payload \
					$(group_of $kernel payload "$check") $host $kernel $there 2G \
					$((${limit[$image]} * slow + 15)) $module no - - - -
				printf '%s\n' \
					"VMCTL=tools/vmctl/vmctl SLOW=$slow selftests/payload/run --on vmm${runs[$image]}"
			done
		done
	done
}

# Runs in the directory of the tests.
discover()
{
	local src name

	for src in static/*.sh testhost/*.sh host/*.sh bench/*.sh; do
		[ -x "$src" ] || continue
		name=${src#*/}
		record "${src%/*}" "${name%.sh}" "$src" "selftests/$src"
	done
	for src in unit/*.c api/*.c; do
		[ -f "$src" ] || continue
		name=$(basename "$src" .c)
		record "${src%/*}" "$name" "$src" "selftests/${src%/*}/build/$name"
	done
	for src in fuzz/*.c; do
		[ -f "$src" ] || continue
		name=$(basename "$src" .c)
		record fuzz "$name" "$src" "nice make -s -C selftests/fuzz run-$name"
	done
	discover_payloads
}
