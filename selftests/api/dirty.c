// SPDX-License-Identifier: GPL-2.0
/*
 * The dirty log: what a guest writes, and the kernel for it, is told; nothing
 * that was not written; and a copy that follows the log of a running guest ends
 * up as its memory.
 *
 * test: timeout: 180
 */
#include "vmmtest.h"

#define LARGE		0x800000U	/* a slot that 2 MiB pages can serve */
#define SMALL		0x2000000U	/* one of an object without them */
#define PAGES		2048U		/* of each */
#define LOW_PAGES	256U		/* of slot 0 */
#define SIZE		((size_t)PAGES * VT_PAGE)
#define WORDS(n)	(((n) + 63) / 64)

/* Slots by number. */
static const uint32_t gpas[] = { 0, LARGE, SMALL };

/* One more in the first word of ECX pages from EBX, EDX bytes apart. */
VT_BLOB(touch,
	"1: incl (%ebx)\n"
	"add %edx, %ebx\n"
	"loop 1b\n"
	"out %al, $0x80\n"
	"hlt");

/* Writes to the page that the first mail names, says so in the second; spins. */
VT_BLOB(obey,
	"sti\n"
	"1: pause\n"
	"mov 0x3000, %eax\n"
	"cmp %eax, 0x3004\n"
	"je 1b\n"
	"incl (%eax)\n"
	"mov %eax, 0x3004\n"
	"jmp 1b");

/*
 * For ever: one more in a word, 4 * EBP of the page, of some of the 1024 pages of
 * even number from EBX, and from EDI; EAX has the last random number, EDX waits.
 * A mail counts the rounds.
 */
VT_BLOB(scatter,
	"sti\n"
	"1: imul $1664525, %eax, %eax\n"
	"add $1013904223, %eax\n"
	"mov %eax, %ecx\n"
	"shr $22, %ecx\n"
	"shl $13, %ecx\n"
	"lea (%ecx, %ebp, 4), %ecx\n"
	"incl (%ebx, %ecx)\n"
	"incl (%edi, %ecx)\n"
	"incl 0x3000(, %ebp, 4)\n"
	"mov %edx, %ecx\n"
	"2: dec %ecx\n"
	"jns 2b\n"
	"jmp 1b");

/* The kernel writes: device to memory, port to memory, clock, a swap. */
VT_BLOB(have_written,
	"cld\n"
	"mov $0x40000000, %esi\n"
	"mov $0x803000, %edi\n"
	"movsl\n"
	"mov $0x805ffe, %edi\n"		/* over a boundary */
	"mov $0x40000000, %esi\n"
	"movsl\n"
	"mov $0x90, %edx\n"
	"mov $0x809000, %edi\n"
	"insl\n"
	"mov $0x4b564d01, %ecx\n"
	"mov $0x80b001, %eax\n"
	"xor %edx, %edx\n"
	"wrmsr\n"
	"mov $0x80e000, %esp\n"
	"pushl 0x40000000\n"
	"out %al, $0x80\n"
	"hlt");

/* Turns paging on with 4 MiB pages: the directory is at EBX. */
VT_BLOB(walk,
	"mov %ebx, %cr3\n"
	"mov $0x10, %eax\n"
	"mov %eax, %cr4\n"
	"mov $0x80000011, %eax\n"
	"mov %eax, %cr0\n"
	"mov 0xc00000, %ecx\n"		/* by another entry */
	"out %al, $0x80\n"
	"hlt");

struct machine {
	struct vt t;
	int mem[3];
	unsigned char *ram[3];
};

static uint64_t features;

static int dirty_op(struct machine *m, uint32_t slot, uint32_t op)
{
	struct vmm_dirty_log log = { .slot = slot, .op = op };

	return ioctl(m->t.vm, VMM_VM_DIRTY_LOG, &log);
}

static int dirty_read(struct machine *m, uint32_t slot, uint64_t first,
		      uint64_t pages, uint64_t *bits)
{
	struct vmm_dirty_log log = {
		.slot = slot, .op = VMM_DIRTY_READ, .first = first,
		.pages = pages, .bitmap = (uintptr_t)bits,
	};

	return ioctl(m->t.vm, VMM_VM_DIRTY_LOG, &log);
}

