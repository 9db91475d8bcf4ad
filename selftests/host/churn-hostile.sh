#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# test: module: audit, timeout: 300, files: selftests/api/build/churn selftests/api/build/ksm_hostile selftests/host/churn-merge.sh
#
# Nothing is lost while all is merged, with what is hard for deduplication beside it.

exec selftests/host/churn-merge.sh 20 hostile
