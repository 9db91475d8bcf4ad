/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a set of dumps tells: how much is equal, how much of that is saved, and what would be
 * under other rules.  Pages are 4 KiB; a page of several VMs counts in each of them.
 *
 * The oracle is what nobody can do better than without changing pages: one frame a
 * content, none for zeroes.
 */
#ifndef VMCTL_KSM_ANALYSIS_H
#define VMCTL_KSM_ANALYSIS_H

#include "ksm/set.h"

/**
 * struct ksm_totals - of a round
 * @time_ns:	of its last dump
 * @pages:	records: of them @absent, @away, @present
 * @present:	@zero of them and @nonzero
 * @frames:	that what is there is in; @zero_frames of them have zeroes
 * @contents:	different ones, zeroes aside
 * @merged, @merged_frames, @kin: by the flags of pages; of frames
 * @saved:	pages less frames: @saved_merged of them by merging, @saved_kin as forks
 * @possible:	pages less contents: the oracle's; @possible_zero of them are zeroes
 * @share:	thousandths of what is possible that is saved; DUMP_NONE: nothing is
 */
struct ksm_totals {
	uint64_t time_ns, vms, pages, absent, away, present, zero, nonzero;
	uint64_t frames, zero_frames, contents, merged, merged_frames, kin;
	uint64_t saved, saved_merged, saved_kin, possible, possible_zero, share;
};

/**
 * struct ksm_vm - of a VM in the last round
 * @name:	as set_label() says
 * @contents:	different ones that it has, zeroes aside
 * @unique:	pages whose content is nowhere else; @self: equal to an earlier page of it;
 * @other:	pages whose content another VM has, too
 * @same, @changed, @appeared, @gone, @unknown: pages since the round before; DUMP_NONE:
 *		it was not there
 */
struct ksm_vm {
	char name[SET_LABEL], host[DUMP_LONG], kernel[DUMP_LONG];
	uint64_t id, time_ns, pages, absent, away, present, zero, merged, kin,
		 huge, contents, unique, self, other;
	uint64_t same, changed, appeared, gone, unknown;
};

/**
 * struct ksm_whatif - one rule, applied to pages that are shared with nobody
 * @name:	for programs; @what: for people
 * @frames:	that are needed
 * @saved:	pages less those; @saved_zero of them are zeroes
 * @share:	thousandths of the oracle's; DUMP_NONE: that is nothing
 */
struct ksm_whatif {
	char name[16], what[80];
	uint64_t frames, saved, saved_zero, bytes, share;
};

/** struct ksm_degree - contents of which there are @least to @most pages; how many these are */
struct ksm_degree {
	uint64_t least, most, contents, pages;
};

/**
 * struct ksm_top - a content
 * @pages:	that have it, of @vms, in @frames
 * @name, @object, @index: where one of them is
 */
struct ksm_top {
	uint64_t hash, pages, vms, frames, object, index;
	char name[SET_LABEL];
};

/** struct ksm_pair - two VMs: @contents, zeroes aside, that both have; or one, in itself */
struct ksm_pair {
	char a[SET_LABEL], b[SET_LABEL];
	uint64_t pages, bytes;
};

/** struct ksm_change - pages of a VM from one dump to the next; sums as in struct ksm_vm */
struct ksm_change {
	char name[SET_LABEL];
	uint64_t from_ns, to_ns, same, changed, appeared, gone, unknown;
};

#define KSM_DEGREES	40
#define KSM_TOP		16
#define KSM_WHATIFS	8

/**
 * struct ksm_analysis - all of it, of the last round but for what has times
 * @round:	@rounds totals
 * @vm:		@vms of them
 * @matrix:	@vms x @vms: contents that both have; beside itself, pages equal to
 *		an earlier one.  So two VMs alone could save what each has with itself, and
 *		what they have with each other.
 * @change:	@changes of them
 */
struct ksm_analysis {
	struct ksm_totals *round;
	size_t rounds;
	struct ksm_vm *vm;
	size_t vms;
	uint64_t *matrix;
	struct ksm_whatif whatif[KSM_WHATIFS];
	size_t whatifs;
	struct ksm_degree degree[KSM_DEGREES];
	size_t degrees;
	struct ksm_top top[KSM_TOP];
	size_t tops;
	struct ksm_change *change;
	size_t changes;
};

/** ksm_analyze() - an ordered set of at least one; ksm_analysis_free() must follow */
int ksm_analyze(struct ksm_analysis *a, const struct set *s, struct err *err);
void ksm_analysis_free(struct ksm_analysis *a);

/** ksm_last() - totals of the last round */
const struct ksm_totals *ksm_last(const struct ksm_analysis *a);

/** ksm_pairs() - the matrix as a list, allocated; each pair once */
struct ksm_pair *ksm_pairs(const struct ksm_analysis *a, size_t *count);

/* ---- parts ------------------------------------------------------------------------- */

/** ksm_compare() - what became of pages */
void ksm_compare(struct ksm_change *c, const struct dump *before,
		 const struct dump *now);

/** ksm_was_same() - whether a page of @now, there, was there and had its content @before */
bool ksm_was_same(const struct dump *before, const struct dump_object *now,
		  const struct vmm_ksm_page *page, uint64_t index);

/** struct ksm_saving - pages that a rule frees, and how many of them are zeroes */
struct ksm_saving {
	uint64_t pages, zero;
};

/** ksm_blocks() - if only whole blocks of 2 MiB are compared; @alone: of one VM each */
int ksm_blocks(struct ksm_saving *saving, struct dump *const *dump, size_t count,
	       bool alone, struct err *err);

/** ksm_share() - thousandths; DUMP_NONE: of nothing */
uint64_t ksm_share(uint64_t part, uint64_t whole);

#endif
