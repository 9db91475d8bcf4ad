// SPDX-License-Identifier: GPL-2.0
/* The back end over KVM's public interface. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/kvm.h>
#include "backend.h"
#include "guest.h"

#define HUGE_SIZE	(2UL << 20)
#define MAX_CPUID	256

struct kvm_machine {
	struct machine m;
	int dev, vm, vcpu;
	struct kvm_run *run;
	size_t run_size;
	void *map;		/* what @m.mem lies in, aligned */
	pid_t other;		/* who has a copy of the memory, or 0 */
};

static int fail(const char *what)
{
	warn("kvm: %s", what);
	return -1;
}

/* Blocks of 2 MiB need alike low bits of both addresses. */
static int map_memory(struct kvm_machine *k, size_t size, enum pages pages)
{
	k->map = mmap(NULL, size + HUGE_SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (k->map == MAP_FAILED)
		return fail("mmap");
	k->m.mem = (uint8_t *)(((uintptr_t)k->map + HUGE_SIZE - 1) & -HUGE_SIZE);
	k->m.size = size;
	if (madvise(k->m.mem, size, pages == PAGES_SMALL ? MADV_NOHUGEPAGE : MADV_HUGEPAGE))
		return fail("madvise");
	return 0;
}

static int create_vm(struct kvm_machine *k)
{
	struct kvm_pit_config pit = { 0 };
	struct kvm_userspace_memory_region region = {
		.memory_size = k->m.size,
		.userspace_addr = (uintptr_t)k->m.mem,
	};

	k->vm = ioctl(k->dev, KVM_CREATE_VM, 0);
	if (k->vm < 0)
		return fail("KVM_CREATE_VM");
	if (ioctl(k->vm, KVM_SET_TSS_ADDR, 0xfffbd000))
		return fail("KVM_SET_TSS_ADDR");
	if (ioctl(k->vm, KVM_CREATE_IRQCHIP))
		return fail("KVM_CREATE_IRQCHIP");
	if (ioctl(k->vm, KVM_CREATE_PIT2, &pit))
		return fail("KVM_CREATE_PIT2");
	if (ioctl(k->vm, KVM_SET_USER_MEMORY_REGION, &region))
		return fail("KVM_SET_USER_MEMORY_REGION");
	return 0;
}

static int set_cpuid(struct kvm_machine *k)
{
	struct kvm_cpuid2 *cpuid;
	int r = -1;

	cpuid = calloc(1, sizeof(*cpuid) + MAX_CPUID * sizeof(cpuid->entries[0]));
	if (!cpuid)
		return fail("calloc");
	cpuid->nent = MAX_CPUID;
	if (ioctl(k->dev, KVM_GET_SUPPORTED_CPUID, cpuid))
		fail("KVM_GET_SUPPORTED_CPUID");
	else if (ioctl(k->vcpu, KVM_SET_CPUID2, cpuid))
		fail("KVM_SET_CPUID2");
	else
		r = 0;
	free(cpuid);
	return r;
}

static int create_vcpu(struct kvm_machine *k)
{
	k->vcpu = ioctl(k->vm, KVM_CREATE_VCPU, 0);
	if (k->vcpu < 0)
		return fail("KVM_CREATE_VCPU");
	k->run_size = ioctl(k->dev, KVM_GET_VCPU_MMAP_SIZE, 0);
	k->run = mmap(NULL, k->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, k->vcpu, 0);
	if (k->run == MAP_FAILED) {
		k->run = NULL;
		return fail("mmap of the vCPU");
	}
	return set_cpuid(k);
}

static struct kvm_segment segment(uint16_t selector, uint8_t type, int code)
{
	return (struct kvm_segment) {
		.limit = ~0u, .selector = selector, .type = type, .present = 1,
		.s = 1, .l = code, .db = !code, .g = 1,
	};
}

static int set_sregs(struct kvm_machine *k)
{
	struct kvm_sregs s;

	if (ioctl(k->vcpu, KVM_GET_SREGS, &s))
		return fail("KVM_GET_SREGS");
	s.cs = segment(GUEST_CS, 11, 1);
	s.ds = s.es = s.fs = s.gs = s.ss = segment(GUEST_DS, 3, 0);
	s.tr = (struct kvm_segment) {
		.selector = GUEST_TR, .limit = 0x67, .type = 11, .present = 1,
	};
	s.ldt = (struct kvm_segment) { .unusable = 1 };
	s.gdt = (struct kvm_dtable) { .base = GUEST_GDT, .limit = 0xfff };
	s.idt = (struct kvm_dtable) { .base = GUEST_IDT, .limit = 0xfff };
	s.cr0 = BENCH_CR0;
	s.cr3 = GUEST_PML4;
	s.cr4 = BENCH_CR4;
	s.efer = BENCH_EFER;
	if (ioctl(k->vcpu, KVM_SET_SREGS, &s))
		return fail("KVM_SET_SREGS");
	return 0;
}

static void kvm_destroy(struct machine *m)
{
	struct kvm_machine *k = (struct kvm_machine *)m;

	if (k->other) {
		kill(k->other, SIGKILL);
		waitpid(k->other, NULL, 0);
	}
	if (k->run)
		munmap(k->run, k->run_size);
	if (k->vcpu >= 0)
		close(k->vcpu);
	if (k->vm >= 0)
		close(k->vm);
	if (k->dev >= 0)
		close(k->dev);
	if (k->map && k->map != MAP_FAILED)
		munmap(k->map, k->m.size + HUGE_SIZE);
	free(k);
}

static struct machine *kvm_create(size_t size, enum pages pages)
{
	struct kvm_machine *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->m.ops = &kvm_backend;
	k->vm = k->vcpu = -1;
	k->dev = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (k->dev < 0)
		fail("/dev/kvm");
	else if (!map_memory(k, size, pages) && !create_vm(k) && !create_vcpu(k) && !set_sregs(k))
		return &k->m;
	kvm_destroy(&k->m);
	return NULL;
}

static int kvm_start(struct machine *m, uint64_t rip, uint64_t rdi, uint64_t rsi, uint64_t r9)
{
	struct kvm_machine *k = (struct kvm_machine *)m;
	struct kvm_regs regs = {
		.rip = rip, .rdi = rdi, .rsi = rsi, .r9 = r9,
		.rsp = GUEST_STACK, .rflags = 2,
	};

	return ioctl(k->vcpu, KVM_SET_REGS, &regs) ? fail("KVM_SET_REGS") : 0;
}

static int kvm_run(struct machine *m, struct stop *stop)
{
	struct kvm_machine *k = (struct kvm_machine *)m;
	struct kvm_run *run = k->run;

	if (ioctl(k->vcpu, KVM_RUN, 0)) {
		stop->kind = STOP_AGAIN;
		return errno == EINTR ? 0 : fail("KVM_RUN");
	}
	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		stop->kind = STOP_IO;
		stop->write = run->io.direction == KVM_EXIT_IO_OUT;
		stop->addr = run->io.port;
		stop->len = run->io.size * run->io.count;
		stop->data = (uint8_t *)run + run->io.data_offset;
		return 0;
	case KVM_EXIT_MMIO:
		stop->kind = STOP_MMIO;
		stop->write = run->mmio.is_write;
		stop->addr = run->mmio.phys_addr;
		stop->len = run->mmio.len;
		stop->data = run->mmio.data;
		return 0;
	}
	warnx("kvm: exit %u that no guest of ours should cause", run->exit_reason);
	return -1;
}

/* As near as it comes: a forked monitor, which leaves its pages alone. */
static int kvm_share(struct machine *m)
{
	struct kvm_machine *k = (struct kvm_machine *)m;

	k->other = fork();
	if (!k->other) {
		for (;;)
			pause();
	}
	if (k->other > 0)
		return 0;
	k->other = 0;
	return fail("fork");
}

static int kvm_page_to(struct machine *m, const char *path)
{
	(void)m;
	return swapon(path, 0) ? fail("swapon") : 0;
}

const struct backend kvm_backend = {
	.name = "kvm",
	.create = kvm_create,
	.start = kvm_start,
	.run = kvm_run,
	.share = kvm_share,
	.page_to = kvm_page_to,
	.destroy = kvm_destroy,
};
