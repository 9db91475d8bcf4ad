#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: host: amd, timeout: 300
#
# A processor that lacks what the module cannot do without: the load is refused, the kernel
# log names what is missing, and nothing of the module stays. The vendor decides who is
# asked; one without either extension is told of its own.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/refusal.sh

release=$(cat "$(tools/testhost/kernel 6.1)/release") || exit
have_module "$release" "/lib/modules/$release/build" || exit
refused amd EPYC,+svm,-npt "this processor has no nested paging"
refused amd EPYC,-svm "this processor has no SVM"
refused amd Skylake-Client "this processor has no VMX"
done_testing
