/* SPDX-License-Identifier: GPL-2.0 */
/* A guest's RAM: one memory object, mapped here, in one or two slots. */
#ifndef VMCTL_RAM_H
#define VMCTL_RAM_H

#include "boot/plan.h"
#include "lib/vmm.h"

struct ram {
	struct layout layout;
	int fd;
	uint8_t *host;
	uint64_t size;
};

/** ram_create() - gives @vm the object @ram->fd, or, if that is -1, one that it makes. */
int ram_create(struct ram *ram, struct vmm *vmm, int vm,
	       const struct layout *layout, struct err *err);
void ram_destroy(struct ram *ram);

/** ram_at() - where a guest's range is mapped, NULL if not all RAM. */
uint8_t *ram_at(const struct ram *ram, uint64_t gpa, uint64_t size);

/** ram_load() - puts a boot plan's pieces into place. */
int ram_load(const struct ram *ram, const struct boot_plan *plan,
	     struct err *err);

#endif