static bool bit(const uint64_t *bits, unsigned int page)
{
	return bits[page / 64] >> page % 64 & 1;
}

/* Adds a slot with an object of its own, all of it written once by us. */
static void add_slot(struct machine *m, uint32_t slot, uint32_t flags)
{
	struct vmm_create_mem c = { .size = SIZE, .flags = flags };

	m->mem[slot] = ioctl(vt_dev, VMM_CREATE_MEM, &c);
	m->ram[slot] = m->mem[slot] < 0 ? NULL : vt_map(m->mem[slot], SIZE);
	if (!m->ram[slot] || vt_set_slot(m->t.vm, slot, gpas[slot], SIZE,
					 m->mem[slot], 0, 0))
		vt_bail("slot %u", slot);
}

static void make(struct machine *m, unsigned int cpus)
{
	vt_make(&m->t, cpus, LOW_PAGES * VT_PAGE);
	m->ram[0] = m->t.ram;
	m->mem[0] = m->t.mem;
	add_slot(m, 1, 0);
	add_slot(m, 2, VMM_MEM_SMALL_PAGES);
}

static void free_machine(struct machine *m)
{
	int i;

	for (i = 1; i < 3; i++) {
		munmap(m->ram[i], SIZE);
		close(m->mem[i]);
	}
	vt_free(&m->t);
}

static void set_regs(struct machine *m, unsigned int cpu, uint32_t ebx,
		     uint32_t ecx, uint32_t edx)
{
	struct vmm_regs regs;

	vt_start(&m->t, cpu, VT_CODE);
	if (ioctl(m->t.cpu[cpu], VMM_VCPU_GET_REGS, &regs))
		vt_bail("registers");
	regs.rbx = ebx;
	regs.rcx = ecx;
	regs.rdx = edx;
	if (ioctl(m->t.cpu[cpu], VMM_VCPU_SET_REGS, &regs))
		vt_bail("registers");
}

/* A vCPU writes to @n pages of a slot, @step apart. */
static bool write_pages(struct machine *m, unsigned int cpu, uint32_t slot,
			unsigned int first, unsigned int n, unsigned int step)
{
	VT_LOAD(&m->t, touch);
	set_regs(m, cpu, gpas[slot] + first * VT_PAGE, n, step * VT_PAGE);
	return vt_wrote_port(&m->t, cpu, 0x80);
}

/* The log has the @n pages from @first on, @step apart, and no other. */
static bool told(struct machine *m, uint32_t slot, unsigned int first,
		 unsigned int n, unsigned int step)
{
	uint64_t bits[WORDS(PAGES)];
	unsigned int i, lost = 0, more = 0;

	memset(bits, 0x55, sizeof(bits));
	if (dirty_read(m, slot, 0, PAGES, bits)) {
		tap_note("read: %s", strerror(errno));
		return false;
	}
	for (i = 0; i < PAGES; i++) {
		bool want = i >= first && (i - first) % step == 0 &&
			    (i - first) / step < n;

		lost += want && !bit(bits, i);
		more += !want && bit(bits, i);
	}
	if (lost || more)
		tap_note("slot %u: %u pages lost, %u too many", slot, lost, more);
	return !lost && !more;
}

static uint64_t counter(struct machine *m, const char *name)
{
	char names[256][VMM_STAT_NAME_LEN];
	uint64_t values[256];
	struct vmm_stats stats = {
		.count = 256, .values = (uintptr_t)values,
		.names = (uintptr_t)names,
	};
	unsigned int i;

	if (ioctl(m->t.vm, VMM_VM_STATS, &stats))
		vt_bail("statistics");
	for (i = 0; i < stats.count; i++)
		if (!strcmp(names[i], name))
			return values[i];
	vt_bail("no counter %s", name);
}

/* ---- what is told ------------------------------------------------------------ */

