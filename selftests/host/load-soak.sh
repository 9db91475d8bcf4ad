#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# test: group: soak, host: amd intel, timeout: 600, module: no, files: selftests/host/load.sh
#
# A hundred times loaded and unloaded.

LOADS=100 exec selftests/host/load.sh
