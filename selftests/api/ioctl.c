// SPDX-License-Identifier: GPL-2.0
/*
 * Every command of every file with arguments that it must refuse: numbers and
 * sizes that do not exist, commands of another file, fields that must be zero,
 * values out of range, bad addresses; and the whole once more from 32-bit system
 * calls.  A refusal has no effect.
 *
 * test: timeout: 120
 */
#include <linux/vmm_state.h>
#include <stddef.h>
#include <sys/eventfd.h>

#include "lib/abi32.h"
#include "vmmtest.h"
#include "lib/commands.h"

static const char * const kind_names[] = { "/dev/vmm", "VM", "vCPU", "memory" };

static struct vt t;
static int fds[KINDS];

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static bool exists(enum kind kind, unsigned int cmd)
{
	size_t i;

	for (i = 0; i < NR_COMMANDS; i++)
		if (commands[i].kind == kind && commands[i].cmd == cmd)
			return true;
	return false;
}

/* ---- numbers --------------------------------------------------------------- */

static unsigned long sweep(enum kind kind, unsigned int nr,
			   const unsigned int *sizes, size_t count, void *arg)
{
	unsigned long bad = 0;
	unsigned int dir, cmd;
	size_t i;

	for (dir = 0; dir < 4; dir++) {
		for (i = 0; i < count; i++) {
			cmd = _IOC(dir, VMM_IOC, nr, sizes[i]);
			if (exists(kind, cmd))
				continue;
			if (ioctl(fds[kind], cmd, arg) != -1 || errno != ENOTTY) {
				tap_note("%s took %#x: %s", kind_names[kind],
					 cmd, strerror(errno));
				bad++;
			}
		}
	}
	return bad;
}

