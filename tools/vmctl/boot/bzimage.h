/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Linux bzImage by the boot protocol's 64-bit entry.
 *
 * The file is boot sectors, a setup header in the second of them, and the
 * kernel proper (here: the code), which is entered at 0x200 in long mode
 * with a boot_params page in RSI.
 *
 * The kernel proper is a compressed ELF executable and a program that unpacks
 * it, moves it to an address found by chance (KASLR) and enters it.  All of
 * that can be done here instead, where it is cheaper, to the same effect.
 */
#ifndef VMCTL_BZIMAGE_H
#define VMCTL_BZIMAGE_H

#include <stdbool.h>

#include "boot/plan.h"
#include "boot/unpack.h"

/** bzimage_probe() - whether the file has the magic of a bzImage. */
bool bzimage_probe(const struct image *kernel);

/** enum unpack_where - who unpacks the kernel */
enum unpack_where {
	UNPACK_AUTO,		/* vmctl if it can and it pays, else the kernel */
	UNPACK_GUEST,
	UNPACK_HOST,
};

/**
 * struct bzimage_unpack - how
 * @random:	fills in 128 bits of chance
 * @unpacked:	gets what is unpacked, if anything is; the plan refers to it,
 *		and unpack_free() must follow some time
 */
struct bzimage_unpack {
	enum unpack_where where;
	int (*random)(uint64_t random[2], struct err *err);
	struct unpacked *unpacked;
};

/**
 * bzimage_plan() - plans a boot
 * @initrd: NULL for none
 * @cmdline: the kernel's command line, may be empty
 */
int bzimage_plan(struct boot_plan *plan, const struct image *kernel,
		 const struct image *initrd, const char *cmdline,
		 struct bzimage_unpack *how, struct err *err);

#endif
