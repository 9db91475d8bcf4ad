#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: timeout: 600
#
# The module builds with W=1 and sparse on the headers of both kernels, and neither
# compiler nor checker has a word to say. The objects are apart from those of the tests.

. "$(dirname "$0")/tree.sh"

checked=0
for series in 6.1 6.12; do
	headers=$(ls -d /lib/modules/$series.*-amd64/build 2>/dev/null | sort -V | tail -n 1)
	[ -n "$headers" ] || { offence "no headers of Linux $series"; continue; }
	checked=$((checked + 1))
	log=build/strict-$series.log
	make modules KDIR="$headers" BUILD=build/strict-$series W=1 C=2 >$log 2>&1 ||
		offence "Linux $series: the build fails: $(grep -m 1 -E 'error|Error|\*\*\*' $log)"
	offences_of < <(grep -E 'warning:|error:|WARNING:|ERROR:' $log |
		grep -vE 'Skipping BTF generation' | sort -u)
done
verdict $checked
