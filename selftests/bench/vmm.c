// SPDX-License-Identifier: GPL-2.0
/* The back end over /dev/vmm. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/vmm.h>
#include <linux/vmm_mem.h>
#include "backend.h"
#include "guest.h"

/* Access rights as the descriptor has them: present, code or data, 64-bit or 32-bit. */
#define ATTR_CODE	0xa09b
#define ATTR_DATA	0xc093
#define ATTR_TSS	0x008b

/* What may stay in memory compressed, of a machine with a swap device. */
#define VMM_KEEP	(128UL << 20)

struct vmm_machine {
	struct machine m;
	int dev, mem, vm, vcpu;
	int frozen;		/* or -1 */
	struct vmm_run *run;
	size_t run_size;
};

static int fail(const char *what)
{
	warn("vmm: %s", what);
	return -1;
}

static int create_memory(struct vmm_machine *v, size_t size, enum pages pages)
{
	struct vmm_create_mem mem = {
		.size = size,
		.flags = pages == PAGES_SMALL ? VMM_MEM_SMALL_PAGES : 0,
	};

	v->mem = ioctl(v->dev, VMM_CREATE_MEM, &mem);
	if (v->mem < 0)
		return fail("VMM_CREATE_MEM");
	v->m.mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, v->mem, 0);
	if (v->m.mem == MAP_FAILED) {
		v->m.mem = NULL;
		return fail("mmap of the memory");
	}
	v->m.size = size;
	return 0;
}

static int create_vm(struct vmm_machine *v)
{
	struct vmm_create_vm vm = { .vcpus = 1 };
	struct vmm_set_slot slot = { .size = v->m.size, .mem_fd = v->mem };

	v->vm = ioctl(v->dev, VMM_CREATE_VM, &vm);
	if (v->vm < 0)
		return fail("VMM_CREATE_VM");
	if (ioctl(v->vm, VMM_VM_SET_SLOT, &slot))
		return fail("VMM_VM_SET_SLOT");
	return 0;
}

static int set_cpuid(struct vmm_machine *v)
{
	struct vmm_cpuid_entry entries[VMM_MAX_CPUID];
	struct vmm_cpuid cpuid = {
		.count = VMM_MAX_CPUID,
		.entries = (uintptr_t)entries,
	};

	memset(entries, 0, sizeof(entries));
	if (ioctl(v->dev, VMM_SUPPORTED_CPUID, &cpuid))
		return fail("VMM_SUPPORTED_CPUID");
	if (ioctl(v->vcpu, VMM_VCPU_SET_CPUID, &cpuid))
		return fail("VMM_VCPU_SET_CPUID");
	return 0;
}

static int create_vcpu(struct vmm_machine *v)
{
	struct vmm_create_vcpu vcpu = { .id = 0 };
	struct vmm_info info;

	if (ioctl(v->dev, VMM_INFO, &info))
		return fail("VMM_INFO");
	v->vcpu = ioctl(v->vm, VMM_VM_CREATE_VCPU, &vcpu);
	if (v->vcpu < 0)
		return fail("VMM_VM_CREATE_VCPU");
	v->run_size = info.run_size;
	v->run = mmap(NULL, v->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, v->vcpu, 0);
	if (v->run == MAP_FAILED) {
		v->run = NULL;
		return fail("mmap of the vCPU");
	}
	return set_cpuid(v);
}

static struct vmm_segment segment(uint16_t selector, uint32_t attr)
{
	return (struct vmm_segment) { .selector = selector, .limit = ~0u, .attr = attr };
}

static int set_sregs(struct vmm_machine *v)
{
	struct vmm_sregs s;

	if (ioctl(v->vcpu, VMM_VCPU_GET_SREGS, &s))
		return fail("VMM_VCPU_GET_SREGS");
	s.cs = segment(GUEST_CS, ATTR_CODE);
	s.ds = s.es = s.fs = s.gs = s.ss = segment(GUEST_DS, ATTR_DATA);
	s.tr = (struct vmm_segment) {
		.selector = GUEST_TR, .limit = 0x67, .attr = ATTR_TSS,
	};
	s.ldtr = (struct vmm_segment) { .attr = VMM_SEG_UNUSABLE };
	s.gdtr = (struct vmm_dtable) { .base = GUEST_GDT, .limit = 0xfff };
	s.idtr = (struct vmm_dtable) { .base = GUEST_IDT, .limit = 0xfff };
	s.cr0 = BENCH_CR0;
	s.cr3 = GUEST_PML4;
	s.cr4 = BENCH_CR4;
	s.efer = BENCH_EFER;
	if (ioctl(v->vcpu, VMM_VCPU_SET_SREGS, &s))
		return fail("VMM_VCPU_SET_SREGS");
	return 0;
}