/* All numbers with some sizes, and those that exist with all. */
static void test_numbers(void)
{
	static const unsigned int few[] = { 0, 1, 8, 16, 40, 1024, 0x3fff };
	unsigned int many[1101], nr, i;
	unsigned long bad;
	enum kind kind;
	void *arg;

	for (i = 0; i < 1101; i++)
		many[i] = i;
	arg = mmap(NULL, 16 * VT_PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (kind = DEV; kind < KINDS; kind++) {
		bad = 0;
		for (nr = 0; nr < 256; nr++)
			bad += sweep(kind, nr, few, 7, arg);
		tap_ok(!bad, "%s: numbers that are not its own",
		       kind_names[kind]);
		bad = 0;
		for (i = 0; i < NR_COMMANDS; i++)
			if (commands[i].kind == kind)
				bad += sweep(kind, _IOC_NR(commands[i].cmd),
					     many, 1101, arg);
		tap_ok(!bad, "%s: sizes that are not its own", kind_names[kind]);
		bad = 0;
		for (i = 0; i < NR_COMMANDS; i++) {
			if (commands[i].kind == kind)
				continue;
			if (ioctl(fds[kind], commands[i].cmd, arg) != -1 ||
			    errno != ENOTTY)
				bad++;
		}
		tap_ok(!bad, "%s: commands of other files", kind_names[kind]);
	}
	munmap(arg, 16 * VT_PAGE);
}

/* ---- addresses -------------------------------------------------------------- */

static void test_addresses(void)
{
	char *pages = mmap(NULL, 2 * VT_PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i, j;

	munmap(pages + VT_PAGE, VT_PAGE);
	for (i = 0; i < NR_COMMANDS; i++) {
		const struct command *c = &commands[i];
		unsigned long size = _IOC_SIZE(c->cmd);
		const unsigned long bad[] = {
			0, 1, 1UL << 46, 1UL << 47, 1UL << 63, -4096UL, -1UL,
			(unsigned long)pages + VT_PAGE - size + 1,
		};
		int err = size ? EFAULT : EINVAL;
		unsigned int wrong = 0;

		if (!size && c->cmd == VMM_VCPU_RUN)
			vt_start(&t, 0, VT_CODE);
		for (j = size ? 0 : 1; j < sizeof(bad) / sizeof(bad[0]); j++)
			wrong += !vt_refused(ioctl(fds[c->kind], c->cmd,
						   bad[j]), err);
		tap_ok(!wrong, "%s: %s", c->name, size ?
		       "addresses that are nobody's" : "takes no argument");
	}
	mprotect(pages, VT_PAGE, PROT_READ);
	for (i = 0; i < NR_COMMANDS; i++)
		if (_IOC_DIR(commands[i].cmd) == _IOC_READ)
			tap_ok(vt_refused(ioctl(fds[commands[i].kind],
						commands[i].cmd, pages), EFAULT),
			       "%s: read-only memory", commands[i].name);
	munmap(pages, VT_PAGE);
}

/* ---- fields that must be zero ----------------------------------------------- */

/* Sets each byte from @from up to @to alone. */
static void zeroes(int fd, unsigned int cmd, void *arg, size_t from, size_t to,
		   const char *what)
{
	unsigned char *p = arg;
	unsigned int bad = 0;
	size_t i;

	for (i = from; i < to; i++) {
		p[i] = i & 1 ? 1 : 0x80;
		bad += !vt_refused(ioctl(fd, cmd, arg), EINVAL);
		p[i] = 0;
	}
	tap_ok(!bad, "%s must be zero", what);
}

#define END(type, field) (offsetof(type, field) + sizeof(((type *)0)->field))
#define ZEROES(fd, cmd, arg, type, field)				\
	zeroes(fd, cmd, arg, offsetof(type, field), END(type, field),	\
	       #type "." #field)

/* Sets each bit of a field that is not in @known. */
static void flags(int fd, unsigned int cmd, void *arg, uint32_t *field,
		  uint32_t known, const char *what)
{
	uint32_t was = *field;
	unsigned int bit, bad = 0;

	for (bit = 0; bit < 32; bit++) {
		if (known >> bit & 1)
			continue;
		*field = was | 1U << bit;
		bad += !vt_refused(ioctl(fd, cmd, arg), EINVAL);
	}
	*field = was;
	tap_ok(!bad, "%s: unknown flags", what);
}

static void test_zero_dev(void)
{
	struct vmm_create_vm vm = { .name = "a", .vcpus = 1 };
	struct vmm_create_mem mem = { .size = VT_PAGE };
	struct vmm_cpuid_entry e[VMM_MAX_CPUID];
	struct vmm_cpuid cpuid = {
		.count = VMM_MAX_CPUID, .entries = (uintptr_t)e,
	};
	int fd;

	flags(vt_dev, VMM_CREATE_VM, &vm, &vm.flags, VMM_VM_UNIQUE_NAME,
	      "VMM_CREATE_VM");
	ZEROES(vt_dev, VMM_CREATE_VM, &vm, struct vmm_create_vm, reserved);
	flags(vt_dev, VMM_CREATE_MEM, &mem, &mem.flags, VMM_MEM_SMALL_PAGES,
	      "VMM_CREATE_MEM");
	ZEROES(vt_dev, VMM_CREATE_MEM, &mem, struct vmm_create_mem, pad);
	ZEROES(vt_dev, VMM_CREATE_MEM, &mem, struct vmm_create_mem, reserved);
	ZEROES(vt_dev, VMM_SUPPORTED_CPUID, &cpuid, struct vmm_cpuid, pad);
	fd = ioctl(vt_dev, VMM_CREATE_VM, &vm);
	tap_ok(fd >= 0, "and with zero a VM is made");
	close(fd);
	fd = ioctl(vt_dev, VMM_CREATE_MEM, &mem);
	tap_ok(fd >= 0, "and a memory object");
	close(fd);
	tap_ok(!ioctl(vt_dev, VMM_SUPPORTED_CPUID, &cpuid) && cpuid.count,
	       "and CPUID told");
}

static void test_zero_vm(void)
{
	int vm = vt_create_vm(2), event = eventfd(0, EFD_CLOEXEC);
	struct vmm_set_slot slot = { .size = VT_PAGE, .mem_fd = t.mem };
	struct vmm_create_vcpu vcpu = { .id = 1 };
	struct vmm_msi msi = { .address = 0xfee00000, .data = 0x40 };
	struct vmm_routes routes = {};
	struct vmm_ioeventfd io = { .addr = 0x100, .len = 4, .fd = event };
	struct vmm_irqfd irqfd = { .fd = event, .gsi = 5 };
	uint64_t values[256];
	struct vmm_stats stats = { .count = 256, .values = (uintptr_t)values };
	struct vmm_dirty_log dirty = { .op = VMM_DIRTY_START };

	flags(vm, VMM_VM_SET_SLOT, &slot, &slot.flags, VMM_SLOT_READONLY,
	      "VMM_VM_SET_SLOT");
	ZEROES(vm, VMM_VM_SET_SLOT, &slot, struct vmm_set_slot, pad);
	ZEROES(vm, VMM_VM_SET_SLOT, &slot, struct vmm_set_slot, reserved);
	tap_ok(!ioctl(vm, VMM_VM_SET_SLOT, &slot), "no slot was set until now");
	flags(vm, VMM_VM_CREATE_VCPU, &vcpu, &vcpu.flags, 0,
	      "VMM_VM_CREATE_VCPU");
	ZEROES(vm, VMM_VM_CREATE_VCPU, &vcpu, struct vmm_create_vcpu, reserved);
	tap_ok(vt_create_cpu(vm, 1) >= 0, "no vCPU was made until now");
	ZEROES(vm, VMM_VM_SIGNAL_MSI, &msi, struct vmm_msi, pad);
	tap_ok(vt_refused(ioctl(vm, VMM_VM_SIGNAL_MSI, &msi), ENOENT),
	       "an MSI that no APIC takes");
	msi.address |= 1 << 12;
	tap_ok(!ioctl(vm, VMM_VM_SIGNAL_MSI, &msi) || errno == ENOENT,
	       "an MSI to the vCPU");
	flags(vm, VMM_VM_SET_ROUTES, &routes, &routes.flags, 0,
	      "VMM_VM_SET_ROUTES");
	flags(vm, VMM_VM_IOEVENTFD, &io, &io.flags, 7, "VMM_VM_IOEVENTFD");
	ZEROES(vm, VMM_VM_IOEVENTFD, &io, struct vmm_ioeventfd, pad);
	ZEROES(vm, VMM_VM_IOEVENTFD, &io, struct vmm_ioeventfd, reserved);
	tap_ok(!ioctl(vm, VMM_VM_IOEVENTFD, &io), "no doorbell until now");
	flags(vm, VMM_VM_IRQFD, &irqfd, &irqfd.flags, 3, "VMM_VM_IRQFD");
	ZEROES(vm, VMM_VM_IRQFD, &irqfd, struct vmm_irqfd, reserved);
	irqfd.resample_fd = event;
	tap_ok(vt_refused(ioctl(vm, VMM_VM_IRQFD, &irqfd), EINVAL),
	       "resample_fd without its flag");
	irqfd.resample_fd = 0;
	tap_ok(!ioctl(vm, VMM_VM_IRQFD, &irqfd), "no irqfd until now");
	ZEROES(vm, VMM_VM_DIRTY_LOG, &dirty, struct vmm_dirty_log, reserved);
	tap_ok(!ioctl(vm, VMM_VM_DIRTY_LOG, &dirty), "no dirty log until now");
	ZEROES(vm, VMM_VM_STATS, &stats, struct vmm_stats, pad);
	tap_ok(!ioctl(vm, VMM_VM_STATS, &stats) && stats.count, "statistics");
	close(event);
	close(vm);
}

static void test_zero_segments(int cpu, struct vmm_sregs *s)
{
	static const char * const names[] = {
		"ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR",
	};
	struct vmm_segment *seg = &s->es;
	char what[64];
	size_t i, at;

	for (i = 0; i < 8; i++) {
		at = (char *)&seg[i] - (char *)s;
		snprintf(what, sizeof(what), "%s.pad", names[i]);
		zeroes(cpu, VMM_VCPU_SET_SREGS, s,
		       at + offsetof(struct vmm_segment, pad),
		       at + END(struct vmm_segment, pad), what);
		zeroes(cpu, VMM_VCPU_SET_SREGS, s,
		       at + offsetof(struct vmm_segment, pad2),
		       at + END(struct vmm_segment, pad2), what);
		snprintf(what, sizeof(what), "%s.attr", names[i]);
		flags(cpu, VMM_VCPU_SET_SREGS, s, &seg[i].attr,
		      VMM_SEG_UNUSABLE | 0xf0ff, what);
	}
}

static void test_zero_cpu(void)
{
	int cpu = t.cpu[0];
	struct vmm_sregs sregs, after;
	struct vmm_debugregs debug;
	struct vmm_vcpu_events events;
	struct vmm_msr_entry msr = { .index = 0xc0000082, .value = 0 };
	struct vmm_msrs msrs = { .count = 1, .entries = (uintptr_t)&msr };
	static unsigned char area[16384];
	struct vmm_xsave xsave = {
		.size = sizeof(area), .area = (uintptr_t)area,
	};
	struct vmm_cpuid_entry e[VMM_MAX_CPUID];
	struct vmm_cpuid cpuid = {
		.count = VMM_MAX_CPUID, .entries = (uintptr_t)e,
	};

	memset(&sregs, 0, sizeof(sregs));
	tap_ok(!ioctl(cpu, VMM_VCPU_GET_SREGS, &sregs), "system registers");
	test_zero_segments(cpu, &sregs);
	ZEROES(cpu, VMM_VCPU_SET_SREGS, &sregs, struct vmm_sregs, gdtr.pad);
	ZEROES(cpu, VMM_VCPU_SET_SREGS, &sregs, struct vmm_sregs, idtr.pad);
	ZEROES(cpu, VMM_VCPU_SET_SREGS, &sregs, struct vmm_sregs, reserved);
	memset(&after, 0xff, sizeof(after));
	tap_ok(!ioctl(cpu, VMM_VCPU_GET_SREGS, &after) &&
	       !memcmp(&sregs, &after, sizeof(after)), "and nothing changed");

	msr.pad = 1;
	tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_SET_MSRS, &msrs), EINVAL) &&
	       msrs.done == 0, "vmm_msr_entry.pad must be zero");
	ZEROES(cpu, VMM_VCPU_GET_XSAVE, &xsave, struct vmm_xsave, pad);
	tap_ok(!ioctl(cpu, VMM_VCPU_GET_XSAVE, &xsave), "FPU state");
	ZEROES(cpu, VMM_VCPU_SET_XSAVE, &xsave, struct vmm_xsave, pad);
	tap_ok(!ioctl(cpu, VMM_VCPU_SET_XSAVE, &xsave), "and back");
	tap_ok(!ioctl(cpu, VMM_VCPU_GET_DEBUGREGS, &debug), "debug registers");
	ZEROES(cpu, VMM_VCPU_SET_DEBUGREGS, &debug, struct vmm_debugregs,
	       reserved);
	tap_ok(!ioctl(cpu, VMM_VCPU_GET_EVENTS, &events), "events");
	ZEROES(cpu, VMM_VCPU_SET_EVENTS, &events, struct vmm_vcpu_events, pad);
	ZEROES(cpu, VMM_VCPU_SET_EVENTS, &events, struct vmm_vcpu_events,
	       reserved);
	flags(cpu, VMM_VCPU_SET_EVENTS, &events, &events.flags, 0x7f,
	      "VMM_VCPU_SET_EVENTS");
	ZEROES(cpu, VMM_VCPU_GET_CPUID, &cpuid, struct vmm_cpuid, pad);
	tap_ok(!ioctl(cpu, VMM_VCPU_GET_CPUID, &cpuid) && cpuid.count, "CPUID");
	ZEROES(cpu, VMM_VCPU_SET_CPUID, &cpuid, struct vmm_cpuid, pad);
	e[0].pad = 1;
	tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_SET_CPUID, &cpuid), EINVAL),
	       "vmm_cpuid_entry.pad must be zero");
	e[0].pad = 0;
	e[0].flags |= 2;
	tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_SET_CPUID, &cpuid), EINVAL),
	       "vmm_cpuid_entry.flags: unknown flags");
	e[0].flags &= ~2U;
	tap_ok(!ioctl(cpu, VMM_VCPU_SET_CPUID, &cpuid), "CPUID and back");
}

