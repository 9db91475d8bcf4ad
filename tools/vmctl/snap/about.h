/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All of a snapshot but its pages: which it is, of what machine, and the machine's own
 * state.  These are the sections ahead of the pages, in one order, so that whoever reads
 * a pipe knows where pages go before they come.
 */
#ifndef VMCTL_SNAP_ABOUT_H
#define VMCTL_SNAP_ABOUT_H

#include <linux/vmm.h>

#include "snap/section.h"

/** struct snap_id - of a moment of a machine; files of that moment share it */
struct snap_id {
	uint8_t byte[16];
};

#define SNAP_ID_TEXT	33

/**
 * struct snap_slot - memory of the guest is at @offset of an object
 * @id:		the slot's number
 * @object:	an index
 */
struct snap_slot {
	uint32_t id, object;
	uint64_t gpa, size, offset;
};

/**
 * struct snap_about - what a file begins with
 * @parent:	the file has only pages that differ from those of that one; all zero: none
 * @time_ns:	since 1970
 * @backend:	of the host: what kind of state it is
 * @name:	of the machine
 * @cpuid:	that the guest was given: the first vCPU's
 * @conf:	vm.conf(5), with a zero behind it
 * @object:	bytes of each memory object
 * @state:	of the machine; the file does not care what it is
 */
struct snap_about {
	struct snap_id id, parent;
	uint64_t time_ns;
	char backend[16];
	char name[VMM_NAME_LEN];
	struct vmm_cpuid_entry cpuid[SNAP_MAX_CPU];
	unsigned int nr_cpuid;
	char *conf;
	uint64_t object[SNAP_MAX_OBJECTS];
	unsigned int nr_objects;
	struct snap_slot slot[SNAP_MAX_SLOTS];
	unsigned int nr_slots;
	uint8_t *state;
	size_t state_size;
};

/** about_write() - as the first sections of @out */
int about_write(const struct snap_about *a, struct section_out *out,
		struct err *err);

/** about_read() - the first sections of @in; about_free() must follow, on failure too */
int about_read(struct snap_about *a, struct section_in *in, struct err *err);
void about_free(struct snap_about *a);

/** about_incremental() - whether there is a parent */
bool about_incremental(const struct snap_about *a);

/** snap_id_make() - one that nothing else has */
int snap_id_make(struct snap_id *id, struct err *err);
bool snap_id_equal(const struct snap_id *a, const struct snap_id *b);
/** snap_id_text() - hexadecimal; empty for none */
const char *snap_id_text(char buf[SNAP_ID_TEXT], const struct snap_id *id);

#endif
