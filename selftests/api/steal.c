// SPDX-License-Identifier: GPL-2.0
/*
 * Steal time: the guest is told for how long its vCPUs waited for a processor, and
 * of nothing else; pauses are not stolen; addresses that lead nowhere do no harm.
 *
 * test: timeout: 120
 */
#include <asm/kvm_para.h>

#include "lib/nl.h"
#include "lib/share.h"

#define MS		1000000ULL
#define AREA		0x4000UL
#define FAR		0x800000UL	/* another slot, of one page */
#define HOLE		0x40000000UL
#define HANDLER_GP	0x11000UL

VT_BLOB(spin, "sti\n 1: lock incl 0x3000\n jmp 1b");

/* Collects what it sees of its own flag. */
VT_BLOB(watch, "sti\n 1: lock incl 0x3000\n mov 0x4010, %al\n or %al, 0x3004\n"
	       " jmp 1b");

/* Writes the value at 0x3010 to the register, again and again. */
VT_BLOB(name_area, "1: mov $0x4b564d03, %ecx\n mov 0x3010, %eax\n"
		   " mov 0x3014, %edx\n wrmsr\n out %al, $0x80\n jmp 1b");
/* Past the WRMSR. */
VT_BLOB(on_gp, "add $4, %esp\n addl $2, (%esp)\n incl 0x3008\n iret");

static volatile struct kvm_steal_time *area(struct vt *t, unsigned int n)
{
	return (void *)(t->ram + AREA + n * sizeof(struct kvm_steal_time));
}

static int set_msr(struct vt *t, unsigned int n, uint64_t value)
{
	struct vmm_msr_entry e = { .index = MSR_KVM_STEAL_TIME, .value = value };
	struct vmm_msrs m = { .count = 1, .entries = (uintptr_t)&e };

	return ioctl(t->cpu[n], VMM_VCPU_SET_MSRS, &m);
}

static uint64_t get_msr(struct vt *t, unsigned int n)
{
	struct vmm_msr_entry e = { .index = MSR_KVM_STEAL_TIME };
	struct vmm_msrs m = { .count = 1, .entries = (uintptr_t)&e };

	if (ioctl(t->cpu[n], VMM_VCPU_GET_MSRS, &m))
		vt_bail("MSR");
	return e.value;
}

static void begin(struct vt *t, unsigned int cpus, const unsigned char *code,
		  const unsigned char *end)
{
	unsigned int n;

	vt_make(t, cpus, VT_MB);
	vt_load(t, VT_CODE, code, end);
	for (n = 0; n < cpus; n++)
		if (set_msr(t, n, (AREA + n * sizeof(struct kvm_steal_time)) |
				  KVM_MSR_ENABLED))
			vt_bail("MSR");
}

static bool moves(struct vt *t)
{
	uint32_t before = *vt_mail(t);

	return VT_WAIT_FOR(*vt_mail(t) != before);
}

static bool near(uint64_t a, uint64_t b, uint64_t slack)
{
	return a - b <= slack || b - a <= slack;
}

static unsigned long long ms(uint64_t ns)
{
	return ns / MS;
}

/* ---- two that share ---------------------------------------------------------- */

struct point {
	uint64_t at, ran, stolen;
};

static struct point look(struct vt *t, struct sh_runner *r, unsigned int n)
{
	struct point p = { .stolen = area(t, n)->steal };
	clockid_t clock;

	if (pthread_getcpuclockid(r->thread, &clock))
		vt_bail("clock");
	p.at = sh_now_ns(CLOCK_MONOTONIC);
	p.ran = sh_now_ns(clock);
	return p;
}

static void test_shared(void)
{
	struct sh_runner r[2];
	struct point a[2], b[2];
	struct vt t;
	unsigned int n;

	begin(&t, 2, spin, spin_end);
	for (n = 0; n < 2; n++)
		sh_spawn(&r[n], &t, n);
	vt_sleep_ms(100);
	for (n = 0; n < 2; n++)
		a[n] = look(&t, &r[n], n);
	vt_sleep_ms(1500);
	for (n = 0; n < 2; n++)
		b[n] = look(&t, &r[n], n);
	for (n = 0; n < 2; n++)
		sh_stop(&r[n]);
	for (n = 0; n < 2; n++) {
		uint64_t wall = b[n].at - a[n].at, ran = b[n].ran - a[n].ran;
		uint64_t stolen = b[n].stolen - a[n].stolen;

		tap_note("vCPU %u: %llu ms, %llu run, %llu stolen", n, ms(wall),
			 ms(ran), ms(stolen));
		tap_ok(stolen > wall / 4 && near(stolen, wall - ran, wall / 10),
		       "vCPU %u: what it did not run was stolen", n);
		tap_ok(!(area(&t, n)->version & 1) && area(&t, n)->version > 2,
		       "vCPU %u: the version is even", n);
	}
	tap_ok(sh_counter(&t, "steal_ns") == area(&t, 0)->steal +
	       area(&t, 1)->steal, "the counter is the sum");
	vt_free(&t);
}

