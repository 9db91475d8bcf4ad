// SPDX-License-Identifier: GPL-2.0
/*
 * State of a vCPU that goes in and comes out, and states that are refused.
 */
#include "random.h"
#include "vmmtest.h"

/* ---- round trips ------------------------------------------------------------------ */

/* Writes @in, reads it back into @out. */
static bool round_trip(int cpu, unsigned int set, unsigned int get, void *in,
		       void *out, size_t len)
{
	memset(out, 0xa5, len);
	if (ioctl(cpu, set, in) || ioctl(cpu, get, out)) {
		tap_note("%s", strerror(errno));
		return false;
	}
	return !memcmp(in, out, len);
}

static void test_regs(int cpu)
{
	struct vmm_regs a, b;
	struct vmm_sregs s, u;
	int i;

	fill_random(&a, sizeof(a));
	a.rflags = 0x10ed7;
	tap_ok(round_trip(cpu, VMM_VCPU_SET_REGS, VMM_VCPU_GET_REGS, &a, &b,
			  sizeof(a)), "registers");
	ioctl(cpu, VMM_VCPU_GET_SREGS, &s);
	vt_fill_sregs(&s);
	for (i = 0; i < 6; i++) {
		struct vmm_segment *seg = &s.es + i;

		seg->base = (uint32_t)rnd();
		seg->selector = rnd() & 0xfffc;
	}
	s.ldtr = (struct vmm_segment){
		.base = 0x5000, .limit = 0x1f, .selector = 0x28, .attr = 0x82,
	};
	s.gdtr.base = 0xffff800000001000ULL;
	s.idtr.limit = 0x123;
	s.cr0 |= 0x50000;
	s.cr2 = rnd();
	s.cr3 = 0x7000;
	s.cr8 = 9;
	tap_ok(round_trip(cpu, VMM_VCPU_SET_SREGS, VMM_VCPU_GET_SREGS, &s, &u,
			  sizeof(s)), "system registers, protected mode");
	s.cr4 = 0x620;
	s.cr0 |= 0x80000000;
	s.efer = 0xd01;
	s.cs.attr = 0xa09b;
	s.fs.base = 0xffff888000000000ULL;
	tap_ok(round_trip(cpu, VMM_VCPU_SET_SREGS, VMM_VCPU_GET_SREGS, &s, &u,
			  sizeof(s)), "system registers, long mode");
}

static void test_msrs(int cpu)
{
	static const struct vmm_msr_entry in[] = {
		{ .index = 0x174, .value = 0x10 },
		{ .index = 0x175, .value = 0xffff800012345678ULL },
		{ .index = 0x176, .value = 0x7fff12345678ULL },
		{ .index = 0xc0000081, .value = 0x0023001000000000ULL },
		{ .index = 0xc0000082, .value = 0xffffffff81000000ULL },
		{ .index = 0xc0000084, .value = 0x47700 },
		{ .index = 0xc0000100, .value = 0x7f0011112222ULL },
		{ .index = 0xc0000101, .value = 0xffff888033334444ULL },
		{ .index = 0xc0000102, .value = 0xffff888055556666ULL },
		{ .index = 0x277, .value = 0x0007040600070406ULL },
	};
	struct vmm_msr_entry out[10];
	struct vmm_msrs set = { .count = 10, .entries = (uintptr_t)in };
	struct vmm_msrs get = { .count = 10, .entries = (uintptr_t)out };
	struct vmm_msr_entry bad = { .index = 0x277, .value = 2 };
	struct vmm_msrs refused = { .count = 1, .entries = (uintptr_t)&bad };

	memcpy(out, in, sizeof(in));
	for (int i = 0; i < 10; i++)
		out[i].value = 0;
	tap_ok(!ioctl(cpu, VMM_VCPU_SET_MSRS, &set) && set.done == 10 &&
	       !ioctl(cpu, VMM_VCPU_GET_MSRS, &get) && get.done == 10 &&
	       !memcmp(in, out, sizeof(in)), "MSRs");
	tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_SET_MSRS, &refused), EINVAL) &&
	       !refused.done && !ioctl(cpu, VMM_VCPU_GET_MSRS, &get) &&
	       !memcmp(in, out, sizeof(in)), "a PAT that cannot be");
	bad = (struct vmm_msr_entry){ .index = 0xc0000082,
				      .value = 0x8000000000000000ULL };
	tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_SET_MSRS, &refused), EINVAL),
	       "an address that is not canonical");
}

