// SPDX-License-Identifier: GPL-2.0
#include <sys/mman.h>

#include "lib/fresh.h"

void *fresh_alloc(size_t size)
{
	void *fresh = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return fresh == MAP_FAILED ? NULL : fresh;
}

void fresh_free(void *fresh, size_t size)
{
	if (fresh)
		munmap(fresh, size);
}
