// SPDX-License-Identifier: GPL-2.0
/*
 * Guests whose page tables are merged (A8): the processor writes accessed and dirty bits into
 * them by itself, and gets pages of the guest's own for that; while guests rewrite their tables
 * over and over with the scanner at full speed, each access finds the page that the guest's own
 * tables say.
 *
 * Page 0 of an object is a page directory, which maps the guest's memory and the object as they are, and
 * by four tables a window of 16 MiB; whose pages are the object's 64 pages of data, in
 * an order that turns by one in each round.
 *
 * The argument is for how many seconds guests churn; 5 if there is none.
 *
 * test: timeout: 240
 */
#include "ksm.h"

#include <linux/vmm_mem.h>

#define VMS	3
#define RAM	(2 * VT_MB)
#define SIZE	(4 * VT_MB)
#define GPA	0x1000000UL
#define TABLES	16UL		/* of the window, four */
#define DATA	64UL
#define ENTRIES	4096UL

#define PTE(_gpa)	((uint32_t)(_gpa) | 7)	/* present, writable, for all */

static struct vt t[VMS];
static int fd[VMS];

/*
 * ecx rounds from the one in ebx on: each page of the window is looked at and written to; then tables
 * are made for the next round.
 */
VT_BLOB(churn,
	"1: xor %edi, %edi\n"
	"2: mov %edi, %eax\n"
	"shr $10, %eax\n"
	"mov %edi, %edx\n"
	"and $1023, %edx\n"
	"add %edx, %eax\n"
	"add %ebx, %eax\n"
	"and $63, %eax\n"
	"mov %edi, %edx\n"
	"shl $12, %edx\n"
	"add $0x4000000, %edx\n"
	"cmp %eax, (%edx)\n"
	"jne 9f\n"
	"mov %eax, 4(%edx)\n"
	"inc %edi\n"
	"cmp $4096, %edi\n"
	"jb 2b\n"
	"inc %ebx\n"
	"xor %edi, %edi\n"
	"3: mov %edi, %eax\n"
	"shr $10, %eax\n"
	"mov %edi, %edx\n"
	"and $1023, %edx\n"
	"add %edx, %eax\n"
	"add %ebx, %eax\n"
	"and $63, %eax\n"
	"shl $12, %eax\n"
	"add $0x1040007, %eax\n"
	"mov %eax, 0x1010000(,%edi,4)\n"
	"inc %edi\n"
	"cmp $4096, %edi\n"
	"jb 3b\n"
	"mov %cr3, %eax\n"
	"mov %eax, %cr3\n"
	"dec %ecx\n"
	"jnz 1b\n"
	"out %al, $0x80\n"
	"hlt\n"
	"9: out %al, $0x81\n"
	"hlt");

static void fill(unsigned char *p)
{
	uint32_t *dir = (uint32_t *)p, i;
	uint32_t *ram = (uint32_t *)(p + VT_PAGE);
	uint32_t *self = (uint32_t *)(p + 2 * VT_PAGE);
	uint32_t *window = (uint32_t *)(p + TABLES * VT_PAGE);

	dir[0] = PTE(GPA + VT_PAGE);
	dir[4] = PTE(GPA + 2 * VT_PAGE);
	for (i = 0; i < 4; i++)
		dir[16 + i] = PTE(GPA + (TABLES + i) * VT_PAGE);
	for (i = 0; i < 1024; i++) {
		ram[i] = PTE(i * VT_PAGE);
		self[i] = PTE(GPA + i * VT_PAGE);
	}
	for (i = 0; i < ENTRIES; i++)
		window[i] = PTE(GPA + (DATA + ((i >> 10) + (i & 1023)) % 64) * VT_PAGE);
	for (i = 0; i < 64; i++) {
		memset(p + (DATA + i) * VT_PAGE, 0x5a, VT_PAGE);
		*(uint32_t *)(p + (DATA + i) * VT_PAGE) = i;
	}
}

static void add_vm(unsigned int at)
{
	struct vmm_create_mem c = { .size = SIZE, .flags = VMM_MEM_SMALL_PAGES };
	unsigned char *p;

	fd[at] = ioctl(vt_dev, VMM_CREATE_MEM, &c);
	p = fd[at] < 0 ? NULL : vt_map(fd[at], SIZE);
	if (!p)
		vt_bail("memory");
	fill(p);
	munmap(p, SIZE);
	vt_make(&t[at], 1, RAM);
	VT_LOAD(&t[at], churn);
	if (vt_set_slot(t[at].vm, 1, GPA, SIZE, fd[at], 0, 0))
		vt_bail("slot");
}

