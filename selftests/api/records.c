// SPDX-License-Identifier: GPL-2.0
/*
 * Saved state: a VM that runs is saved and goes on in another, with its timers, what
 * is pending and its time; saved again it is the same to the byte; and whatever is no
 * state, or not one for this VM, is refused and changes nothing.
 *
 * test: timeout: 120
 */
#include <stddef.h>
#include <stdio.h>

#include "lib/streams.h"
#include "vmmtest.h"

#define CPUS		2
#define TIMER		0x40
#define PIT_VECTOR	0x30
#define SELF		0x51
#define MSR_TSC		0x10
#define MSR_CLOCK	0x4b564d01
#define MSR_STEAL	0x4b564d03
#define CLOCK_AT	0x5000
#define STEAL_AT	0x6000

/* ---- a guest ------------------------------------------------------------------ */

/*
 * vCPU n counts in mail n; the first one has a periodic APIC timer, a PIT that ticks
 * by the IOAPIC's pin 2, and something in every kind of register.  Mail 8: 1 makes
 * vCPU 1 take interrupts, which it has asked for one of.
 */
VT_BLOB(guest,
	"	mov 0xfee00020, %eax\n"
	"	shr $24, %eax\n"
	"	jnz second\n"
	"	movl $0x0b, 0xfee003e0\n"	/* divide by 1 */
	"	movl $0x20040, 0xfee00320\n"	/* periodic */
	"	movl $3000000, 0xfee00380\n"	/* 3 ms */
	"	movl $0x14, 0xfec00000\n"
	"	movl $0x30, 0xfec00010\n"	/* IOAPIC pin 2 */
	"	movl $0x15, 0xfec00000\n"
	"	movl $0, 0xfec00010\n"
	"	mov $0x34, %al\n"
	"	out %al, $0x43\n"
	"	mov $0x88, %al\n"
	"	out %al, $0x40\n"
	"	mov $0x13, %al\n"		/* 5000 ticks, 4.2 ms */
	"	out %al, $0x40\n"
	"	fninit\n"
	"	fldpi\n"
	"	mov $0x12345678, %ebx\n"
	"	mov %ebx, %dr0\n"
	"	mov $0x70406, %esi\n"
	"	mov $0x277, %ecx\n"
	"	rdmsr\n"
	"	wrmsr\n"
	"	sti\n"
	"1:	incl 0x3000\n"
	"	cmp $0x12345678, %ebx\n"
	"	jne 9f\n"
	"	pause\n"
	"	jmp 1b\n"
	"9:	ud2\n"
	"second:\n"
	"	cli\n"
	"	movl $0x44051, 0xfee00300\n"	/* to itself */
	"2:	incl 0x3004\n"
	"	pause\n"
	"	cmpl $1, 0x3020\n"
	"	jne 2b\n"
	"	sti\n"
	"3:	incl 0x3008\n"
	"	hlt\n"
	"	jmp 3b");

static void clone_memory(struct vt *to, const struct vt *from)
{
	memcpy(to->ram, from->ram, from->size);
}

static uint64_t tsc_of(struct vt *t, unsigned int n)
{
	struct vmm_msr_entry e = { .index = MSR_TSC };
	struct vmm_msrs m = { .count = 1, .entries = (uintptr_t)&e };

	if (ioctl(t->cpu[n], VMM_VCPU_GET_MSRS, &m))
		vt_bail("TSC");
	return e.value;
}

static uint64_t clock_of(struct vt *t)
{
	struct vmm_vm_clock c;

	if (ioctl(t->vm, VMM_VM_GET_CLOCK, &c))
		vt_bail("clock");
	return c.ns;
}

static void set_msr(struct vt *t, unsigned int n, uint32_t index, uint64_t val)
{
	struct vmm_msr_entry e = { .index = index, .value = val };
	struct vmm_msrs m = { .count = 1, .entries = (uintptr_t)&e };

	if (ioctl(t->cpu[n], VMM_VCPU_SET_MSRS, &m))
		vt_bail("MSR %#x", index);
}

/* What the guest is told of the time. */
struct told {
	uint32_t version, pad;
	uint64_t tsc, ns;
	uint32_t mul;
	int8_t shift;
	uint8_t flags;
};

static struct told told(const struct vt *t)
{
	struct told p;

	memcpy(&p, t->ram + CLOCK_AT, sizeof(p));
	return p;
}