static void test_xsave(int cpu)
{
	static unsigned char a[16384], b[16384], keep[16384];
	struct vmm_xsave x = { .size = sizeof(a), .area = (uintptr_t)a }, y;
	uint32_t size;

	tap_ok(!ioctl(cpu, VMM_VCPU_GET_XSAVE, &x) && x.size >= 576 &&
	       x.size <= sizeof(a), "FPU state of %u bytes", x.size);
	size = x.size;
	fill_random(a + 160, 256);	/* the XMM registers */
	a[512] |= 2;
	a[24] = 0x80;
	a[25] = 0x1f;
	y = x;
	y.area = (uintptr_t)b;
	tap_ok(!ioctl(cpu, VMM_VCPU_SET_XSAVE, &x) &&
	       !ioctl(cpu, VMM_VCPU_GET_XSAVE, &y) && y.size == size &&
	       !memcmp(a + 160, b + 160, 256) && y.xcr0 == x.xcr0,
	       "FPU state goes in and comes out");
	memcpy(keep, b, size);
	a[26] = 0xff;			/* MXCSR bits that do not exist */
	tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_SET_XSAVE, &x), EINVAL),
	       "an MXCSR that cannot be");
	a[26] = 0;
	a[519] = 0x40;			/* a component that does not exist */
	tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_SET_XSAVE, &x), EINVAL),
	       "components that cannot be");
	a[519] = 0;
	a[520] = 1;			/* the compacted form */
	tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_SET_XSAVE, &x), EINVAL),
	       "a header that cannot be");
	a[520] = 0;
	x.xcr0 = 0;
	tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_SET_XSAVE, &x), EINVAL),
	       "XCR0 without x87");
	x.xcr0 = 5;
	tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_SET_XSAVE, &x), EINVAL),
	       "AVX without SSE");
	x.xcr0 = 1ULL << 62 | 1;
	tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_SET_XSAVE, &x), EINVAL),
	       "XCR0 with what no guest may have");
	tap_ok(!ioctl(cpu, VMM_VCPU_GET_XSAVE, &y) && !memcmp(keep, b, size),
	       "and nothing has changed");
}

