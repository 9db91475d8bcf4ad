#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# test: group: soak, host: amd intel, timeout: 400, module: apicv=0
# test: files: selftests/host/pause.sh selftests/api/build/lib/guest_clocks build/guest.bzImage build/guest.cpio date
#
# Clocks of guests that were paused for a minute, also of Linux with other clocks.

PAUSE=60 RUN=30 CLOCKS="acpi_pm tsc" exec selftests/host/pause.sh
