// SPDX-License-Identifier: GPL-2.0
/*
 * Memory objects that share: freezing, forking, returning, under guests, mappings,
 * pins and dirty logs; what is refused; and that nothing is left of them.
 *
 * test: timeout: 180, memory: 2G
 */
#include <linux/if_xdp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "lineage.h"

#define MB	VT_MB
#define SIZE	(8 * MB)
#define PAGES	(SIZE / VT_PAGE)

static int create(uint32_t flags)
{
	struct vmm_create_mem c = { .size = SIZE, .flags = flags };

	return ioctl(vt_dev, VMM_CREATE_MEM, &c);
}

static unsigned char *map_ro(int fd)
{
	void *p = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

static int punch(int fd, off_t offset, off_t len)
{
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset,
			 len);
}

static int byte_at(int fd, off_t offset)
{
	unsigned char byte;

	return pread(fd, &byte, 1, offset) == 1 ? byte : -1;
}

/* What nobody shares any more goes after a grace period. */
static bool pages_left(int fd, long pages)
{
	return VT_WAIT_FOR(mem_figure(fd, "family-pages") == pages);
}

/* ---- the three ---------------------------------------------------------------- */

static void test_three(uint32_t flags, const char *name)
{
	int fd = create(flags), snap, child, second;
	unsigned char *p = vt_map(fd, SIZE), *q, *r;
	long before;

	memset(p, 1, 5 * MB);
	before = mem_figure(fd, "resident");
	snap = mem_freeze(fd);
	tap_ok(snap >= 0 && mem_figure(snap, "frozen") == 1 &&
	       !mem_figure(fd, "frozen"), "%s: frozen", name);
	tap_ok(mem_figure(snap, "resident") == before &&
	       mem_figure(snap, "family-pages") == before, "%s: no page more",
	       name);
	p[3 * VT_PAGE] = 2;
	p[6 * MB] = 3;
	q = map_ro(snap);
	tap_ok(q && q[3 * VT_PAGE] == 1 && q[6 * MB] == 0 && p[3 * VT_PAGE] == 2 &&
	       p[3 * VT_PAGE + 1] == 1 && p[6 * MB] == 3 && p[4 * VT_PAGE] == 1,
	       "%s: what is written then is not in it", name);
	tap_ok(byte_at(snap, 3 * VT_PAGE) == 1 && byte_at(snap, 6 * MB) == 0 &&
	       byte_at(fd, 6 * MB) == 3, "%s: read() says so too", name);

	child = mem_fork(snap);
	r = vt_map(child, SIZE);
	tap_ok(child >= 0 && r && r[3 * VT_PAGE] == 1 && r[5 * MB - 1] == 1,
	       "%s: a fork has it", name);
	r[4 * VT_PAGE] = 9;
	tap_ok(p[4 * VT_PAGE] == 1 && q[4 * VT_PAGE] == 1 &&
	       r[4 * VT_PAGE] == 9, "%s: and goes its own way", name);

	second = mem_freeze(child);
	tap_ok(!mem_return(fd, second) && p[3 * VT_PAGE] == 1 &&
	       p[4 * VT_PAGE] == 9 && p[6 * MB] == 0, "%s: return to a cousin",
	       name);
	tap_ok(!mem_return(fd, snap) && p[4 * VT_PAGE] == 1 &&
	       mem_sum(fd, SIZE) == mem_sum(snap, SIZE),
	       "%s: return to one's own", name);
	tap_ok(r[4 * VT_PAGE] == 9 && q[4 * VT_PAGE] == 1,
	       "%s: the others stay", name);
	tap_ok(!punch(fd, MB, 3 * MB + VT_PAGE) && !p[MB] && q[MB] == 1 &&
	       r[MB] == 1 && p[4 * MB + VT_PAGE] == 1,
	       "%s: a hole is a hole in one of them", name);
	munmap(q, SIZE);
	munmap(r, SIZE);
	close(snap);
	close(second);
	close(child);
	tap_ok(pages_left(fd, mem_figure(fd, "resident")),
	       "%s: alone, it has what it has", name);
	p[0] = 7;
	tap_ok(p[0] == 7 && p[1] == 1 &&
	       mem_figure(fd, "family-pages") == mem_figure(fd, "resident"),
	       "%s: and takes its pages over", name);
	munmap(p, SIZE);
	close(fd);
}

