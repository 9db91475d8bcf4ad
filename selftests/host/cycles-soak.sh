#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# test: group: soak, host: amd intel, files: selftests/host/cycles.sh, timeout: 1500, alone: yes
#
# A thousand VMs made, run and gone.

CYCLES=1000 exec selftests/host/cycles.sh
