/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the process of a machine in the background can be asked over its control
 * socket (lib/talk.h), beyond what the kernel can be.
 */
#ifndef VMCTL_VERB_H
#define VMCTL_VERB_H

#include <linux/vmm.h>

enum {
	VERB_REGS = 1,	/* u32: a vCPU; the reply is a struct verb_regs */
	VERB_KEYS,	/* bytes for the serial port */
	VERB_BREAK,	/* likewise, behind a break */
	VERB_MEMORY,	/* the reply is a struct verb_memory, and the memory object */
	VERB_SANDBOX,	/* the reply is a struct verb_sandbox */
	VERB_HOLD,	/* stops it until the connection's end; the
			 * reply is a struct verb_hold */
	VERB_HELD,	/* u64: an offset in what it tells of; the reply has bytes
			 * from there, none at the end */
	VERB_SNAP_TAKE,	/* a tag, or nothing: one is made up; the reply is the tag */
	VERB_SNAP_LIST,	/* u32: how many to pass over; the reply has some of those behind
			 * them as struct verb_snap, the oldest first; none at the end */
	VERB_SNAP_DROP,	/* a tag */
	VERB_ROLLBACK,	/* a tag, or nothing: the newest; the reply is the tag */
	VERB_MOMENT,	/* struct verb_which; the reply is a struct verb_moment, and the
			 * memory of that moment, frozen */
	VERB_TOLD,	/* u64: an offset in what the last VERB_MOMENT or VERB_CONF of
			 * this connection tells of; the reply as that of VERB_HELD */
	VERB_CONF,	/* the reply is u64: bytes of its definition */
};

/** struct verb_regs - @vcpus: how many the machine has */
struct verb_regs {
	__u32 vcpus;
	__u32 pad;
	struct vmm_regs regs;
	struct vmm_sregs sregs;
};

/** struct verb_range - guest memory at @gpa is that at @offset of the object */
struct verb_range {
	__u64 gpa, size, offset;
};

/** struct verb_sandbox - enum sandbox_mode, and bits of enum sandbox_part */
struct verb_sandbox {
	__u32 mode;
	__u32 has;
};

/**
 * struct verb_hold - what a machine that is held is, but for its memory
 * @backend:	of the host
 * @state:	bytes of state; behind it @cpuid bytes of struct vmm_cpuid_entry,
 *		and behind these @conf bytes of definition
 */
struct verb_hold {
	char backend[16];
	__u64 state, cpuid, conf;
};

/** struct verb_snap - a snapshot in memory; @state: bytes */
struct verb_snap {
	char tag[64];
	__u8 id[16];
	__u64 time_ns;
	__u64 state;
};

/** struct verb_which - the snapshot @tag, or, if that is empty, that with the id */
struct verb_which {
	char tag[64];
	__u8 id[16];
};

/** struct verb_moment - @what: of the machine then; its definition is what it is now */
struct verb_moment {
	struct verb_hold what;
	__u8 id[16];
	__u64 time_ns;
};

#define VERB_RANGES	2

/** struct verb_memory - @count of @range are used, which follow each other there */
struct verb_memory {
	__u32 count;
	__u32 pad;
	struct verb_range range[VERB_RANGES];
};

#endif
