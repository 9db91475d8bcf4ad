// SPDX-License-Identifier: GPL-2.0
/*
 * The SVM backend's table.
 */
#include "svm/svm.h"

const struct vmm_backend_ops svm_backend = {
	.name		= "svm",
	.vcpu_size	= sizeof(struct svm_vcpu),

	.probe		= svm_probe,
	.setup		= svm_setup,
	.teardown	= svm_teardown,
	.enable		= svm_enable,
	.disable	= svm_disable,

	.init		= svm_init,
	.destroy	= svm_destroy,
	.reset		= svm_reset,

	.load		= svm_load,
	.put		= svm_put,
	.enter		= svm_enter,
	.inject		= svm_inject,
	.want_window	= svm_want_window,
	.end_step	= svm_end_step,
	.nmi_masked	= svm_nmi_masked,
	.set_nmi_masked	= svm_set_nmi_masked,
	.flush_tlb	= svm_flush_tlb,

	.get_mode	= svm_get_mode,
	.get_segment	= svm_get_segment,
	.set_segment	= svm_set_segment,
	.get_cr		= svm_get_cr,
	.set_cr		= svm_set_cr,
	.set_efer	= svm_set_efer,
	.get_dr		= svm_get_dr,
	.set_dr		= svm_set_dr,
	.get_msr	= svm_get_msr,
	.set_msr	= svm_set_msr,
	.set_tsc_offset	= svm_set_tsc_offset,
	.cpuid_changed	= svm_cpuid_changed,
	.describe	= svm_describe,
};