static void test_refusals(void)
{
	int fd = create(0), snap, other = create(0), vm = vt_create_vm(1), pipes[2];
	struct vmm_mem_freeze freeze = { .flags = 1 };
	struct vmm_mem_differ d = { .mem_fd = fd, .count = 0 };
	struct vmm_mem_extent e[4];
	unsigned char *p;
	char path[64];

	snap = mem_freeze(fd);
	tap_ok(vt_refused(ioctl(fd, VMM_MEM_FREEZE, &freeze), EINVAL),
	       "flags of a freeze");
	tap_ok(vt_refused(mem_freeze(snap), EINVAL), "freezing what is frozen");
	tap_ok(vt_refused(mem_fork(fd), EINVAL), "forking what is not");
	tap_ok(vt_refused(mem_return(snap, snap), EINVAL) &&
	       vt_refused(mem_return(fd, fd), EINVAL) &&
	       vt_refused(mem_return(fd, other), EINVAL),
	       "returning with the wrong kinds");
	tap_ok(vt_refused(mem_return(other, snap), EXDEV), "a stranger's");
	tap_ok(!pipe(pipes) && vt_refused(mem_return(fd, -1), EBADF) &&
	       vt_refused(mem_return(fd, pipes[0]), EINVAL) &&
	       vt_refused(mem_return(fd, vm), EINVAL), "no object's file");
	tap_ok(vt_refused(ioctl(snap, VMM_MEM_DIFFER, &d), EINVAL),
	       "no room for differences");
	d = (struct vmm_mem_differ){
		.mem_fd = other, .count = 4, .extents = (uintptr_t)e,
	};
	tap_ok(vt_refused(ioctl(snap, VMM_MEM_DIFFER, &d), EXDEV),
	       "differences to a stranger");
	d.mem_fd = fd;
	d.next = PAGES + 1;
	tap_ok(vt_refused(ioctl(snap, VMM_MEM_DIFFER, &d), ERANGE),
	       "differences beyond the end");

	tap_ok(!vt_map(snap, SIZE) && errno == EACCES, "no mapping to write");
	p = map_ro(snap);
	tap_ok(p && !p[0] && vt_refused(mprotect(p, SIZE, PROT_READ | PROT_WRITE),
					EACCES), "nor later");
	tap_ok(vt_refused(punch(snap, 0, VT_PAGE), EBADF), "no hole");
	tap_ok(vt_refused(write(snap, "x", 1), EBADF), "no write()");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", snap);
	tap_ok(open(path, O_RDWR) < 0, "no other way in");
	tap_ok(vt_refused(vt_set_slot(vm, 0, 0, SIZE, snap, 0, 0), EROFS) &&
	       !vt_set_slot(vm, 0, 0, SIZE, snap, 0, VMM_SLOT_READONLY),
	       "read-only slots alone");
	tap_ok(!mem_figure(snap, "resident"), "and looking has made nothing");
	munmap(p, SIZE);
	close(pipes[0]);
	close(pipes[1]);
	close(vm);
	close(other);
	close(snap);
	close(fd);
}

/* ---- mappings and pins ---------------------------------------------------------- */

/* mprotect() gives write permission to what is there. */
static void test_mprotect(uint32_t flags)
{
	int fd = create(flags), snap;
	unsigned char *p = vt_map(fd, SIZE);

	memset(p, 1, 4 * MB);
	snap = mem_freeze(fd);
	mprotect(p, SIZE, PROT_READ);
	tap_ok(p[5] == 1 && p[2 * MB] == 1, "read while it cannot be written");
	mprotect(p, SIZE, PROT_READ | PROT_WRITE);
	p[5] = 2;
	p[2 * MB] = 2;
	tap_ok(byte_at(snap, 5) == 1 && byte_at(snap, 2 * MB) == 1 &&
	       byte_at(fd, 5) == 2, "and written when it can again");
	munmap(p, SIZE);
	close(snap);
	close(fd);
}