/* ---- values ------------------------------------------------------------------ */

static bool name_taken(const char *name, size_t len)
{
	struct vmm_create_vm c = { .vcpus = 1 };
	int fd;

	memcpy(c.name, name, len);
	fd = ioctl(vt_dev, VMM_CREATE_VM, &c);
	if (fd >= 0)
		close(fd);
	else if (errno != EINVAL)
		tap_note("name: %s", strerror(errno));
	return fd >= 0;
}

static void test_names(void)
{
	static const char * const bad[] = {
		"1a", ".a", "-a", "_a", " ", "a b", "a/b", "a\n", "a\x7f",
		"\xe9t\xe9", "a%s", "a:b",
	};
	char name[VMM_NAME_LEN];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		tap_ok(!name_taken(bad[i], strlen(bad[i]) + 1),
		       "name %zu is refused", i);
	memset(name, 'x', sizeof(name));
	tap_ok(!name_taken(name, sizeof(name)), "a name without end");
	name[sizeof(name) - 1] = 0;
	tap_ok(name_taken(name, sizeof(name)), "the longest name");
	tap_ok(name_taken("", 1) && name_taken("a.b-c_9", 8), "good names");
}

static void test_values_dev(const struct vmm_info *info)
{
	static const uint32_t counts[] = { 0, 0x7fffffff, 0x80000000, ~0U };
	struct vmm_cpuid_entry e[VMM_MAX_CPUID];
	struct vmm_cpuid cpuid = { .entries = (uintptr_t)e };
	uint32_t need;
	size_t i;
	int fd;

	for (i = 0; i < 4; i++)
		tap_ok(vt_refused(vt_create_vm(counts[i]), EINVAL),
		       "a VM of %u vCPUs", counts[i]);
	tap_ok(vt_refused(vt_create_vm(info->max_vcpus + 1), EINVAL),
	       "one vCPU too many");
	fd = vt_create_vm(info->max_vcpus);
	tap_ok(fd >= 0, "as many as there may be");
	close(fd);
	tap_ok(vt_refused(ioctl(vt_dev, VMM_SUPPORTED_CPUID, &cpuid), ENOSPC) &&
	       cpuid.count, "no room for CPUID: the count needed is told");
	need = cpuid.count;
	cpuid.count = need - 1;
	tap_ok(vt_refused(ioctl(vt_dev, VMM_SUPPORTED_CPUID, &cpuid), ENOSPC),
	       "one entry too few");
	cpuid.count = need;
	tap_ok(!ioctl(vt_dev, VMM_SUPPORTED_CPUID, &cpuid) &&
	       cpuid.count == need, "just enough");
	cpuid.entries = 8;
	tap_ok(vt_refused(ioctl(vt_dev, VMM_SUPPORTED_CPUID, &cpuid), EFAULT),
	       "an address that is nobody's");
}