/* Alone on a processor nothing is stolen, whether the guest halts or runs. */
static void test_alone(void)
{
	struct sh_runner r;
	uint64_t before;
	struct vt t;

	begin(&t, 1, spin, spin_end);
	sh_spawn(&r, &t, 0);
	vt_sleep_ms(100);
	before = area(&t, 0)->steal;
	vt_sleep_ms(600);
	before = area(&t, 0)->steal - before;
	sh_stop(&r);
	tap_ok(before < 60 * MS, "alone: %llu ms of 600 are stolen", ms(before));
	vt_free(&t);
}

/* ---- pauses -------------------------------------------------------------------- */

/**
 * struct story - a vCPU's thread burns time in user space beside a rival; what
 * happens meanwhile, in ms
 * @parked:	the pause is there first, and the thread leaves its parking
 * @before, @paused, @after: the pause
 */
struct story {
	const char *name;
	bool parked;
	unsigned int before, paused, after;
};

static const struct story stories[] = {
	{ "not paused", false, 400, 0, 0 },
	{ "parked when it leaves", true, 0, 500, 0 },
	{ "paused while it is outside", false, 100, 500, 0 },
	{ "resumed while it is outside", false, 100, 500, 150 },
};

static uint64_t waited_while(struct sh_runner *r, unsigned int time)
{
	uint64_t before = sh_waited(r->tid);

	vt_sleep_ms(time);
	return sh_waited(r->tid) - before;
}

/* Returns what the thread waited during the pause. */
static uint64_t tell(const struct story *s, struct sh_runner *r, uint32_t id)
{
	uint64_t paused = 0;

	if (!s->parked)
		sh_burn(r, true);
	vt_sleep_ms(s->before);
	if (s->paused && nt_vm(VMM_NL_CMD_VM_PAUSE, id, NULL, NULL))
		vt_bail("pause: %s", nt_text);
	if (s->parked)
		sh_burn(r, true);
	if (s->paused)
		paused = waited_while(r, s->paused);
	if (!s->after)
		sh_burn(r, false);
	if (s->paused) {
		if (s->parked)
			vt_sleep_ms(50);
		if (nt_vm(VMM_NL_CMD_VM_RESUME, id, NULL, NULL))
			vt_bail("resume: %s", nt_text);
	}
	vt_sleep_ms(s->after);
	sh_burn(r, false);
	return paused;
}

static void test_story(const struct story *s)
{
	uint64_t stolen, waited, paused;
	struct sh_rival rival;
	struct sh_runner r;
	struct vt t;
	uint32_t id;

	begin(&t, 1, spin, spin_end);
	id = nt_newest();
	sh_spawn(&r, &t, 0);
	moves(&t);
	vt_sleep_ms(20);
	stolen = area(&t, 0)->steal;
	waited = sh_waited(r.tid);
	sh_rival_start(&rival);
	paused = tell(s, &r, id);
	sh_rival_stop(&rival);
	if (!moves(&t))
		vt_bail("%s: the guest does not go on", s->name);
	vt_sleep_ms(20);
	stolen = area(&t, 0)->steal - stolen;
	waited = sh_waited(r.tid) - waited;
	sh_stop(&r);
	tap_note("%s: %llu ms waited, %llu of these paused, %llu stolen",
		 s->name, ms(waited), ms(paused), ms(stolen));
	tap_ok(s->paused ? paused > s->paused * MS / 5 : waited > 100 * MS,
	       "%s: there was something to wait for", s->name);
	tap_ok(near(stolen, waited - paused, 60 * MS),
	       "%s: all but the pause is stolen", s->name);
	vt_free(&t);
}

/* ---- the area -------------------------------------------------------------------- */

/* A vCPU that was restored goes on from what its memory says. */
static void test_restored(void)
{
	const uint64_t told = 1000000000000000ULL;
	struct sh_runner r;
	uint64_t steal;
	struct vt t;

	begin(&t, 1, spin, spin_end);
	area(&t, 0)->steal = told;
	area(&t, 0)->version = 41;
	sh_spawn(&r, &t, 0);
	moves(&t);
	sh_stop(&r);
	steal = area(&t, 0)->steal;
	tap_ok(steal >= told && steal - told < 1000 * MS,
	       "restored: what was told is not taken back");
	tap_ok(area(&t, 0)->version > 41 && !(area(&t, 0)->version & 1),
	       "restored: nor is the version (%u)", area(&t, 0)->version);
	vt_free(&t);
}

/* Whenever we run, on the only processor, the vCPU does not. */
static void test_preempted(void)
{
	unsigned int i, seen = 0;
	struct sh_runner r;
	struct vt t;

	begin(&t, 1, watch, watch_end);
	sh_spawn(&r, &t, 0);
	moves(&t);
	for (i = 0; i < 100; i++) {
		vt_sleep_ms(2);
		seen += area(&t, 0)->preempted == KVM_VCPU_PREEMPTED;
	}
	tap_ok(seen > 50, "others see that it is preempted (%u of %u)", seen, i);
	sh_stop(&r);
	tap_ok(!vt_mail(&t)[1], "while it runs it is not");
	vt_free(&t);
}

