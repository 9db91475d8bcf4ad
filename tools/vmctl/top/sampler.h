/* SPDX-License-Identifier: GPL-2.0 */
/* Takes top's samples: from the module, and of threads' times from /proc. */
#ifndef VMCTL_TOP_SAMPLER_H
#define VMCTL_TOP_SAMPLER_H

#include "top/model.h"

/**
 * top_sample_take() - all VMs that the caller may see
 *
 * 0; -1: the module does not answer, and @s is empty.
 */
int top_sample_take(struct control *c, struct top_sample *s, struct err *err);

#endif
