/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A dump: the hashes of all pages of a VM at one time, and under which circumstances they
 * were taken.
 *
 * What comes from a file or from the module is checked here, so that whoever reads a dump can
 * rely on it: a page is there or not, has a hash only if it is there and not zero, and the
 * pages of an object are one run.
 */
#ifndef VMCTL_KSM_DUMP_H
#define VMCTL_KSM_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/vmm_ksm.h>

#include "ksm/format.h"
#include "lib/err.h"

#define DUMP_NONE	UINT64_MAX

_Static_assert(sizeof(struct vmm_ksm_page) == DUMP_PAGE_RECORD,
	       "a record in memory is as long as in a file");

/* Files of /sys/kernel/vmm/ksm whose numbers a dump has, in their order. */
#define DUMP_NUMBER_LIST(X)	\
	X(RUN,		"run")			\
	X(TO_SCAN,	"pages_to_scan")	\
	X(SLEEP,	"sleep_millisecs")	\
	X(BUDGET,	"budget_cpu_pct")	\
	X(FULL_SCANS,	"full_scans")		\
	X(TOTAL,	"pages_total")		\
	X(FRAMES,	"frames_total")		\
	X(SHARED,	"pages_shared")		\
	X(SHARING,	"pages_sharing")	\
	X(ZERO,		"ksm_zero_pages")	\
	X(MERGES,	"merges")		\
	X(SCANNED,	"pages_scanned")	\
	X(SCAN_NS,	"scan_ns")		\
	X(MERGE_NS,	"merge_ns")		\
	X(METADATA,	"metadata_bytes")

enum dump_number {
#define X(sym, name) DUMP_##sym,
	DUMP_NUMBER_LIST(X)
#undef X
	DUMP_KNOWN_NUMBERS,
};

extern const char *const dump_number_name[DUMP_KNOWN_NUMBERS];

/**
 * struct dump_object - a memory object: @pages records from @first on
 * @id:		its number in the host
 */
struct dump_object {
	uint32_t id;
	uint64_t first, pages;
};

/**
 * struct dump - all zeroes is an empty one
 * @time_ns:	when it was begun, since 1970
 * @vm:		the VM's number in its host
 * @seed:	of the hashes
 * @number:	of DUMP_NUMBER_LIST; DUMP_NONE: not known
 * @name:	the VM's; empty: it has none
 * @host:	what the host calls itself
 * @kernel:	of the host
 * @mode, @policy, @hash: words in /sys/kernel/vmm/ksm; @module: its version
 * @page:	@pages of them, with @room for so many
 */
struct dump {
	uint64_t time_ns, vm, seed;
	uint64_t number[DUMP_NUMBERS];
	char name[DUMP_LONG], host[DUMP_LONG], kernel[DUMP_LONG];
	char mode[DUMP_SHORT], policy[DUMP_SHORT], hash[DUMP_SHORT],
	     module[DUMP_SHORT];
	struct dump_object object[DUMP_MAX_OBJECTS];
	unsigned int nr_objects;
	uint64_t pages, room;
	struct vmm_ksm_page *page;
};

static inline bool dump_present(const struct vmm_ksm_page *p)
{
	return p->flags & VMM_KSM_PAGE_PRESENT;
}

static inline bool dump_zero(const struct vmm_ksm_page *p)
{
	return p->flags & VMM_KSM_PAGE_ZERO;
}

/**
 * dump_add() - @count records of @DUMP_PAGE_RECORD bytes, behind those that are there
 * @bad:	in which of them something cannot be, if it fails for that
 *
 * Returns 0, or -1 after filling @err with what cannot be.
 */
int dump_add(struct dump *d, const uint8_t *records, size_t count, size_t *bad,
	     struct err *err);

/** dump_write() - as a file */
int dump_write(const struct dump *d, int fd, struct err *err);

/**
 * dump_read() - all of a file, or pipe; @name: for messages
 *
 * dump_free() must follow, on failure too.
 */
int dump_read(struct dump *d, int fd, const char *name, struct err *err);

/** dump_open() - likewise, of a path; "-": standard input */
int dump_open(struct dump *d, const char *path, struct err *err);
void dump_free(struct dump *d);

/** dump_comparable() - whether equal pages have equal hashes in both; else @err says why */
int dump_comparable(const struct dump *a, const struct dump *b, struct err *err);

#define DUMP_TIME_TEXT	32

/** dump_time_text() - nanoseconds since 1970 as a date, UTC; empty: there is none */
const char *dump_time_text(char buf[DUMP_TIME_TEXT], uint64_t ns);

#endif
