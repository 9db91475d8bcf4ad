/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_KSM_KSM_H
#define VMM_KSM_KSM_H

/*
 * Deduplication: a scanner that looks at the pages of all memory objects.
 *
 * In the mode `observe' it hashes and counts, and changes nothing; in the mode `merge'
 * it has merged frames take the places of equal pages (mem/merge.h), too, and gives
 * zero pages up.  What is known of pages is in an engine (engine.h); it is forgotten when
 * the mode becomes `off', and by vksm_reset().  What is merged stays so, until somebody
 * writes to it, or vksm_set_run(VKSM_STOP_AND_UNMERGE).
 *
 * A kernel thread scans while vksm_set_run(VKSM_RUN) is in force; vksm_step()
 * scans in the caller's thread, an exact number of pages.  Both go on where the
 * other has stopped.
 *
 * All may sleep.
 */

#include <linux/types.h>

#include "ksm/stats_list.h"
#include "ksm/times.h"
#include "mem/breaks.h"

struct vmm_breaks;
struct vmm_mem;
struct vksm_figures;

enum vksm_mode {
	VKSM_OFF,
	VKSM_OBSERVE,
	VKSM_MERGE,
};

/* As of KSM's file `run'. */
enum vksm_run {
	VKSM_STOP,
	VKSM_RUN,
	VKSM_STOP_AND_UNMERGE,
};

enum vksm_hash {
	VKSM_HASH_MUL,
	VKSM_HASH_AES,
	VKSM_NR_HASHES,
};

/* Which pages may become one. */
enum vksm_security {
	VKSM_BY_DOMAIN,		/* those of a domain */
	VKSM_FOR_ALL,		/* all */
	VKSM_UNIFORM,		/* those of a domain, and all are treated as if they had */
	VKSM_NR_SECURITIES,
};

enum vksm_stat {
#define X(sym, name) VKSM_STAT_##sym,
	VKSM_STATS(X)
#undef X
	VKSM_NR_STATS
};

enum vksm_vm_stat {
#define X(sym, name) VKSM_VM_STAT_##sym,
	VKSM_VM_STATS(X)
#undef X
	VKSM_NR_VM_STATS
};

/**
 * struct vksm_knobs - what can be set
 * @mode:	what is done
 * @run:	whether the thread does it
 * @pages_to_scan: by the thread, before it sleeps
 * @sleep_millisecs: for at least so long
 * @budget_cpu_pct: and so long that it takes this share of a CPU at most
 * @max_page_sharing: names that a frame may have
 * @policy:	index into vksm_policies
 * @hash:	which function
 * @security:	which pages may become one
 * @seed:	of the key, of salts and of orders
 */
struct vksm_knobs {
	enum vksm_mode mode;
	enum vksm_run run;
	unsigned int pages_to_scan;
	unsigned int sleep_millisecs;
	unsigned int budget_cpu_pct;
	unsigned int max_page_sharing;
	unsigned int policy;
	enum vksm_hash hash;
	enum vksm_security security;
	u64 seed;
};

int vksm_init(void);
void vksm_exit(void);

void vksm_get_knobs(struct vksm_knobs *knobs);

int vksm_set_mode(enum vksm_mode mode);
/* -ENOMEM, -EINTR: not all is unmerged, and what is left to be stays; it stops. */
int vksm_set_run(enum vksm_run run);
int vksm_set_pages_to_scan(unsigned int pages);
int vksm_set_sleep_millisecs(unsigned int ms);
int vksm_set_budget_cpu_pct(unsigned int pct);		/* -ERANGE: not 1 to 100 */
int vksm_set_max_page_sharing(unsigned int pages);	/* -EINVAL: below 2 */

/* These forget everything. */
int vksm_set_policy(unsigned int policy);
int vksm_set_hash(enum vksm_hash hash);		/* -EOPNOTSUPP: not this CPU */
int vksm_set_seed(u64 seed);
int vksm_reset(void);

/* Takes apart what is merged and forgets everything; on failure all stays as it was. */
int vksm_set_security(enum vksm_security security);

/*
 * The domain of an object's family, and whether it is scanned and merged at all.  A change
 * takes apart what is merged of it; -ENOMEM, -EINTR: not all of it, and there was
 * no change.
 */
u64 vksm_domain(const struct vmm_mem *mem);
int vksm_set_domain(struct vmm_mem *mem, u64 domain);
bool vksm_enabled(const struct vmm_mem *mem);
int vksm_set_enabled(struct vmm_mem *mem, bool on);

/* One that nobody has had. */
u64 vksm_domain_new(void);

/*
 * Scans so many pages, fewer if there are none; then up to the next page, or the end of
 * the pass.  -EOPNOTSUPP: mode is off; -EINTR: about to be killed.
 */
int vksm_step(u64 pages);

/**
 * struct vksm_spans - what is counted in figures, by how long it took or was
 * @breaks:	the sums by time and age are VKSM_STAT_BREAKS less VKSM_STAT_BREAKS_UNMERGE
 * @times:	of pages that are followed
 */
struct vksm_spans {
	struct vmm_breaks breaks;
	struct vksm_times times;
};

/* All at one time, and @spans, unless that is NULL. */
void vksm_stats(s64 stat[VKSM_NR_STATS], struct vksm_spans *spans);

/* Adds what is known of an object. */
void vksm_add_object_stats(struct vmm_mem *mem, u64 stat[VKSM_NR_VM_STATS]);

extern const char *const vksm_stat_names[VKSM_NR_STATS];
extern const char *const vksm_vm_stat_names[VKSM_NR_VM_STATS];

#endif /* VMM_KSM_KSM_H */
