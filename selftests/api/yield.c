// SPDX-License-Identifier: GPL-2.0
/*
 * Directed yield: two vCPUs on one processor of the host hand a word to and fro,
 * and each spins until it has it.  The one that spins gives way to the other, not to
 * one that could not use it, and that saves the time it would have spun.
 *
 * test: timeout: 120
 */
#include "lib/share.h"

#define PARAMETER	"/sys/module/vmm/parameters/directed_yield"
#define ROUNDS		60
#define OTHER_CODE	0x24000UL

/* The word is at 0x3000, the rounds to go at 0x3008. */
#define CALLER(wait)							\
	"sti\n 1: movl $1, 0x3000\n"					\
	"2: " wait "cmpl $0, 0x3000\n jne 2b\n"				\
	"incl 0x3004\n decl 0x3008\n jnz 1b\n"				\
	"out %al, $0x80\n hlt"
#define ANSWERER(wait)							\
	"sti\n 1: " wait "cmpl $1, 0x3000\n jne 1b\n"			\
	"movl $0, 0x3000\n jmp 1b"
#define PAUSE		"pause\n"
/* The hypercall that names the vCPU to give way to. */
#define CALL(other)	"mov $11, %eax\n mov $" other ", %ebx\n vmmcall\n"

VT_BLOB(pause_caller, CALLER(PAUSE));
VT_BLOB(pause_answerer, ANSWERER(PAUSE));
VT_BLOB(call_caller, CALLER(CALL("1")));
VT_BLOB(call_answerer, ANSWERER(CALL("0")));

VT_BLOB(pause_always, "sti\n 1: incl 0x3004\n pause\n jmp 1b");
VT_BLOB(call_always, "sti\n 1: incl 0x3004\n" CALL("1") "jmp 1b");
/* Names vCPUs that there are not. */
VT_BLOB(call_nobody, "mov $0, %ebx\n 1: mov $11, %eax\n vmmcall\n"
		     " or %eax, 0x3000\n add $0x1fffff, %ebx\n jnc 1b\n"
		     " mov $11, %eax\n mov $2, %ebx\n vmmcall\n"
		     " or %eax, 0x3000\n out %al, $0x80\n hlt");
VT_BLOB(halt, "sti\n incl 0x300c\n 1: hlt\n jmp 1b");
VT_BLOB(busy, "sti\n 1: incl 0x300c\n jmp 1b");
VT_BLOB(busy_user, "1: incl 0x300c\n jmp 1b");

static bool spins_are_noticed;

static void set_parameter(bool on)
{
	int fd = open(PARAMETER, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, on ? "Y" : "N", 1) != 1)
		vt_bail(PARAMETER);
	close(fd);
}

struct result {
	uint64_t ns, exits, tried, hit;
};

static void make(struct vt *t, const unsigned char *code,
		 const unsigned char *code_end, const unsigned char *other,
		 const unsigned char *other_end)
{
	vt_make(t, 2, VT_MB);
	vt_load(t, VT_CODE, code, code_end);
	vt_load(t, OTHER_CODE, other, other_end);
	vt_start(t, 1, OTHER_CODE);
}

static struct result results(struct vt *t, uint64_t start)
{
	return (struct result) {
		.ns = sh_now_ns(CLOCK_MONOTONIC) - start,
		.exits = sh_counter(t, "exit_pause") +
			 sh_counter(t, "exit_hypercall") +
			 sh_counter(t, "exit_exception"),
		.tried = sh_counter(t, "yields_tried"),
		.hit = sh_counter(t, "yields_hit"),
	};
}

static void tell(const char *name, const struct result *r)
{
	tap_note("%s: %llu us, %llu exits, %llu yields tried, %llu hit", name,
		 (unsigned long long)r->ns / 1000, (unsigned long long)r->exits,
		 (unsigned long long)r->tried, (unsigned long long)r->hit);
}

/* ---- to and fro ---------------------------------------------------------------- */

