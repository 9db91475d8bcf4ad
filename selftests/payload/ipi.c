// SPDX-License-Identifier: GPL-2.0
/*
 * ipi.c: interrupts from CPU to CPU: destinations, delivery modes, INIT and
 * start-up, and a crowd of them at once with none lost. Runs in whichever APIC
 * mode the command line asks for (`x2` on it), else in xAPIC mode.
 */
#include "apic.h"
#include "machine.h"
#include "smp.h"
#include "sync.h"
#include "test.h"
#include "time.h"

#define VEC	0x60
#define PING	0x62
#define MS	3000

static u32 got[MAX_CPUS], pings[MAX_CPUS], nmis[MAX_CPUS];

static void on_vec(struct regs *r __unused)
{
	add(&got[this_cpu()->index], 1);
	apic_eoi();
}

static void on_ping(struct regs *r __unused)
{
	add(&pings[this_cpu()->index], 1);
	apic_eoi();
}

static void on_nmi(struct regs *r __unused)
{
	add(&nmis[this_cpu()->index], 1);
}

static void enter_x2(void *arg __unused)
{
	u64 flags = read_flags();

	cli();
	apic_to_x2mode();
	apic_enable();
	write_flags(flags);
}

static void reset(void)
{
	static bool switched;

	if (!switched && arg_has("x2") && has_x2apic())
		smp_call_all(enter_x2, NULL);
	switched = true;
	memset(got, 0, sizeof(got));
	trap_set_handler(VEC, on_vec);
	trap_set_handler(PING, on_ping);
	trap_set_handler(NMI, on_nmi);
}

static u32 sum(const u32 *v)
{
	u32 s = 0;

	for (u32 i = 0; i < machine.ncpus; i++)
		s += load(&v[i]);
	return s;
}

/* Waits until all of @want have come and a little longer for what should not. */
static bool settles(const u32 *v, u32 want)
{
	bool ok;

	sti();
	ok = wait_until(sum(v) >= want, MS);
	udelay(3000);
	cli();
	return ok && sum(v) == want;
}

static bool each_has(const u32 *v, u32 want, u32 self_want)
{
	for (u32 i = 0; i < machine.ncpus; i++)
		if (load(&v[i]) != (i ? want : self_want))
			return false;
	return true;
}

static void physical(void)
{
	u32 n = machine.ncpus;

	reset();
	for (u32 i = 0; i < n; i++) {
		memset(got, 0, sizeof(got));
		apic_send_ipi(cpus[i].apic_id, ICR_ASSERT | VEC);
		check(settles(got, 1) && got[i] == 1, "fixed, to cpu %u alone", i);
	}
	memset(got, 0, sizeof(got));
	apic_send_ipi(0, ICR_SELF | ICR_ASSERT | VEC);
	check(settles(got, 1) && got[0] == 1, "shorthand self");
	memset(got, 0, sizeof(got));
	apic_send_ipi(0, ICR_ALL | ICR_ASSERT | VEC);
	check(settles(got, n) && each_has(got, 1, 1), "shorthand all");
	memset(got, 0, sizeof(got));
	apic_send_ipi(0, ICR_OTHERS | ICR_ASSERT | VEC);
	check(settles(got, n - 1) && each_has(got, 1, 0), "shorthand all but self");
	memset(got, 0, sizeof(got));
	apic_send_ipi(apic_in_x2mode() ? ~0u : 0xff, ICR_ASSERT | VEC);
	check(settles(got, n) && each_has(got, 1, 1), "broadcast destination");
	memset(got, 0, sizeof(got));
	apic_send_ipi(0xfe, ICR_ASSERT | VEC);
	check(settles(got, 0), "to nobody");
}

static u32 dfr, ldr_of[MAX_CPUS];

static void set_logical(void *arg __unused)
{
	u64 flags = read_flags();

	cli();
	apic_write(APIC_DFR, dfr);
	apic_write(APIC_LDR, ldr_of[this_cpu()->index]);
	write_flags(flags);
}

static void logical_model(const char *name, u32 format, u32 (*id)(u32 index))
{
	u32 n = machine.ncpus < 8 ? machine.ncpus : 8;

	reset();
	dfr = format;
	for (u32 i = 0; i < n; i++)
		ldr_of[i] = id(i) << 24;
	smp_call_all(set_logical, NULL);
	for (u32 i = 0; i < n; i++) {
		memset(got, 0, sizeof(got));
		apic_send_ipi(id(i), ICR_LOGICAL | ICR_ASSERT | VEC);
		check(settles(got, 1) && got[i] == 1, "%s: cpu %u alone", name, i);
	}
	if (n > 1) {
		memset(got, 0, sizeof(got));
		apic_send_ipi(id(0) | id(1), ICR_LOGICAL | ICR_ASSERT | VEC);
		check(settles(got, 2) && got[0] == 1 && got[1] == 1, "%s: two at once", name);
		memset(got, 0, sizeof(got));
		apic_send_ipi(id(0) | id(1), ICR_LOGICAL | ICR_LOWEST | ICR_ASSERT | VEC);
		check(settles(got, 1), "%s: lowest priority picks one of two", name);
	}
	memset(got, 0, sizeof(got));
	apic_send_ipi(0xff, ICR_LOGICAL | ICR_ASSERT | VEC);
	check(settles(got, machine.ncpus <= 8 ? n : sum(got)), "%s: broadcast", name);
}

static u32 flat_id(u32 i)
{
	return 1u << i;
}

static u32 cluster_id(u32 i)
{
	return (i / 4) << 4 | 1u << i % 4;
}

