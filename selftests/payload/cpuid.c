// SPDX-License-Identifier: GPL-2.0
/*
 * cpuid.c: the leaves are consistent with one another, with the control
 * registers they mirror, and from one CPU to the next; and the paravirtual
 * clock, where the hypervisor offers the one that Linux documents.
 */
#include "apic.h"
#include "machine.h"
#include "smp.h"
#include "sync.h"
#include "test.h"
#include "time.h"

static void leaves(void)
{
	struct cpuid c = cpuid(0, 0), h = cpuid(0x80000000, 0);
	char vendor[13] = { 0 };
	u64 upper;

	memcpy(vendor, &c.b, 4);
	memcpy(vendor + 4, &c.d, 4);
	memcpy(vendor + 8, &c.c, 4);
	note("%s, leaves to 0x%x and 0x%x", vendor, c.a, h.a);
	check(c.a >= 1 && c.a < 0x100, "a sane number of basic leaves");
	check(h.a >= 0x80000008 && h.a < 0x80000100, "a sane number of extended leaves");
	check((h.b == c.b && h.c == c.c && h.d == c.d) || !(h.b | h.c | h.d),
	      "the extended vendor agrees or is empty");
	check(cpuid(0x80000001, 0).d & BIT(29), "long mode");
	c = cpuid(0x80000008, 0);
	check((c.a & 0xff) >= 32 && (c.a & 0xff) <= 52, "physical address width");
	check((c.a >> 8 & 0xff) == 48 || (c.a >> 8 & 0xff) == 57, "linear address width");
	check_exc(exc_of("mov $0x40ffffff, %%eax; cpuid"), NO_EXCEPTION, 0, "a leaf nobody has");
	c = cpuid(1, 0);
	check(c.d & BIT(0) && c.d & BIT(4) && c.d & BIT(5) && c.d & BIT(9) && c.d & BIT(26),
	      "FPU, TSC, MSR, APIC, SSE2");
	asm volatile("mov $-1, %%rax; mov %%rax, %%rbx; mov %%rax, %%rcx; mov %%rax, %%rdx;"
		     "mov $1, %%eax; xor %%ecx, %%ecx; cpuid;"
		     "or %%rbx, %%rax; or %%rcx, %%rax; or %%rdx, %%rax; shr $32, %%rax"
		     : "=&a"(upper) :: "rbx", "rcx", "rdx", "cc");
	check_eq(upper, 0, "the registers' upper halves are cleared");
}

static void mirrors(void)
{
	u64 cr4 = read_cr4();

	if (has_xsave()) {
		write_cr4(cr4 & ~CR4_OSXSAVE);
		check(!(cpuid(1, 0).c & BIT(27)), "OSXSAVE follows CR4: clear");
		write_cr4(cr4 | CR4_OSXSAVE);
		check(cpuid(1, 0).c & BIT(27), "OSXSAVE follows CR4: set");
		write_cr4(cr4);
	}
}

static void xsave_sizes(void)
{
	u32 max = cpuid_max(0), hi;
	struct cpuid c;

	if (!has_xsave() || max < 0xd) {
		skip("XSAVE");
		return;
	}
	write_cr4(read_cr4() | CR4_OSXSAVE);
	c = cpuid(0xd, 0);
	check((c.a & 3) == 3, "XCR0 has x87 and SSE");
	asm volatile("xsetbv" :: "c"(0), "a"(1), "d"(0));
	check_eq(cpuid(0xd, 0).b, 576, "x87 alone: 576 bytes");
	asm volatile("xsetbv" :: "c"(0), "a"(3), "d"(0));
	check_eq(cpuid(0xd, 0).b, 576, "x87 and SSE: 576 bytes");
	if (c.a & 4) {
		struct cpuid y = cpuid(0xd, 2);

		asm volatile("xsetbv" :: "c"(0), "a"(7), "d"(0));
		check_eq(cpuid(0xd, 0).b, y.b + y.a, "with AVX: its offset and size");
		check(y.a == 256 && y.b >= 576, "AVX has 256 bytes behind the header");
	}
	hi = c.a & ~BIT(9);
	asm volatile("xsetbv" :: "c"(0), "a"(hi), "d"(0));
	check(cpuid(0xd, 0).b <= c.c, "the maximum is no less than the size in use");
	asm volatile("xsetbv" :: "c"(0), "a"(1), "d"(0));
	write_cr4(read_cr4() & ~CR4_OSXSAVE);
}

static struct per_cpu {
	u32 id1, id_b, id_1e, logical, features_c, features_d, vendor;
} seen[MAX_CPUS];

static void look(void *arg __unused)
{
	struct per_cpu *p = &seen[this_cpu()->index];
	u32 max = cpuid_max(0);
	struct cpuid c = cpuid(1, 0);

	p->vendor = cpuid(0, 0).b;
	p->id1 = c.b >> 24;
	p->logical = c.b >> 16 & 0xff;
	p->features_c = c.c;
	p->features_d = c.d;
	p->id_b = max >= 0xb && cpuid(0xb, 0).b ? cpuid(0xb, 0).d : p->id1;
	p->id_1e = HAS(0x80000001, 0, c, 22) && cpuid_max(0x80000000) >= 0x8000001e ?
		   cpuid(0x8000001e, 0).a : p->id1;
}

