/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints.
 *
 * The kernel includes this file several times over, by its path below module/,
 * to make of each event what it needs.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vmm

#if !defined(VMM_CORE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define VMM_CORE_TRACE_H

#include <linux/tracepoint.h>

#include "core/vcpu.h"
#include "core/vm.h"
#include "mem/merge.h"
#include "uapi/linux/vmm_netlink.h"

/*
 * Names for readers of the trace.  TRACE_DEFINE_ENUM() tells the values to those
 * that run in user space and cannot know an enum.
 */
#define VMM_TRACE_EVENT_TYPES(X)					\
	X(VMM_EVENT_INTR,	"irq")					\
	X(VMM_EVENT_NMI,	"nmi")					\
	X(VMM_EVENT_EXC,	"exception")				\
	X(VMM_EVENT_SOFT,	"soft")

#define VMM_TRACE_STATES(X)						\
	X(VMM_NL_EVENT_CREATED,	"created")				\
	X(VMM_NL_EVENT_STARTED,	"started")				\
	X(VMM_NL_EVENT_PAUSED,	"paused")				\
	X(VMM_NL_EVENT_RESUMED,	"resumed")				\
	X(VMM_NL_EVENT_STOP,	"stop")					\
	X(VMM_NL_EVENT_RESET,	"reset")				\
	X(VMM_NL_EVENT_KILLED,	"killed")				\
	X(VMM_NL_EVENT_CHANGED,	"changed")				\
	X(VMM_NL_EVENT_GONE,	"gone")					\
	X(VMM_NL_EVENT_LIMIT_MEMORY, "limit-memory")			\
	X(VMM_NL_EVENT_LIMIT_VCPUS, "limit-vcpus")			\
	X(VMM_NL_EVENT_FAULT,	"fault")

#define VMM_TRACE_STOPS(X)						\
	X(VMM_RUN_SHUTDOWN,	"shutdown")				\
	X(VMM_RUN_FAIL_ENTRY,	"fail_entry")				\
	X(VMM_RUN_INTERNAL,	"internal")

/* What became of a page that could be merged. */
#define VMM_TRACE_MERGE_ENDS(X)						\
	X(VMM_MERGE_DONE,	"merged")				\
	X(VMM_MERGE_STAYS,	"pinned")				\
	X(VMM_MERGE_RACE,	"race")					\
	X(VMM_MERGE_DIFFERS,	"dirty")				\
	X(VMM_MERGE_NO_FRAME,	"nomem")				\
	X(VMM_MERGE_REFUSED,	"domain")				\
	X(VMM_MERGE_KEPT,	"kept")

#define VMM_TRACE_REASON(sym, name)	TRACE_DEFINE_ENUM(VMM_EXIT_##sym);
#define VMM_TRACE_ENUM(sym, name)	TRACE_DEFINE_ENUM(sym);
VMM_EXIT_REASONS(VMM_TRACE_REASON)
VMM_TRACE_EVENT_TYPES(VMM_TRACE_ENUM)
VMM_TRACE_STATES(VMM_TRACE_ENUM)
VMM_TRACE_STOPS(VMM_TRACE_ENUM)
VMM_TRACE_MERGE_ENDS(VMM_TRACE_ENUM)
#undef VMM_TRACE_REASON
#undef VMM_TRACE_ENUM

/* An entry of a table of names; each table ends with one of its own. */
#define VMM_SHOW_REASON(sym, name)	{ VMM_EXIT_##sym, name },
#define VMM_SHOW(sym, name)		{ sym, name },

/* The guest has exited, and nobody has handled it yet. */
TRACE_EVENT(vmm_exit,
	TP_PROTO(const struct vmm_vcpu *vcpu, const struct vmm_exit *exit),
	TP_ARGS(vcpu, exit),
	TP_STRUCT__entry(
		__field(u32, vm)
		__field(u32, vcpu)
		__field(u32, reason)
		__field(u64, rip)
		__field(u64, code)
		__field(u64, info1)
		__field(u64, info2)
	),
	TP_fast_assign(
		__entry->vm = vcpu->vm->id;
		__entry->vcpu = vcpu->id;
		__entry->reason = exit->reason;
		__entry->rip = vcpu->rip;
		__entry->code = exit->code;
		__entry->info1 = exit->info1;
		__entry->info2 = exit->info2;
	),
	TP_printk("vm %u vcpu %u %s rip %#llx code %#llx info %#llx %#llx",
		  __entry->vm, __entry->vcpu,
		  __print_symbolic(__entry->reason,
				   VMM_EXIT_REASONS(VMM_SHOW_REASON)
				   { -1, "none of these" }),
		  __entry->rip, __entry->code, __entry->info1, __entry->info2)
);

