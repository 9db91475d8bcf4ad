// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vm/ram.h"

static int join(struct ram *ram, int vm, unsigned int slot, uint64_t gpa,
		uint64_t size, uint64_t offset, struct err *err)
{
	struct vmm_set_slot arg = {
		.slot = slot,
		.gpa = gpa,
		.size = size,
		.offset = offset,
		.mem_fd = ram->fd,
	};

	return vmm_set_slot(vm, &arg, err);
}

int ram_create(struct ram *ram, struct vmm *vmm, int vm,
	       const struct layout *layout, struct err *err)
{
	void *host;

	ram->layout = *layout;
	ram->size = layout->low + layout->high;
	ram->host = NULL;
	if (ram->fd < 0)
		ram->fd = vmm_create_mem(vmm, ram->size, err);
	if (ram->fd < 0)
		return -1;
	host = mmap(NULL, ram->size, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_NORESERVE, ram->fd, 0);
	if (host == MAP_FAILED)
		return err_set(err, VMCTL_FAILED,
			       "cannot map %llu bytes of guest memory: %s",
			       (unsigned long long)ram->size,
			       strerror(errno));
	ram->host = host;
	if (join(ram, vm, 0, 0, layout->low, 0, err))
		return -1;
	if (layout->high &&
	    join(ram, vm, 1, LAYOUT_4G, layout->high, layout->low, err))
		return -1;
	return 0;
}

void ram_destroy(struct ram *ram)
{
	if (ram->host)
		munmap(ram->host, ram->size);
	if (ram->fd >= 0)
		close(ram->fd);
	ram->host = NULL;
	ram->fd = -1;
}

uint8_t *ram_at(const struct ram *ram, uint64_t gpa, uint64_t size)
{
	if (!layout_has(&ram->layout, gpa, size))
		return NULL;
	if (gpa >= LAYOUT_4G)
		gpa = gpa - LAYOUT_4G + ram->layout.low;
	return ram->host + gpa;
}

int ram_load(const struct ram *ram, const struct boot_plan *plan,
	     struct err *err)
{
	const struct boot_piece *piece;
	unsigned int i;
	uint8_t *to;

	for (i = 0; i < plan->pieces; i++) {
		piece = &plan->piece[i];
		to = ram_at(ram, piece->gpa, piece->size);
		if (!to)
			return err_set(err, VMCTL_FAILED,
				       "the plan puts %#llx bytes at %#llx, which is not RAM",
				       (unsigned long long)piece->size,
				       (unsigned long long)piece->gpa);
		if (!piece->image)
			memcpy(to, piece->data, piece->size);
		else if (image_read(piece->image, piece->offset, to,
				    piece->size, "a piece", err))
			return -1;
	}
	return 0;
}
