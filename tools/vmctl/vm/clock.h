/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine's time as a device sees it: what counts for the guest stands still
 * while the guest does.
 */
#ifndef VMCTL_CLOCK_H
#define VMCTL_CLOCK_H

#include <stdint.h>

/** struct vm_clock - @now: nanoseconds since some moment; any thread */
struct vm_clock {
	uint64_t (*now)(struct vm_clock *clock);
};

#endif
