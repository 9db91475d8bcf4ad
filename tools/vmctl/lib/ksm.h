/* SPDX-License-Identifier: GPL-2.0 */
/* Deduplication's files in sysfs. */
#ifndef VMCTL_KSM_H
#define VMCTL_KSM_H

#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

/** ksm_read() - the first line of a file */
int ksm_read(const char *file, char *buf, size_t size, struct err *err);

/** ksm_number() - likewise, one without a sign */
int ksm_number(const char *file, uint64_t *number, struct err *err);

/** ksm_write() - what the module says to it is in @err */
int ksm_write(const char *file, const char *text, struct err *err);

/** ksm_open() - a file, for reading */
int ksm_open(const char *file, struct err *err);

#endif