/* An event goes in with the next entry; @again: an exit had cut it short. */
TRACE_EVENT(vmm_inject,
	TP_PROTO(const struct vmm_vcpu *vcpu, const struct vmm_event *event,
		 bool again),
	TP_ARGS(vcpu, event, again),
	TP_STRUCT__entry(
		__field(u32, vm)
		__field(u32, vcpu)
		__field(u8, type)
		__field(u8, vector)
		__field(bool, has_error)
		__field(bool, again)
		__field(u32, error)
	),
	TP_fast_assign(
		__entry->vm = vcpu->vm->id;
		__entry->vcpu = vcpu->id;
		__entry->type = event->type;
		__entry->vector = event->vector;
		__entry->has_error = event->has_error;
		__entry->again = again;
		__entry->error = event->has_error ? event->error : 0;
	),
	TP_printk("vm %u vcpu %u %s vector %u%s error %#x%s",
		  __entry->vm, __entry->vcpu,
		  __print_symbolic(__entry->type,
				   VMM_TRACE_EVENT_TYPES(VMM_SHOW)
				   { -1, "none of these" }),
		  __entry->vector, __entry->has_error ? "" : " no",
		  __entry->error, __entry->again ? " again" : "")
);

/* A nested page fault: memory that is not mapped yet, or a device. */
TRACE_EVENT(vmm_page_fault,
	TP_PROTO(const struct vmm_vcpu *vcpu, u64 gpa, u32 access),
	TP_ARGS(vcpu, gpa, access),
	TP_STRUCT__entry(
		__field(u32, vm)
		__field(u32, vcpu)
		__field(u32, access)
		__field(u64, gpa)
		__field(u64, rip)
	),
	TP_fast_assign(
		__entry->vm = vcpu->vm->id;
		__entry->vcpu = vcpu->id;
		__entry->access = access;
		__entry->gpa = gpa;
		__entry->rip = vcpu->rip;
	),
	TP_printk("vm %u vcpu %u gpa %#llx rip %#llx access %s",
		  __entry->vm, __entry->vcpu, __entry->gpa, __entry->rip,
		  __print_flags(__entry->access, "|",
				{ VMM_ACCESS_PRESENT, "present" },
				{ VMM_ACCESS_WRITE, "write" },
				{ VMM_ACCESS_USER, "user" },
				{ VMM_ACCESS_RESERVED, "reserved" },
				{ VMM_ACCESS_FETCH, "fetch" },
				{ VMM_ACCESS_PT_WALK, "walk" }))
);

/* A vCPU stops for good; @text says why. */
TRACE_EVENT(vmm_stop,
	TP_PROTO(const struct vmm_vcpu *vcpu, u32 reason, const char *text),
	TP_ARGS(vcpu, reason, text),
	TP_STRUCT__entry(
		__field(u32, vm)
		__field(u32, vcpu)
		__field(u32, reason)
		__field(u64, rip)
		__array(char, text, VMM_STOP_TEXT)
	),
	TP_fast_assign(
		__entry->vm = vcpu->vm->id;
		__entry->vcpu = vcpu->id;
		__entry->reason = reason;
		__entry->rip = vcpu->rip;
		strscpy(__entry->text, text, VMM_STOP_TEXT);
	),
	TP_printk("vm %u vcpu %u %s rip %#llx: %s", __entry->vm, __entry->vcpu,
		  __print_symbolic(__entry->reason, VMM_TRACE_STOPS(VMM_SHOW)
				   { -1, "none of these" }),
		  __entry->rip, __entry->text)
);