static void topology(void)
{
	u32 n = machine.ncpus, max = cpuid_max(0);

	smp_call_all(look, NULL);
	for (u32 i = 0; i < n; i++) {
		check(seen[i].id1 == cpus[i].apic_id, "cpu %u: leaf 1 has its APIC id", i);
		check(seen[i].id_b == cpus[i].apic_id, "cpu %u: leaf 0xb has its APIC id", i);
		check(seen[i].id_1e == cpus[i].apic_id, "cpu %u: leaf 0x8000001e has its APIC id", i);
		check(seen[i].features_c == seen[0].features_c && seen[i].vendor == seen[0].vendor &&
		      seen[i].features_d == seen[0].features_d, "cpu %u: features like cpu 0's", i);
	}
	if (n > 1)
		check(cpuid(1, 0).d & BIT(28) && seen[0].logical >= n,
		      "leaf 1: HTT and room for all APIC ids");
	if (max >= 0xb && cpuid(0xb, 0).b) {
		u32 shift = 0, cores = 0;

		for (u32 level = 0; level < 8; level++) {
			struct cpuid c = cpuid(0xb, level);

			if (!(c.c >> 8 & 0xff))
				break;
			check((c.a & 0x1f) >= shift, "leaf 0xb level %u: shifts grow", level);
			check_eq(c.c & 0xff, level, "leaf 0xb level %u: echoes ECX", level);
			shift = c.a & 0x1f;
			cores = c.b & 0xffff;
		}
		check(cores == n, "leaf 0xb: the package has %u CPUs", n);
		check(1u << shift >= cores, "leaf 0xb: its shift holds them");
	}
	if (cpuid_max(0x80000000) >= 0x80000008 && seen[0].vendor == 0x68747541)
		check((cpuid(0x80000008, 0).c & 0xff) + 1u >= n, "leaf 0x80000008: cores");
}

/* The layout that Linux documents for its PV clock. */
struct pvclock {
	u32 version, pad;
	u64 tsc, time;
	u32 mul;
	s8 shift;
	u8 flags, pad2[2];
} __attribute__((packed));

static struct pvclock clocks[MAX_CPUS] __aligned(4096);
static u32 pv_msr;
static struct lock pv_lock;
static u64 pv_last;
static u32 pv_backwards;

static u64 pvclock_read(volatile struct pvclock *c)
{
	u32 version;
	u64 d, t;

	do {
		version = c->version & ~1u;
		barrier();
		d = rdtsc() - c->tsc;
		d = c->shift < 0 ? d >> -c->shift : d << c->shift;
		t = c->time + (u64)(((unsigned __int128)d * c->mul) >> 32);
		barrier();
	} while (version != c->version);
	return t;
}

static void pv_run(void *arg __unused)
{
	u32 i = this_cpu()->index;

	wrmsr(pv_msr, (u64)&clocks[i] | 1);
	for (int n = 0; n < 2000; n++) {
		u64 t;

		lock(&pv_lock);
		t = pvclock_read(&clocks[i]);
		pv_backwards += t < pv_last;
		pv_last = t;
		unlock(&pv_lock);
	}
}

static void hypervisor(void)
{
	struct cpuid h = cpuid(0x40000000, 0), f;
	u64 a, b, tsc;
	bool same = false;
	int tries;

	if (!(cpuid(1, 0).c & BIT(31))) {
		skip("no hypervisor bit");
		return;
	}
	if (h.b != 0x4b4d564b || h.c != 0x564b4d56 || h.d != 0x4d) {
		skip("not the interface that Linux documents");
		return;
	}
	check(!h.a || (h.a >= 0x40000001 && h.a < 0x40000100), "leaves from 0x40000000");
	f = cpuid(0x40000001, 0);
	note("features 0x%x, hints 0x%x", f.a, f.d);
	if (!(f.a & (BIT(0) | BIT(3)))) {
		skip("no PV clock");
		return;
	}
	pv_msr = f.a & BIT(3) ? 0x4b564d01 : 0x12;
	wrmsr(pv_msr, (u64)&clocks[0] | 1);
	check(clocks[0].version && !(clocks[0].version & 1), "an even version");
	check(clocks[0].mul, "a multiplier");
	/* A stall of the host spoils one comparison, a wrong scale all. */
	for (tries = 0; tries < 5 && !same; tries++) {
		if (tries)
			time_calibrate();
		a = pvclock_read(&clocks[0]);
		tsc = rdtsc();
		udelay(20000);
		b = pvclock_read(&clocks[0]) - a;
		tsc = (rdtsc() - tsc) * 1000000 / tsc_khz;
		same = b > tsc / 2 && b < tsc * 2;
	}
	check(same, "it runs at the TSC's rate");
	smp_call_all(pv_run, NULL);
	if (f.a & BIT(24))
		check_eq(pv_backwards, 0, "monotonic over all CPUs");
	else
		note("not said to be stable: %u steps back", pv_backwards);
	check_exc(wrmsr_exc(pv_msr, 0), NO_EXCEPTION, 0, "it can be switched off");
	wrmsr(f.a & BIT(3) ? 0x4b564d00 : 0x11, (u64)&clocks[1]);
	check(((volatile u32 *)&clocks[1])[0] && ((volatile u32 *)&clocks[1])[1], "the wall clock");
}

static void apic_mirror(void)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	apic_disable();
	check(!(cpuid(1, 0).d & BIT(9)), "the APIC bit follows APIC_BASE: clear");
	wrmsr(MSR_APIC_BASE, base);
	check(cpuid(1, 0).d & BIT(9), "the APIC bit follows APIC_BASE: set");
	apic_enable();
}

const struct test tests[] = {
	{ "leaves", leaves, false },
	{ "mirrors", mirrors, false },
	{ "xsave-sizes", xsave_sizes, false },
	{ "topology", topology, false },
	{ "hypervisor", hypervisor, false },
	{ "apic-mirror", apic_mirror, false },
	{}
};