static long set_routes(int vm, uint32_t count, const void *routes)
{
	struct vmm_routes r = { .count = count, .routes = (uintptr_t)routes };

	return ioctl(vm, VMM_VM_SET_ROUTES, &r);
}

static void test_values_vm(void)
{
	static struct vmm_route many[VMM_MAX_ROUTES + 1];
	int vm = vt_create_vm(2);
	struct vmm_irq_line line = { .gsi = 4, .level = 2 };
	struct vmm_msi msi = {};
	struct vmm_route route = { .gsi = 1, .type = VMM_ROUTE_IOAPIC, .pin = 1 };
	uint64_t values[4];
	struct vmm_stats stats = { .values = (uintptr_t)values };
	uint32_t i;

	tap_ok(vt_refused(ioctl(vm, VMM_VM_IRQ_LINE, &line), EINVAL),
	       "level 2 of a line");
	line = (struct vmm_irq_line){ .gsi = VMM_MAX_GSI, .level = 1 };
	tap_ok(vt_refused(ioctl(vm, VMM_VM_IRQ_LINE, &line), EINVAL),
	       "a GSI that does not exist");
	line.gsi = ~0U;
	tap_ok(vt_refused(ioctl(vm, VMM_VM_IRQ_LINE, &line), EINVAL),
	       "nor this");
	tap_ok(vt_refused(ioctl(vm, VMM_VM_SIGNAL_MSI, &msi), EINVAL),
	       "an MSI to no APIC");
	msi.address = 0x1fee00000ULL;
	tap_ok(vt_refused(ioctl(vm, VMM_VM_SIGNAL_MSI, &msi), EINVAL),
	       "an MSI above 4 GiB");
	tap_ok(vt_refused(set_routes(vm, 1, (void *)8), EFAULT),
	       "routes that are nobody's");
	tap_ok(vt_refused(set_routes(vm, VMM_MAX_ROUTES + 1, many), EINVAL),
	       "too many routes");
	tap_ok(vt_refused(set_routes(vm, ~0U, many), EINVAL), "far too many");
	route.gsi = VMM_MAX_GSI;
	tap_ok(vt_refused(set_routes(vm, 1, &route), EINVAL), "a route's GSI");
	route.gsi = 1;
	route.pin = 24;
	tap_ok(vt_refused(set_routes(vm, 1, &route), EINVAL), "a route's pin");
	for (i = 0; i < 5; i++) {
		route = (struct vmm_route){ .type = i ? i + 3 : 0 };
		tap_ok(vt_refused(set_routes(vm, 1, &route), EINVAL),
		       "a route of type %u", route.type);
	}
	tap_ok(vt_refused(ioctl(vm, VMM_VM_STATS, &stats), ENOSPC) &&
	       stats.count, "no room for statistics: the count is told");
	stats.values = 8;
	tap_ok(vt_refused(ioctl(vm, VMM_VM_STATS, &stats), EFAULT),
	       "statistics to nowhere");
	tap_ok(vt_refused(vt_create_cpu(vm, 2), EINVAL), "a vCPU too many");
	tap_ok(vt_refused(vt_create_cpu(vm, ~0U), EINVAL), "far too many");
	tap_ok(vt_create_cpu(vm, 1) >= 0 &&
	       vt_refused(vt_create_cpu(vm, 1), EEXIST), "a vCPU twice");
	tap_ok(vt_create_cpu(vm, 0) >= 0, "the other one is still to be had");
	close(vm);
}

