/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_CORE_MAIN_H
#define VMM_CORE_MAIN_H

#include <linux/percpu.h>

#define VMM_VERSION	"0.1.0"

/* The extension is on here.  Written there only, read with preemption off. */
DECLARE_PER_CPU(bool, vmm_cpu_on);

#endif
