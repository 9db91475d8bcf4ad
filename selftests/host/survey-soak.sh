#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# test: group: soak, host: amd intel, cpus: 2, timeout: 1500, alone: yes, files: selftests/api/build/ksm_survey
#
# Who has how much, in a thousand surveys of memory that changes.

exec selftests/api/build/ksm_survey 1000
