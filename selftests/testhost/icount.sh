#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: timeout: 180
#
# With --icount two runs are alike to the instruction: the kernel's log, whose times are
# instruction counts, comes out the same, and a loop costs what its instructions are.

. "$(dirname "$0")/../lib/tap.sh"
testhost=tools/testhost/testhost

cat >"$tmp/loop.c" <<'END'
#include <stdio.h>

static unsigned long long tsc(void)
{
	unsigned int lo, hi;

	asm volatile("rdtsc" : "=a"(lo), "=d"(hi) :: "memory");
	return lo | (unsigned long long)hi << 32;
}

int main(void)
{
	unsigned long long least = ~0ull, t;
	int i, n;

	for (i = 0; i < 20; i++) {
		n = 100;
		t = tsc();
		asm volatile("1: dec %0; jnz 1b" : "+r"(n));
		t = tsc() - t;
		if (t < least)
			least = t;
	}
	printf("%llu\n", least);
	return 0;
}
END
gcc -O2 -static -o "$tmp/loop" "$tmp/loop.c" || exit
for n in 1 2; do
	$testhost --icount --add "$tmp/loop:loop" --modules kvm_amd --keep-log "$tmp/log$n" -- \
		sh -c 'modprobe kvm_amd; ./loop; cat /proc/uptime' >"$tmp/out$n"
	is $? 0 "run $n"
done
ok "same output" cmp "$tmp/out1" "$tmp/out2"
ok "same kernel log" cmp "$tmp/log1" "$tmp/log2"
cost=$(head -n 1 "$tmp/out1")
ok "100 rounds of two instructions cost $cost" [ $((cost / 10)) = 20 ]
done_testing
