// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/container.h"
#include "lib/size.h"
#include "lib/vmm.h"

static const char *const feature_names[] = {
	"nested-paging", "next-rip", "decode-assists", "flush-by-asid", "vnmi",
	"tsc-scaling", "clean-bits", "pause-filter", "stable-tsc",
};

const char *vmm_feature_name(unsigned int bit)
{
	return bit < ARRAY_SIZE(feature_names) ? feature_names[bit] : NULL;
}

static int exit_code(int error)
{
	switch (error) {
	case EPERM:
	case EACCES:
		return VMCTL_PERM;
	case EOPNOTSUPP:
		return VMCTL_HOST;
	case ENOTTY:
		return VMCTL_MODULE;
	default:
		return VMCTL_FAILED;
	}
}

static int fail(struct err *err, const char *what)
{
	return err_set(err, exit_code(errno), "cannot %s: %s", what,
		       strerror(errno));
}

static int open_device(struct vmm *vmm, struct err *err)
{
	vmm->fd = open(VMM_DEVICE, O_RDWR | O_CLOEXEC);
	if (vmm->fd >= 0)
		return 0;
	if (errno == EACCES || errno == EPERM)
		return err_set(err, VMCTL_PERM,
			       VMM_DEVICE ": cannot open: %s; try: as root, or with read and write permission on it",
			       strerror(errno));
	return err_set(err, VMCTL_MODULE,
		       VMM_DEVICE ": cannot open: %s; try: modprobe vmm, or insmod vmm.ko",
		       strerror(errno));
}

int vmm_open_any(struct vmm *vmm, struct err *err)
{
	if (open_device(vmm, err))
		return -1;
	if (!ioctl(vmm->fd, VMM_INFO, &vmm->info))
		return 0;
	err_set(err, VMCTL_MODULE, VMM_DEVICE ": no answer to VMM_INFO: %s",
		strerror(errno));
	vmm_close(vmm);
	return -1;
}

int vmm_open(struct vmm *vmm, struct err *err)
{
	if (vmm_open_any(vmm, err))
		return -1;
	if (vmm->info.abi == VMM_ABI_VERSION)
		return 0;
	err_set(err, VMCTL_MODULE,
		"module %.31s has ABI %u, this vmctl is made for ABI %d; try: the vmctl that came with the module",
		vmm->info.version, vmm->info.abi, VMM_ABI_VERSION);
	vmm_close(vmm);
	return -1;
}

void vmm_close(struct vmm *vmm)
{
	if (vmm->fd >= 0)
		close(vmm->fd);
	vmm->fd = -1;
}

/*
 * A process that was killed lets go of what it had file by file: its VM may have its name for a
 * moment longer than its lock.
 */
#define NAME_TRIES	10
#define NAME_WAIT_MS	50

int vmm_create_vm(struct vmm *vmm, const char *name, bool unique,
		  unsigned int vcpus, struct err *err)
{
	struct vmm_create_vm arg = {
		.vcpus = vcpus,
		.flags = unique ? VMM_VM_UNIQUE_NAME : 0,
	};
	unsigned int tries = 0;
	char what[128];
	int fd;

	snprintf(arg.name, sizeof(arg.name), "%s", name);
	do {
		fd = ioctl(vmm->fd, VMM_CREATE_VM, &arg);
		if (fd >= 0)
			return fd;
	} while (errno == EEXIST && tries++ < NAME_TRIES && !poll(NULL, 0, NAME_WAIT_MS));
	if (errno == EEXIST)
		return err_set(err, VMCTL_FAILED,
			       "%.64s: another VM has this name; try: vmctl list -a",
			       name);
	snprintf(what, sizeof(what), "create VM %.64s with %u vCPUs", name,
		 vcpus);
	return fail(err, what);
}

int vmm_create_mem(struct vmm *vmm, uint64_t size, struct err *err)
{
	struct vmm_create_mem arg = { .size = size };
	char what[64], text[SIZE_TEXT_LEN];
	int fd = ioctl(vmm->fd, VMM_CREATE_MEM, &arg);

	if (fd >= 0)
		return fd;
	snprintf(what, sizeof(what), "create %s of guest memory",
		 size_text(text, size));
	return fail(err, what);
}

int vmm_create_vcpu(int vm, unsigned int id, struct err *err)
{
	struct vmm_create_vcpu arg = { .id = id };
	char what[64];
	int fd = ioctl(vm, VMM_VM_CREATE_VCPU, &arg);

	if (fd >= 0)
		return fd;
	snprintf(what, sizeof(what), "create vCPU %u", id);
	return fail(err, what);
}

int vmm_set_slot(int vm, const struct vmm_set_slot *slot, struct err *err)
{
	char what[96];

	if (!ioctl(vm, VMM_VM_SET_SLOT, slot))
		return 0;
	snprintf(what, sizeof(what), "put %#llx bytes of memory at %#llx",
		 (unsigned long long)slot->size,
		 (unsigned long long)slot->gpa);
	return fail(err, what);
}

int vmm_get_regs(int vcpu, struct vmm_regs *regs, struct err *err)
{
	return ioctl(vcpu, VMM_VCPU_GET_REGS, regs) ?
	       fail(err, "read registers") : 0;
}

int vmm_set_regs(int vcpu, const struct vmm_regs *regs, struct err *err)
{
	return ioctl(vcpu, VMM_VCPU_SET_REGS, regs) ?
	       fail(err, "set registers") : 0;
}

int vmm_get_sregs(int vcpu, struct vmm_sregs *sregs, struct err *err)
{
	return ioctl(vcpu, VMM_VCPU_GET_SREGS, sregs) ?
	       fail(err, "read system registers") : 0;
}

int vmm_set_sregs(int vcpu, const struct vmm_sregs *sregs, struct err *err)
{
	return ioctl(vcpu, VMM_VCPU_SET_SREGS, sregs) ?
	       fail(err, "set system registers") : 0;
}

int vmm_set_msrs(int vcpu, const struct vmm_msr_entry *entry,
		 unsigned int count, struct err *err)
{
	struct vmm_msrs arg = {
		.count = count,
		.entries = (uintptr_t)entry,
	};
	char what[64] = "set MSRs";

	if (!ioctl(vcpu, VMM_VCPU_SET_MSRS, &arg))
		return 0;
	if (arg.done < count)
		snprintf(what, sizeof(what), "set MSR %#x to %#llx",
			 entry[arg.done].index,
			 (unsigned long long)entry[arg.done].value);
	return fail(err, what);
}
