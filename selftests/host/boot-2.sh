#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# test: host: intel, cpus: 2, timeout: 200, module: no, files: selftests/host/boot.sh build/guest.bzImage build/guest.cpio
#
# The boot test where a boot takes long: with two processors. boot-soak.sh has the others.
# Bochs gets posted interrupts wrong now and then, and Linux hangs (vmx.rst).

insmod "build/$(uname -r)/vmm.ko" posted=0 && CPUS=2 exec selftests/host/boot.sh
