/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The executor's way to a vCPU: linear addresses through the guest's page
 * tables to memory, devices or user space; and what comes of a run.
 *
 * All functions are for the owner of the vCPU, and answer with enum
 * vmm_handled or an errno.  With @atomic they do not sleep.
 */
#ifndef VMM_EMUL_GLUE_H
#define VMM_EMUL_GLUE_H

#include <linux/types.h>

struct vmm_exit;
struct vmm_vcpu;

void vmm_emul_init(struct vmm_vcpu *vcpu);

/* Executes the instruction at RIP. */
int vmm_emulate(struct vmm_vcpu *vcpu, struct vmm_exit *exit, bool atomic);

/*
 * The same for an access that found no memory at exit->npf.gpa: when nothing
 * but the fetch could be the reason, nothing can be executed.
 */
int vmm_emulate_access(struct vmm_vcpu *vcpu, struct vmm_exit *exit,
		       bool atomic);

/*
 * Switches tasks as exit->task says, for an instruction or for the event whose
 * delivery the exit cut short.  Sleeps.
 */
int vmm_emul_task_switch(struct vmm_vcpu *vcpu, const struct vmm_exit *exit);

/* Finds exit->insn_len where hardware does not tell. */
int vmm_emul_length(struct vmm_vcpu *vcpu, struct vmm_exit *exit, bool atomic);

/* Whether the instruction found by vmm_emul_length() is VMCALL or VMMCALL. */
bool vmm_emul_is_hypercall(const struct vmm_vcpu *vcpu);

/* Hands a plain IN or OUT to user space. */
int vmm_emul_port_to_user(struct vmm_vcpu *vcpu, struct vmm_exit *exit);

/* Takes in what user space has answered to the last exit. */
int vmm_emul_complete_user(struct vmm_vcpu *vcpu);

/*
 * For glue_task.c: sets the context up from the vCPU; raises in the guest what
 * the context has, and answers VMM_RESUME.
 */
void vmm_emul_prepare(struct vmm_vcpu *vcpu, const struct vmm_exit *exit,
		      bool atomic);
int vmm_emul_raise(struct vmm_vcpu *vcpu);

/* Forgets an exchange with user space: registers were set anew. */
void vmm_emul_forget_user(struct vmm_vcpu *vcpu);

#endif
