/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The firmware configuration device of QEMU's interface, as far as test
 * guests use it: they ask it for the number of processors and the memory
 * size.  There are no files and there is no DMA.
 */
#ifndef VMCTL_FW_CFG_H
#define VMCTL_FW_CFG_H

#include <pthread.h>

#include "vm/bus.h"

/** struct fw_cfg - @lock protects @item and @pos, what is being read */
struct fw_cfg {
	struct port_device port;
	uint64_t ram;
	unsigned int cpus;
	pthread_mutex_t lock;
	uint8_t item[8];
	unsigned int len, pos;
};

void fw_cfg_init(struct fw_cfg *cfg, uint64_t ram, unsigned int cpus);

#endif