/* Something happened to a VM: the events of the netlink interface. */
TRACE_EVENT(vmm_state,
	TP_PROTO(const struct vmm_vm *vm, const struct vmm_notice *notice),
	TP_ARGS(vm, notice),
	TP_STRUCT__entry(
		__field(u32, vm)
		__field(u32, event)
		__field(u64, seq)
		__array(char, name, VMM_NAME_LEN)
	),
	TP_fast_assign(
		__entry->vm = vm->id;
		__entry->event = notice->event;
		__entry->seq = notice->seq;
		strscpy(__entry->name, vm->name, VMM_NAME_LEN);
	),
	TP_printk("vm %u (%s) %s seq %llu", __entry->vm, __entry->name,
		  __print_symbolic(__entry->event, VMM_TRACE_STATES(VMM_SHOW)
				   { -1, "none of these" }),
		  __entry->seq)
);

/*
 * An entry was refused; @why names the first check that fails.  @code and @info1
 * are hardware's, and 0 where it was not asked.
 */
TRACE_EVENT(vmm_entry_failed,
	TP_PROTO(const struct vmm_vcpu *vcpu, u64 code, u64 info1,
		 const char *why),
	TP_ARGS(vcpu, code, info1, why),
	TP_STRUCT__entry(
		__field(u32, vcpu)
		__field(u64, rip)
		__field(u64, code)
		__field(u64, info1)
		__array(char, why, VMM_TEXT_SIZE)
	),
	TP_fast_assign(
		__entry->vcpu = vcpu->id;
		__entry->rip = vcpu->rip;
		__entry->code = code;
		__entry->info1 = info1;
		strscpy(__entry->why, why, VMM_TEXT_SIZE);
	),
	TP_printk("vcpu %u rip %#llx code %#llx info %#llx: %s",
		  __entry->vcpu, __entry->rip, __entry->code, __entry->info1,
		  __entry->why)
);

/* A pass of deduplication's scanner over all memory objects. */
TRACE_EVENT(vmm_ksm_begin,
	TP_PROTO(u64 pass),
	TP_ARGS(pass),
	TP_STRUCT__entry(
		__field(u64, pass)
	),
	TP_fast_assign(
		__entry->pass = pass;
	),
	TP_printk("pass %llu", __entry->pass)
);

/* It has ended; @hashed and @ns since the scanner began anew. */
TRACE_EVENT(vmm_ksm_end,
	TP_PROTO(u64 pass, u64 visited, u64 hashed, u64 ns),
	TP_ARGS(pass, visited, hashed, ns),
	TP_STRUCT__entry(
		__field(u64, pass)
		__field(u64, visited)
		__field(u64, hashed)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->pass = pass;
		__entry->visited = visited;
		__entry->hashed = hashed;
		__entry->ns = ns;
	),
	TP_printk("pass %llu visited %llu hashed in all %llu ns %llu",
		  __entry->pass, __entry->visited, __entry->hashed, __entry->ns)
);

/* A page of a memory object was to be merged, or, if it is @zero, to be given up. */
TRACE_EVENT(vmm_ksm_merge,
	TP_PROTO(u32 mem, u64 index, bool zero, enum vmm_merge_end end),
	TP_ARGS(mem, index, zero, end),
	TP_STRUCT__entry(
		__field(u32, mem)
		__field(u64, index)
		__field(bool, zero)
		__field(u32, end)
	),
	TP_fast_assign(
		__entry->mem = mem;
		__entry->index = index;
		__entry->zero = zero;
		__entry->end = end;
	),
	TP_printk("mem %u page %llu zero %u: %s",
		  __entry->mem, __entry->index, __entry->zero,
		  __print_symbolic(__entry->end,
				   VMM_TRACE_MERGE_ENDS(VMM_SHOW)
				   { -1, "none of these" }))
);

/* @candidates of a whole block at @index could be merged: whether it is taken apart for them. */
TRACE_EVENT(vmm_ksm_split,
	TP_PROTO(u32 mem, u64 index, unsigned int candidates, bool pays),
	TP_ARGS(mem, index, candidates, pays),
	TP_STRUCT__entry(
		__field(u32, mem)
		__field(u64, index)
		__field(u32, candidates)
		__field(bool, pays)
	),
	TP_fast_assign(
		__entry->mem = mem;
		__entry->index = index;
		__entry->candidates = candidates;
		__entry->pays = pays;
	),
	TP_printk("mem %u page %llu candidates %u: %s",
		  __entry->mem, __entry->index, __entry->candidates,
		  __entry->pays ? "split" : "whole")
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH core
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