/* The time at @tsc, as the guest computes it. */
static uint64_t time_at(const struct told *p, uint64_t tsc)
{
	uint64_t delta = tsc - p->tsc;

	delta = p->shift < 0 ? delta >> -p->shift : delta << p->shift;
	return p->ns + (uint64_t)((unsigned __int128)delta * p->mul >> 32);
}

static void start(struct vt *t, struct vt_runner r[CPUS])
{
	unsigned int i;

	for (i = 0; i < CPUS; i++)
		vt_spawn(&r[i], t, i);
}

static void stop(struct vt_runner r[CPUS])
{
	unsigned int i;

	for (i = 0; i < CPUS; i++)
		vt_stop(&r[i]);
}

/* A machine in the middle of it, paused, no thread in it; its state. */
static struct stream make_saved(struct vt *t)
{
	struct vt_runner r[CPUS];
	uint64_t size = 0;

	vt_make(t, CPUS, VT_MB);
	VT_LOAD(t, guest);
	set_msr(t, 0, MSR_CLOCK, CLOCK_AT | 1);
	set_msr(t, 0, MSR_STEAL, STEAL_AT | 1);
	tap_ok(vt_refused(get(t->vm, NULL, &size), EBUSY), "get: not paused");
	start(t, r);
	tap_ok(VT_WAIT_FOR(vt_count(t, TIMER) > 3 &&
			   vt_count(t, PIT_VECTOR) > 3 && vt_mail(t)[1] > 3),
	       "the guest runs");
	tap_ok(vt_refused(get(t->vm, NULL, &size), EBUSY), "get: it runs");
	tap_ok(ioctl(t->vm, VMM_VM_PAUSE, 0) == 0 &&
	       vt_refused(ioctl(t->vm, VMM_VM_PAUSE, 0), EALREADY), "pause");
	tap_ok(vt_refused(get(t->vm, NULL, &size), EBUSY),
	       "get: threads are inside");
	stop(r);
	return save(t->vm);
}

/* ---- it goes on --------------------------------------------------------------- */

static void goes_on(struct vt *b, const struct vt *a)
{
	struct vt_runner r[CPUS];
	uint32_t count = vt_mail(b)[0], ticks = vt_count(b, TIMER);
	uint32_t pit = vt_count(b, PIT_VECTOR);

	tap_ok(vt_count(b, SELF) == 0, "its own interrupt waits");
	start(b, r);
	vt_sleep_ms(20);
	tap_ok(vt_mail(b)[0] == count && vt_count(b, TIMER) == ticks,
	       "paused it is still");
	tap_ok(ioctl(b->vm, VMM_VM_RESUME, 0) == 0, "resume");
	tap_ok(VT_WAIT_FOR(vt_mail(b)[0] > count + 100), "it counts on");
	tap_ok(VT_WAIT_FOR(vt_count(b, TIMER) > ticks + 3), "the APIC timer ticks");
	tap_ok(VT_WAIT_FOR(vt_count(b, PIT_VECTOR) > pit + 3), "the PIT ticks");
	tap_ok(vt_count(b, SELF) == 0, "not taken with interrupts off");
	vt_mail(b)[8] = 1;
	tap_ok(VT_WAIT_FOR(vt_mail(b)[2] > 0 && vt_count(b, SELF) == 1),
	       "what was pending is taken");
	stop(r);
	tap_ok(!r[0].err || r[0].err == EINTR, "and no fault");
	tap_ok(vt_count(b, SELF) == 1, "once");
}

/* The guest's clock is one line through both; it is told anew. */
static void same_clock(struct vt *b, const struct vt *a)
{
	struct told was = told(a), is = told(b);
	uint64_t tsc = tsc_of(b, 0);
	int64_t diff = time_at(&is, tsc) - time_at(&was, tsc);

	tap_note("%lld ns apart, versions %u and %u", (long long)diff,
		 was.version, is.version);
	tap_ok(diff > -1000 && diff < 1000 && !(is.version & 1) &&
	       is.version > was.version && is.flags == was.flags,
	       "the paravirtual clock goes on");
}

