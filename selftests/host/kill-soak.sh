#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# test: group: soak, host: amd intel, files: selftests/host/kill.sh build/guest.bzImage build/guest.cpio, timeout: 1500, alone: yes
#
# Two hundred VMs killed at random instants.

KILLS=200 exec selftests/host/kill.sh
