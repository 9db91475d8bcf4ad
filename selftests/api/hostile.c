// SPDX-License-Identifier: GPL-2.0
/*
 * Guests that mean harm, or are lost: each gets its fault, or stops with words
 * that say why, or can be ended by a signal; the host stays well.
 *
 * test: timeout: 90
 */
#include <sys/time.h>

#include "vmmtest.h"

#define NOWHERE	0x40000000UL

VT_BLOB(flood, "1: out %al, $0x80\n jmp 1b");
VT_BLOB(flood_string,
	"mov $0x80, %edx\n mov $-1, %ecx\n mov $0x3000, %esi\n"
	"1: rep outsb\n jmp 1b");
VT_BLOB(deaf, "cli\n 1: jmp 1b");
VT_BLOB(deaf_halt, "cli\n hlt");
VT_BLOB(no_idt, "lidt 0x3000\n int3");
VT_BLOB(jump_away, "jmp *0x3000");
VT_BLOB(bad_stack, "mov $0x40000000, %esp\n int $0x40");
VT_BLOB(bad_idt, "lidt 0x3000\n int $0x40");
VT_BLOB(bad_gdt, "lgdt 0x3000\n mov $8, %eax\n mov %eax, %ds");
VT_BLOB(move_nowhere,
	"mov $0x40000000, %esi\n mov $0x50000000, %edi\n mov $-1, %ecx\n"
	"rep movsl\n hlt");
VT_BLOB(fx_nowhere, "fxsave 0x40000000\n hlt");
VT_BLOB(far_nowhere, "ljmp *0x40000000");

#define LOADED(t, name) (vt_make(t, 1, VT_MB), VT_LOAD(t, name))

/* ---- those that do not end by themselves ----------------------------------------- */

#define IO	(1U << VMM_RUN_IO)
#define MMIO	(1U << VMM_RUN_MMIO)

/* Runs for @ms; returns exits to us, or -1 for one that is not in @reasons. */
static int serve(struct vt *t, unsigned int ms, uint32_t reasons)
{
	uint64_t end = vt_now_ms() + ms;
	int n = 0;

	timer_every(20000);
	while (vt_now_ms() < end) {
		if (ioctl(t->cpu[0], VMM_VCPU_RUN, 0)) {
			if (errno != EINTR)
				n = -1;
		} else if (reasons >> t->run[0]->reason & 1) {
			n++;
		} else if (t->run[0]->reason != VMM_RUN_NONE) {
			tap_note("reason %u: %s", t->run[0]->reason,
				 t->run[0]->text);
			n = -1;
		}
		if (n < 0)
			break;
	}
	timer_every(0);
	return n;
}

static void test_endless(void)
{
	struct vt t;
	int n;

	LOADED(&t, flood);
	n = serve(&t, 1000, IO);
	tap_ok(n > 100, "a flood of port writes: %d served", n);
	vt_free(&t);
	LOADED(&t, flood_string);
	/* It comes to where there is no memory. */
	n = serve(&t, 1000, IO | MMIO);
	tap_ok(n > 0, "a string of 4 GiB to a port: %d exits", n);
	vt_free(&t);
	LOADED(&t, move_nowhere);
	n = serve(&t, 1000, MMIO);
	tap_ok(n > 10, "a string of 16 GiB from nowhere to nowhere: %d exits", n);
	vt_free(&t);
	if (vt_on_bochs()) {
		tap_skip("a loop with interrupts off: Bochs never leaves it");
	} else {
		LOADED(&t, deaf);
		tap_ok(!serve(&t, 500, 0), "a loop with interrupts off");
		vt_free(&t);
	}
	LOADED(&t, deaf_halt);
	tap_ok(!serve(&t, 500, 0), "a halt with interrupts off");
	vt_free(&t);
}

/* ---- those that must stop ----------------------------------------------------------- */

/*
 * The guest stops for @reason with words, @words among them; again if it is
 * asked to go on.
 */