static void test_goes_on(void)
{
	struct stream s, again;
	struct vt a, b;
	unsigned int i;

	s = make_saved(&a);
	tap_note("%zu bytes", s.size);
	again = save(a.vm);
	tap_ok(equal(&s, &again), "a second look sees the same");
	free(again.data);

	vt_make(&b, CPUS, VT_MB);
	clone_memory(&b, &a);
	tap_ok(vt_refused(set(b.vm, s.data, s.size), EBUSY), "set: not paused");
	tap_ok(ioctl(b.vm, VMM_VM_PAUSE, 0) == 0 &&
	       set(b.vm, s.data, s.size) == 0, "set");
	again = save(b.vm);
	tap_ok(equal(&s, &again), "saved again it is the same to the byte");
	for (i = 0; i < CPUS; i++)
		tap_ok(tsc_of(&a, i) == tsc_of(&b, i), "TSC of vCPU %u", i);
	tap_ok(clock_of(&a) == clock_of(&b), "clock");
	goes_on(&b, &a);
	same_clock(&b, &a);

	/* Back, in one and the same VM that has run meanwhile. */
	clone_memory(&b, &a);
	tap_ok(ioctl(b.vm, VMM_VM_PAUSE, 0) == 0 &&
	       set(b.vm, s.data, s.size) == 0, "set back");
	free(again.data);
	again = save(b.vm);
	tap_ok(equal(&s, &again), "is the same again");
	goes_on(&b, &a);
	free(again.data);
	free(s.data);
	vt_free(&a);
	vt_free(&b);
}

/* ---- what is no stream ---------------------------------------------------------- */

/* @t has @state and keeps it. */
struct victim {
	struct vt t;
	struct stream state;
	unsigned long changed;
};

static bool refused(struct victim *v, const struct stream *s, int err)
{
	int ret = set(v->t.vm, s->data, s->size), why = errno;
	struct stream now = save(v->t.vm);

	if (!equal(&now, &v->state))
		v->changed++;
	free(now.data);
	errno = why;
	return vt_refused(ret, err);
}

static void test_lengths(struct victim *v)
{
	struct stream s = copy(&v->state);
	struct vmm_state_record *r;
	unsigned long bad = 0, tried = 0;

	for (s.size = 0; s.size < v->state.size; s.size += 8, tried++)
		if (s.size < 256 || s.size % 512 < 16 ||
		    s.size + 256 > v->state.size)
			bad += !refused(v, &s, EBADMSG);
	for (r = first(&v->state); r; r = next(&v->state, r)) {
		s.size = (unsigned char *)r - v->state.data;
		bad += !refused(v, &s, EBADMSG) || bad_at != s.size;
	}
	tap_ok(!bad, "cut off");
	s.size = v->state.size + 8;
	s.data = realloc(s.data, s.size);
	memset(s.data + v->state.size, 0, 8);
	tap_ok(refused(v, &s, EBADMSG), "something behind it");
	s.size = (16UL << 20) + 8;
	s.data = realloc(s.data, s.size);
	tap_ok(refused(v, &s, E2BIG), "too large");
	free(s.data);
}

static void test_headers(struct victim *v)
{
	static const struct {
		size_t offset;
		uint32_t flip;
	} fields[] = {
		{ offsetof(struct vmm_state_record, type), 1 },
		{ offsetof(struct vmm_state_record, type), 1U << 30 },
		{ offsetof(struct vmm_state_record, version), 3 },
		{ offsetof(struct vmm_state_record, flags), 1 },
		{ offsetof(struct vmm_state_record, size), 8 },
		{ offsetof(struct vmm_state_record, size), 1 },
		{ offsetof(struct vmm_state_record, size), 1U << 31 },
	};
	struct stream s = copy(&v->state);
	struct vmm_state_record *r;
	unsigned long bad = 0;
	unsigned int i;
	uint8_t *at;

	for (r = first(&s); r; r = next(&s, r)) {
		for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
			at = (uint8_t *)r + fields[i].offset;
			if (fields[i].offset == offsetof(struct vmm_state_record, version) ||
			    fields[i].offset == offsetof(struct vmm_state_record, flags))
				*(uint16_t *)at ^= fields[i].flip;
			else
				*(uint32_t *)at ^= fields[i].flip;
			bad += !refused(v, &s, EBADMSG);
			memcpy(s.data, v->state.data, s.size);
		}
	}
	tap_ok(!bad, "types, versions, flags and sizes");
	first(&s)->instance = 1;
	tap_ok(refused(v, &s, EBADMSG), "instance");
	memcpy(s.data, v->state.data, s.size);
	((struct vmm_state_vm *)(first(&s) + 1))->magic ^= 1;
	tap_ok(refused(v, &s, EBADMSG) && bad_type == VMM_STATE_VM, "foreign");
	free(s.data);
}

