// SPDX-License-Identifier: GPL-2.0
/*
 * membench: what freezing, forking and returning guest memory costs, in ticks of the
 * time-stamp counter: where the clock counts instructions, instructions.
 *
 * A guest has touched 1 GiB, of which this program maps nothing. One line a figure,
 * "vmm,NAME,memory,LEAST,MEDIAN"; a break is told per page.
 */
#include <sys/resource.h>
#include <x86intrin.h>

#include "lineage.h"

#define GB	(1UL << 30)
#define GPA	0x40000000UL
#define RUNS	5
#define MANY	1000
#define BROKEN	256

/* Writes eax to ecx pages from ebx on. */
VT_BLOB(touch,
	"1: mov %eax, (%ebx)\n"
	"add $0x1000, %ebx\n"
	"dec %ecx\n"
	"jnz 1b\n"
	"out %al, $0x80\n"
	"hlt");

static struct vt t;
static int mem;

static void write_pages(unsigned long first, unsigned long n)
{
	struct vmm_regs regs;

	vt_start(&t, 0, VT_CODE);
	if (ioctl(t.cpu[0], VMM_VCPU_GET_REGS, &regs))
		vt_bail("registers");
	regs.rax = first;
	regs.rbx = GPA + first * VT_PAGE;
	regs.rcx = n;
	if (ioctl(t.cpu[0], VMM_VCPU_SET_REGS, &regs))
		vt_bail("registers");
	if (!vt_wrote_port(&t, 0, 0x80))
		vt_bail("the guest");
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void tell(const char *name, uint64_t *ticks, unsigned int n)
{
	qsort(ticks, n, sizeof(*ticks), by_value);
	printf("vmm,%s,memory,%llu,%llu\n", name,
	       (unsigned long long)ticks[0], (unsigned long long)ticks[n / 2]);
}

static int checked(int fd, const char *what)
{
	if (fd < 0)
		vt_bail("%s", what);
	return fd;
}

static uint64_t timed_freeze(int *fd)
{
	uint64_t begun = __rdtsc();

	*fd = checked(mem_freeze(mem), "freeze");
	return __rdtsc() - begun;
}

static void measure_freeze(void)
{
	uint64_t ticks[RUNS], begun;
	int fd, child;
	unsigned int i;

	for (i = 0; i < RUNS; i++) {
		write_pages(i * 1000, 10);
		ticks[i] = timed_freeze(&fd);
		close(fd);
	}
	tell("freeze", ticks, RUNS);
	write_pages(0, 1);
	timed_freeze(&fd);
	for (i = 0; i < RUNS; i++) {
		begun = __rdtsc();
		child = checked(mem_fork(fd), "fork");
		ticks[i] = __rdtsc() - begun;
		close(child);
	}
	tell("fork", ticks, RUNS);
	close(fd);
}

static void measure_return(unsigned int mib)
{
	uint64_t ticks[RUNS], begun;
	char name[32];
	unsigned int i;
	int fd;

	write_pages(0, 1);
	timed_freeze(&fd);
	for (i = 0; i < RUNS; i++) {
		write_pages(0, mib * 256);
		begun = __rdtsc();
		checked(mem_return(mem, fd), "return");
		ticks[i] = __rdtsc() - begun;
		vt_sleep_ms(200);	/* what has left is freed */
	}
	snprintf(name, sizeof(name), "return_%umib", mib);
	tell(name, ticks, RUNS);
	close(fd);
}

/* All of a block's pages but the first, so that the way there is own. */
static void measure_break(const char *name)
{
	uint64_t ticks[RUNS], begun;
	unsigned int i;
	int fd;

	for (i = 0; i < RUNS; i++) {
		write_pages(8192, 1);
		timed_freeze(&fd);
		write_pages(8192, 1);
		begun = __rdtsc();
		write_pages(8193, BROKEN);
		ticks[i] = (__rdtsc() - begun) / BROKEN;
		close(fd);
		vt_sleep_ms(200);
	}
	tell(name, ticks, RUNS);
}

static void measure_many(void)
{
	struct rlimit lim = { 2 * MANY, 2 * MANY };
	static int fd[MANY];
	unsigned int i;

	setrlimit(RLIMIT_NOFILE, &lim);
	measure_break("break");
	for (i = 0; i < MANY; i++) {
		write_pages(i * 64, 1);
		timed_freeze(&fd[i]);
	}
	measure_break("break_of_1000");
	for (i = 0; i < MANY; i++)
		close(fd[i]);
}

int main(void)
{
	static const unsigned int mib[] = { 1, 16, 64, 256 };
	unsigned int i;

	vt_open();
	vt_make(&t, 1, 2 * VT_MB);
	mem = checked(vt_create_mem(GB), "memory");
	if (vt_set_slot(t.vm, 1, GPA, GB, mem, 0, 0))
		vt_bail("slot");
	VT_LOAD(&t, touch);
	write_pages(0, GB / VT_PAGE);
	measure_freeze();
	for (i = 0; i < 4; i++)
		measure_return(mib[i]);
	measure_many();
	vt_free(&t);
	close(mem);
	return 0;
}
