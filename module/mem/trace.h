/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints of memory objects, as core/trace.h has those of VMs.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vmm

#if !defined(VMM_MEM_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define VMM_MEM_TRACE_H

#include <linux/tracepoint.h>

#include "mem/breaks.h"

/* For whom: the names that figures have. */
#define VMM_TRACE_BREAKS(X)						\
	X(VMM_BREAK_GUEST,	"guest_write")				\
	X(VMM_BREAK_WALK,	"walk")					\
	X(VMM_BREAK_HOST,	"host_write")				\
	X(VMM_BREAK_PIN,	"pin")

#define VMM_TRACE_BREAK_ENUM(sym, name)	TRACE_DEFINE_ENUM(sym);
VMM_TRACE_BREAKS(VMM_TRACE_BREAK_ENUM)
#undef VMM_TRACE_BREAK_ENUM

#define VMM_SHOW_BREAK(sym, name)	{ sym, name },

/* A merged frame, @age_ns old, was copied for who wants the page for himself. */
TRACE_EVENT(vmm_mem_break,
	TP_PROTO(u32 mem, u64 index, enum vmm_break why, u64 took_ns,
		 u64 age_ns),
	TP_ARGS(mem, index, why, took_ns, age_ns),
	TP_STRUCT__entry(
		__field(u32, mem)
		__field(u64, index)
		__field(u32, why)
		__field(u64, took_ns)
		__field(u64, age_ns)
	),
	TP_fast_assign(
		__entry->mem = mem;
		__entry->index = index;
		__entry->why = why;
		__entry->took_ns = took_ns;
		__entry->age_ns = age_ns;
	),
	TP_printk("mem %u page %llu: %s took_ns %llu age_ns %llu",
		  __entry->mem, __entry->index,
		  __print_symbolic(__entry->why,
				   VMM_TRACE_BREAKS(VMM_SHOW_BREAK)
				   { -1, "none of these" }),
		  __entry->took_ns, __entry->age_ns)
);

/* So many merged frames of a family became pages again, the first of them at @index. */
TRACE_EVENT(vmm_mem_unmerge,
	TP_PROTO(u64 index, unsigned int nr),
	TP_ARGS(index, nr),
	TP_STRUCT__entry(
		__field(u64, index)
		__field(u32, nr)
	),
	TP_fast_assign(
		__entry->index = index;
		__entry->nr = nr;
	),
	TP_printk("page %llu frames %u", __entry->index, __entry->nr)
);

/*
 * Memory is short: of a family that has so many @pages some were to leave, @tries of them at
 * first, and so many did.
 */
TRACE_EVENT(vmm_mem_pressure,
	TP_PROTO(unsigned long pages, unsigned long tries, unsigned long left,
		 bool own),
	TP_ARGS(pages, tries, left, own),
	TP_STRUCT__entry(
		__field(unsigned long, pages)
		__field(unsigned long, tries)
		__field(unsigned long, left)
		__field(bool, own)
	),
	TP_fast_assign(
		__entry->pages = pages;
		__entry->tries = tries;
		__entry->left = left;
		__entry->own = own;
	),
	TP_printk("%s: pages %lu tries %lu left %lu",
		  __entry->own ? "own" : "host", __entry->pages,
		  __entry->tries, __entry->left)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH mem
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