/* A pipe has the page by reference: what the object writes later is in it. */
static void test_pipe(uint32_t flags)
{
	int fd = create(flags), snap, second, pipes[2];
	unsigned char *p = vt_map(fd, SIZE), buf[2 * VT_PAGE];
	struct iovec from = { p, 2 * VT_PAGE };
	bool good;

	memset(p, 1, 3 * VT_PAGE);
	good = !pipe(pipes) && vmsplice(pipes[1], &from, 1, 0) == 2 * VT_PAGE;
	snap = mem_freeze(fd);
	p[0] = 2;
	second = mem_freeze(fd);
	p[1] = 3;
	p[2 * VT_PAGE] = 3;
	good &= read(pipes[0], buf, sizeof(buf)) == sizeof(buf);
	tap_ok(good && buf[0] == 2 && buf[1] == 3 && buf[2] == 1,
	       "a page in a pipe stays with the live object");
	tap_ok(byte_at(snap, 0) == 1 && byte_at(snap, 1) == 1 &&
	       byte_at(second, 0) == 2 && byte_at(second, 1) == 1 &&
	       byte_at(second, VT_PAGE) == 1 && byte_at(second, 2 * VT_PAGE) == 1,
	       "frozen ones have copies of it");
	close(pipes[0]);
	close(pipes[1]);
	munmap(p, SIZE);
	close(snap);
	close(second);
	tap_ok(pages_left(fd, mem_figure(fd, "resident")), "and leave none");
	close(fd);
}

/* What is pinned for long: each freeze gives a copy to the frozen object. */
static void test_pinned(uint32_t flags)
{
	struct xdp_umem_reg reg = { .len = 64 * VT_PAGE, .chunk_size = VT_PAGE };
	int fd = create(flags), snap, second, sock;
	unsigned char *p = vt_map(fd, SIZE);
	long before, after;

	memset(p, 1, 4 * MB);
	before = mem_figure(fd, "resident");
	sock = socket(AF_XDP, SOCK_RAW, 0);
	reg.addr = (uintptr_t)p + MB;
	if (sock < 0) {
		tap_note("no AF_XDP: long-term pins not tried (%s)",
			 strerror(errno));
		goto out;
	}
	tap_ok(!setsockopt(sock, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg)),
	       "a long-term pin of 64 pages");
	snap = mem_freeze(fd);
	tap_ok(mem_figure(fd, "family-pages") == before + 64,
	       "a freeze copies them, and no other");
	memset(p + MB, 2, 64 * VT_PAGE);
	after = mem_figure(fd, "family-pages");
	tap_ok(after == before + 64 && byte_at(snap, MB) == 1 &&
	       byte_at(snap, MB + 63 * VT_PAGE) == 1,
	       "the live object has them as its own");
	second = mem_freeze(fd);
	p[MB + VT_PAGE] = 3;
	tap_ok(mem_figure(fd, "family-pages") == before + 128 &&
	       byte_at(second, MB + VT_PAGE) == 2 &&
	       byte_at(snap, MB + VT_PAGE) == 1 && p[MB + VT_PAGE] == 3,
	       "the next one does so as well");
	tap_ok(!mem_return(fd, snap) && p[MB] == 1 && p[MB + VT_PAGE] == 1 &&
	       byte_at(second, MB) == 2, "a return leaves them behind");
	close(snap);
	close(second);
	close(sock);
	tap_ok(pages_left(fd, mem_figure(fd, "resident")), "and none is left");
out:
	munmap(p, SIZE);
	close(fd);
}

/* ---- guests ------------------------------------------------------------------------ */

#define LOW	(2 * MB)
#define GPA	(16 * MB)

/* Writes pass after pass to ecx pages from ebx, and says so in the mail. */
VT_BLOB(passes,
	"sti\n"
	"xor %eax, %eax\n"
	"1: inc %eax\n"
	"mov %ebx, %edi\n"
	"mov %ecx, %edx\n"
	"2: mov %eax, (%edi)\n"
	"add $0x1000, %edi\n"
	"dec %edx\n"
	"jnz 2b\n"
	"mov %eax, 0x3000\n"
	"jmp 1b");

/* Writes eax to ecx pages from ebx, edx apart. */
VT_BLOB(touch,
	"1: mov %eax, (%ebx)\n"
	"add %edx, %ebx\n"
	"dec %ecx\n"
	"jnz 1b\n"
	"out %al, $0x80\n"
	"hlt");

/* Tells the word at ebx, then writes there. */
VT_BLOB(look,
	"mov (%ebx), %eax\n"
	"out %eax, $0x80\n"
	"movl $77, (%ebx)\n"
	"out %eax, $0x81\n"
	"hlt");

static void go(struct vt *t, uint32_t eax, uint32_t ebx, uint32_t ecx,
	       uint32_t edx)
{
	struct vmm_regs regs;

	vt_start(t, 0, VT_CODE);
	if (ioctl(t->cpu[0], VMM_VCPU_GET_REGS, &regs))
		vt_bail("registers");
	regs.rax = eax;
	regs.rbx = ebx;
	regs.rcx = ecx;
	regs.rdx = edx;
	if (ioctl(t->cpu[0], VMM_VCPU_SET_REGS, &regs))
		vt_bail("registers");
}

