/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Figures and counters in the text format of OpenMetrics 1.0, for scrapers.
 *
 * vmm_... are of all VMs since the module was loaded, and never fall; vmm_vm_...
 * are of one, by the labels "vm" (the id, never used twice) and "name".
 */
#ifndef VMCTL_METRICS_H
#define VMCTL_METRICS_H

#include "lib/records.h"

/**
 * struct metrics - what there is to tell
 * @total:	NULL: nothing of all VMs
 * @vms:	@nr_vms of them; @stats of @nr_stats of them
 */
struct metrics {
	const struct record_stats *total;
	const struct record_vm *vms;
	size_t nr_vms;
	const struct record_stats *stats;
	size_t nr_stats;
};

/** metrics_print() - all, to its "# EOF" */
void metrics_print(const struct metrics *m);

#endif
