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

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH core
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