static void test_other_state(int cpu)
{
	struct vmm_debugregs d = {
		.db = { 0x1000, 0x2000, 0xffff800000000000ULL, 4 },
		.dr6 = 0xffff0ff0, .dr7 = 0x400,
	}, e;
	struct vmm_vcpu_events ev = {}, ev2;
	static struct vmm_lapic_state l, m;
	static struct vmm_cpuid_entry a[VMM_MAX_CPUID], b[VMM_MAX_CPUID];
	struct vmm_cpuid ca = { .count = VMM_MAX_CPUID, .entries = (uintptr_t)a };
	struct vmm_cpuid cb = { .count = VMM_MAX_CPUID, .entries = (uintptr_t)b };

	tap_ok(round_trip(cpu, VMM_VCPU_SET_DEBUGREGS, VMM_VCPU_GET_DEBUGREGS,
			  &d, &e, sizeof(d)), "debug registers");
	ev.flags = VMM_EVENT_EXCEPTION | VMM_EVENT_ERROR_CODE;
	ev.type = 3;
	ev.vector = 14;
	ev.error = 7;
	ev.cr2 = 0x1234;
	tap_ok(round_trip(cpu, VMM_VCPU_SET_EVENTS, VMM_VCPU_GET_EVENTS, &ev,
			  &ev2, sizeof(ev)), "a pending page fault");
	ev = (struct vmm_vcpu_events){
		.flags = VMM_EVENT_INJECTED | VMM_EVENT_NMI_PENDING, .type = 0,
		.vector = 0x30,
	};
	tap_ok(round_trip(cpu, VMM_VCPU_SET_EVENTS, VMM_VCPU_GET_EVENTS, &ev,
			  &ev2, sizeof(ev)), "an interrupt under way and an NMI");
	ev = (struct vmm_vcpu_events){
		.flags = VMM_EVENT_INJECTED, .type = 0, .vector = 8,
	};
	tap_ok(round_trip(cpu, VMM_VCPU_SET_EVENTS, VMM_VCPU_GET_EVENTS, &ev,
			  &ev2, sizeof(ev)), "one of a PIC in its first place");
	ev = (struct vmm_vcpu_events){
		.flags = VMM_EVENT_NMI_MASKED | VMM_EVENT_SHADOW_STI,
		.mp_state = VMM_MP_HALTED,
	};
	tap_ok(round_trip(cpu, VMM_VCPU_SET_EVENTS, VMM_VCPU_GET_EVENTS, &ev,
			  &ev2, sizeof(ev)), "a halt in an NMI");
	tap_ok(!ioctl(cpu, VMM_VCPU_NMI, 0), "an NMI comes");
	ev.flags = ev.mp_state = 0;
	tap_ok(round_trip(cpu, VMM_VCPU_SET_EVENTS, VMM_VCPU_GET_EVENTS, &ev,
			  &ev2, sizeof(ev)), "and is taken away with the rest");
	tap_ok(!ioctl(cpu, VMM_VCPU_GET_LAPIC, &l) &&
	       round_trip(cpu, VMM_VCPU_SET_LAPIC, VMM_VCPU_GET_LAPIC, &l, &m,
			  sizeof(l)), "local APIC");
	tap_ok(!ioctl(cpu, VMM_VCPU_GET_CPUID, &ca) &&
	       !ioctl(cpu, VMM_VCPU_SET_CPUID, &ca) &&
	       !ioctl(cpu, VMM_VCPU_GET_CPUID, &cb) && ca.count == cb.count &&
	       !memcmp(a, b, ca.count * sizeof(a[0])), "CPUID");
}

/* A CPUID without the mode that the APIC is in. */
static void test_cpuid_in_use(int cpu)
{
	static struct vmm_cpuid_entry a[VMM_MAX_CPUID], b[VMM_MAX_CPUID];
	struct vmm_cpuid ca = { .count = VMM_MAX_CPUID, .entries = (uintptr_t)a };
	struct vmm_cpuid cb = { .count = VMM_MAX_CPUID, .entries = (uintptr_t)b };
	struct vmm_msr_entry base = { .index = 0x1b };
	struct vmm_msrs msrs = { .count = 1, .entries = (uintptr_t)&base };

	tap_ok(!ioctl(cpu, VMM_VCPU_GET_CPUID, &ca) &&
	       !ioctl(cpu, VMM_VCPU_GET_MSRS, &msrs), "CPUID and the APIC's mode");
	base.value |= 1 << 10 | 1 << 11;
	tap_ok(!ioctl(cpu, VMM_VCPU_SET_MSRS, &msrs), "x2APIC mode");
	memcpy(b, a, sizeof(b));
	cb.count = ca.count;
	for (unsigned int i = 0; i < cb.count; i++)
		if (b[i].leaf == 1)
			b[i].ecx &= ~(1U << 21);
	tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_SET_CPUID, &cb), EBUSY),
	       "CPUID without x2APIC is refused");
	cb.count = VMM_MAX_CPUID;
	tap_ok(!ioctl(cpu, VMM_VCPU_GET_CPUID, &cb) && ca.count == cb.count &&
	       !memcmp(a, b, ca.count * sizeof(a[0])), "and nothing has changed");
	base.value &= ~(1ULL << 10);
	for (unsigned int i = 0; i < cb.count; i++)
		if (b[i].leaf == 1)
			b[i].ecx &= ~(1U << 21);
	tap_ok(!ioctl(cpu, VMM_VCPU_SET_MSRS, &msrs) &&
	       !ioctl(cpu, VMM_VCPU_SET_CPUID, &cb), "in xAPIC mode it is taken");
	base.value |= 1 << 10;
	tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_SET_MSRS, &msrs), EINVAL),
	       "and then x2APIC mode is not");
}

