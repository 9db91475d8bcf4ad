#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# test: host: intel, timeout: 200, files: selftests/host/boot.sh build/guest.bzImage build/guest.cpio
#
# The boot test where a boot takes long: with two processors. boot-soak.sh has the others.

CPUS=2 exec selftests/host/boot.sh
