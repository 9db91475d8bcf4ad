#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# test: group: soak, host: amd intel, cpus: 2, module: audit, timeout: 1500, alone: yes, files: selftests/api/build/churn selftests/api/build/ksm_hostile selftests/host/churn-merge.sh
#
# Nothing is lost in ten minutes of merging, with what is hard for deduplication beside it.

exec selftests/host/churn-merge.sh 600 hostile
