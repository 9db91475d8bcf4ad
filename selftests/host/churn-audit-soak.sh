#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# test: group: soak, host: amd intel, cpus: 2, module: audit, timeout: 1000, alone: yes, files: selftests/api/build/churn
#
# Nothing is lost in ten minutes, and no frozen page changes.

exec selftests/api/build/churn 600
