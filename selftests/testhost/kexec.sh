#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: host: amd, kernel: 6.1 6.12, check: 6.1, timeout: 300
#
# Another kernel takes over by kexec while a guest runs: it finds SVM off, so that the
# module loads there. Were it on, loading would be refused as in use.

. "$(dirname "$0")/../lib/tap.sh"
. tools/testhost/lib.sh

busybox=$(static_busybox) || exit
perl=$(command -v perl) || exit

# The second kernel's initramfs: the module, and words to the test host's lines.
second()
{
	mkdir -p "$tmp/root/bin" "$tmp/root/dev" "$tmp/root/proc"
	cp "$busybox" "$tmp/root/bin/busybox"
	cp "build/$1/vmm.ko" "$tmp/root/vmm.ko"
	cat >"$tmp/root/init" <<-'END'
	#!/bin/busybox sh
	bb=/bin/busybox
	$bb mount -t devtmpfs dev /dev
	$bb mount -t proc proc /proc
	$bb stty -F /dev/ttyS1 raw -echo 115200
	$bb stty -F /dev/ttyS3 raw -echo 115200
	$bb insmod /vmm.ko
	status=$?
	echo "second kernel $($bb uname -r): $($bb grep -o '^vmm' /proc/modules)" >/dev/ttyS1
	echo "exit $status" >/dev/ttyS3
	echo "taint $($bb cat /proc/sys/kernel/tainted)" >/dev/ttyS3
	$bb poweroff -f
	END
	chmod 755 "$tmp/root/init"
	pack "$tmp/root" >"$tmp/second"
}

# In the host: a guest that spins, and the way over.
cat >"$tmp/first" <<-'END'
	. selftests/lib/tap.sh
	kernel=$1 initramfs=$2 perl=$3
	insmod "build/$(uname -r)/vmm.ko" || exit
	{
		printf '\x02\xb0\xad\x1b\x00\x00\x01\x00\xfe\x4f\x51\xe4'
		printf '\x00\x00\x10\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x20\x00\x10\x00'
		printf '\xb0\x2a\xe6\xf4\xeb\xfe'
	} >/tmp/spin
	tools/vmctl/vmctl run -m 4M --multiboot /tmp/spin </dev/null &
	sleep 1
	kill -0 $! || exit
	echo "a guest runs: vmm is used by $(sed -n 's/^vmm [0-9]* \([0-9]*\).*/\1/p' /proc/modules)"
	sleep 0.2
	exec "$perl" -e '
		my ($kernel, $initramfs) = @ARGV;
		open(K, "<", $kernel) && open(I, "<", $initramfs) or die "$!";
		open(L, "<", "/proc/cmdline") && chomp(my $line = <L>);
		$line .= "\0";
		syscall(320, fileno(K), fileno(I), length($line), $line, 0) == 0 or die "load: $!";
		syscall(169, 0xfee1dead, 672274793, 0x45584543, 0);
		die "kexec: $!";' "$kernel" "$initramfs"
END

series=$1
kernel=$(tools/testhost/kernel "$series") && release=$(cat "$kernel/release") || exit
second "$release"
tools/testhost/testhost --kernel "$series" --timeout 120 -- \
	bash "$tmp/first" "$kernel/bzImage" "$tmp/second" "$perl" >"$tmp/out" 2>&1
is $? 0 "$series: the module loads in the second kernel"
ok "$series: a guest ran in the first" grep -q '^a guest runs: vmm is used by [1-9]' "$tmp/out"
ok "$series: it was a second kernel" grep -q "^second kernel $release: vmm" "$tmp/out"
[ "$tap_bad" = 0 ] || sed 's/^/# /' "$tmp/out"
done_testing
