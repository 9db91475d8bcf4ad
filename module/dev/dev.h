/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The character device and the files made from it.
 *
 *	ioctl.c		the dispatcher: a table says what each command needs
 *	dev.c		/dev/vmm
 *	dev_vm.c	a VM's file
 *	dev_vcpu.c	a vCPU's file
 *	dev_mem.c	a memory object's
 *
 * A handler is called with the command's argument in kernel memory, copied in
 * and back by the dispatcher, and with the conditions met that its table entry
 * names.  It returns an errno, 0, or a new file descriptor.
 */
#ifndef VMM_DEV_DEV_H
#define VMM_DEV_DEV_H

#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/types.h>

struct vmm_vcpu;
struct vmm_vm;

/* Conditions of a command. */
#define VMM_CMD_ALIVE	(1U << 0)	/* the VM is not dead */
#define VMM_CMD_VCPU	(1U << 1)	/* the caller owns the vCPU meanwhile */

#define VMM_CMD_ARG_MAX	1024

/**
 * struct vmm_cmd - one ioctl command
 * @cmd:	its number, which holds the argument's size and direction
 * @flags:	VMM_CMD_*
 * @zero:	offset of the trailing fields that must be zero on input
 * @handler:	what carries it out; @object is the file's private data
 */
struct vmm_cmd {
	unsigned int cmd;
	u32 flags;
	u32 zero;
	long (*handler)(void *object, void *arg);
};

/* A command without fields to check, and one with a reserved tail. */
#define VMM_CMD(_cmd, _flags, _handler) {				\
	.cmd = (_cmd), .flags = (_flags), .zero = _IOC_SIZE(_cmd),	\
	.handler = (_handler) }
#define VMM_CMD_TAIL(_cmd, _flags, _type, _tail, _handler) {		\
	.cmd = (_cmd), .flags = (_flags),				\
	.zero = offsetof(struct _type, _tail), .handler = (_handler) }

/*
 * Finds @cmd in @table, copies its argument, checks its conditions, calls it.
 * @vm and @vcpu are what the conditions are about; NULL where there is none.
 */
long vmm_ioctl(const struct vmm_cmd *table, size_t count, unsigned int cmd,
	       unsigned long arg, void *object, struct vmm_vm *vm,
	       struct vmm_vcpu *vcpu);

int vmm_dev_register(void);
void vmm_dev_unregister(void);

/* Wraps @vm, whose reference it takes over on success, in a file. */
int vmm_vm_open(struct vmm_vm *vm);

/*
 * Wraps @vcpu in a file that holds a reference to its VM.  Returns a reserved
 * descriptor, for the caller to install the file in once the vCPU is published.
 */
int vmm_vcpu_open(struct vmm_vcpu *vcpu, struct file **out);

/* Commands of memory objects' files, which mem/ makes. */
struct vmm_mem;
long vmm_dev_mem_ioctl(struct vmm_mem *mem, unsigned int cmd,
		       unsigned long arg);

/* An open file of an object just made, whose reference is the caller's no more. */
int vmm_dev_mem_open(struct vmm_mem *mem);

/* Copies a CPUID table from or to user space. */
struct vmm_cpuid;
struct vmm_cpuid_entry;
struct vmm_cpuid_entry *vmm_cpuid_copy_in(const struct vmm_cpuid *arg);
long vmm_cpuid_copy_out(struct vmm_cpuid *arg,
			const struct vmm_cpuid_entry *entries, u32 count);

#endif