static void add_memory(struct vt *t, int fd, uint32_t flags)
{
	vt_make(t, 1, LOW);
	if (vt_set_slot(t->vm, 1, GPA, SIZE, fd, 0, flags))
		vt_bail("slot");
}

/* Pages are written in turn: a frozen object has a pass up to some page. */
static bool one_instant(int snap)
{
	unsigned int i, steps = 0;
	uint32_t val, last = 0;

	for (i = 0; i < PAGES; i++) {
		if (pread(snap, &val, 4, i * VT_PAGE) != 4)
			return false;
		if (i && val != last) {
			if (val != last - 1)
				return false;
			steps++;
		}
		last = val;
	}
	return steps <= 1;
}

#define SNAPS	12

static void test_running(uint32_t flags)
{
	int fd = create(flags), snap[SNAPS], i;
	unsigned int bad = 0, changed = 0;
	struct vt_runner runner;
	uint64_t sum[SNAPS];
	struct vt t;

	add_memory(&t, fd, 0);
	VT_LOAD(&t, passes);
	go(&t, 0, GPA, PAGES, 0);
	vt_spawn(&runner, &t, 0);
	VT_WAIT_FOR(vt_mail(&t)[0] > 1);
	for (i = 0; i < SNAPS; i++) {
		uint32_t pass = vt_mail(&t)[0];

		snap[i] = mem_freeze(fd);
		sum[i] = snap[i] < 0 ? 0 : mem_sum(snap[i], SIZE);
		bad += !sum[i] || !one_instant(snap[i]);
		VT_WAIT_FOR(vt_mail(&t)[0] != pass);
	}
	tap_ok(!bad, "%d times frozen, a guest's memory is that of an instant",
	       SNAPS);
	VT_WAIT_FOR(vt_mail(&t)[0] > 50);
	vt_stop(&runner);
	for (i = 0; i < SNAPS; i++)
		changed += mem_sum(snap[i], SIZE) != sum[i];
	tap_ok(!changed, "and stays so");
	for (i = 1; i < SNAPS; i += 3) {
		bad += mem_return(fd, snap[i]) || mem_sum(fd, SIZE) != sum[i];
		go(&t, 0, GPA, PAGES, 0);
		vt_spawn(&runner, &t, 0);
		vt_sleep_ms(50);
		bad += !!mem_return(fd, snap[i - 1]);
		vt_stop(&runner);
	}
	for (i = 0; i < SNAPS; i++)
		changed += mem_sum(snap[i], SIZE) != sum[i];
	tap_ok(!bad && !changed, "returned to, under a guest that runs, too");
	for (i = 0; i < SNAPS; i++)
		close(snap[i]);
	tap_ok(pages_left(fd, mem_figure(fd, "resident")), "and leave none");
	vt_free(&t);
	close(fd);
}

/* The port and what was told. */
static uint32_t told_at(struct vt *t, uint16_t port)
{
	return vt_wrote_port(t, 0, port) ? *(uint32_t *)vt_port_data(t, 0) : ~0U;
}

static void test_forked_guest(void)
{
	int fd = create(0), snap, child, ro;
	unsigned char *p = vt_map(fd, SIZE);
	struct vt a, b, c;

	*(uint32_t *)(p + 3 * MB) = 1234;
	snap = mem_freeze(fd);
	child = mem_fork(snap);
	add_memory(&a, fd, 0);
	add_memory(&b, child, 0);
	add_memory(&c, snap, VMM_SLOT_READONLY);
	VT_LOAD(&a, look);
	VT_LOAD(&b, look);
	VT_LOAD(&c, look);
	go(&b, 0, GPA + 3 * MB, 0, 0);
	tap_ok(told_at(&b, 0x80) == 1234 && vt_wrote_port(&b, 0, 0x81) &&
	       *(uint32_t *)(p + 3 * MB) == 1234, "a forked guest's own memory");
	go(&a, 0, GPA + 3 * MB, 0, 0);
	tap_ok(told_at(&a, 0x80) == 1234 && vt_wrote_port(&a, 0, 0x81) &&
	       *(uint32_t *)(p + 3 * MB) == 77 && byte_at(snap, 3 * MB) == 210,
	       "and its parent's");
	go(&b, 0, GPA + 3 * MB, 0, 0);
	tap_ok(!mem_return(child, snap) && told_at(&b, 0x80) == 1234,
	       "returned, it sees what was");
	go(&c, 0, GPA + 3 * MB, 0, 0);
	tap_ok(told_at(&c, 0x80) == 1234 && !vt_run(&c, 0) &&
	       c.run[0]->reason == VMM_RUN_MMIO && c.run[0]->mmio.write,
	       "a guest reads frozen memory, its writes are a device's");
	go(&c, 0, GPA + 7 * MB, 0, 0);
	ro = mem_figure(snap, "resident");
	tap_ok(!told_at(&c, 0x80) && mem_figure(snap, "resident") == ro,
	       "a hole in it is zero, and stays one");
	vt_free(&a);
	vt_free(&b);
	vt_free(&c);
	munmap(p, SIZE);
	close(child);
	close(snap);
	close(fd);
}

