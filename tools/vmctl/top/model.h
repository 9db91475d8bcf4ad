/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What top shows, without a terminal: samples of all VMs, and the rows that two of them
 * make.  Pure: no clock, no kernel, no screen.
 *
 * A rate is thousandths a second between two samples, or RECORD_NONE: there was no
 * sample before, or the counter has no past in it.  100 % of a CPU is 100000.
 */
#ifndef VMCTL_TOP_MODEL_H
#define VMCTL_TOP_MODEL_H

#include <stdbool.h>

#include "lib/records.h"
#include "lib/rows.h"

/**
 * struct top_vcpu - a vCPU in a sample
 * @vm:		whose
 * @run_ns:	for which its thread has run; @wait_ns: was ready to, and did not.
 *		RECORD_NONE: it cannot be told
 */
struct top_vcpu {
	uint64_t vm;
	struct record_vcpu vcpu;
	uint64_t run_ns, wait_ns;
};

/**
 * struct top_sample - all there is, at one moment
 *
 * Lists are by id of the VM, as dumps are; VMs that came or went meanwhile may be in some
 * of them alone.
 */
struct top_sample {
	uint64_t time_ns;
	struct record_vm *vms;
	size_t nr_vms;
	struct record_stats *stats;
	size_t nr_stats;
	struct top_vcpu *vcpus;
	size_t nr_vcpus, room;
};

void top_sample_free(struct top_sample *s);

/** top_sample_vcpus() - adds those of the VM @vm; their times are absent; -1: no memory */
int top_sample_vcpus(struct top_sample *s, uint64_t vm,
		     const struct record_vcpu *vcpus, size_t count);

/**
 * struct top_row - a VM
 * @state:	also "gone": it was in the last sample, and is in this one no more
 * @share:	of its memory that is resident, in thousandths of a percent
 * @cpu:	how long its vCPUs' threads ran, of one CPU's time; @wait: wanted to
 * @injections:	of interrupts, NMIs and exceptions
 */
struct top_row {
	char name[VMM_NAME_LEN];
	char state[RECORD_WORD];
	char backend[RECORD_WORD];
	uint64_t id, owner, vcpus;
	uint64_t memory, max_memory, resident, share;
	uint64_t cpu, wait, exits, user_exits, injections;
	uint64_t uptime_ns, paused_ns;
};

extern const struct rows_field top_fields[];	/* struct top_row */

/**
 * top_rows() - of all VMs of @now, and those that @last alone had
 * @last:	without VMs: there was none
 *
 * The caller frees them.  NULL: no memory.
 */
struct top_row *top_rows(const struct top_sample *now,
			 const struct top_sample *last, size_t *count);

/** top_sort() - equals by id */
void top_sort(struct top_row *rows, size_t count,
	      const struct rows_field *by, bool down);

/** struct top_total - of all rows but those that are gone */
struct top_total {
	uint64_t vms, running, paused, vcpus;
	uint64_t memory, resident;
	uint64_t cpu, exits, injections;
};

struct top_total top_total(const struct top_row *rows, size_t count);

/** struct top_exit - a reason; @share: of all exits of the time that @rate is of */
struct top_exit {
	char name[32];
	uint64_t value, rate, share;
};

extern const struct rows_field top_exit_fields[];

/** top_exits() - of the VM @id, the most frequent first; those that occurred */
size_t top_exits(const struct top_sample *now, const struct top_sample *last,
		 uint64_t id, struct top_exit exits[RECORD_COUNTERS]);

/** struct top_cpu - a vCPU, as it is told */
struct top_cpu {
	uint64_t id, cpu, thread, run, wait;
	char state[RECORD_WORD];
};

extern const struct rows_field top_cpu_fields[];

/** top_cpus() - of the VM @id; at most @room of them */
size_t top_cpus(const struct top_sample *now, const struct top_sample *last,
		uint64_t id, struct top_cpu *cpus, size_t room);

#endif
