/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Figures of deduplication: symbol, name for users.  These lists make the files of
 * /sys/kernel/vmm/ksm and of vms/<id>/ksm, and what is read at once.
 */
#define VKSM_STATS(X)							\
	X(PAGES_SHARED,	"pages_shared")		/* merged frames */	\
	X(PAGES_SHARING, "pages_sharing")	/* pages beyond these */ \
	X(KSM_ZERO_PAGES, "ksm_zero_pages")	/* given up so far */	\
	X(PAGES_UNSHARED, "pages_unshared")				\
	X(PAGES_VOLATILE, "pages_volatile")				\
	X(PAGES_SCANNED, "pages_scanned")				\
	X(FULL_SCANS,	"full_scans")					\
	X(GENERAL_PROFIT, "general_profit")				\
	X(SAVED_BYTES,	"saved_bytes")					\
	X(FRAMES_TOTAL,	"frames_total")		/* each once */		\
	X(PAGES_TOTAL,	"pages_total")		/* in each object */	\
	X(PAGES_UNSCANNED, "pages_unscanned")				\
	X(PAGES_UNIQUE,	"pages_unique")					\
	X(PAGES_UNSHAREABLE, "pages_unshareable")			\
	X(OBSERVED_SHARED, "observed_shared")	/* contents */		\
	X(OBSERVED_SHARING, "observed_sharing")	/* pages beyond these */ \
	X(OBSERVED_ZERO, "observed_zero")				\
	X(METADATA_BYTES, "metadata_bytes")				\
	X(PAGES_SKIPPED, "pages_skipped_clean")				\
	X(PAGES_HASHED,	"pages_hashed")					\
	X(PAGES_CHANGED, "pages_changed")				\
	X(BYTES_HASHED,	"bytes_hashed")					\
	X(SCAN_NS,	"scan_ns")					\
	X(LOOKUPS,	"lookups")					\
	X(HASH_COLLISIONS, "hash_collisions")				\
	X(COMPARES,	"compares")					\
	X(MERGES,	"merges")					\
	X(FAIL_RACE,	"merge_fail_race")	/* wanted meanwhile */	\
	X(FAIL_PINNED,	"merge_fail_pinned")	/* or named elsewhere */ \
	X(FAIL_DIRTY,	"merge_fail_dirty")	/* changed meanwhile */	\
	X(FAIL_NOMEM,	"merge_fail_nomem")				\
	X(FAIL_DOMAIN,	"merge_fail_domain")	/* or unmerged meanwhile */ \
	X(FAIL_CAP,	"merge_fail_cap")	/* more than can be counted */ \
	X(BREAKS,	"breaks")					\
	X(BREAKS_GUEST,	"breaks_guest_write")				\
	X(BREAKS_WALK,	"breaks_walk")					\
	X(BREAKS_HOST,	"breaks_host_write")				\
	X(BREAKS_PIN,	"breaks_pin")					\
	X(BREAKS_UNMERGE, "breaks_unmerge")				\
	X(BREAKS_EARLY,	"breaks_early")		/* of young frames */	\
	X(BREAK_NS,	"break_ns")					\
	X(MERGE_NS,	"merge_ns")					\
	X(TLB_FLUSHES,	"tlb_flushes")		/* of VMs */		\
	X(EPOCH,	"epoch")		/* never goes back */	\
	X(CHANGES_FOLLOWED, "changes_followed")				\
	X(MERGES_FOLLOWED, "merges_followed")				\
	X(NOMEM,	"nomem")

/* Of a VM: of the objects in its slots, each once. */
#define VKSM_VM_STATS(X)						\
	X(RESIDENT,	"resident_pages")				\
	X(UNIQUE,	"unique_pages")					\
	X(EQUAL,	"equal_pages")					\
	X(ZERO,		"zero_pages")					\
	X(VOLATILE,	"volatile_pages")				\
	X(UNSHAREABLE,	"unshareable_pages")				\
	X(SCANNED,	"pages_scanned")				\
	X(SKIPPED,	"pages_skipped_clean")				\
	X(HASHED,	"pages_hashed")					\
	X(CHANGED,	"pages_changed")				\
	X(MERGES,	"merges")					\
	X(BREAKS,	"breaks")

/* Likewise, of the sites in frames that a survey has met (tally.h). */
#define VKSM_ROW_STATS(X)						\
	X(USS,		"uss_pages")		/* alone in a frame */	\
	X(PSS,		"pss_bytes")		/* of all frames */	\
	X(SHARED_SELF,	"shared_self")		/* frames of it alone */ \
	X(SHARED_OTHER,	"shared_other")		/* and of others */	\
	X(MARGINAL,	"marginal_pages")	/* frames that would be free */ \
	X(MERGED,	"merged_pages")					\
	X(HUGE,		"huge_pages")
