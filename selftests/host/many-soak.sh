#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# test: group: soak, host: amd intel, memory: 4G, timeout: 1000, alone: yes, module: apicv=0
# test: files: selftests/host/many.sh python3 uapi/linux/vmm_netlink.h build/guest.bzImage build/guest.cpio selftests/payload/build/clocks.elf
#
# 32 guests of 64 MiB, one of them Linux, under three clients for ten minutes.

GUESTS=32 TIME=600 LINUX=1 exec selftests/host/many.sh
