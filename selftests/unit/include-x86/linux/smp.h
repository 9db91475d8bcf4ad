/* SPDX-License-Identifier: GPL-2.0 */
/* User-space stand-in. */
#ifndef SHIM_LINUX_SMP_H
#define SHIM_LINUX_SMP_H

#include "fake_host.h"

#define smp_processor_id()	(fake.cpu)
#define raw_smp_processor_id()	(fake.cpu)

#endif
