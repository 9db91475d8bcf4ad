#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# test: module: audit, timeout: 150
#
# Allocations of the debug build fail at random: whoever gets no memory goes on later.

exec selftests/api/build/churn 20 nomem
