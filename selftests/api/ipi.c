// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts between vCPUs that run, halt and do not run, in x2APIC mode: all arrive,
 * and what they cost is what the processor's features promise.
 *
 * test: cpus: 2, timeout: 120
 */
#include "vmmtest.h"

#define ROUNDS		1000
#define VEC_BACK	0x40	/* to vCPU 0 */
#define VEC_THERE	0x41	/* to vCPU 1 */

#define MAIL_ROUNDS	0
#define MAIL_READY	1
#define MAIL_BACK	2	/* how often vCPU 0 was interrupted */
#define MAIL_THERE	3	/* and vCPU 1 */
#define MAIL_WRONG	4	/* vector 255, to any */

#define CODE_THERE	(VT_CODE + VT_PAGE)
#define HANDLER_BACK	(VT_CODE + 2 * VT_PAGE)
#define HANDLER_THERE	(VT_CODE + 3 * VT_PAGE)
#define HANDLER_WRONG	(HANDLER_THERE + 0x800)

/*
 * A delivery that finds no page for the IDT, the stack or the handler is begun again,
 * but not under Bochs: see vmx.rst.  That is not what is tested here.
 */
#define TOUCH_ALL							\
	"mov 0x1000, %eax\n mov 0x22000, %eax\n mov 0x23000, %eax\n"	\
	"push %eax\n pop %eax\n lock orl $0, 0x3000\n"

#define X2APIC_ON							\
	TOUCH_ALL							\
	"mov $0x1b, %ecx\n rdmsr\n or $0xc00, %eax\n wrmsr\n"		\
	"mov $0x80f, %ecx\n mov $0x1ff, %eax\n xor %edx, %edx\n wrmsr\n" \
	"sti\n"

#define SEND(id, vector)						\
	"mov $0x830, %ecx\n mov $" #id ", %edx\n"			\
	"mov $(0x4000 + " #vector "), %eax\n wrmsr\n"

#define EOI	"mov $0x80b, %ecx\n xor %eax, %eax\n xor %edx, %edx\n wrmsr\n"

/* Sends, and waits for the answer before it sends again. */
VT_BLOB(ping,
	X2APIC_ON
	"1: cmpl $0, 0x3004\n je 1b\n"
	"mov 0x3000, %esi\n"
	"2: mov 0x3008, %edi\n"
	SEND(1, 0x41)
	"3: cmp %edi, 0x3008\n je 3b\n"
	"dec %esi\n jnz 2b\n"
	"out %al, $0x80\n"
	"hlt");

/* Sends once, which may be to a vCPU that does not run. */
VT_BLOB(ping_once,
	X2APIC_ON
	SEND(1, 0x41)
	"out %al, $0x80\n"
	"hlt");

VT_BLOB(spin, X2APIC_ON "incl 0x3004\n 1: jmp 1b");
VT_BLOB(halt, X2APIC_ON "incl 0x3004\n 1: hlt\n jmp 1b");
VT_BLOB(closed, X2APIC_ON "cli\n incl 0x3004\n out %al, $0x81\n sti\n 1: jmp 1b");

VT_BLOB(back, "pusha\n incl 0x3008\n" EOI "popa\n iret");
VT_BLOB(there, "pusha\n incl 0x300c\n" EOI SEND(0, 0x40) "popa\n iret");

/*
 * Bochs takes a notification with nothing posted for a request of vector 255: see
 * vmx.rst.  It is one that comes late.
 */
VT_BLOB(wrong, "pusha\n lock incl 0x3010\n" EOI "popa\n iret");

static void set_gate(struct vt *t, unsigned int vector, uint32_t handler)
{
	uint32_t gate[2] = {
		(handler & 0xffff) | 8 << 16, (handler & 0xffff0000) | 0x8e00,
	};

	memcpy(t->ram + VT_IDT + 8 * vector, gate, sizeof(gate));
}

#define LOAD(t, at, name) vt_load((t), at, name, name##_end)

static void make(struct vt *t)
{
	vt_make(t, 2, VT_MB);
	LOAD(t, HANDLER_BACK, back);
	LOAD(t, HANDLER_THERE, there);
	LOAD(t, HANDLER_WRONG, wrong);
	set_gate(t, 0xff, HANDLER_WRONG);
	set_gate(t, VEC_BACK, HANDLER_BACK);
	set_gate(t, VEC_THERE, HANDLER_THERE);
	vt_start(t, 1, CODE_THERE);
	vt_mail(t)[MAIL_ROUNDS] = ROUNDS;
}

