#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: host: intel, timeout: 400
#
# As refusal.sh, on a processor with VMX, but without EPT: the control is named.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/refusal.sh

release=$(cat "$(tools/testhost/kernel 6.1-cloud)/release") || exit
have_module "$release" "$(tools/testhost/kernel --headers 6.1-cloud)" || exit
refused intel core2_penryn_t9600 \
	"this processor lacks a VMX control that is needed: EPT (secondary, 0x2)"
done_testing
