#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# test: host: intel, cpus: 2, timeout: 200, module: apicv=0, files: selftests/host/boot.sh build/guest.bzImage build/guest.cpio
#
# The boot test where a boot takes long: with two processors. boot-soak.sh has the others.
# Bochs delivers virtual interrupts where IF is clear, and Linux hangs (vmx.rst).

CPUS=2 exec selftests/host/boot.sh
