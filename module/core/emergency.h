/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Turning the extension off when the host has crashed.
 *
 * A kernel that crashed starts another with whatever the processors are in the
 * middle of, and that one cannot do with VMX or SVM on.  So the kernel has one
 * slot for a function that turns it off, called on each processor, in an NMI on
 * most of them.  KVM fills that slot, from when its module for this processor
 * is loaded or from its first VM, as the kernel has it; a second owner is a
 * warning in its log.
 *
 * The rule: the slot is ours while no KVM module that could want it is there,
 * loaded or built in.  KVM's own function turns off whatever it finds on,
 * whoever turned it on, and serves us as well.
 */
#ifndef VMM_CORE_EMERGENCY_H
#define VMM_CORE_EMERGENCY_H

/* @off: called on each processor, anywhere.  Process context, once. */
void vmm_emergency_start(void (*off)(void));
void vmm_emergency_stop(void);

#endif