/* Memory below the area goes away and comes back, or cannot be written. */
static void test_slots(void)
{
	volatile struct kvm_steal_time *far;
	struct sh_rival rival;
	struct sh_runner r;
	uint64_t before;
	struct vt t;
	int mem;

	begin(&t, 1, spin, spin_end);
	mem = vt_create_mem(VT_PAGE);
	far = (void *)vt_map(mem, VT_PAGE);
	if (mem < 0 || !far || vt_set_slot(t.vm, 1, FAR, VT_PAGE, mem, 0, 0) ||
	    set_msr(&t, 0, FAR | KVM_MSR_ENABLED))
		vt_bail("slot");
	sh_rival_start(&rival);
	sh_spawn(&r, &t, 0);
	tap_ok(VT_WAIT_FOR(far->steal), "a slot of its own");
	vt_remove_slot(t.vm, 1);
	before = far->steal;
	vt_sleep_ms(100);
	tap_ok(moves(&t) && far->steal == before, "without it the guest goes on");
	vt_set_slot(t.vm, 1, FAR, VT_PAGE, mem, 0, 0);
	tap_ok(VT_WAIT_FOR(far->steal > before), "it comes back");
	vt_remove_slot(t.vm, 1);
	vt_set_slot(t.vm, 1, FAR, VT_PAGE, mem, 0, VMM_SLOT_READONLY);
	before = far->steal;
	vt_sleep_ms(100);
	tap_ok(moves(&t) && far->steal == before, "read-only it is left alone");
	sh_stop(&r);
	sh_rival_stop(&rival);
	munmap((void *)far, VT_PAGE);
	close(mem);
	vt_free(&t);
}

static void set_gp_gate(struct vt *t)
{
	uint32_t gate[2] = {
		(HANDLER_GP & 0xffff) | 8 << 16,
		(HANDLER_GP & 0xffff0000) | 0x8e00,
	};

	vt_load(t, HANDLER_GP, on_gp, on_gp_end);
	memcpy(t->ram + VT_IDT + 8 * 13, gate, sizeof(gate));
}

/* The guest names addresses; whether it gets #GP for them. */
static void test_hostile(void)
{
	static const struct {
		uint64_t value;
		bool gp;
		const char *name;
	} tries[] = {
		{ AREA | 1, false, "memory" },
		{ AREA | 3, true, "reserved bit 1" },
		{ AREA | 0x21, true, "not aligned" },
		{ AREA | 0x20, true, "not aligned, and off" },
		{ (VT_MB - 64) | 1, false, "the end of memory" },
		{ VT_MB | 1, true, "behind it" },
		{ HOLE | 1, true, "nowhere" },
		{ HOLE, false, "nowhere, but off" },
		{ 0xfee00000 | 1, true, "the local APIC" },
		{ FAR | 1, true, "read-only memory" },
		{ 1ULL << 52 | AREA | 1, true, "beyond all addresses" },
		{ ~0ULL, true, "all bits" },
		{ ~0x3eULL, true, "the last address" },
		{ 0, false, "off" },
	};
	uint32_t *mail;
	size_t i, bad = 0;
	struct vt t;
	int mem;

	vt_make(&t, 1, VT_MB);
	mail = (uint32_t *)vt_mail(&t);
	VT_LOAD(&t, name_area);
	set_gp_gate(&t);
	mem = vt_create_mem(VT_PAGE);
	if (mem < 0 || vt_set_slot(t.vm, 1, FAR, VT_PAGE, mem, 0,
				   VMM_SLOT_READONLY))
		vt_bail("slot");
	for (i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		uint64_t old = get_msr(&t, 0);
		uint32_t gps = mail[2];

		memcpy(&mail[4], &tries[i].value, sizeof(tries[i].value));
		if (!vt_wrote_port(&t, 0, 0x80))
			vt_bail("guest");
		tap_ok((mail[2] != gps) == tries[i].gp, "%s: %s", tries[i].name,
		       tries[i].gp ? "#GP" : "taken");
		bad += get_msr(&t, 0) != (tries[i].gp ? old : tries[i].value);
	}
	tap_ok(!bad, "the register has what was taken (%zu are wrong)", bad);
	tap_ok(vt_refused(set_msr(&t, 0, AREA | 3), EINVAL) &&
	       !set_msr(&t, 0, HOLE | 1) && vt_wrote_port(&t, 0, 0x80),
	       "user space may name memory before it is there");
	close(mem);
	vt_free(&t);
}

int main(void)
{
	size_t i;

	nt_start();
	vt_catch(SIGUSR1);
	sh_one_cpu();
	test_shared();
	test_alone();
	for (i = 0; i < sizeof(stories) / sizeof(stories[0]); i++)
		test_story(&stories[i]);
	test_restored();
	test_preempted();
	test_slots();
	test_hostile();
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