/* All records of vCPU 1 get another id. */
static void renumber(struct stream *s, uint32_t id)
{
	struct vmm_state_record *r;

	for (r = first(s); r; r = next(s, r))
		if (r->instance == 1)
			r->instance = id;
}

static void test_others(struct victim *v)
{
	struct stream s = copy(&v->state);
	struct vmm_cpuid_entry *e;
	struct vmm_state_vm *vm = (void *)(first(&s) + 1);
	struct vmm_state_record *r;
	struct vt one;

	renumber(&s, 3);
	tap_ok(refused(v, &s, ENXIO) && bad_type == VMM_STATE_CPUID,
	       "a vCPU that the VM has not");
	vt_make(&one, 1, VT_MB);
	tap_ok(ioctl(one.vm, VMM_VM_PAUSE, 0) == 0 &&
	       vt_refused(set(one.vm, v->state.data, v->state.size), ENXIO),
	       "fewer vCPUs");
	vt_free(&one);

	memcpy(s.data, v->state.data, s.size);
	r = find(&s, VMM_STATE_CPUID, 1);
	for (e = (void *)(r + 1); e->leaf != 1; e++)
		;
	e->ecx |= 1U << 5;		/* VMX */
	tap_ok(refused(v, &s, EOPNOTSUPP) && bad_type == VMM_STATE_CPUID &&
	       bad_at == (uint64_t)((unsigned char *)r - s.data),
	       "a feature that this host has not");

	memcpy(s.data, v->state.data, s.size);
	vm->tsc_khz += vm->tsc_khz / 4000 - 1;
	tap_ok(set(v->t.vm, s.data, s.size) == 0, "a TSC that is near");
	vm->tsc_khz += vm->tsc_khz / 1000;
	tap_ok(refused(v, &s, EDOM), "a TSC that is not");
	tap_ok(set_flags(v->t.vm, s.data, s.size, VMM_STATE_ANY_TSC) == 0,
	       "and that the VM was told of");
	tap_ok(vt_refused(set_flags(v->t.vm, s.data, s.size, 2), EINVAL),
	       "unknown flags");
	tap_ok(vt_refused(set(v->t.vm, (void *)8, s.size), EFAULT), "address");
	free(s.data);
}

/* ---- values ------------------------------------------------------------------- */

