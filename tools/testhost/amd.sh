# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The AMD host: QEMU's TCG. A part of testhost, which names what it gives to a host:
# $cpus, $memory, $model, $kernel, $tmp, the job's archive. A host's part gives back $limit and
# $memory where none were asked for, machine_arguments, run_machine, interrogate, and
# what the emulator had to say in $tmp/says.
#
# The kernel starts by PVH, uncompressed; the machine's files come over 9p.
#
# Processor 0 of a host with several enters no guest: it is one more than was asked for, and
# the command runs on the others. Documentation/svm.rst says what QEMU does to the first.

host_defaults()
{
	: "${limit:=120}" "${memory:=2G}"
	files=machine
	[ -z "$icount" ] || files=job
	job_dir=/vmm job_settle=0
	# Ten to twenty times what it takes. At times QEMU loses a timer of a processor for good
	# while the kernel starts, when the machine is busy.
	[ -n "$icount" ] || up_limit=${VMM_UP_LIMIT:-90}
	processors=$cpus
	[ -n "$icount" ] || [ "$cpus" = 1 ] || job_cpus=1-$cpus processors=$((cpus + 1))
}

host_kernel() { "$TESTHOST/kernel" "$1"; }

host_files() { :; }

host_console="console=ttyS0,115200 panic=-1"

machine_arguments()
{
	local port n=1

	args=(-M q35 -m "$memory" -smp "$processors" -nodefaults -display none -no-reboot
		-no-user-config -kernel "$kernel/vmlinux" -initrd "$tmp/initramfs"
		-append "$(kernel_parameters)"
		-chardev "file,id=log,path=$tmp/log" -serial chardev:log
		-chardev "pipe,id=monitor,path=$tmp/monitor" -mon chardev=monitor,mode=readline)
	if [ -n "$icount" ]; then
		args+=(-accel tcg,thread=single -icount shift=0,sleep=off
			-cpu "${model:-EPYC,+svm,+npt,-rdrand,-rdseed}" -rtc base=2024-01-01,clock=vm)
	else
		args+=(-accel tcg,thread=multi -cpu "${model:-EPYC,+svm,+npt}"
			-fsdev local,id=r,path=/,security_model=none,readonly=on,multidevs=remap
			-device virtio-9p-pci,fsdev=r,mount_tag=machine)
	fi
	if [ "$mode" = shell ]; then
		args+=(-chardev stdio,id=out,signal=off,mux=on)
	else
		args+=(-chardev "file,id=out,path=$tmp/out")
	fi
	args+=(-chardev "file,id=err,path=$tmp/err" -chardev "pipe,id=told,path=$tmp/talk")
	# Lines that share an interrupt share its delays.
	for port in out:0x2f8:3 err:0x3e8:6 told:0x2e8:7; do
		IFS=: read -r chardev iobase irq <<<"$port"
		args+=(-device "isa-serial,chardev=$chardev,index=$n,iobase=$iobase,irq=$irq")
		n=$((n + 1))
	done
}

run_machine()
{
	local qemu talk

	qemu=$("$TESTHOST/emulator" ${icount:+--installed} qemu) || exit
	rm -f "$tmp"/{monitor,talk}.{in,out}
	mkfifo "$tmp"/{monitor,talk}.{in,out}
	cat "$tmp/talk.out" >"$tmp/told" &
	talk=$!
	cats="$cats $talk"
	# Nobody listens to the monitor's answers, but its pipes must have two ends.
	exec 5<>"$tmp/talk.in" 7<>"$tmp/monitor.in" 8<>"$tmp/monitor.out"
	if [ "$mode" = shell ]; then
		setpriv --pdeathsig KILL "$qemu" "${args[@]}" 2>"$tmp/qemu.err" <&0 &
	else
		setpriv --pdeathsig KILL "$qemu" "${args[@]}" 2>"$tmp/qemu.err" </dev/null &
	fi
	emulator=$!
	[ "$mode" = shell ] || start_clock
	wait "$emulator"
	emulator_status=$?
	emulator=
	grep -v "TCG doesn.t support" "$tmp/qemu.err" >"$tmp/says"
	release_reader "$tmp/talk.out"
}

# What blocks and what runs; then an NMI makes even a kernel that hears nothing say where
# it was, and panic ends the host.
interrogate()
{
	printf 'sysrq w\nsysrq l\n' >&5
	doze 3
	echo nmi >&7
	doze 5
}
