#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# test: group: soak, host: amd intel, cpus: 2, module: audit, timeout: 1500, alone: yes, files: selftests/api/build/churn selftests/api/build/ksm_hostile selftests/host/churn-merge.sh
#
# Nor in ten minutes in which allocations fail.

exec selftests/host/churn-merge.sh 600 hostile nomem