static void test_round_trips(void)
{
	struct vt t;

	vt_make(&t, 2, VT_MB);
	VT_LOAD(&t, vt_hello);
	test_regs(t.cpu[1]);
	test_msrs(t.cpu[1]);
	test_xsave(t.cpu[1]);
	test_other_state(t.cpu[1]);
	test_cpuid_in_use(t.cpu[1]);
	vt_start(&t, 1, VT_CODE);
	tap_ok(vt_wrote_port(&t, 1, 0x80), "after all that it runs");
	vt_free(&t);
}

/* ---- states that cannot be ---------------------------------------------------------- */

enum what {
	CR0, CR3, CR4, CR8, EFER, APIC_BASE, GDT_LIMIT, GDT_BASE, IDT_LIMIT,
	IDT_BASE, CS_LD, REAL_SS, REAL_CS, DATA_CS, LONG_TR,
	/* Of the segment whose number is or-ed in; the last one unusable. */
	BASE = 0x10, ATTR = 0x20, SELECTOR = 0x30, SELECTOR_ALONE = 0x40,
};

/* Segments by their place in struct vmm_sregs. */
enum { ES, CS, SS, DS, FS, GS, LDTR, TR };

static const struct {
	unsigned int what;	/* enum what */
	uint64_t val;
	const char *name;
} bad_sregs[] = {
	{ CR0, 0x80000010, "paging without protection" },
	{ CR0, 0x20000011, "NW without CD" },
	{ CR0, 0x100000011ULL, "CR0 of more than 32 bits" },
	{ CR3, 1ULL << 60, "CR3 beyond physical space" },
	{ CR4, 1ULL << 32, "CR4 of more than 32 bits" },
	{ CR4, 1 << 13, "VMX for the guest" },
	{ CR4, 1 << 17, "PCIDs outside of long mode" },
	{ CR8, 16, "a priority that does not exist" },
	{ EFER, 1ULL << 63, "EFER bits that do not exist" },
	{ EFER, 0x1000, "SVM for the guest" },
	{ EFER, 0x400, "long mode active, not enabled" },
	{ EFER, 0x500, "long mode active without paging" },
	{ APIC_BASE, 1ULL << 60, "an APIC beyond physical space" },
	{ APIC_BASE, 0xfee00901 | 1, "APIC base bits that do not exist" },
	{ GDT_LIMIT, 0x10000, "a GDT of more than 64 KiB" },
	{ IDT_LIMIT, ~0U, "an IDT of more than 64 KiB" },
	{ GDT_BASE, 1ULL << 63, "a GDT at no canonical address" },
	{ IDT_BASE, 0x800000000000ULL, "an IDT at no canonical address" },
	{ CS_LD, 0, "code of 64 and 32 bits" },
	{ BASE | CS, 1ULL << 32, "CS above 4 GiB" },
	{ BASE | DS, ~0ULL << 31, "DS above 4 GiB, though canonical" },
	{ BASE | ES, 1ULL << 32, "ES above 4 GiB" },
	{ BASE | SS, 1ULL << 32, "SS above 4 GiB" },
	{ BASE | FS, 1ULL << 47, "FS at no canonical address" },
	{ BASE | GS, 1ULL << 63, "GS at no canonical address" },
	{ BASE | LDTR, 1ULL << 47, "LDTR at no canonical address" },
	{ BASE | TR, 1ULL << 47, "TR at no canonical address" },
	{ ATTR | CS, 0xc89b, "segment bits that do not exist" },
	{ ATTR | DS, 1 << 17 | 0xc093, "segment bits above those" },
	{ ATTR | CS, VMM_SEG_UNUSABLE, "no code segment" },
	{ ATTR | CS, 0xc01b, "a code segment that is not present" },
	{ ATTR | CS, 0xc08b, "code in a system segment" },
	{ ATTR | CS, 0xc091, "code in read-only data" },
	{ ATTR | CS, 0xc0fb, "code of level 3 at level 0" },
	{ ATTR | CS, 0xc0ff, "conforming code of level 3 at level 0" },
	{ ATTR | CS, 0xc0f3, "data of level 3 for code" },
	{ ATTR | SS, 0xc0f3, "a stack of level 3 at level 0" },
	{ ATTR | SS, 0xc09b, "a stack in code" },
	{ ATTR | SS, 0xc091, "a stack in read-only data" },
	{ ATTR | SS, 0xc082, "a stack in a system segment" },
	{ ATTR | GS, 0xc099, "data in code that cannot be read" },
	{ ATTR | ES, 0x0083, "data in a system segment" },
	{ ATTR | TR, 0x0093, "a task in data" },
	{ ATTR | TR, 0x0082, "a task in an LDT" },
	{ ATTR | TR, 0x008e, "a task in a gate" },
	{ ATTR | LDTR, 0x0093, "an LDT in data" },
	{ ATTR | LDTR, 0x008b, "an LDT in a task" },
	{ SELECTOR | TR, 0x2c, "a task that is in the LDT" },
	{ SELECTOR | LDTR, 0x2c, "an LDT that is in the LDT" },
	{ REAL_SS, 0xf3, "real mode above level 0" },
	{ REAL_CS, 0xc0fb, "code of level 3 in real mode" },
	{ REAL_CS, 0xc091, "code in read-only data, in real mode" },
	{ DATA_CS, 0xf3, "code in data of level 0 under a stack of level 3" },
};