static void test_values_cpu(void)
{
	int cpu = t.cpu[0];
	static struct vmm_msr_entry entries[VMM_MAX_MSRS + 1];
	struct vmm_msrs msrs = { .entries = (uintptr_t)entries };
	static unsigned char area[16384];
	struct vmm_xsave xsave = { .size = 1, .area = (uintptr_t)area };
	struct vmm_cpuid cpuid = { .count = 1, .entries = 8 };
	unsigned int i;

	for (i = 0; i <= VMM_MAX_MSRS; i++)
		entries[i].index = 0xc0000082;
	msrs.count = VMM_MAX_MSRS + 1;
	tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_GET_MSRS, &msrs), EINVAL),
	       "too many MSRs");
	msrs.count = ~0U;
	tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_SET_MSRS, &msrs), EINVAL),
	       "far too many");
	msrs.count = VMM_MAX_MSRS;
	tap_ok(!ioctl(cpu, VMM_VCPU_GET_MSRS, &msrs) &&
	       msrs.done == VMM_MAX_MSRS, "as many as there may be");
	entries[3].index = 0xdeadbeef;
	tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_GET_MSRS, &msrs), EINVAL) &&
	       msrs.done == 3, "an MSR that does not exist: those before it");
	msrs.entries = 8;
	tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_GET_MSRS, &msrs), EFAULT) &&
	       vt_refused(ioctl(cpu, VMM_VCPU_SET_MSRS, &msrs), EFAULT),
	       "MSRs at an address that is nobody's");
	tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_GET_XSAVE, &xsave), ENOSPC),
	       "no room for the FPU state");
	xsave.size = 0;
	tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_SET_XSAVE, &xsave), EINVAL),
	       "no FPU state");
	xsave.size = ~0U;
	tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_SET_XSAVE, &xsave), EINVAL),
	       "FPU state of 4 GiB");
	xsave.size = sizeof(area);
	xsave.area = 8;
	tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_GET_XSAVE, &xsave), EFAULT),
	       "FPU state to an address that is nobody's");
	xsave.size = 576;
	tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_SET_XSAVE, &xsave), EFAULT),
	       "and from there");
	tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_SET_CPUID, &cpuid), EFAULT),
	       "CPUID from there");
	cpuid.count = 0;
	tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_SET_CPUID, &cpuid), EINVAL),
	       "no CPUID");
	cpuid.count = VMM_MAX_CPUID + 1;
	tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_SET_CPUID, &cpuid), EINVAL),
	       "too much of it");
}