static bool stops_saying(struct vt *t, uint32_t reason, const char *words,
			 const char *what)
{
	struct vmm_run *run = t->run[0];
	bool good = true;
	int i, err;

	timer_every(100000);
	for (i = 0; i < 2 && good; i++) {
		memset(run->text, 0, sizeof(run->text));
		err = vt_run(t, 0);
		good = !err && run->reason == reason;
		if (i == 0)
			good = good && run->text[0] &&
			       memchr(run->text, 0, sizeof(run->text)) &&
			       strstr(run->text, words);
		if (!good)
			tap_note("%s, reason %u: %.100s", strerror(err),
				 run->reason, run->text);
		else if (!i)
			tap_note("%.150s", run->text);
	}
	timer_every(0);
	return tap_ok(good, "%s", what);
}

static bool stops(struct vt *t, uint32_t reason, const char *what)
{
	return stops_saying(t, reason, "", what);
}

/* An event of @type is under way, and the stack is nowhere. */
static void deliver_nowhere(struct vt *t, unsigned int type,
			    unsigned int vector)
{
	struct vmm_vcpu_events ev = {
		.flags = VMM_EVENT_INJECTED, .type = type, .vector = vector,
	};
	struct vmm_regs regs;

	memcpy(t->ram + VT_IDT + 8 * vector, t->ram + VT_IDT + 8 * 0x40, 8);
	ioctl(t->cpu[0], VMM_VCPU_GET_REGS, &regs);
	regs.rsp = NOWHERE + 0x1000;
	regs.rflags |= 0x200;
	ioctl(t->cpu[0], VMM_VCPU_SET_REGS, &regs);
	ioctl(t->cpu[0], VMM_VCPU_SET_EVENTS, &ev);
}

static void set_table(struct vt *t, uint16_t limit, uint32_t base)
{
	memcpy(t->ram + VT_MAIL, &limit, 2);
	memcpy(t->ram + VT_MAIL + 2, &base, 4);
}

static void page_at(struct vt *t, uint64_t cr3)
{
	struct vmm_sregs s;

	ioctl(t->cpu[0], VMM_VCPU_GET_SREGS, &s);
	s.cr3 = cr3;
	s.cr0 |= 0x80000000;
	ioctl(t->cpu[0], VMM_VCPU_SET_SREGS, &s);
}

static void test_stops(void)
{
	struct vt t;

	LOADED(&t, no_idt);
	stops(&t, VMM_RUN_SHUTDOWN, "no IDT: triple fault");
	vt_free(&t);
	LOADED(&t, vt_hello);
	page_at(&t, 0x4000);
	stops(&t, VMM_RUN_SHUTDOWN, "empty page tables: triple fault");
	vt_free(&t);
	LOADED(&t, vt_hello);
	page_at(&t, NOWHERE);
	stops(&t, VMM_RUN_INTERNAL, "page tables where there is no memory");
	vt_free(&t);
	LOADED(&t, jump_away);
	vt_mail(&t)[0] = NOWHERE;
	stops(&t, VMM_RUN_INTERNAL, "a jump to where there is no memory");
	vt_free(&t);
	LOADED(&t, bad_stack);
	stops_saying(&t, VMM_RUN_INTERNAL,
		     "software interrupt 64 cannot be delivered",
		     "INT on a stack of no memory");
	vt_free(&t);
	LOADED(&t, bad_idt);
	set_table(&t, 0x7ff, NOWHERE);
	stops_saying(&t, VMM_RUN_INTERNAL,
		     "software interrupt 64 cannot be delivered",
		     "an IDT of no memory");
	vt_free(&t);
}

static void test_deliveries(void)
{
	static const struct {
		unsigned int type, vector;
		const char *words;
	} events[] = {
		{ 0, 0x41, "interrupt 65 cannot be delivered" },
		{ 0, 8, "interrupt 8 cannot be delivered" },
		{ 2, 2, "NMI 2 cannot be delivered" },
		{ 3, 6, "exception 6 cannot be delivered" },
	};
	unsigned int i;
	struct vt t;

	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		LOADED(&t, vt_hello);
		deliver_nowhere(&t, events[i].type, events[i].vector);
		stops_saying(&t, VMM_RUN_INTERNAL, events[i].words,
			     events[i].words);
		vt_free(&t);
	}
}