static void test_patterns(uint32_t slot, const char *name)
{
	struct machine m;

	make(&m, 2);
	tap_ok(write_pages(&m, 0, slot, 0, PAGES, 1), "%s: all written", name);
	tap_ok(!dirty_op(&m, slot, VMM_DIRTY_START) && told(&m, slot, 0, 0, 1),
	       "%s: a log begins empty", name);
	tap_ok(write_pages(&m, 0, slot, 700, 1, 1) && told(&m, slot, 700, 1, 1),
	       "%s: one page", name);
	tap_ok(write_pages(&m, 0, slot, 700, 1, 1) && told(&m, slot, 700, 1, 1),
	       "%s: the same once more", name);
	tap_ok(told(&m, slot, 0, 0, 1), "%s: nothing since", name);
	tap_ok(write_pages(&m, 1, slot, 3, 97, 21) && told(&m, slot, 3, 97, 21),
	       "%s: pages apart, by another vCPU", name);
	tap_ok(write_pages(&m, 0, slot, 0, PAGES, 1) &&
	       write_pages(&m, 1, slot, 0, PAGES, 1) &&
	       told(&m, slot, 0, PAGES, 1), "%s: all, by both", name);
	tap_ok(write_pages(&m, 0, slot, 0, 1024, 2) &&
	       write_pages(&m, 1, slot, 1, 1024, 2) &&
	       told(&m, slot, 0, PAGES, 1), "%s: half by each", name);
	tap_ok(write_pages(&m, 0, slot, PAGES - 1, 1, 1) &&
	       told(&m, slot, PAGES - 1, 1, 1), "%s: the last page", name);
	tap_ok(!dirty_op(&m, slot, VMM_DIRTY_STOP) &&
	       write_pages(&m, 0, slot, 0, PAGES, 1) &&
	       !dirty_op(&m, slot, VMM_DIRTY_START) &&
	       told(&m, slot, 0, 0, 1), "%s: a log begun anew is empty", name);
	tap_ok(write_pages(&m, 1, slot, 64, 64, 1) &&
	       told(&m, slot, 64, 64, 1), "%s: and serves again", name);
	free_machine(&m);
}

/* Memory that nobody has touched before the log begins. */
static void test_untouched(void)
{
	uint32_t slot;
	struct machine m;

	make(&m, 1);
	for (slot = 1; slot < 3; slot++) {
		tap_ok(!dirty_op(&m, slot, VMM_DIRTY_START) &&
		       write_pages(&m, 0, slot, 5, 100, 7) &&
		       told(&m, slot, 5, 100, 7) && told(&m, slot, 0, 0, 1),
		       "slot %u: pages that the first write makes", slot);
	}
	tap_ok(write_pages(&m, 0, 1, 1, 3, 1) && write_pages(&m, 0, 2, 9, 3, 1) &&
	       told(&m, 2, 9, 3, 1) && told(&m, 1, 1, 3, 1),
	       "each slot has its own log");
	free_machine(&m);
}

static void test_parts(void)
{
	uint64_t bits[WORDS(PAGES)] = { 0 };
	struct machine m;

	make(&m, 1);
	dirty_op(&m, 1, VMM_DIRTY_START);
	write_pages(&m, 0, 1, 60, 8, 1);
	tap_ok(!dirty_read(&m, 1, 64, 64, bits + 1) && bits[1] == 0xf &&
	       !bits[0] && !bits[2], "64 pages of a log");
	tap_ok(told(&m, 1, 60, 4, 1), "the others stay in it");
	write_pages(&m, 0, 1, PAGES - 4, 4, 1);
	tap_ok(!dirty_read(&m, 1, PAGES - 64, 64, bits) && bits[0] >> 60 == 0xf,
	       "its last pages");
	write_pages(&m, 0, 1, 0, 128, 1);
	tap_ok(vt_refused(dirty_read(&m, 1, 0, PAGES, (void *)8), EFAULT) &&
	       told(&m, 1, 0, 128, 1), "what could not be told is still there");

	/* 100 pages: the last word is not a whole one. */
	tap_ok(!vt_remove_slot(m.t.vm, 1) &&
	       !vt_set_slot(m.t.vm, 1, LARGE, 100 * VT_PAGE, m.mem[1], 0, 0) &&
	       !dirty_op(&m, 1, VMM_DIRTY_START) &&
	       write_pages(&m, 0, 1, 0, 100, 1), "a slot of 100 pages");
	tap_ok(!dirty_read(&m, 1, 0, 100, bits) && bits[0] == ~0ULL &&
	       bits[1] == (1ULL << 36) - 1, "and its log");
	tap_ok(!dirty_read(&m, 1, 64, 36, bits) && !bits[0], "in parts, too");
	free_machine(&m);
}