static void logical(void)
{
	reset();
	if (apic_in_x2mode()) {
		u32 ldr0 = apic_read(APIC_LDR);

		check_eq(ldr0, (cpus[0].apic_id >> 4) << 16 | 1u << (cpus[0].apic_id & 15),
			 "LDR comes from the id");
		for (u32 i = 0; i < machine.ncpus; i++) {
			u32 id = cpus[i].apic_id;

			memset(got, 0, sizeof(got));
			apic_send_ipi((id >> 4) << 16 | 1u << (id & 15), ICR_LOGICAL | ICR_ASSERT | VEC);
			check(settles(got, 1) && got[i] == 1, "x2APIC logical: cpu %u alone", i);
		}
		return;
	}
	logical_model("flat", 0xffffffff, flat_id);
	logical_model("cluster", 0x0fffffff, cluster_id);
	dfr = 0xffffffff;
	smp_call_all(set_logical, NULL);
}

static void nmi(void)
{
	u32 n = machine.ncpus;

	reset();
	memset(nmis, 0, sizeof(nmis));
	for (u32 i = 0; i < n; i++)
		apic_send_ipi(cpus[i].apic_id, ICR_NMI | ICR_ASSERT);
	check(settles(nmis, n) && each_has(nmis, 1, 1), "one NMI to each");
	memset(nmis, 0, sizeof(nmis));
	apic_send_ipi(0, ICR_OTHERS | ICR_NMI | ICR_ASSERT);
	check(settles(nmis, n - 1) && each_has(nmis, 1, 0), "NMI to all but self");
}

static u32 ran;

static void tick(void *arg __unused)
{
	add(&ran, 1);
}

static void restart(void)
{
	u32 last = machine.ncpus - 1;

	reset();
	if (!last) {
		skip("one CPU only");
		return;
	}
	if (arg_has("x2"))
		return;		/* INIT would leave the others in another mode */
	apic_send_ipi(cpus[last].apic_id, ICR_INIT | ICR_ASSERT);
	udelay(10000);
	memset(got, 0, sizeof(got));
	apic_send_ipi(cpus[last].apic_id, ICR_ASSERT | VEC);
	check(settles(got, 0), "behind INIT a CPU takes no interrupt");
	check(smp_start(last), "INIT and start-up bring it back");
	ran = 0;
	smp_call(last, tick, NULL);
	check_eq(ran, 1, "it works");
	apic_send_ipi(cpus[last].apic_id, ICR_STARTUP | ICR_ASSERT | 8);
	udelay(2000);
	smp_call(last, tick, NULL);
	check_eq(ran, 2, "a start-up IPI to a running CPU is ignored");
	for (int i = 0; i < 5; i++)
		if (!smp_start(last))
			break;
		else
			smp_call(last, tick, NULL);
	check_eq(ran, 7, "five times more");
}

/* Each CPU pings the next and waits for it to arrive before the next ping. */
#define ROUNDS	(240 / machine.ncpus)
static u32 lost, finished;

static void ring(void *arg __unused)
{
	u32 self = this_cpu()->index, next = (self + 1) % machine.ncpus;

	sti();
	for (u32 i = 0; i < ROUNDS; i++) {
		u32 before = load(&pings[next]);

		apic_send_ipi(cpus[next].apic_id, ICR_ASSERT | PING);
		if (!wait_until(load(&pings[next]) != before, 20000)) {
			add(&lost, 1);
			break;
		}
	}
	add(&finished, 1);
	wait_until(load(&finished) == machine.ncpus, 60000);
	cli();
}

/* All at one: the target may see several as one, but never none. */
static void converge(void *arg __unused)
{
	sti();
	for (u32 i = 0; i < ROUNDS; i++)
		apic_send_ipi(cpus[0].apic_id, ICR_ASSERT | VEC);
	add(&finished, 1);
	wait_until(load(&finished) == machine.ncpus, 60000);
	cli();
}

static void stress(void)
{
	u32 n = machine.ncpus;

	reset();
	memset(pings, 0, sizeof(pings));
	lost = finished = 0;
	smp_call_all(ring, NULL);
	check_eq(lost, 0, "a ring of pings: none lost");
	check(each_has(pings, ROUNDS, ROUNDS), "every one counted once");
	memset(got, 0, sizeof(got));
	finished = 0;
	smp_call_all(converge, NULL);
	check(settles(got, sum(got)) && got[0] >= 1 && got[0] <= n * ROUNDS,
	      "all at one CPU: between one and all arrive");
}

/* Vectors of all classes at once, from each to each. */
static u32 by_vector[256];

static void on_any(struct regs *r)
{
	add(&by_vector[r->vector], 1);
	apic_eoi();
}

static void all_vectors(void)
{
	u32 missing = 0;

	reset();
	for (u32 v = 0x90; v < 0xe0; v++) {
		trap_set_handler(v, on_any);
		for (u32 i = 0; i < machine.ncpus; i++)
			apic_send_ipi(cpus[i].apic_id, ICR_ASSERT | v);
	}
	sti();
	for (u32 v = 0x90; v < 0xe0; v++)
		missing += !wait_until(load(&by_vector[v]) == machine.ncpus, 1000);
	cli();
	check_eq(missing, 0, "80 vectors to every CPU, each once");
}

const struct test tests[] = {
	{ "physical", physical, false },
	{ "logical", logical, false },
	{ "nmi", nmi, false },
	{ "vectors", all_vectors, false },
	{ "stress", stress, false },
	{ "restart", restart, false },
	{}
};
