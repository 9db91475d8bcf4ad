#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# test: group: soak, host: amd, timeout: 400
#
# Clocks of guests that were paused for a minute, also of Linux with other clocks.

PAUSE=60 RUN=30 CLOCKS="acpi_pm tsc" exec selftests/host/pause.sh
