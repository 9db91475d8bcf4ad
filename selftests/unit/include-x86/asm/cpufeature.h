/* SPDX-License-Identifier: GPL-2.0 */
/* User-space stand-in. */
#ifndef SHIM_ASM_CPUFEATURE_H
#define SHIM_ASM_CPUFEATURE_H

#include <asm/cpufeatures.h>

#include "fake_host.h"

#define boot_cpu_has(f)	\
	(((f) == X86_FEATURE_CONSTANT_TSC || (f) == X86_FEATURE_NONSTOP_TSC) \
	 && fake.constant_tsc)

#endif