/* What may look odd, and is a state that guests get into. */
static const struct {
	unsigned int what;	/* enum what */
	uint64_t val;
	const char *name;
} odd_sregs[] = {
	{ ATTR | CS, 0xc093, "code in data, as real mode leaves it" },
	{ ATTR | CS, 0xc09f, "conforming code" },
	{ ATTR | SS, 0xc097, "a stack that grows down" },
	{ ATTR | SS, VMM_SEG_UNUSABLE, "no stack segment" },
	{ ATTR | DS, 0xc09b, "data in code that can be read" },
	{ ATTR | TR, VMM_SEG_UNUSABLE, "no task" },
	{ ATTR | TR, 0x83, "a task of 16 bits" },
	{ BASE | FS, ~0ULL << 47, "FS in the upper half" },
	{ BASE | TR, ~0ULL << 47, "TR in the upper half" },
	{ SELECTOR_ALONE | TR, 0x2c, "no task, with a selector of the LDT" },
	{ LONG_TR, 0x83, "a task of 16 bits in long mode" },
	{ REAL_SS, 0x93, "real mode" },
	{ REAL_CS, 0x93, "real mode with code in data" },
};

static void long_mode(struct vmm_sregs *s)
{
	s->cr0 = 0x80000011;
	s->cr4 = 0x20;
	s->efer = 0x500;
}

static void spoil(struct vmm_sregs *s, unsigned int what, uint64_t val)
{
	struct vmm_segment *sg = &s->es + (what & 7);

	switch (what < BASE ? what : what & ~7U) {
	case BASE:
		sg->base = val;
		break;
	case ATTR:
		sg->attr = val;
		break;
	case SELECTOR:
		sg->selector = val;
		sg->attr = (what & 7) == LDTR ? 0x82 : 0x8b;
		break;
	case SELECTOR_ALONE:
		sg->selector = val;
		sg->attr = VMM_SEG_UNUSABLE;
		break;
	case REAL_SS:
		s->cr0 &= ~1ULL;
		s->ss.attr = val;
		break;
	case REAL_CS:
		s->cr0 &= ~1ULL;
		s->cs.attr = val;
		break;
	case DATA_CS:
		s->cs.attr = 0x93;
		s->ss.attr = val;
		break;
	case CR0:
		s->cr0 = val;
		break;
	case CR3:
		s->cr3 = val;
		break;
	case CR4:
		s->cr4 = val;
		break;
	case CR8:
		s->cr8 = val;
		break;
	case EFER:
		s->efer = val;
		break;
	case APIC_BASE:
		s->apic_base = val;
		break;
	case GDT_LIMIT:
		s->gdtr.limit = val;
		break;
	case GDT_BASE:
		s->gdtr.base = val;
		break;
	case IDT_LIMIT:
		s->idtr.limit = val;
		break;
	case IDT_BASE:
		s->idtr.base = val;
		break;
	case CS_LD:
		long_mode(s);
		s->cs.attr = 0xe09b;
		break;
	case LONG_TR:
		long_mode(s);
		s->tr.attr = val;
		break;
	}
}