static void test_removal(void)
{
	uint64_t bits[WORDS(PAGES)];
	struct machine m;

	make(&m, 1);
	dirty_op(&m, 1, VMM_DIRTY_START);
	write_pages(&m, 0, 1, 0, 8, 1);
	tap_ok(!vt_remove_slot(m.t.vm, 1) &&
	       vt_refused(dirty_read(&m, 1, 0, PAGES, bits), ENOENT),
	       "a slot's log ends with it");
	tap_ok(!vt_set_slot(m.t.vm, 1, LARGE, SIZE, m.mem[1], 0, 0) &&
	       vt_refused(dirty_read(&m, 1, 0, PAGES, bits), ENOENT) &&
	       vt_refused(dirty_op(&m, 1, VMM_DIRTY_STOP), ENOENT),
	       "the next one has none");
	tap_ok(!dirty_op(&m, 1, VMM_DIRTY_START) &&
	       write_pages(&m, 0, 1, 8, 8, 1) && told(&m, 1, 8, 8, 1),
	       "until it gets one");
	write_pages(&m, 0, 1, 0, PAGES, 1);
	told(&m, 1, 0, PAGES, 1);
	tap_ok(!fallocate(m.mem[1], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  30 * VT_PAGE, 3 * VT_PAGE) && told(&m, 1, 30, 3, 1),
	       "pages that a hole took are told");
	free_machine(&m);
}

static void test_new_vcpu(void)
{
	struct machine m;

	make(&m, 2);
	dirty_op(&m, 1, VMM_DIRTY_START);
	tap_ok(write_pages(&m, 1, 1, 10, 600, 1) && told(&m, 1, 10, 600, 1),
	       "a vCPU that runs for the first time");
	free_machine(&m);
}

/* ---- the kernel's writes ------------------------------------------------------- */

/* The guest has read from the device; it gets @val. */
static bool give(struct machine *m, uint32_t reason, uint32_t val)
{
	struct vmm_run *run = m->t.run[0];
	int err = vt_run(&m->t, 0);
	void *data = reason == VMM_RUN_MMIO ? (void *)run->mmio.data :
					      vt_port_data(&m->t, 0);

	if (err || run->reason != reason) {
		tap_note("run: %s, reason %u at %#llx", strerror(err),
			 run->reason, run->rip);
		return false;
	}
	memcpy(data, &val, sizeof(val));
	return true;
}

static void test_kernel(void)
{
	static const unsigned int pages[] = { 3, 5, 6, 9, 11, 13 };
	uint64_t bits[WORDS(PAGES)], want[WORDS(PAGES)] = { 0 };
	struct machine m;
	unsigned int i;
	uint32_t val;
	bool read;

	make(&m, 1);
	write_pages(&m, 0, 1, 0, PAGES, 1);
	for (i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		want[0] |= 1ULL << pages[i];
	dirty_op(&m, 1, VMM_DIRTY_START);
	VT_LOAD(&m.t, have_written);
	set_regs(&m, 0, 0, 0, 0);
	tap_ok(give(&m, VMM_RUN_MMIO, 0x1111) &&
	       give(&m, VMM_RUN_MMIO, 0x22222222) &&
	       give(&m, VMM_RUN_IO, 0x3333) &&
	       give(&m, VMM_RUN_MMIO, 0x4444) &&
	       vt_wrote_port(&m.t, 0, 0x80), "the kernel writes for a guest");
	memcpy(&val, m.ram[1] + 0xdffc, sizeof(val));
	tap_ok(m.ram[1][0x3000] == 0x11 && m.ram[1][0x5fff] == 0x22 &&
	       m.ram[1][0x6000] == 0x22 && m.ram[1][0x9000] == 0x33 &&
	       val == 0x4444, "the right values");
	read = !dirty_read(&m, 1, 0, PAGES, bits);
	tap_ok(read && !memcmp(bits, want, sizeof(bits)),
	       "to pages that are told: %#llx of %#llx",
	       (unsigned long long)bits[0], (unsigned long long)want[0]);
	free_machine(&m);
}

/* Bochs asks EPT for no permission when it sets accessed bits (vmx.rst). */
static bool walks_unseen(void)
{
	char on = 'Y';
	int fd = open("/sys/module/vmm/parameters/ept_ad", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, &on, 1) != 1)
		vt_bail("ept_ad");
	close(fd);
	return vt_on_bochs() && on == 'N';
}

