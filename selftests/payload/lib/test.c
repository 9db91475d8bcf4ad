// SPDX-License-Identifier: GPL-2.0
/* test.c: runs the payload's table of tests, counts, reports, ends the VM. */
#include "cpu.h"
#include "machine.h"
#include "smp.h"
#include "sync.h"
#include "test.h"
#include "time.h"
#include "trap.h"

#define EXIT_PORT	0xf4
#define EXIT_MAX	100	/* the exit device shifts its value: 7 bits survive */

#define SLOW_MS		500	/* a group that takes longer says how long */
#define HOUR_MS		3600000	/* more than that: it set the TSC */

static u32 reported, failed;
static const char *group = "start";
static struct lock report_lock;

static void report_line(bool ok, const char *fmt, va_list ap, const char *tail)
{
	char text[200];

	vsnprintf(text, sizeof(text), fmt, ap);
	lock(&report_lock);
	reported++;
	failed += !ok;
	printf("%s %u - %s: %s%s\n", ok ? "ok" : "not ok", reported, group, text, tail);
	unlock(&report_lock);
}

bool test_report(bool ok, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report_line(ok, fmt, ap, "");
	va_end(ap);
	return ok;
}

bool test_report_eq(u64 got, u64 want, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report_line(got == want, fmt, ap, "");
	va_end(ap);
	if (got != want)
		note("got 0x%lx, want 0x%lx", got, want);
	return got == want;
}

void skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report_line(true, fmt, ap, " # SKIP");
	va_end(ap);
}

void note(const char *fmt, ...)
{
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printf("# %s\n", text);
}

void exit(int code)
{
	outl(EXIT_PORT, code);
	for (;;)
		asm volatile("cli; hlt");
}

static void run_group(void *arg)
{
	((const struct test *)arg)->run();
}

static bool any_selected(void)
{
	for (const struct test *t = tests; t->name; t++)
		if (arg_has(t->name))
			return true;
	return false;
}

static void run_tests(void)
{
	bool selective = any_selected();

	for (const struct test *t = tests; t->name; t++) {
		struct exc e;
		u64 ms;

		if (selective ? !arg_has(t->name) : t->manual)
			continue;
		group = t->name;
		ms = rdtsc() / tsc_khz;
		e = catch_call(run_group, (void *)t);
		ms = rdtsc() / tsc_khz - ms;
		if (ms >= SLOW_MS && ms < HOUR_MS)
			note("%s: %lu ms", group, ms);
		if (e.vector != NO_EXCEPTION)
			check(false, "unexpected exception");
		if (e.vector != NO_EXCEPTION)
			exc_print(&e);
	}
}

/* Called by start.S on the boot CPU, in long mode, interrupts off. */
void __noreturn payload_main(u32 magic, u32 info)
{
	machine_init(magic, info);
	smp_init_boot_cpu();
	machine_find_cpus();
	time_calibrate();
	note("%u cpu(s), %lu MiB, TSC %lu kHz", machine.ncpus, machine.ram_end >> 20, tsc_khz);
	smp_start_others();
	run_tests();
	printf("1..%u\n", reported);
	exit(failed < EXIT_MAX ? failed : EXIT_MAX);
}
