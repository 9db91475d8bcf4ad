/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A machine as an ELF core file: a note of registers for each vCPU and guest memory,
 * at its guest-physical addresses.  What was never touched, or is zero, is a hole.
 *
 * Notes: NT_PRSTATUS of "CORE", which debuggers know, where a vCPU is a thread whose
 * number is one more than its own; and type 1 of "VMM", a struct verb_regs with all
 * that the first has no place for.
 */
#ifndef VMCTL_CORE_FILE_H
#define VMCTL_CORE_FILE_H

#include <stdbool.h>

#include "lib/err.h"
#include "lib/verb.h"

#define CORE_NOTE_NAME	"VMM"
#define CORE_NOTE_REGS	1

/**
 * struct core - what is written
 * @memory:	a file that can be mapped and has what the ranges name
 * @stop:	asked now and then: no more is to be written; or NULL
 */
struct core {
	const struct verb_regs *cpus;
	unsigned int nr_cpus;
	const struct verb_memory *ranges;
	int memory;
	bool (*stop)(void);
};

/** core_write() - into @fd, a file that is empty */
int core_write(const struct core *core, int fd, struct err *err);

#endif