#define HAND_OVER(name, what, on)					\
	hand_over(name, what##_caller, what##_caller_end,		\
		  what##_answerer, what##_answerer_end, on)

static struct result hand_over(const char *name, const unsigned char *code,
			       const unsigned char *code_end,
			       const unsigned char *other,
			       const unsigned char *other_end, bool on)
{
	struct sh_runner r;
	struct result result;
	uint64_t start;
	struct vt t;

	set_parameter(on);
	make(&t, code, code_end, other, other_end);
	vt_mail(&t)[2] = ROUNDS;
	start = sh_now_ns(CLOCK_MONOTONIC);
	sh_spawn(&r, &t, 1);
	tap_ok(vt_wrote_port(&t, 0, 0x80) && vt_mail(&t)[1] == ROUNDS,
	       "%s: %u rounds, directed yield is %s", name, ROUNDS,
	       on ? "on" : "off");
	result = results(&t, start);
	sh_stop(&r);
	vt_free(&t);
	set_parameter(true);
	tell(on ? "on" : "off", &result);
	return result;
}

static void check_gain(const char *name, const struct result *on,
		       const struct result *off)
{
	tap_ok(on->hit >= ROUNDS && on->hit <= on->tried &&
	       on->tried <= on->exits, "%s: it gives way each time", name);
	tap_ok(off->exits && !off->tried && !off->hit, "%s: off, it does not",
	       name);
	tap_ok(off->ns > 2 * on->ns, "%s: less than half the time", name);
}

static void test_spins(void)
{
	struct result on, off;

	if (!spins_are_noticed) {
		tap_skip("this processor does not notice spins");
		return;
	}
	on = HAND_OVER("PAUSE", pause, true);
	off = HAND_OVER("PAUSE", pause, false);
	check_gain("PAUSE", &on, &off);
}

static void test_calls(void)
{
	struct result on = HAND_OVER("hypercall", call, true);
	struct result off = HAND_OVER("hypercall", call, false);

	check_gain("hypercall", &on, &off);
}

/* ---- who does not get it ------------------------------------------------------- */

#define BESIDE(what, user, other, ms)					\
	beside(what, what##_end, user, other, other##_end, ms)

static void enter_user_mode(struct vt *t, unsigned int n)
{
	struct vmm_sregs s;
	struct vmm_regs regs;

	if (ioctl(t->cpu[n], VMM_VCPU_GET_SREGS, &s) ||
	    ioctl(t->cpu[n], VMM_VCPU_GET_REGS, &regs))
		vt_bail("registers");
	s.cs.selector |= 3;
	s.cs.attr |= 0x60;
	s.ss.selector |= 3;
	s.ss.attr |= 0x60;
	regs.rflags |= 0x200;
	if (ioctl(t->cpu[n], VMM_VCPU_SET_SREGS, &s) ||
	    ioctl(t->cpu[n], VMM_VCPU_SET_REGS, &regs))
		vt_bail("user mode");
}

/* vCPU 0 gives way all the time; @user: vCPU 1 is in user mode. */
static struct result beside(const unsigned char *code,
			    const unsigned char *code_end, bool user,
			    const unsigned char *other,
			    const unsigned char *other_end, unsigned int ms)
{
	struct sh_runner r[2];
	struct sh_rival rival;
	struct result result;
	uint64_t start;
	struct vt t;

	make(&t, code, code_end, other, other_end);
	if (user)
		enter_user_mode(&t, 1);
	start = sh_now_ns(CLOCK_MONOTONIC);
	sh_spawn(&r[1], &t, 1);
	if (!VT_WAIT_FOR(vt_mail(&t)[3]))
		vt_bail("guest");
	vt_sleep_ms(20);
	sh_spawn(&r[0], &t, 0);
	sh_rival_start(&rival);
	vt_sleep_ms(ms);
	sh_rival_stop(&rival);
	result = results(&t, start);
	sh_stop(&r[0]);
	sh_stop(&r[1]);
	vt_free(&t);
	return result;
}

/* There are others that want the processor, but they are not of this VM. */
static void test_asleep(void)
{
	struct result r;

	r = BESIDE(call_always, false, halt, 200);
	tell("hypercall beside HLT", &r);
	tap_ok(r.exits > 100 && !r.tried, "hypercall: not to one that sleeps");
	r = BESIDE(call_always, false, busy, 200);
	tell("hypercall beside work", &r);
	tap_ok(r.hit > 5, "hypercall: but to one that works");
	if (!spins_are_noticed)
		return;
	r = BESIDE(pause_always, false, halt, 200);
	tell("PAUSE beside HLT", &r);
	tap_ok(r.exits > 100 && !r.tried, "PAUSE: not to one that sleeps");
	r = BESIDE(pause_always, false, busy, 200);
	tell("PAUSE beside work", &r);
	tap_ok(r.hit > 5, "PAUSE: but to one that works");
}

/* A guest's kernel does not wait for its user mode. */
static void test_user_mode(void)
{
	struct result r;

	if (!spins_are_noticed)
		return;
	r = BESIDE(pause_always, true, busy_user, 300);
	tell("PAUSE beside user mode", &r);
	tap_ok(r.exits > 100 && r.tried < 10, "PAUSE: not to user mode");
}

static void test_nobody(void)
{
	struct vt t;

	vt_make(&t, 1, VT_MB);
	VT_LOAD(&t, call_nobody);
	tap_ok(vt_wrote_port(&t, 0, 0x80) && !vt_mail(&t)[0] &&
	       sh_counter(&t, "exits") > 2000 && !sh_counter(&t, "yields_tried"),
	       "hypercall: to vCPUs that there are not: 0, and nothing is done");
	vt_free(&t);
}

int main(void)
{
	struct vmm_info info;

	vt_open();
	vt_catch(SIGUSR1);
	if (ioctl(vt_dev, VMM_INFO, &info))
		vt_bail("features");
	spins_are_noticed = info.features & VMM_FEAT_PAUSE_FILTER;
	sh_one_cpu();
	test_spins();
	test_calls();
	test_asleep();
	test_user_mode();
	test_nobody();
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