/* The processor takes @s, whatever the guest then runs into. */
static bool enters(struct vt *t, const struct vmm_sregs *s)
{
	vt_start(t, 0, VT_CODE);
	if (ioctl(t->cpu[0], VMM_VCPU_SET_SREGS, s))
		return false;
	if (!vt_run(t, 0) && t->run[0]->reason != VMM_RUN_FAIL_ENTRY)
		return true;
	tap_note("reason %u: %s", t->run[0]->reason, t->run[0]->text);
	return false;
}

static void test_bad_events(int cpu)
{
	static const struct vmm_vcpu_events bad[] = {
		{ .mp_state = 3 },
		{ .mp_state = ~0U },
		{ .flags = VMM_EVENT_ERROR_CODE },
		{ .flags = VMM_EVENT_EXCEPTION | VMM_EVENT_INJECTED,
		  .type = 3, .vector = 6 },
		{ .flags = VMM_EVENT_EXCEPTION, .type = 3, .vector = 32 },
		{ .flags = VMM_EVENT_EXCEPTION, .type = 3, .vector = 2 },
		{ .flags = VMM_EVENT_EXCEPTION, .type = 3, .vector = 15 },
		{ .flags = VMM_EVENT_EXCEPTION, .type = 3, .vector = 31 },
		{ .flags = VMM_EVENT_EXCEPTION, .type = 0, .vector = 32 },
		{ .flags = VMM_EVENT_INJECTED, .type = 1, .vector = 32 },
		{ .flags = VMM_EVENT_INJECTED, .type = 2, .vector = 3 },
		{ .flags = VMM_EVENT_INJECTED, .type = 255, .vector = 3 },
		{ .flags = VMM_EVENT_INJECTED, .type = 4, .vector = 0x80 },
		{ .flags = VMM_EVENT_INJECTED | VMM_EVENT_ERROR_CODE,
		  .type = 0, .vector = 0x80 },
		{ .flags = VMM_EVENT_INJECTED | VMM_EVENT_ERROR_CODE,
		  .type = 2, .vector = 2 },
		{ .flags = VMM_EVENT_INJECTED | VMM_EVENT_ERROR_CODE,
		  .type = 3, .vector = 6 },
		{ .flags = VMM_EVENT_INJECTED | VMM_EVENT_NMI_MASKED,
		  .type = 2, .vector = 2 },
		{ .flags = VMM_EVENT_EXCEPTION, .type = 3, .vector = 13 },
	};
	struct vmm_vcpu_events was, now;
	size_t i;

	ioctl(cpu, VMM_VCPU_GET_EVENTS, &was);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_SET_EVENTS, &bad[i]),
				  EINVAL), "events that cannot be: %zu", i);
	tap_ok(!ioctl(cpu, VMM_VCPU_GET_EVENTS, &now) &&
	       !memcmp(&was, &now, sizeof(was)), "and nothing has changed");
}

