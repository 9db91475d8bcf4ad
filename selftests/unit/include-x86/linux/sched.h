/* SPDX-License-Identifier: GPL-2.0 */
/* User-space stand-in. */
#ifndef SHIM_LINUX_SCHED_H
#define SHIM_LINUX_SCHED_H

#include "fake_host.h"

struct task_struct {
	int pid;
	struct {
		unsigned long long run_delay;
	} sched_info;
};

#define current	(&(struct task_struct) {	\
	.pid = fake.pid, .sched_info.run_delay = fake.run_delay })

#endif
