# SPDX-License-Identifier: GPL-2.0
#
# The fuzzers of vmctl: topics vmctl_*, linked as its unit tests are.

VMCTL_COUNTS	:= vmctl_loaders=150000 vmctl_ports=4000000 vmctl_netlink=1000000 \
		   vmctl_conf=300000 vmctl_console=100000 vmctl_snap=40000 vmctl_dump=20000
$(foreach c,$(VMCTL_COUNTS),$(eval COUNT_$(subst =, := ,$(c))))

include ../unit/tests-vmctl.mk