static void close_file(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void vmm_destroy(struct machine *m)
{
	struct vmm_machine *v = (struct vmm_machine *)m;

	if (v->run)
		munmap(v->run, v->run_size);
	close_file(v->vcpu);
	close_file(v->vm);
	if (v->m.mem)
		munmap(v->m.mem, v->m.size);
	close_file(v->frozen);
	close_file(v->mem);
	close_file(v->dev);
	free(v);
}

static struct machine *vmm_create(size_t size, enum pages pages)
{
	struct vmm_machine *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->m.ops = &vmm_backend;
	v->mem = v->vm = v->vcpu = v->frozen = -1;
	v->dev = open("/dev/vmm", O_RDWR | O_CLOEXEC);
	if (v->dev < 0)
		fail("/dev/vmm");
	else if (!create_memory(v, size, pages) && !create_vm(v) && !create_vcpu(v) &&
		 !set_sregs(v))
		return &v->m;
	vmm_destroy(&v->m);
	return NULL;
}

static int vmm_start(struct machine *m, uint64_t rip, uint64_t rdi, uint64_t rsi, uint64_t r9)
{
	struct vmm_machine *v = (struct vmm_machine *)m;
	struct vmm_regs regs = {
		.rip = rip, .rdi = rdi, .rsi = rsi, .r9 = r9,
		.rsp = GUEST_STACK, .rflags = 2,
	};

	return ioctl(v->vcpu, VMM_VCPU_SET_REGS, &regs) ? fail("VMM_VCPU_SET_REGS") : 0;
}

static int vmm_run(struct machine *m, struct stop *stop)
{
	struct vmm_machine *v = (struct vmm_machine *)m;
	struct vmm_run *run = v->run;

	if (ioctl(v->vcpu, VMM_VCPU_RUN, 0)) {
		stop->kind = STOP_AGAIN;
		return errno == EINTR ? 0 : fail("VMM_VCPU_RUN");
	}
	switch (run->reason) {
	case VMM_RUN_NONE:
		stop->kind = STOP_AGAIN;
		return 0;
	case VMM_RUN_IO:
		stop->kind = STOP_IO;
		stop->write = run->io.write;
		stop->addr = run->io.port;
		stop->len = run->io.size * run->io.count;
		stop->data = (uint8_t *)run + VMM_RUN_DATA_OFFSET;
		return 0;
	case VMM_RUN_MMIO:
		stop->kind = STOP_MMIO;
		stop->write = run->mmio.write;
		stop->addr = run->mmio.gpa;
		stop->len = run->mmio.len;
		stop->data = run->mmio.data;
		return 0;
	}
	warnx("vmm: exit %u that no guest of ours should cause: %.256s", run->reason, run->text);
	return -1;
}

static int vmm_share(struct machine *m)
{
	struct vmm_machine *v = (struct vmm_machine *)m;
	struct vmm_mem_freeze freeze = { .flags = 0 };

	v->frozen = ioctl(v->mem, VMM_MEM_FREEZE, &freeze);
	return v->frozen < 0 ? fail("VMM_MEM_FREEZE") : 0;
}

static int vmm_page_to(struct machine *m, const char *path)
{
	struct vmm_machine *v = (struct vmm_machine *)m;
	struct vmm_mem_swap swap = {
		.fd = open(path, O_RDWR | O_CLOEXEC), .keep = VMM_KEEP,
	};
	int r;

	if (swap.fd < 0)
		return fail(path);
	r = ioctl(v->mem, VMM_MEM_SWAP, &swap);
	close(swap.fd);
	return r ? fail("VMM_MEM_SWAP") : 0;
}

const struct backend vmm_backend = {
	.name = "vmm",
	.create = vmm_create,
	.start = vmm_start,
	.run = vmm_run,
	.share = vmm_share,
	.page_to = vmm_page_to,
	.destroy = vmm_destroy,
};
