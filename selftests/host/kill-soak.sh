#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# test: group: soak, timeout: 1500, alone: yes
#
# Two hundred VMs killed at random instants.

KILLS=200 exec selftests/host/kill.sh
