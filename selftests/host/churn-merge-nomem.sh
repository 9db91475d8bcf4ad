#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# test: module: audit, timeout: 200, files: selftests/host/churn-merge.sh
#
# Nor where there is no memory for it.

exec selftests/host/churn-merge.sh 20 nomem
