/* SPDX-License-Identifier: GPL-2.0 */
/* Memory for deduplication's tables: counted, and refused when a test likes. */
#ifndef UNIT_KSM_PORT_IMPL_H
#define UNIT_KSM_PORT_IMPL_H

#include <stdlib.h>

#include "ksm/port.h"

static long port_live, port_left = -1;	/* allocations that still succeed; -1: all */

void *vksm_port_alloc(size_t size)
{
	if (!port_left)
		return NULL;
	if (port_left > 0)
		port_left--;
	port_live++;
	return calloc(1, size);
}

void vksm_port_free(void *p)
{
	port_live -= !!p;
	free(p);
}

static long frames_live;	/* of which the index has a name */

void vksm_port_frame_put(u64 frame)
{
	frames_live--;
}

#endif