static void test_walks(void)
{
	uint32_t entry[4];
	uint64_t bits[WORDS(PAGES)];
	struct machine m;
	unsigned int i, j;
	bool read;

	if (walks_unseen()) {
		tap_skip("Bochs without accessed bits in EPT: walks");
		return;
	}
	make(&m, 1);
	write_pages(&m, 0, 1, 0, PAGES, 1);
	dirty_op(&m, 1, VMM_DIRTY_START);
	for (i = 0; i < 2; i++) {
		for (j = 0; j < 4; j++)
			entry[j] = j << 22 | 0x83;
		memcpy(m.ram[1] + 20 * VT_PAGE, entry, sizeof(entry));
		VT_LOAD(&m.t, walk);
		set_regs(&m, 0, LARGE + 20 * VT_PAGE, 0, 0);
		tap_ok(vt_wrote_port(&m.t, 0, 0x80), "a guest with paging");
		memcpy(entry, m.ram[1] + 20 * VT_PAGE, sizeof(entry));
		read = !dirty_read(&m, 1, 0, PAGES, bits);
		tap_ok(read && (entry[3] & 0x20) && bits[0] == 1 << 20,
		       "its walks write to the directory: %#llx",
		       (unsigned long long)bits[0]);
	}
	free_machine(&m);
}

/* ---- under a running guest ------------------------------------------------------- */

/* The guest never leaves by itself: what it has written must be told anyway. */
static void test_running(void)
{
	unsigned int i, lost = 0, late = 0;
	volatile uint32_t *mail;
	struct vt_runner r;
	struct machine m;

	make(&m, 1);
	write_pages(&m, 0, 1, 0, PAGES, 1);
	VT_LOAD(&m.t, obey);
	set_regs(&m, 0, 0, 0, 0);
	mail = vt_mail(&m.t);
	mail[0] = mail[1] = 0;
	dirty_op(&m, 1, VMM_DIRTY_START);
	vt_spawn(&r, &m.t, 0);
	for (i = 0; i < 200 && !late; i++) {
		mail[0] = LARGE + (i * 37 % 300) * VT_PAGE;
		late += !VT_WAIT_FOR(mail[1] == mail[0]);
		lost += !told(&m, 1, i * 37 % 300, 1, 1);
		if (i % 50 == 25)
			lost += dirty_op(&m, 1, VMM_DIRTY_STOP) != 0 ||
				dirty_op(&m, 1, VMM_DIRTY_START) != 0;
	}
	tap_ok(vt_stop(&r) == EINTR && !lost && !late,
	       "one page at a time, %u times, while its guest spins", i);
	free_machine(&m);
}

struct follower {
	struct machine *m;
	unsigned char *copy[3];
	unsigned int reads, told, bad;
	volatile bool stop;
};

/* Reads the log of a slot, and copies what it tells. */
static void follow(struct follower *f, uint32_t slot)
{
	uint64_t bits[WORDS(PAGES)];
	unsigned int i;

	if (dirty_read(f->m, slot, 0, PAGES, bits)) {
		f->bad++;
		return;
	}
	f->reads++;
	for (i = 0; i < PAGES; i++) {
		if (!bit(bits, i))
			continue;
		f->told++;
		f->bad += i & 1;	/* nobody ever writes there */
		memcpy(f->copy[slot] + i * VT_PAGE, f->m->ram[slot] + i * VT_PAGE,
		       VT_PAGE);
	}
}

static void *follower_main(void *arg)
{
	struct follower *f = arg;

	while (!f->stop) {
		follow(f, 1);
		follow(f, 2);
	}
	return NULL;
}

