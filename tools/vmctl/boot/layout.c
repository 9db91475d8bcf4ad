// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>

#include "boot/layout.h"

int layout_make(struct layout *layout, uint64_t ram, unsigned int phys_bits,
		struct err *err)
{
	char have[SIZE_TEXT_LEN], limit[SIZE_TEXT_LEN];
	uint64_t top = 1ULL << phys_bits;

	if (ram < LAYOUT_MIN_RAM)
		return err_set(err, VMCTL_USAGE,
			       "memory of %s: a guest has at least %s",
			       size_text(have, ram),
			       size_text(limit, LAYOUT_MIN_RAM));
	if (ram % 4096)
		return err_set(err, VMCTL_USAGE,
			       "memory of %" PRIu64 " bytes: not a multiple of 4096",
			       ram);
	layout->low = ram < LAYOUT_PCI_HOLE ? ram : LAYOUT_PCI_HOLE;
	layout->high = ram - layout->low;
	if (layout->high && (top <= LAYOUT_4G || layout->high > top - LAYOUT_4G))
		return err_set(err, VMCTL_USAGE,
			       "memory of %s: guest addresses have %u bits, which leaves room for %s",
			       size_text(have, ram), phys_bits,
			       size_text(limit, LAYOUT_PCI_HOLE +
					 (top > LAYOUT_4G ? top - LAYOUT_4G : 0)));
	return 0;
}

static bool inside(uint64_t gpa, uint64_t size, uint64_t base, uint64_t len)
{
	return gpa >= base && gpa - base <= len && size <= len - (gpa - base);
}

bool layout_has(const struct layout *layout, uint64_t gpa, uint64_t size)
{
	return inside(gpa, size, 0, layout->low) ||
	       inside(gpa, size, LAYOUT_4G, layout->high);
}

static void add(struct memmap *map, uint64_t gpa, uint64_t end,
		enum memmap_type type)
{
	map->entry[map->count++] = (struct memmap_entry){
		.gpa = gpa, .size = end - gpa, .type = type,
	};
}

void layout_memmap(const struct layout *layout, struct memmap *map)
{
	map->count = 0;
	add(map, 0, LAYOUT_EBDA, MEMMAP_RAM);
	add(map, LAYOUT_EBDA, LAYOUT_VGA, MEMMAP_RESERVED);
	add(map, LAYOUT_ACPI, LAYOUT_HIGH_MEMORY, MEMMAP_RESERVED);
	add(map, LAYOUT_HIGH_MEMORY, layout->low, MEMMAP_RAM);
	if (layout->high)
		add(map, LAYOUT_4G, LAYOUT_4G + layout->high, MEMMAP_RAM);
}