/* With paging on, from a round on. */
static bool run_rounds(struct vt *vm, uint32_t from, uint32_t rounds)
{
	struct vmm_sregs sregs;
	struct vmm_regs regs;

	vt_start(vm, 0, VT_CODE);
	ioctl(vm->cpu[0], VMM_VCPU_GET_SREGS, &sregs);
	sregs.cr3 = GPA;
	sregs.cr0 |= 0x80000000;
	ioctl(vm->cpu[0], VMM_VCPU_GET_REGS, &regs);
	regs.rbx = from;
	regs.rcx = rounds;
	if (ioctl(vm->cpu[0], VMM_VCPU_SET_SREGS, &sregs) ||
	    ioctl(vm->cpu[0], VMM_VCPU_SET_REGS, &regs))
		vt_bail("paging");
	return vt_wrote_port(vm, 0, 0x80);
}

static void pass(void)
{
	long long passes = figure("full_scans");

	set_number("step", figure("pages_total"));
	while (figure("full_scans") == passes)
		set_number("step", 1);
}

/* ---- tables that are merged --------------------------------------------------------- */

static void test_merged(void)
{
	long long walks, sharing;
	bool good = true;
	unsigned int i;

	pass();
	pass();
	sharing = figure("pages_sharing");
	/* All are equal: the directory, tables, data; and what is in the guests' RAM. */
	tap_ok(sharing >= (VMS - 1) * (1 + 2 + 4 + 64),
	       "tables are merged (%lld pages saved)", sharing);
	walks = figure("breaks_walk");
	for (i = 0; i < VMS; i++)
		good &= run_rounds(&t[i], 0, 1);
	tap_ok(good, "guests find what their tables say");
	walks = figure("breaks_walk") - walks;
	tap_ok(walks >= VMS, "walks have got pages of their own (%lld)", walks);
	good = true;
	for (i = 0; i < VMS; i++)
		good &= run_rounds(&t[i], 1, 3);
	tap_ok(good, "and once more, without");
}

/* ---- and rewritten ------------------------------------------------------------------- */

static volatile bool stop;

struct churner {
	struct vt *t;
	pthread_t thread;
	unsigned long rounds;
	bool good;
};

static void *churner_main(void *arg)
{
	struct churner *c = arg;

	while (!stop && c->good) {
		c->good = run_rounds(c->t, 4 + c->rounds, 5);
		c->rounds += 5;
	}
	return NULL;
}

static void test_churn(unsigned int seconds)
{
	long long merges = figure("merges"), breaks = figure("breaks");
	struct churner c[VMS];
	unsigned long rounds = 0;
	bool good = true;
	unsigned int i;

	set_number("pages_to_scan", 100000);
	set_number("sleep_millisecs", 0);
	set_number("budget_cpu_pct", 100);
	set_number("run", 1);
	for (i = 0; i < VMS; i++) {
		c[i] = (struct churner){ .t = &t[i], .good = true };
		if (pthread_create(&c[i].thread, NULL, churner_main, &c[i]))
			vt_bail("thread");
	}
	vt_sleep_ms(1000 * seconds);
	stop = true;
	for (i = 0; i < VMS; i++) {
		pthread_join(c[i].thread, NULL);
		good &= c[i].good;
		rounds += c[i].rounds;
	}
	set_number("run", 0);
	merges = figure("merges") - merges;
	breaks = figure("breaks") - breaks;
	tap_ok(good && rounds, "guests find what their tables say, in %lu rounds",
	       rounds);
	tap_ok(merges > 0 && breaks > 0, "with %lld merges and %lld breaks beside",
	       merges, breaks);
}

int main(int argc, char **argv)
{
	unsigned int i;

	vt_open();
	set("run", "0");
	set("mode", "merge");
	set_number("seed", 42);
	for (i = 0; i < VMS; i++)
		add_vm(i);
	test_merged();
	test_churn(argc > 1 ? atoi(argv[1]) : 5);
	for (i = 0; i < VMS; i++) {
		vt_free(&t[i]);
		close(fd[i]);
	}
	set("mode", "off");
	tap_ok(VT_WAIT_FOR(!figure("frames_total")), "nothing is left");
	set("mode", "observe");
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