static void start_scatter(struct machine *m, unsigned int cpu, uint32_t seed,
			  uint32_t wait)
{
	struct vmm_regs regs;

	set_regs(m, cpu, LARGE, 0, wait);
	ioctl(m->t.cpu[cpu], VMM_VCPU_GET_REGS, &regs);
	regs.rax = seed;
	regs.rbp = cpu;
	regs.rdi = SMALL;
	ioctl(m->t.cpu[cpu], VMM_VCPU_SET_REGS, &regs);
}

/* The vCPUs write for a while; then the copy must be like their memory. */
static unsigned int follow_round(struct follower *f, unsigned int round)
{
	struct machine *m = f->m;
	volatile uint32_t *mail = vt_mail(&m->t);
	unsigned int i, wrong = 0;
	struct vt_runner r[2];
	pthread_t thread;

	f->stop = false;
	mail[0] = mail[1] = 0;
	for (i = 0; i < 2; i++)
		start_scatter(m, i, 2 * round + i, round % 3 * 300);
	if (pthread_create(&thread, NULL, follower_main, f))
		vt_bail("thread");
	for (i = 0; i < 2; i++)
		vt_spawn(&r[i], &m->t, i);
	wrong += !VT_WAIT_FOR(mail[0] > 500 && mail[1] > 500);
	for (i = 0; i < 2; i++)
		wrong += vt_stop(&r[i]) != EINTR;
	f->stop = true;
	pthread_join(thread, NULL);
	for (i = 1; i < 3; i++) {
		follow(f, i);
		wrong += memcmp(f->copy[i], m->ram[i], SIZE) != 0;
	}
	return wrong;
}

static unsigned int writes(struct machine *m)
{
	unsigned int page, sum = 0;
	uint32_t words[2];

	for (page = 0; page < PAGES; page++) {
		memcpy(words, m->ram[1] + page * VT_PAGE, sizeof(words));
		sum += words[0] + words[1];
	}
	return sum;
}

static void test_follow(void)
{
	unsigned int i, round, wrong = 0;
	struct follower f = { 0 };
	struct machine m;

	make(&m, 2);
	VT_LOAD(&m.t, scatter);
	f.m = &m;
	for (i = 1; i < 3; i++) {
		f.copy[i] = calloc(1, SIZE);
		dirty_op(&m, i, VMM_DIRTY_START);
	}
	for (round = 0; round < 40; round++)
		wrong += follow_round(&f, round);
	tap_note("%u reads, %u pages told, %u writes", f.reads, f.told,
		 writes(&m));
	tap_ok(!wrong && f.reads && f.told,
	       "%u times a copy follows two vCPUs to the end", round);
	tap_ok(!f.bad, "and is told nothing that was not written");
	for (i = 1; i < 3; i++)
		free(f.copy[i]);
	free_machine(&m);
}

/* ---- hardware's log ------------------------------------------------------------- */

static void test_hardware(void)
{
	uint64_t before, during;
	struct machine m;
	bool has = features & VMM_FEAT_WRITE_LOG;

	make(&m, 1);
	write_pages(&m, 0, 1, 0, PAGES, 1);
	write_pages(&m, 0, 2, 0, PAGES, 1);
	before = counter(&m, "exit_log_full");
	dirty_op(&m, 2, VMM_DIRTY_START);
	write_pages(&m, 0, 2, 0, PAGES, 1);
	during = counter(&m, "exit_log_full");
	tap_ok(!before && (has ? during >= 2 : !during),
	       "%s the processor: full %llu times, for %u pages",
	       has ? "logged by" : "no log by", (unsigned long long)during,
	       PAGES);
	tap_ok(told(&m, 2, 0, PAGES, 1), "all of them told");
	dirty_op(&m, 2, VMM_DIRTY_STOP);
	write_pages(&m, 0, 2, 0, PAGES, 1);
	tap_ok(counter(&m, "exit_log_full") == during, "no more when it is off");
	free_machine(&m);
}

/* ---- refusals ---------------------------------------------------------------------- */