/* MMIO or words: but bounded, and again and again the same. */
static void test_odd(void)
{
	static const struct {
		const unsigned char *code, *end;
		const char *name;
	} odd[] = {
		{ bad_gdt, bad_gdt_end, "a GDT of no memory" },
		{ fx_nowhere, fx_nowhere_end, "FXSAVE to no memory" },
		{ far_nowhere, far_nowhere_end, "a far jump through no memory" },
	};
	unsigned int i;
	struct vt t;

	for (i = 0; i < 3; i++) {
		int n, err = 0;

		vt_make(&t, 1, VT_MB);
		set_table(&t, 0x7ff, NOWHERE);
		vt_load(&t, VT_CODE, odd[i].code, odd[i].end);
		timer_every(100000);
		for (n = 0; n < 200 && !err; n++) {
			err = vt_run(&t, 0);
			if (t.run[0]->reason >= VMM_RUN_SHUTDOWN)
				break;
		}
		timer_every(0);
		tap_note("%d exits, %s, reason %u: %.100s", n, strerror(err),
			 t.run[0]->reason, t.run[0]->text);
		tap_ok((!err || err == EINTR) && n < 200, "%s", odd[i].name);
		vt_free(&t);
	}
}

/* ---- page tables that change under a running vCPU ------------------------------------ */

#define TABLE	0x5000UL	/* of the 4 MiB from 0x400000 */

/* vCPU 0 reads through the entry, after forgetting it; vCPU 1 changes it. */
VT_BLOB(reader,
	"sti\n"
	"1: invlpg 0x400000\n"
	"mov 0x400000, %eax\n"
	"cmp $0xaaaaaaaa, %eax\n"
	"je 2f\n"
	"cmp $0xbbbbbbbb, %eax\n"
	"je 2f\n"
	"cmp $0xcccccccc, %eax\n"
	"jne 3f\n"
	"2: incl 0x3000\n"
	"jmp 1b\n"
	"3: out %eax, $0x83\n"
	"jmp 1b");
VT_BLOB(rewriter,
	"sti\n"
	"1: movl $0x80007, 0x5000\n"
	"movl $0x81007, 0x5000\n"
	"movl $0x40000007, 0x5000\n"
	"incl 0x3004\n"
	"jmp 1b");

static void test_rewriting(void)
{
	uint64_t end = vt_now_ms() + 4000;
	uint32_t *words, val = 0xcccccccc;
	unsigned int mmio = 0, bad = 0, i;
	struct vt_runner r;
	struct vt t;

	vt_make(&t, 2, VT_MB);
	VT_LOAD(&t, reader);
	vt_load(&t, VT_CODE + 0x1000, rewriter, rewriter_end);
	words = (uint32_t *)t.ram;
	words[0x80000 / 4] = 0xaaaaaaaa;
	words[0x81000 / 4] = 0xbbbbbbbb;
	words[0x4000 / 4] = 0x6007;
	words[0x4004 / 4] = TABLE | 7;
	words[TABLE / 4] = 0x80007;
	for (i = 0; i < 256; i++)
		words[0x6000 / 4 + i] = i << 12 | 7;
	page_at(&t, 0x4000);
	vt_start(&t, 1, VT_CODE + 0x1000);
	vt_spawn(&r, &t, 1);
	timer_every(20000);
	while (vt_now_ms() < end && !bad) {
		if (ioctl(t.cpu[0], VMM_VCPU_RUN, 0)) {
			bad += errno != EINTR;
		} else if (t.run[0]->reason == VMM_RUN_MMIO &&
			   t.run[0]->mmio.gpa == NOWHERE) {
			memcpy(t.run[0]->mmio.data, &val, 4);
			mmio++;
		} else if (t.run[0]->reason != VMM_RUN_NONE) {
			tap_note("reason %u: %s", t.run[0]->reason,
				 t.run[0]->text);
			bad++;
		}
	}
	timer_every(0);
	tap_note("%u reads, %u of them MMIO, %u changes", vt_mail(&t)[0], mmio,
		 vt_mail(&t)[1]);
	tap_ok(!bad && vt_mail(&t)[0] > 100 && vt_mail(&t)[1] > 100,
	       "page tables rewritten by another vCPU");
	vt_stop(&r);
	vt_free(&t);
}

int main(void)
{
	vt_open();
	vt_catch(SIGUSR1);
	vt_catch(SIGALRM);
	test_endless();
	test_stops();
	test_deliveries();
	test_odd();
	test_rewriting();
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
