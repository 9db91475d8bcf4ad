/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file with a dump of page hashes: a head, records as linux/vmm_ksm.h has them, a sum.
 * Documentation/ksm-dumps.rst tells it to people.  All numbers are little-endian.
 */
#ifndef VMCTL_KSM_FORMAT_H
#define VMCTL_KSM_FORMAT_H

#define DUMP_SIGNATURE		"\211VMHASH\n"
#define DUMP_SIGNATURE_SIZE	8
#define DUMP_VERSION		1
#define DUMP_PAGE_SIZE		4096

#define DUMP_AT_VERSION		8	/* u32 */
#define DUMP_AT_PAGE_SIZE	12	/* u32 */
#define DUMP_AT_TIME		16	/* u64, nanoseconds since 1970 */
#define DUMP_AT_PAGES		24	/* u64: records */
#define DUMP_AT_VM		32	/* u64: number of the VM */
#define DUMP_AT_SEED		40	/* u64 */
#define DUMP_AT_NUMBERS		48	/* u64 each; all bits set: not known */
#define DUMP_AT_NAME		176	/* 64 characters, zeroes behind; so are the next */
#define DUMP_AT_HOST		240
#define DUMP_AT_KERNEL		304
#define DUMP_AT_MODE		368	/* 16 characters, as are the next */
#define DUMP_AT_POLICY		384
#define DUMP_AT_HASH		400
#define DUMP_AT_MODULE		416
#define DUMP_AT_ZERO		432	/* zeroes up to the sum */
#define DUMP_AT_SUM		504	/* u64: XXH64 of all before */
#define DUMP_HEAD_SIZE		512

#define DUMP_NUMBERS		16
#define DUMP_LONG		64
#define DUMP_SHORT		16

/* A record, and what follows the last: XXH64 of them all, seeded with the head's sum. */
#define DUMP_PAGE_HASH		0	/* u64 */
#define DUMP_PAGE_FRAME		8	/* u64 */
#define DUMP_PAGE_FLAGS		16	/* u32 */
#define DUMP_PAGE_OBJECT	20	/* u32 */
#define DUMP_PAGE_RECORD	24
#define DUMP_END_SIZE		8

/* Limits */
#define DUMP_MAX_PAGES		(1ULL << 30)
#define DUMP_MAX_OBJECTS	64

#endif
