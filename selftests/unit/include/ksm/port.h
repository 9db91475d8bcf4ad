/* SPDX-License-Identifier: GPL-2.0 */
/* The port of deduplication for tests, which refuse memory when they like. */
#ifndef UNIT_KSM_PORT_H
#define UNIT_KSM_PORT_H

#include <linux/kernel.h>
#include <linux/types.h>

void *vksm_port_alloc(size_t size);
void vksm_port_free(void *p);
void vksm_port_frame_put(u64 frame);

static inline void vksm_port_breathe(void)
{
}

#endif
