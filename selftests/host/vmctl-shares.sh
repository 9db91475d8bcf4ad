#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: host: intel, timeout: 120
#
# Weights and caps hold in what a processor does: the short form of vmctl-sched.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vmctl.sh
. selftests/lib/sched.sh

export VMM_DIR=$tmp/vmm
define a spin --weight 100 --pin 0
define b spin --weight 300 --pin 0
quiet 0 start a b
is "$(policy a) $(policy b)" "100,,, 300,,," "list tells the weights"
shared "weights of 100 to 300 on one CPU" b a 750
quiet 0 pause b
quiet 0 sched a cap=30
holds "a cap of 30 %" a 300
refused 2 "a: cap 101: at most 100, 100 for each vCPU" sched a cap=101
is "$(policy a)" "100,30,," "a refusal changes nothing"
quiet 0 kill a
quiet 0 kill b
is "$(ls -d $groups/*/ 2>/dev/null)" "" "their groups are gone"
done_testing
