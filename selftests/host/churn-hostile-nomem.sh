#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# test: module: audit, check: 6.1, timeout: 300, files: selftests/api/build/churn selftests/api/build/ksm_hostile selftests/host/churn-merge.sh
#
# Nor where there is no memory for it.

exec selftests/host/churn-merge.sh 20 hostile nomem
