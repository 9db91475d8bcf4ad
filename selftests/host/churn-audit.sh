#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# test: module: audit, timeout: 150
#
# The debug build: no frozen page has changed either.

exec selftests/api/build/churn 20
