#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# test: group: soak, host: amd intel, cpus: 2, module: audit, timeout: 1000, alone: yes, files: selftests/api/build/churn selftests/host/churn-merge.sh
#
# Nothing is lost in ten minutes of merging.

exec selftests/host/churn-merge.sh 600
