#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# test: group: soak, memory: 4G, timeout: 1000, alone: yes
#
# 32 guests of 64 MiB, one of them Linux, under three clients for ten minutes.

GUESTS=32 TIME=600 LINUX=1 exec selftests/host/many.sh