static void test_bad_states(void)
{
	struct vmm_debugregs d = { .dr6 = 1ULL << 32 };
	struct vmm_sregs good, s, now;
	struct vmm_regs regs, was;
	unsigned int bit, bad = 0;
	struct vt t;
	size_t i;
	int cpu;

	vt_make(&t, 1, VT_MB);
	VT_LOAD(&t, vt_hello);
	cpu = t.cpu[0];
	ioctl(cpu, VMM_VCPU_GET_SREGS, &good);
	for (i = 0; i < sizeof(bad_sregs) / sizeof(bad_sregs[0]); i++) {
		s = good;
		s.cr2 = 0x5a5a;
		spoil(&s, bad_sregs[i].what, bad_sregs[i].val);
		tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_SET_SREGS, &s), EINVAL) &&
		       !ioctl(cpu, VMM_VCPU_GET_SREGS, &now) &&
		       !memcmp(&good, &now, sizeof(now)), "%s",
		       bad_sregs[i].name);
	}
	for (i = 0; i < sizeof(odd_sregs) / sizeof(odd_sregs[0]); i++) {
		s = good;
		spoil(&s, odd_sregs[i].what, odd_sregs[i].val);
		tap_ok(!ioctl(cpu, VMM_VCPU_SET_SREGS, &s) &&
		       !ioctl(cpu, VMM_VCPU_GET_SREGS, &now) &&
		       !ioctl(cpu, VMM_VCPU_SET_SREGS, &now) &&
		       enters(&t, &now), "%s", odd_sregs[i].name);
	}
	vt_start(&t, 0, VT_CODE);
	ioctl(cpu, VMM_VCPU_GET_REGS, &was);
	for (bit = 0; bit < 64; bit++) {
		regs = was;
		regs.rax = 0x5a5a;
		regs.rflags = 1ULL << bit;
		if (bit < 22 && bit != 3 && bit != 5 && bit != 15)
			continue;
		bad += !vt_refused(ioctl(cpu, VMM_VCPU_SET_REGS, &regs), EINVAL);
	}
	tap_ok(!bad && !ioctl(cpu, VMM_VCPU_GET_REGS, &regs) &&
	       !memcmp(&regs, &was, sizeof(was)), "flags that do not exist");
	tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_SET_DEBUGREGS, &d), EINVAL),
	       "DR6 of more than 32 bits");
	d = (struct vmm_debugregs){ .dr7 = 1ULL << 63 };
	tap_ok(vt_refused(ioctl(cpu, VMM_VCPU_SET_DEBUGREGS, &d), EINVAL),
	       "DR7 of more than 32 bits");
	test_bad_events(cpu);
	tap_ok(vt_wrote_port(&t, 0, 0x80), "after all that it runs");
	vt_free(&t);
}

/* ---- states that cannot be together --------------------------------------------------- */

/* A run with @s and @regs stops with words before the guest has run. */
static bool stops(struct vt *t, const struct vmm_sregs *s,
		  const struct vmm_regs *regs, const char *words)
{
	struct vmm_run *run = t->run[0];
	struct vmm_regs now;
	int err;

	if (ioctl(t->cpu[0], VMM_VCPU_SET_REGS, regs) ||
	    ioctl(t->cpu[0], VMM_VCPU_SET_SREGS, s))
		return false;
	err = vt_run(t, 0);
	ioctl(t->cpu[0], VMM_VCPU_GET_REGS, &now);
	if (!err && run->reason == VMM_RUN_FAIL_ENTRY &&
	    strstr(run->text, words) && !memcmp(&now, regs, sizeof(now)))
		return true;
	tap_note("%s, reason %u at %llx: %s", strerror(err), run->reason,
		 now.rip, run->reason >= VMM_RUN_SHUTDOWN ? run->text : "");
	return false;
}

/* Events that are as they should be, but not in the state that is set next. */
static void test_bad_deliveries(struct vt *t, const struct vmm_sregs *flat)
{
	struct vmm_vcpu_events e = {
		.flags = VMM_EVENT_INJECTED, .type = 0, .vector = 0x30,
	};
	struct vmm_regs regs;
	struct vmm_sregs real = *flat;

	vt_start(t, 0, VT_CODE);
	ioctl(t->cpu[0], VMM_VCPU_GET_REGS, &regs);
	tap_ok(!ioctl(t->cpu[0], VMM_VCPU_SET_EVENTS, &e) &&
	       stops(t, flat, &regs, "RFLAGS.IF"),
	       "an interrupt under way with interrupts off");
	regs.rflags |= 0x200;
	ioctl(t->cpu[0], VMM_VCPU_SET_REGS, &regs);
	tap_ok(vt_wrote_port(t, 0, 0x80) && vt_count(t, 0x30) == 1,
	       "and with interrupts on it is delivered");
	real.cr0 &= ~1ULL;
	e.type = 3;
	e.vector = 13;
	tap_ok(!ioctl(t->cpu[0], VMM_VCPU_SET_SREGS, &real) &&
	       !ioctl(t->cpu[0], VMM_VCPU_SET_EVENTS, &e) &&
	       stops(t, flat, &regs, "error code"),
	       "an exception of real mode in protected mode");
	vt_start(t, 0, VT_CODE);
}

