#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# test: group: soak, host: amd intel, cpus: 2, timeout: 1500, alone: yes, files: selftests/api/build/ksm_tables
#
# Guests rewrite page tables that are merged, for ten minutes.

exec selftests/api/build/ksm_tables 600