static const struct refusal {
	uint32_t slot, op;
	uint64_t first, pages;
	int err;
	const char *what;
} refusals[] = {
	{ ~0U, VMM_DIRTY_START, 0, 0, EINVAL, "slot -1" },
	{ 512, VMM_DIRTY_START, 0, 0, EINVAL, "a slot number too high" },
	{ 7, VMM_DIRTY_START, 0, 0, ENOENT, "start: an empty slot" },
	{ 7, VMM_DIRTY_STOP, 0, 0, ENOENT, "stop: an empty slot" },
	{ 7, VMM_DIRTY_READ, 0, 64, ENOENT, "read: an empty slot" },
	{ 2, VMM_DIRTY_STOP, 0, 0, ENOENT, "stop: no log" },
	{ 2, VMM_DIRTY_READ, 0, 64, ENOENT, "read: no log" },
	{ 1, VMM_DIRTY_START, 0, 0, EEXIST, "start: one is there" },
	{ 1, 0, 0, 0, EINVAL, "operation 0" },
	{ 1, 4, 0, 0, EINVAL, "operation 4" },
	{ 1, ~0U, 0, 64, EINVAL, "operation -1" },
	{ 1, VMM_DIRTY_STOP, 64, 0, EINVAL, "stop: a first page" },
	{ 1, VMM_DIRTY_STOP, 0, 64, EINVAL, "stop: pages" },
	{ 2, VMM_DIRTY_START, 0, 64, EINVAL, "start: pages" },
	{ 1, VMM_DIRTY_READ, 0, 0, EINVAL, "no pages" },
	{ 1, VMM_DIRTY_READ, 1, 64, EINVAL, "first page not of a word" },
	{ 1, VMM_DIRTY_READ, 0, 63, EINVAL, "pages not of a word" },
	{ 1, VMM_DIRTY_READ, PAGES, 64, ERANGE, "behind the end" },
	{ 1, VMM_DIRTY_READ, 64, PAGES, ERANGE, "across the end" },
	{ 1, VMM_DIRTY_READ, 0, PAGES + 1, ERANGE, "one page too many" },
	{ 1, VMM_DIRTY_READ, 0, ~0ULL, ERANGE, "2^64 - 1 pages" },
	{ 1, VMM_DIRTY_READ, 0, 1ULL << 60, ERANGE, "2^60 pages" },
	{ 1, VMM_DIRTY_READ, 0, 1ULL << 28, ERANGE, "2^28 pages" },
	{ 1, VMM_DIRTY_READ, 1ULL << 63, 64, ERANGE, "first page absurd" },
	{ 1, VMM_DIRTY_READ, -64ULL, 128, ERANGE, "a range that wraps" },
};

static void test_refusals(void)
{
	static uint64_t bits[1 << 16];
	struct machine m;
	size_t i;

	make(&m, 1);
	dirty_op(&m, 1, VMM_DIRTY_START);
	write_pages(&m, 0, 1, 11, 4, 3);
	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *r = &refusals[i];
		struct vmm_dirty_log log = {
			.slot = r->slot, .op = r->op, .first = r->first,
			.pages = r->pages,
			.bitmap = r->op == VMM_DIRTY_READ ?
				  (uintptr_t)bits : 0,
		};

		tap_ok(vt_refused(ioctl(m.t.vm, VMM_VM_DIRTY_LOG, &log), r->err),
		       "%s", r->what);
	}
	tap_ok(told(&m, 1, 11, 4, 3), "none had an effect");
	tap_ok(!ioctl(m.t.vm, VMM_VM_KILL, 0) &&
	       vt_refused(dirty_read(&m, 1, 0, PAGES, bits), ESHUTDOWN),
	       "a dead VM has no log");
	free_machine(&m);
}

int main(void)
{
	struct vmm_info info;

	vt_open();
	vt_catch(SIGUSR1);
	if (ioctl(vt_dev, VMM_INFO, &info))
		vt_bail("VMM_INFO");
	features = info.features;
	tap_note("%s, %s", info.backend, features & VMM_FEAT_WRITE_LOG ?
		 "writes are logged" : "no log of writes");
	test_refusals();
	test_patterns(1, "2 MiB pages");
	test_patterns(2, "4 KiB pages");
	test_untouched();
	test_parts();
	test_removal();
	test_new_vcpu();
	test_kernel();
	test_walks();
	test_hardware();
	test_running();
	test_follow();
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