#define TRACING	"/sys/kernel/tracing/"
#define ENABLE	TRACING "events/vmm/vmm_entry_failed/enable"

static bool write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC);
	ssize_t done = fd < 0 ? -1 : write(fd, text, strlen(text));

	close(fd);
	return done == (ssize_t)strlen(text);
}

/* The tracepoint tells of it too, and nothing of an exit from before. */
static void test_trace(struct vt *t, const struct vmm_sregs *s,
		       const struct vmm_regs *regs, const char *words)
{
	char text[8192] = "", *line;
	bool stopped, on;
	FILE *f;

	on = write_to(TRACING "trace", "") && write_to(ENABLE, "1");
	stopped = stops(t, s, regs, words);
	write_to(ENABLE, "0");
	f = fopen(TRACING "trace", "r");
	if (f) {
		text[fread(text, 1, sizeof(text) - 1, f)] = 0;
		fclose(f);
	}
	line = strstr(text, "vmm_entry_failed:");
	if (!tap_ok(on && stopped && line && strstr(line, words) &&
		    strstr(line, " code 0x0 info 0x0: "),
		    "a tracepoint tells what is refused"))
		tap_note("%d %d %.200s", on, stopped, line ?: "no line");
}

static void test_bad_combinations(void)
{
	struct vmm_regs regs, vm86;
	struct vmm_sregs flat, s;
	struct vt t;
	int i;

	vt_make(&t, 1, VT_MB);
	VT_LOAD(&t, vt_hello);
	ioctl(t.cpu[0], VMM_VCPU_GET_SREGS, &flat);
	ioctl(t.cpu[0], VMM_VCPU_GET_REGS, &regs);
	vm86 = regs;
	vm86.rflags |= 1 << 17;
	tap_ok(stops(&t, &flat, &vm86, "RFLAGS.VM"),
	       "virtual-8086 mode in flat segments");
	s = flat;
	s.cr0 &= ~1ULL;
	tap_ok(stops(&t, &s, &vm86, "RFLAGS.VM"), "and in real mode");
	regs.rip |= 1ULL << 32;
	tap_ok(stops(&t, &flat, &regs, "RIP"),
	       "RIP above 4 GiB outside of 64-bit code");
	s = flat;
	long_mode(&s);
	s.cs.attr = 0xa09b;
	regs.rip = 1ULL << 48;
	tap_ok(stops(&t, &s, &regs, "RIP"), "RIP beyond canonical addresses");
	test_bad_deliveries(&t, &flat);
	s = flat;
	for (i = 0; i < 6; i++)
		(&s.es)[i] = (struct vmm_segment){
			.base = VT_CODE, .selector = VT_CODE >> 4,
			.limit = 0xffff, .attr = 0xf3,
		};
	vm86.rip = 0;
	vm86.rflags = 2;
	tap_ok(stops(&t, &s, &vm86, "RFLAGS.VM"),
	       "segments of virtual-8086 mode alone");
	vm86.rflags |= 1 << 17 | 3 << 12;
	tap_ok(!ioctl(t.cpu[0], VMM_VCPU_SET_REGS, &vm86) &&
	       !ioctl(t.cpu[0], VMM_VCPU_SET_SREGS, &s) &&
	       vt_run(&t, 0) == 0 && t.run[0]->reason != VMM_RUN_FAIL_ENTRY,
	       "virtual-8086 mode in its own");
	vt_start(&t, 0, VT_CODE);
	tap_ok(vt_wrote_port(&t, 0, 0x80), "after all that it runs");
	regs.rip = VT_CODE | 1ULL << 32;
	test_trace(&t, &flat, &regs, "RIP is above 4 GiB");
	vt_free(&t);
}

int main(void)
{
	vt_open();
	vt_catch(SIGUSR1);
	test_round_trips();
	test_bad_states();
	test_bad_combinations();
	return tap_done();
}