/* Values that cannot be. */
static const struct value {
	const char *what;
	uint32_t type;
	size_t offset;
	uint64_t mask;
} values[] = {
#define V(what, t, s, field, mask) \
	{ what, VMM_STATE_##t, offsetof(struct s, field), mask }
	V("clock: flag", CLOCK, vmm_state_clock, has_write, 2),
	V("clock: padding", CLOCK, vmm_state_clock, pad, 1),
	V("route: GSI", ROUTES, vmm_route, gsi, 1U << 20),
	V("route: type", ROUTES, vmm_route, type, 16),
	V("PIC: priority", PIC, vmm_state_pic, chip[0].lowest, 8),
	V("PIC: padding", PIC, vmm_state_pic, chip[1].pad, 1),
	V("IOAPIC: entry", IOAPIC, vmm_state_ioapic, rte[5], 1U << 20),
	V("IOAPIC: lines", IOAPIC, vmm_state_ioapic, lines, 1U << 24),
	V("PIT: mode", PIT, vmm_state_pit, ch[0].mode, 4 | 1),
	V("PIT: count", PIT, vmm_state_pit, ch[0].count, 1U << 31),
	V("PIT: flags", PIT, vmm_state_pit, ch[2].flags, 0x80),
	V("PIT: line", PIT, vmm_state_pit, line, 2),
	V("PIT: padding", PIT, vmm_state_pit, pad, 4),
	V("RFLAGS", REGS, vmm_regs, rflags, 1U << 15),
	V("CR0", SREGS, vmm_state_sregs, cr0, 1U << 31 | 1),
	V("CR4", SREGS, vmm_state_sregs, cr4, 1U << 30),
	V("EFER", SREGS, vmm_state_sregs, efer, 1U << 20),
	V("TR", SREGS, vmm_state_sregs, tr.attr, 16),
	V("padding of DS", SREGS, vmm_state_sregs, ds.pad, 1),
	V("DR6", DEBUGREGS, vmm_state_debugregs, dr6, 1ULL << 40),
	V("DR7", DEBUGREGS, vmm_state_debugregs, dr7, 1ULL << 32),
	V("LSTAR", MSRS, vmm_state_msrs, lstar, 1ULL << 60),
	V("SFMASK", MSRS, vmm_state_msrs, syscall_mask, 1ULL << 32),
	V("PAT", MSRS, vmm_state_msrs, pat, 4ULL << 32),
	V("MTRR type", MSRS, vmm_state_msrs, mtrr_fixed[3], 0x40),
	V("MTRR mask", MSRS, vmm_state_msrs, mtrr_mask[7], 1ULL << 60),
	V("TSC_AUX", MSRS, vmm_state_msrs, tsc_aux, 1ULL << 33),
	V("MISC_ENABLE", MSRS, vmm_state_msrs, misc_enable, 1ULL << 18),
	V("XCR0", XSAVE, vmm_state_xsave, xcr0, 1),
	{ "MXCSR", VMM_STATE_XSAVE, 8 + 24, 1U << 31 },
	{ "XSTATE_BV", VMM_STATE_XSAVE, 8 + 512, 1ULL << 62 },
	V("mp state", EVENTS, vmm_state_events, mp_state, 4),
	V("NMIs", EVENTS, vmm_state_events, nmis, 3),
	V("event flags", EVENTS, vmm_state_events, flags, 1U << 9),
	V("a vector without an event", EVENTS, vmm_state_events,
	  injected.vector, 7),
	V("an event without type", EVENTS, vmm_state_events, exception.flags,
	  VMM_STATE_EVENT_VALID),
	V("a SIPI without one", EVENTS, vmm_state_events, sipi_vector, 9),
	V("APIC base", LAPIC, vmm_state_lapic, base, 1),
	V("ExtINT", LAPIC, vmm_state_lapic, extint, 2),
	V("error latch", LAPIC, vmm_state_lapic, esr_latch, 0x100),
	V("deadline in another mode", LAPIC, vmm_state_lapic, deadline, 1),
	V("LVT", LAPIC, vmm_state_lapic, regs[0x320], 0x80000000),
	V("IRR", LAPIC, vmm_state_lapic, regs[0x200], 2),
	V("in step", TIME, vmm_state_time, tsc, 1),
	V("time flags", TIME, vmm_state_time, flags, 1U << 8),
	V("steal time's address", TIME, vmm_state_time, steal_msr, 2),
#undef V
};

#define NR_VALUES	(sizeof(values) / sizeof(values[0]))

static void test_values(struct victim *v)
{
	struct stream s = copy(&v->state);
	struct vmm_state_record *r;
	unsigned int i;
	uint64_t val;

	for (i = 0; i < NR_VALUES; i++) {
		void *at;

		r = find(&s, values[i].type, 0);
		at = (unsigned char *)(r + 1) + values[i].offset;
		memcpy(&val, at, sizeof(val));
		val ^= values[i].mask;
		memcpy(at, &val, sizeof(val));
		tap_ok(refused(v, &s, EINVAL) && bad_type == values[i].type,
		       "refused: %s", values[i].what);
		memcpy(s.data, v->state.data, s.size);
	}
	free(s.data);
}

/* Any bit: taken or refused, never half. */
static void test_flips(struct victim *v)
{
	struct stream s = copy(&v->state), now;
	unsigned long taken = 0, kept = 0, half = 0;
	size_t at;

	for (at = 0; at < s.size; at += 5) {
		s.data[at] ^= 1U << at % 8;
		if (set_flags(v->t.vm, s.data, s.size, VMM_STATE_ANY_TSC)) {
			now = save(v->t.vm);
			if (equal(&now, &v->state))
				kept++;
			else
				half++;
			free(now.data);
		} else {
			taken++;
			if (set(v->t.vm, v->state.data, v->state.size))
				half++;
		}
		s.data[at] ^= 1U << at % 8;
	}
	tap_note("%lu taken, %lu refused", taken, kept);
	now = save(v->t.vm);
	tap_ok(!half && taken && kept && equal(&now, &v->state),
	       "a bit at every place: taken, or refused without effect");
	free(now.data);
	free(s.data);
}

static void test_refusals(void)
{
	struct victim v = {};
	struct stream s;
	struct vt a;

	s = make_saved(&a);
	vt_make(&v.t, CPUS, VT_MB);
	clone_memory(&v.t, &a);
	v.state = s;
	if (ioctl(v.t.vm, VMM_VM_PAUSE, 0) || set(v.t.vm, s.data, s.size))
		vt_bail("state");
	test_lengths(&v);
	test_headers(&v);
	test_values(&v);
	test_others(&v);
	tap_ok(!v.changed, "nothing was changed by what was refused");
	if (set(v.t.vm, s.data, s.size))
		vt_bail("state");
	test_flips(&v);
	goes_on(&v.t, &a);
	vt_free(&v.t);
	vt_free(&a);
	free(s.data);
}

/* ---- what cannot be saved -------------------------------------------------------- */

VT_BLOB(asks, "	in $0x99, %al\n	mov %al, 0x3000\n 1: hlt\n jmp 1b");
VT_BLOB(dies, "	lidt 0x4000\n	ud2");

static void test_unsavable(void)
{
	uint64_t size = 0;
	struct vt t;

	vt_make(&t, 1, VT_MB);
	VT_LOAD(&t, asks);
	if (vt_run(&t, 0) || t.run[0]->reason != VMM_RUN_IO)
		vt_bail("port");
	ioctl(t.vm, VMM_VM_PAUSE, 0);
	tap_ok(vt_refused(get(t.vm, NULL, &size), EINPROGRESS),
	       "an access is under way");
	*(unsigned char *)vt_port_data(&t, 0) = 77;
	t.run[0]->immediate_exit = 1;
	tap_ok(vt_refused(ioctl(t.cpu[0], VMM_VCPU_RUN, 0), EINTR) &&
	       vt_refused(get(t.vm, NULL, &size), ENOSPC), "it is over");
	vt_free(&t);

	vt_make(&t, 1, VT_MB);
	VT_LOAD(&t, dies);
	if (vt_run(&t, 0) || t.run[0]->reason != VMM_RUN_SHUTDOWN)
		vt_bail("shutdown");
	ioctl(t.vm, VMM_VM_PAUSE, 0);
	size = 0;
	tap_ok(vt_refused(get(t.vm, NULL, &size), ENOTRECOVERABLE),
	       "it has stopped for good");
	ioctl(t.vm, VMM_VM_KILL, 0);
	tap_ok(vt_refused(get(t.vm, NULL, &size), ESHUTDOWN) &&
	       vt_refused(ioctl(t.vm, VMM_VM_PAUSE, 0), ESHUTDOWN), "it is dead");
	vt_free(&t);
}

/* ---- many, and many at once ------------------------------------------------------- */

#define MANY	128

static void test_many(void)
{
	int vm = vt_create_vm(MANY), cpu[MANY], i;
	struct stream s, again;

	for (i = 0; i < MANY; i++) {
		cpu[i] = vt_create_cpu(vm, MANY - 1 - i);
		if (cpu[i] < 0)
			vt_bail("vCPU %d", i);
	}
	ioctl(vm, VMM_VM_PAUSE, 0);
	s = save(vm);
	tap_ok(set(vm, s.data, s.size) == 0, "%u vCPUs, %zu bytes", MANY, s.size);
	again = save(vm);
	tap_ok(equal(&s, &again), "are the same");
	free(s.data);
	free(again.data);
	for (i = 0; i < MANY; i++)
		close(cpu[i]);
	close(vm);
}

static volatile bool enough;
static volatile unsigned long looks, misses;

static void *look(void *arg)
{
	struct vt *t = arg;
	struct vmm_regs regs;

	for (; !enough; looks++)
		if (ioctl(t->cpu[0], VMM_VCPU_GET_REGS, &regs))
			misses++;
	return NULL;
}

/* Who owns a vCPU for a moment is no reason to fail but then. */
static void test_contended(void)
{
	unsigned long done = 0, busy = 0, other = 0;
	struct stream s;
	pthread_t thread;
	struct vt t;

	vt_make(&t, CPUS, VT_MB);
	ioctl(t.vm, VMM_VM_PAUSE, 0);
	s = save(t.vm);
	pthread_create(&thread, NULL, look, &t);
	while (looks < 1000 || done < 100) {
		if (!set(t.vm, s.data, s.size))
			done++;
		else if (errno == EBUSY)
			busy++;
		else
			other++;
	}
	enough = true;
	pthread_join(thread, NULL);
	tap_note("%lu looks, %lu loads, %lu busy", looks, done, busy);
	tap_ok(!misses && !other, "registers are read meanwhile");
	free(s.data);
	vt_free(&t);
}

int main(void)
{
	vt_open();
	vt_catch(SIGUSR1);
	test_goes_on();
	test_refusals();
	test_unsavable();
	test_many();
	test_contended();
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