static uint64_t stat_of(struct vt *t, const char *name)
{
	static char names[256][VMM_STAT_NAME_LEN];
	static uint64_t values[256];
	struct vmm_stats stats = {
		.count = 256, .values = (uintptr_t)values,
		.names = (uintptr_t)names,
	};
	unsigned int i;

	if (ioctl(t->vm, VMM_VM_STATS, &stats))
		vt_bail("statistics");
	for (i = 0; i < stats.count; i++)
		if (!strcmp(names[i], name))
			return values[i];
	vt_bail("no counter %s", name);
}

static bool has(uint64_t feature)
{
	struct vmm_info info;

	if (ioctl(vt_dev, VMM_INFO, &info))
		vt_bail("features");
	return info.features & feature;
}

static void test_pings(const char *name, const unsigned char *code,
		       const unsigned char *end, bool runs)
{
	uint64_t told, kicked, start;
	struct vt_runner r;
	struct vt t;

	make(&t);
	VT_LOAD(&t, ping);
	vt_load(&t, CODE_THERE, code, end);
	vt_spawn(&r, &t, 1);
	start = vt_now_ms();
	tap_ok(vt_wrote_port(&t, 0, 0x80), "%s: %u pings are answered", name,
	       ROUNDS);
	start = vt_now_ms() - start;
	vt_stop(&r);
	tap_ok(vt_mail(&t)[MAIL_THERE] == ROUNDS &&
	       vt_mail(&t)[MAIL_BACK] == ROUNDS,
	       "%s: each arrives once: %u there, %u back", name,
	       vt_mail(&t)[MAIL_THERE], vt_mail(&t)[MAIL_BACK]);
	tap_ok(!vt_mail(&t)[MAIL_WRONG] || vt_on_bochs(),
	       "%s: nothing else does: %u", name, vt_mail(&t)[MAIL_WRONG]);
	told = stat_of(&t, "notifications");
	kicked = stat_of(&t, "kicks");
	tap_note("%s: %llu ms, %llu exits, %llu by the host's interrupts", name,
		 (unsigned long long)start,
		 (unsigned long long)stat_of(&t, "exits"),
		 (unsigned long long)stat_of(&t, "exit_host_irq"));
	tap_note("%s: %llu notifications, %llu kicks", name,
		 (unsigned long long)told, (unsigned long long)kicked);
	if (!has(VMM_FEAT_POSTED))
		tap_ok(!told, "%s: no notifications without the feature", name);
	else if (runs)
		tap_ok(told > ROUNDS / 4 && kicked < ROUNDS / 4,
		       "%s: notifications take the place of kicks", name);
	vt_free(&t);
}

/* Posted while the vCPU is outside, and again while it cannot take it. */
static void test_stopped(void)
{
	struct vmm_lapic_state lapic;
	struct vt_runner r;
	struct vt t;

	make(&t);
	VT_LOAD(&t, ping_once);
	LOAD(&t, CODE_THERE, closed);
	tap_ok(vt_wrote_port(&t, 1, 0x81), "interrupts off");
	tap_ok(vt_wrote_port(&t, 0, 0x80), "one is sent to a vCPU outside");
	tap_ok(!ioctl(t.cpu[1], VMM_VCPU_GET_LAPIC, &lapic) &&
	       lapic.regs[0x220] == 2, "its state has it in IRR");
	tap_ok(!ioctl(t.cpu[1], VMM_VCPU_SET_LAPIC, &lapic), "restored");
	tap_ok(!vt_mail(&t)[MAIL_THERE], "not delivered so far");
	vt_spawn(&r, &t, 1);
	tap_ok(VT_WAIT_FOR(vt_mail(&t)[MAIL_THERE] == 1), "delivered, once");
	vt_stop(&r);
	tap_ok(vt_mail(&t)[MAIL_THERE] == 1, "and no more");
	vt_free(&t);
}

int main(void)
{
	vt_open();
	vt_catch(SIGUSR1);
	tap_note("features: APIC %d, posted %d", has(VMM_FEAT_APIC),
		 has(VMM_FEAT_POSTED));
	test_pings("running", spin, spin_end, true);
	test_pings("halted", halt, halt_end, false);
	test_stopped();
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
