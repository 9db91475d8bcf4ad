// SPDX-License-Identifier: GPL-2.0
/*
 * The VMX backend's table.
 */
#include "vmx/vmx.h"

const struct vmm_backend_ops vmx_backend = {
	.name		= "vmx",
	.vcpu_size	= sizeof(struct vmx_vcpu),

	.probe		= vmx_probe,
	.setup		= vmx_setup,
	.teardown	= vmx_teardown,
	.enable		= vmx_enable,
	.disable	= vmx_disable,

	.init		= vmx_init,
	.destroy	= vmx_destroy,
	.reset		= vmx_reset,

	.load		= vmx_load,
	.put		= vmx_put,
	.enter		= vmx_enter,
	.inject		= vmx_inject,
	.want_window	= vmx_want_window,
	.end_step	= vmx_end_step,
	.nmi_masked	= vmx_nmi_masked,
	.set_nmi_masked	= vmx_set_nmi_masked,
	.flush_tlb	= vmx_flush_tlb,
	.log_writes	= vmx_log_writes,

	.get_mode	= vmx_get_mode,
	.get_segment	= vmx_get_segment,
	.set_segment	= vmx_set_segment,
	.get_cr		= vmx_get_cr,
	.set_cr		= vmx_set_cr,
	.set_efer	= vmx_set_efer,
	.get_dr		= vmx_get_dr,
	.set_dr		= vmx_set_dr,
	.get_msr	= vmx_get_msr,
	.set_msr	= vmx_set_msr,
	.set_tsc_offset	= vmx_set_tsc_offset,
	.cpuid_changed	= vmx_cpuid_changed,
	.describe	= vmx_describe,

	.apic = {
		.set_deadline	= vmx_set_deadline,
		.virtualize	= vmx_virtualize_apic,
		.notify		= vmx_notify,
	},
};
