/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the module's netlink family tells: VMs, vCPUs, memory, counters, events,
 * each as a plain record.
 *
 * Numbers that may be absent are RECORD_NONE then.  Functions return 0, or -1
 * after filling their struct err; parse functions -1 alone.
 */
#ifndef VMCTL_RECORDS_H
#define VMCTL_RECORDS_H

#include <stddef.h>
#include <stdint.h>
#include <linux/vmm.h>

#include "lib/control.h"
#include "lib/cpulist.h"

#define RECORD_NONE		UINT64_MAX
#define RECORD_LABELS		16
#define RECORD_COUNTERS		128
#define RECORD_WORD		16

/** struct record_labels - @count of them */
struct record_labels {
	uint64_t count;
	struct {
		char key[64];
		char value[192];
	} label[RECORD_LABELS];
};

/**
 * struct record_policy - its share of the host, which the kernel's part of us does not know
 * @weight:	of its control group
 * @cap:	percent of one CPU
 * @mem_limit:	bytes
 * @pin:	the CPUs that it may run on; empty: all
 */
struct record_policy {
	uint64_t weight, cap, mem_limit;
	char pin[CPULIST_LEN];
};

/**
 * struct record_vm - a VM
 * @state:	in words: new, running, paused, dead
 * @owner:	user id
 * @memory:	bytes that it has; @max_memory: may have, 0: any
 * @resident:	bytes of the host that they take
 * @uptime_ns:	since it was made; @paused_ns of them it stood still
 * @requests:	VMM_REQUEST_* that its process has not taken
 * @seq:	of the last event of each group
 * @policy:	absent until vm/govern.h fills it in
 */
struct record_vm {
	char name[VMM_NAME_LEN];
	char state[RECORD_WORD];
	char backend[RECORD_WORD];
	uint64_t id, owner, vcpus, max_vcpus;
	uint64_t memory, max_memory, resident;
	uint64_t uptime_ns, paused_ns;
	uint64_t requests;
	uint64_t seq[CONTROL_NR_GROUPS];
	struct record_labels labels;
	struct record_policy policy;
};

/**
 * struct record_vcpu - a vCPU
 * @state:	runnable, halted, wait-for-sipi, stopped
 * @cpu:	of the host, on which it runs at this moment
 * @thread:	that ran it last
 * @reason:	why it stopped for good, in a word; @text: in more
 */
struct record_vcpu {
	uint64_t id, cpu, thread;
	char state[RECORD_WORD];
	char reason[RECORD_WORD];
	char text[256];
};

/** struct record_slot - a range of guest memory */
struct record_slot {
	uint64_t id, gpa, size, offset;
	char access[4];		/* rw, ro */
};

/** struct record_counter - exits by reason are called exit_... */
struct record_counter {
	char name[32];
	uint64_t value;
};

/** struct record_stats - the counters of a VM; @vm RECORD_NONE: of all */
struct record_stats {
	uint64_t vm;
	size_t count;
	struct record_counter counter[RECORD_COUNTERS];
};

/**
 * struct record_event - something happened
 * @name:	of the VM, where it is known
 * @event:	in a word: created, paused, limit-memory...
 * @group:	enum control_group; @group_name: the same in a word
 * @time_ns:	boot time
 * @reason:	of a fault
 * @lost:	events of this VM and group that never arrived, before this
 */
struct record_event {
	uint64_t time_ns, vm, owner, seq, vcpu, lost;
	uint64_t group;
	char name[VMM_NAME_LEN];
	char event[RECORD_WORD];
	char group_name[RECORD_WORD];
	char reason[RECORD_WORD];
};

int record_parse_vm(const void *attrs, size_t len, struct record_vm *vm);
int record_parse_vcpu(const void *attrs, size_t len, struct record_vcpu *vcpu);
int record_parse_slot(const void *attrs, size_t len, struct record_slot *slot);
int record_parse_stats(const void *attrs, size_t len,
		       struct record_stats *stats);
int record_parse_event(const void *attrs, size_t len,
		       struct record_event *event);

/* ---- asking for them ------------------------------------------------------ */

/** records_vm() - one VM, as the operator named it */
int records_vm(struct control *c, const char *name, struct record_vm *vm,
	       struct err *err);
/** records_vm_by_id() - likewise */
int records_vm_by_id(struct control *c, uint64_t id, struct record_vm *vm,
		     struct err *err);
/** records_vm_own() - the caller's own of that name, of which only one lives */
int records_vm_own(struct control *c, const char *name, struct record_vm *vm,
		   struct err *err);
/** records_stats() - of the VM @id, or of all since the module was loaded */
int records_stats(struct control *c, uint64_t id, struct record_stats *stats,
		  struct err *err);

/* Lists are by id, as of one moment; the caller frees them. */
int records_vms(struct control *c, struct record_vm **vms, size_t *count,
		struct err *err);
int records_all_stats(struct control *c, struct record_stats **stats,
		      size_t *count, struct err *err);
int records_vcpus(struct control *c, uint64_t id, struct record_vcpu **vcpus,
		  size_t *count, struct err *err);
int records_slots(struct control *c, uint64_t id, struct record_slot **slots,
		  size_t *count, struct err *err);

#endif
