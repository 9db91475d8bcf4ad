# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The Intel host: Bochs, as a processor with VMX, EPT and unrestricted guests; of 3.0 on, with
# posted interrupts and page-modification logging too. A part of testhost, as amd.sh is.
#
# Bochs starts what a CD holds, and nothing else leads in: the initramfs brings all files,
# and the four serial lines, each a file here, carry all out. Unpacking a kernel takes
# long, so it is the kernel of cloud images, whose compressor is quick. Time is the count of
# instructions, always.

# What tests and people use of the checkout, where it is built.
DEFAULT_FILES="build/RELEASE/vmm.ko tools/vmctl/vmctl selftests/lib selftests/payload/run
	selftests/payload/list selftests/payload/faults selftests/payload/build/*.elf"

# Features of the processor.
LEFT_OUT=avx512,avx512dq,avx512bw,avx512cd,xsavec,xsaves

host_defaults()
{
	: "${limit:=600}" "${memory:=1G}"
	[ "$mode" != shell ] || { say "--shell: the Intel host has no terminal"; usage; }
	case $memory in *G) memory=$((${memory%G} * 1024)) ;; *) memory=${memory%M} ;; esac
	[ "$memory" -le 2048 ] || { say "--memory: the Intel host has 2G at most"; usage; }
	[ "$cpus" -le 8 ] || { say "--cpus: the Intel host has 8 at most"; usage; }
	files=job
	# At a nanosecond an instruction, as under --icount on AMD, a measurement is longer than
	# few of the host's ticks; otherwise a second should not be long.
	[ -n "$icount" ] && ips=1000000000 || ips=50000000
	host_console="$host_console tsc_early_khz=$((ips / 1000))"
	# Room in front of the end, or Bochs loses the last bytes of its lines.
	job_dir=$CHECKOUT job_settle=1
}

host_kernel()
{
	case $1 in
	6.*-amd64) "$TESTHOST/kernel" "$1" ;;
	*)	"$TESTHOST/kernel" "$1-cloud" ;;
	esac
}

# A triple fault ends Bochs; any other way to reboot would start it all again. Messages
# from before the first program matter only if they warn, and a slow line carries them.
# Bochs 2.7 overlooks some stores that should wake a processor from MWAIT: it then sleeps until
# its next timer, a second or two. HLT is woken by an interrupt, which works.
# Its processor claims more cores for cache sharing than for the package, of which Linux 6.12
# warns unless hyper-threading is out of the question.
# Nor does its clock run at the frequency that CPUID tells: host_defaults says the right one.
host_console="console=ttyS0,115200 panic=-1 reboot=triple loglevel=5 idle=halt clearcpuid=ht"

host_files()
{
	local file name

	add_file "$(command -v bash)" /bin/bash "$1" || die "cannot copy bash"
	for file in ${DEFAULT_FILES/RELEASE/$release}; do
		for name in "$CHECKOUT"/$file; do
			[ ! -e "$name" ] || add_file "$name" "$name" "$1" || die "cannot copy $name"
		done
	done
	# What debuggers want of the module is most of it, and each byte costs.
	name=$1$CHECKOUT/build/$release/vmm.ko
	[ ! -e "$name" ] || strip --strip-debug "$name" || die "cannot strip vmm.ko"
	name=$CHECKOUT/${cmd[0]#"$CHECKOUT"/}
	case ${cmd[0]} in
	*/*)	[ ! -f "$name" ] || add_file "$name" "$name" "$1" || die "cannot copy $name" ;;
	esac
}

# What Bochs 3.0 makes of the features that are left out is not yet right.
# Its loop for several processors forgets, behind an exception, that the instruction pointer
# has moved: a guest that an interrupt of the host ends there goes on in front of it, but
# with the stack of the handler. Its debugger's loop is right, though slow: the only one that
# 2.7 has.
choose_emulator()
{
	bochs=$("$TESTHOST/emulator" bochs) || exit
	processor=model=${model:-broadwell_ult} loop=
	[ "$("$TESTHOST/emulator" --major bochs)" -ge 3 ] || return
	[ -n "$model" ] || processor="model=corei7_skylake_x, exclude_features=\"$LEFT_OUT\""
	[ "$cpus" = 1 ] || loop=-dbg
}

machine_arguments()
{
	local iso=$tmp/iso

	choose_emulator
	mkdir -p "$iso/boot/grub"
	ln "$kernel/bzImage" "$iso/boot/kernel" 2>/dev/null ||
		cp "$kernel/bzImage" "$iso/boot/kernel"
	mv "$tmp/initramfs" "$iso/boot/initramfs"
	cat >"$iso/boot/grub/grub.cfg" <<-END
	set timeout=0
	linux /boot/kernel $(kernel_parameters)
	initrd /boot/initramfs
	boot
	END
	command -v grub-mkrescue >/dev/null || die "no grub-mkrescue; try: tools/testhost/deps intel"
	TMPDIR=$tmp grub-mkrescue -o "$tmp/cd.iso" "$iso" >"$tmp/says" 2>&1 ||
		{ cat "$tmp/says" >&2; die "grub-mkrescue failed"; }
	rm -rf "$iso"
	cat >"$tmp/bochsrc" <<-END
	plugin_ctrl: unmapped=true, biosdev=true, speaker=true, extfpuirq=true, parallel=false, serial=true
	display_library: rfb, options="timeout=0"
	romimage: file=\$BXSHARE/BIOS-bochs-latest
	vgaromimage: file=\$BXSHARE/VGABIOS-lgpl-latest
	cpu: $processor, count=$cpus, quantum=32, ips=$ips, reset_on_triple_fault=0
	memory: guest=$memory, host=$memory
	clock: sync=none, time0=1704067200
	boot: cdrom
	ata0-master: type=cdrom, path=$tmp/cd.iso, status=inserted
	com1: enabled=true, mode=file, dev=$tmp/log
	com2: enabled=true, mode=file, dev=$tmp/out
	com3: enabled=true, mode=file, dev=$tmp/err
	com4: enabled=true, mode=file, dev=$tmp/told
	panic: action=fatal
	error: action=ignore
	info: action=ignore
	debug: action=ignore
	log: $tmp/bochs.log
	END
	# Its debugger waits for these.
	printf 'c\nq\n' >"$tmp/bochs.commands"
}

# The display listens on every interface: it gets a network of its own.
alone()
{
	if unshare -n true 2>/dev/null; then echo "unshare -n"
	elif unshare -rn true 2>/dev/null; then echo "unshare -rn"
	else return 1
	fi
}

# Bochs overruns a buffer when its environment is large.
run_machine()
{
	local alone

	alone=$(alone) || die "no right to give Bochs a network of its own: unshare -n fails"
	# shellcheck disable=SC2086
	setpriv --pdeathsig KILL env -i "PATH=$PATH" "HOME=$tmp" $alone \
		"$bochs" $loop -q -f "$tmp/bochsrc" -rc "$tmp/bochs.commands" \
		>"$tmp/says" 2>&1 </dev/null &
	emulator=$!
	start_clock
	wait "$emulator"
	emulator_status=$?
	emulator=
}

# Its lines lead only out.
interrogate() { :; }