/* The log of slot 1 has the @n pages from @first on, and no other. */
static bool logged(struct vt *t, unsigned int first, unsigned int n)
{
	uint64_t bits[PAGES / 64];
	struct vmm_dirty_log d = {
		.slot = 1, .op = VMM_DIRTY_READ, .pages = PAGES,
		.bitmap = (uintptr_t)bits,
	};
	unsigned int i, wrong = 0;

	if (ioctl(t->vm, VMM_VM_DIRTY_LOG, &d))
		return false;
	for (i = 0; i < PAGES; i++)
		wrong += (bits[i / 64] >> i % 64 & 1) !=
			 (i >= first && i < first + n);
	if (wrong)
		tap_note("%u pages are told wrong", wrong);
	return !wrong;
}

static bool guest_writes(struct vt *t, unsigned int first, unsigned int n,
			 uint32_t val)
{
	go(t, val, GPA + first * VT_PAGE, n, VT_PAGE);
	return vt_wrote_port(t, 0, 0x80);
}

static void test_log(uint32_t flags, const char *name)
{
	struct vmm_dirty_log start = { .slot = 1, .op = VMM_DIRTY_START };
	int fd = create(flags), snap;
	unsigned char *p = vt_map(fd, SIZE);
	struct vt t;

	add_memory(&t, fd, 0);
	VT_LOAD(&t, touch);
	guest_writes(&t, 0, PAGES, 1);
	snap = mem_freeze(fd);
	tap_ok(!ioctl(t.vm, VMM_VM_DIRTY_LOG, &start) && logged(&t, 0, 0),
	       "%s: a log of frozen memory begins empty", name);
	tap_ok(guest_writes(&t, 700, 9, 2) && logged(&t, 700, 9),
	       "%s: breaks by the guest: what it wrote", name);
	p[100 * VT_PAGE] = 3;
	tap_ok(logged(&t, 0, 0), "%s: a break by user space: nothing", name);
	tap_ok(guest_writes(&t, 300, 5, 2), "%s: written", name);
	close(snap);
	snap = mem_freeze(fd);
	p[302 * VT_PAGE + 9] = 4;
	tap_ok(logged(&t, 300, 5), "%s: written, frozen, broken: still told",
	       name);
	tap_ok(guest_writes(&t, 1000, 3, 5) && logged(&t, 1000, 3) &&
	       !mem_return(fd, snap), "%s: a return", name);
	tap_ok(!p[302 * VT_PAGE + 9] && *(uint32_t *)(p + 1001 * VT_PAGE) == 1,
	       "%s: undoes", name);
	{
		uint64_t bits[PAGES / 64];
		struct vmm_dirty_log d = {
			.slot = 1, .op = VMM_DIRTY_READ, .pages = PAGES,
			.bitmap = (uintptr_t)bits,
		};

		tap_ok(!ioctl(t.vm, VMM_VM_DIRTY_LOG, &d) &&
		       bits[302 / 64] >> 302 % 64 & 1 &&
		       bits[1000 / 64] >> 1000 % 64 & 1 &&
		       bits[1002 / 64] >> 1002 % 64 & 1 && !bits[5],
		       "%s: and is told", name);
	}
	vt_free(&t);
	munmap(p, SIZE);
	close(snap);
	close(fd);
}

/* ---- differences ---------------------------------------------------------------- */

