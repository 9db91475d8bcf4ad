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

/** struct fw_cfg_state - what is being read, saved */
struct fw_cfg_state {
	uint8_t item[8];
	uint32_t len, pos;
};

/** fw_cfg_save() and fw_cfg_load() lock; fw_cfg_valid(): whether it can be so. */
void fw_cfg_save(struct fw_cfg *cfg, struct fw_cfg_state *st);
bool fw_cfg_valid(const struct fw_cfg_state *st);
void fw_cfg_load(struct fw_cfg *cfg, const struct fw_cfg_state *st);

#endif
