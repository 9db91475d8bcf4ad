#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# test: group: soak, cpus: 1, memory: 1G, timeout: 1000, alone: yes, files: selftests/api/build/churn
#
# Nothing is lost in ten minutes on one processor, where whoever is taken off it finds all changed.

exec selftests/api/build/churn 600