static void test_differ(void)
{
	int fd = create(VMM_MEM_SMALL_PAGES), snap, second;
	unsigned char *p = vt_map(fd, SIZE);
	struct vmm_mem_extent e[8];
	struct vmm_mem_differ d = {
		.count = 8, .extents = (uintptr_t)e,
	};

	memset(p, 1, SIZE);
	snap = mem_freeze(fd);
	d.mem_fd = fd;
	tap_ok(!ioctl(snap, VMM_MEM_DIFFER, &d) && !d.count && d.next == PAGES,
	       "no differences");
	memset(p + 5 * VT_PAGE, 2, 3 * VT_PAGE);
	memset(p + 510 * VT_PAGE, 2, 4 * VT_PAGE);
	punch(fd, 2000 * VT_PAGE, VT_PAGE);
	second = mem_freeze(fd);
	d = (struct vmm_mem_differ){
		.mem_fd = snap, .count = 8, .extents = (uintptr_t)e,
	};
	tap_ok(!ioctl(second, VMM_MEM_DIFFER, &d) && d.count == 3 &&
	       e[0].first == 5 && e[0].pages == 3 && e[1].first == 510 &&
	       e[1].pages == 4 && e[2].first == 2000 && e[2].pages == 1 &&
	       d.next == PAGES, "written pages and holes");
	d.count = 1;
	d.next = 6;
	tap_ok(!ioctl(second, VMM_MEM_DIFFER, &d) && d.count == 1 &&
	       e[0].first == 6 && e[0].pages == 2 && d.next < 510, "a part");
	d.count = 1;
	tap_ok(!ioctl(second, VMM_MEM_DIFFER, &d) && d.count == 1 &&
	       e[0].first == 510 && d.next <= 2000, "and the next");
	munmap(p, SIZE);
	close(second);
	close(snap);
	close(fd);
}

/* ---- many, and the end of them ---------------------------------------------------- */

#define MANY	1000

static void test_many(void)
{
	struct rlimit lim = { 2 * MANY, 2 * MANY };
	int fd = create(VMM_MEM_SMALL_PAGES), snap[MANY];
	unsigned char *p = vt_map(fd, SIZE);
	unsigned int i, k, bad = 0;

	setrlimit(RLIMIT_NOFILE, &lim);
	memset(p, 1, MB);
	for (i = 0; i < MANY; i++) {
		*(uint32_t *)(p + i % 200 * VT_PAGE) = i;
		snap[i] = mem_freeze(fd);
		bad += snap[i] < 0;
	}
	for (i = 0; i < MANY && !bad; i++) {
		uint32_t val;

		bad += pread(snap[i], &val, 4, i % 200 * VT_PAGE) != 4 ||
		       val != i;
	}
	tap_ok(!bad, "%d snapshots have what was there when", MANY);
	for (i = 0, k = 0; i < MANY; i++) {
		k = (k + 389) % MANY;
		if (i == MANY / 2)
			bad += !!mem_return(fd, snap[k]);
		close(snap[k]);
	}
	tap_ok(!bad && pages_left(fd, 256), "dropped in any order they leave none");
	munmap(p, SIZE);
	close(fd);
}

static void __attribute__((noreturn)) churn(void)
{
	int fd = create(0), snap = -1, child, i;
	unsigned char *p = vt_map(fd, SIZE), *q;

	for (i = 0;; i++) {
		memset(p + i % 8 * MB, i, MB);
		if (snap >= 0 && i & 1)
			mem_return(fd, snap);
		close(snap);
		snap = mem_freeze(fd);
		child = mem_fork(snap);
		q = vt_map(child, SIZE);
		if (q) {
			memset(q, i, MB);
			munmap(q, SIZE);
		}
		close(child);
	}
}

static void test_kill(void)
{
	unsigned int i, bad = 0;
	int status;
	pid_t pid;

	for (i = 0; i < 15; i++) {
		pid = fork();
		if (!pid)
			churn();
		vt_sleep_ms(20 + i * 13);
		kill(pid, SIGKILL);
		bad += waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status) ||
		       WTERMSIG(status) != SIGKILL;
	}
	tap_ok(!bad, "killed in the middle of it");
}

int main(void)
{
	vt_open();
	vt_catch(SIGUSR1);
	test_three(0, "blocks");
	test_three(VMM_MEM_SMALL_PAGES, "pages");
	test_refusals();
	test_mprotect(0);
	test_mprotect(VMM_MEM_SMALL_PAGES);
	test_pipe(0);
	test_pipe(VMM_MEM_SMALL_PAGES);
	test_pinned(0);
	test_pinned(VMM_MEM_SMALL_PAGES);
	test_running(0);
	test_running(VMM_MEM_SMALL_PAGES);
	test_forked_guest();
	test_log(0, "blocks");
	test_log(VMM_MEM_SMALL_PAGES, "pages");
	test_differ();
	test_many();
	test_kill();
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