/* ---- the files themselves ----------------------------------------------------- */

static bool no_map(int fd, size_t size, int prot, int how, off_t offset)
{
	void *p = mmap(NULL, size, prot, how, fd, offset);

	if (p != MAP_FAILED)
		munmap(p, size);
	return p == MAP_FAILED;
}

static void test_run_page(void)
{
	int cpu = t.cpu[0], rw = PROT_READ | PROT_WRITE;
	void *p;

	tap_ok(no_map(cpu, 2 * VT_PAGE, rw, MAP_SHARED, 0), "two run pages");
	tap_ok(no_map(cpu, VT_PAGE, rw, MAP_SHARED, VT_PAGE), "the second");
	tap_ok(no_map(cpu, VT_PAGE, rw, MAP_SHARED, 1L << 62), "a far one");
	tap_ok(no_map(cpu, VT_PAGE, rw, MAP_PRIVATE, 0), "a private one");
	tap_ok(no_map(t.vm, VT_PAGE, rw, MAP_SHARED, 0), "a VM's page");
	tap_ok(no_map(vt_dev, VT_PAGE, rw, MAP_SHARED, 0), "the device's page");
	p = vt_map(cpu, VT_PAGE);
	tap_ok(mremap(p, VT_PAGE, 2 * VT_PAGE, MREMAP_MAYMOVE) == MAP_FAILED,
	       "the run page does not grow");
	munmap(p, VT_PAGE);
}

