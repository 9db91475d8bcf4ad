/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMCTL_CONTAINER_H
#define VMCTL_CONTAINER_H

#include <stddef.h>

/** container_of() - the structure that @ptr is the @member of. */
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#endif
