/* SPDX-License-Identifier: GPL-2.0 */
/* What makes one machine differ from another: what the operator asked for. */
#ifndef VMCTL_OPTIONS_H
#define VMCTL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "boot/boot.h"
#include "vm/pages.h"
#include "vm/sandbox.h"
#include "vm/sched.h"

/* With whose pages those of a machine may be merged: all of its owner's, none, its own. */
enum merging {
	MERGING_ON,
	MERGING_OFF,
	MERGING_OWN,
};

/**
 * struct machine_options - what the operator asked for
 * @unique:	no other VM of the same owner may have the name
 * @debug_exit:	port, or -1
 * @timeout_ns:	0: none
 * @sched:	never "none"
 * @pages:	of a memory object that is made for it
 * @swap:	likewise a swap file; NULL: none
 * @ksm:	likewise with whose pages its own may be merged
 */
struct machine_options {
	const char *name;
	bool unique;
	unsigned int cpus;
	uint64_t memory;
	struct boot_options boot;
	int debug_exit;
	uint64_t timeout_ns;
	enum sandbox_mode sandbox;
	struct sched sched;
	struct pages pages;
	const char *swap;
	enum merging ksm;
};

#endif
