// SPDX-License-Identifier: GPL-2.0
/*
 * The processor's extension is one monitor's at a time: beside a VM of KVM's the
 * module is refused with EBUSY, and beside the module KVM gets no VM; whoever comes
 * when the other has gone finds all as it should be.
 *
 * test: module: no, modules: kvm_intel, timeout: 120
 */
#include <sys/syscall.h>
#include <sys/utsname.h>

#include <linux/kvm.h>

#include "vmmtest.h"

#define AT_LOAD	"/sys/module/kvm/parameters/enable_virt_at_load"

static bool did(const char *command)
{
	return system(command) == 0;
}

static bool amd(void)
{
	return did("grep -qw svm /proc/cpuinfo");
}

/* Idle until it has a VM, on kernels that would have it take the extension at once, too. */
static bool load_kvm(void)
{
	if (!did("modprobe kvm"))
		return false;
	if (!access(AT_LOAD, F_OK) &&
	    !did("modprobe -r kvm && modprobe kvm enable_virt_at_load=0"))
		return false;
	return did(amd() ? "modprobe kvm_amd" : "modprobe kvm_intel");
}

/* 0 or an errno. */
static int load_vmm(void)
{
	char path[300];
	struct utsname u;
	int fd, err = 0;

	uname(&u);
	snprintf(path, sizeof(path), "build/%s/vmm.ko", u.release);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		err = errno;
	if (fd >= 0)
		close(fd);
	return err;
}

/* A file, or -1 and errno. */
static int kvm_vm(void)
{
	int dev = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm, err;

	if (dev < 0)
		return -1;
	vm = ioctl(dev, KVM_CREATE_VM, 0);
	err = errno;
	close(dev);
	errno = err;
	return vm;
}

static int vmm_vm(void)
{
	int dev = open("/dev/vmm", O_RDWR | O_CLOEXEC), vm;
	struct vmm_create_vm args = { .vcpus = 1 };

	if (dev < 0)
		return -1;
	vm = ioctl(dev, VMM_CREATE_VM, &args);
	close(dev);
	return vm;
}

static void one_after_the_other(const char *round)
{
	int vm = kvm_vm(), err;

	tap_ok(vm >= 0, "%s: KVM has a VM", round);
	err = load_vmm();
	tap_ok(err == EBUSY, "%s: the module is refused: %s", round, strerror(err));
	tap_ok(access("/dev/vmm", F_OK), "%s: and leaves no device", round);
	close(vm);

	err = load_vmm();
	tap_ok(!err, "%s: KVM's VM is gone: the module loads: %s", round, strerror(err));
	err = kvm_vm() < 0 ? errno : 0;
	/* The errno is KVM's: another since Linux 6.12. */
	tap_ok(err == EBUSY || err == EIO, "%s: KVM gets no VM: %s", round, strerror(err));
	vm = vmm_vm();
	tap_ok(vm >= 0, "%s: the module has one", round);
	close(vm);
	tap_ok(did("rmmod vmm"), "%s: unloads", round);
}

int main(void)
{
	if (!tap_ok(load_kvm(), "KVM loads, and is idle"))
		return tap_done();
	one_after_the_other("first");
	one_after_the_other("again");
	tap_ok(did(amd() ? "modprobe -r kvm_amd kvm" : "modprobe -r kvm_intel kvm"), "KVM unloads");
	return tap_done();
}