static void test_files(void)
{
	char byte = 0;
	enum kind kind;

	for (kind = DEV; kind < MEM; kind++)
		tap_ok(read(fds[kind], &byte, 1) == -1 &&
		       write(fds[kind], &byte, 1) == -1 &&
		       (fcntl(fds[kind], F_GETFD) & FD_CLOEXEC),
		       "%s: no read, no write, closed on exec",
		       kind_names[kind]);
}

/* ---- 32-bit system calls -------------------------------------------------------- */

/* ioctl() of the 32-bit table; -errno. */
static int ioctl32(int fd, unsigned int cmd, void *arg)
{
	int ret;

	asm volatile("int $0x80"
		     : "=a" (ret)
		     : "a" (54), "b" (fd), "c" (cmd), "d" (arg)
		     : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

static void test_compat_layout(void)
{
	size_t i, bad = 0;

	for (i = 0; i < abi_count; i++) {
		if (abi32[i].size != abi64[i].size ||
		    abi32[i].last != abi64[i].last) {
			tap_note("%s: %u and %u bytes", abi64[i].name,
				 abi32[i].size, abi64[i].size);
			bad++;
		}
	}
	tap_ok(!bad && abi_count > 20, "32-bit callers see the same layouts");
}

static void test_compat_calls(void)
{
	union {
		struct vmm_create_vm vm;
		struct vmm_create_vcpu vcpu;
		struct vmm_set_slot slot;
		struct vmm_regs regs;
		struct vmm_info info;
		struct vmm_cpuid cpuid;
		struct vmm_lapic_state lapic;
	} *low = mmap(NULL, 8 * VT_PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	struct vmm_cpuid_entry *entries = (void *)((char *)low + 4 * VT_PAGE);
	struct vmm_regs regs;
	int vm, cpu, err;

	err = ioctl32(vt_dev, VMM_INFO, low);
	if (err == -ENOSYS) {
		tap_note("no 32-bit system calls here");
		return;
	}
	tap_ok(!err && low->info.abi == VMM_ABI_VERSION, "32-bit: VMM_INFO");
	tap_ok(ioctl32(vt_dev, VMM_INFO, NULL) == -EFAULT, "32-bit: no address");
	tap_ok(ioctl32(vt_dev, VMM_VM_KILL, NULL) == -ENOTTY,
	       "32-bit: another file's command");
	memset(low, 0, sizeof(*low));
	low->vm.vcpus = 1;
	vm = ioctl32(vt_dev, VMM_CREATE_VM, low);
	low->vm.reserved[3] = 1;
	tap_ok(vm >= 0 && ioctl32(vt_dev, VMM_CREATE_VM, low) == -EINVAL,
	       "32-bit: VMM_CREATE_VM, reserved fields checked");
	low->slot = (struct vmm_set_slot){ .size = VT_MB, .mem_fd = t.mem };
	tap_ok(!ioctl32(vm, VMM_VM_SET_SLOT, low), "32-bit: a slot");
	memset(low, 0, sizeof(*low));
	cpu = ioctl32(vm, VMM_VM_CREATE_VCPU, low);
	tap_ok(cpu >= 0, "32-bit: a vCPU");
	low->cpuid = (struct vmm_cpuid){
		.count = VMM_MAX_CPUID, .entries = (uintptr_t)entries,
	};
	tap_ok(!ioctl32(cpu, VMM_VCPU_GET_CPUID, low) && low->cpuid.count &&
	       !ioctl32(cpu, VMM_VCPU_SET_CPUID, low), "32-bit: CPUID");
	memset(low, 0, sizeof(*low));
	low->regs.r15 = 0x0123456789abcdefULL;
	low->regs.rflags = 2;
	tap_ok(!ioctl32(cpu, VMM_VCPU_SET_REGS, low) &&
	       !ioctl(cpu, VMM_VCPU_GET_REGS, &regs) &&
	       regs.r15 == 0x0123456789abcdefULL, "32-bit: registers");
	tap_ok(!ioctl32(cpu, VMM_VCPU_GET_LAPIC, low) &&
	       !ioctl32(cpu, VMM_VCPU_SET_LAPIC, low), "32-bit: local APIC");
	tap_ok(!ioctl32(vm, VMM_VM_KILL, NULL) &&
	       ioctl32(cpu, VMM_VCPU_RUN, NULL) == -ESHUTDOWN,
	       "32-bit: kill and run");
	close(cpu);
	close(vm);
	munmap(low, 8 * VT_PAGE);
}

int main(void)
{
	struct vmm_info info;

	vt_open();
	vt_make(&t, 1, VT_MB);
	VT_LOAD(&t, vt_hello);
	fds[DEV] = vt_dev;
	fds[VM] = t.vm;
	fds[CPU] = t.cpu[0];
	fds[MEM] = t.mem;
	tap_ok(!ioctl(vt_dev, VMM_INFO, &info), "VMM_INFO");

	test_numbers();
	test_addresses();
	test_zero_dev();
	test_zero_vm();
	test_zero_cpu();
	test_names();
	test_values_dev(&info);
	test_values_vm();
	test_values_cpu();
	test_run_page();
	test_files();
	test_compat_layout();
	test_compat_calls();

	vt_start(&t, 0, VT_CODE);
	tap_ok(vt_wrote_port(&t, 0, 0x80), "after all that the guest runs");
	vt_free(&t);
	tap_ok(vt_host_works(), "and another one");
	return tap_done();
}
