// SPDX-License-Identifier: GPL-2.0
/*
 * Which pages a scan looks at again: those that were written since, by whomever, and no
 * others; with a dirty log beside it, which gets what it should; and when all of that has gone
 * on for a while what is known is what looking at everything tells.
 *
 * test: timeout: 300
 */
#include "ksm.h"
#include "lineage.h"

#define SMALL		0x800000U	/* a slot of an object of 4 KiB pages */
#define LARGE		0x2000000U	/* one that 2 MiB pages can serve */
#define PAGES		1024U		/* of each */
#define SIZE		((size_t)PAGES * VT_PAGE)
#define WORDS		(PAGES / 64)

/* One more in the first word of ECX pages from EBX, EDX bytes apart. */
VT_BLOB(touch,
	"1: incl (%ebx)\n"
	"add %edx, %ebx\n"
	"loop 1b\n"
	"out %al, $0x80\n"
	"hlt");

/*
 * For ever: one more in a word, 4 * EBP of the page, of some of the 64 pages 16 apart from EBX,
 * and from EDI; EAX has the last random number.  A mail counts the rounds.
 */
VT_BLOB(scatter,
	"sti\n"
	"1: imul $1664525, %eax, %eax\n"
	"add $1013904223, %eax\n"
	"mov %eax, %ecx\n"
	"shr $26, %ecx\n"
	"shl $16, %ecx\n"
	"lea (%ecx, %ebp, 4), %ecx\n"
	"incl (%ebx, %ecx)\n"
	"incl (%edi, %ecx)\n"
	"incl 0x3000(, %ebp, 4)\n"
	"mov $300, %ecx\n"
	"2: dec %ecx\n"
	"jns 2b\n"
	"jmp 1b");

/* The kernel writes: device to memory, over a boundary, port to memory, a push. */
VT_BLOB(have_written,
	"cld\n"
	"mov $0x40000000, %esi\n"
	"mov $0x803000, %edi\n"
	"movsl\n"
	"mov $0x805ffe, %edi\n"
	"mov $0x40000000, %esi\n"
	"movsl\n"
	"mov $0x90, %edx\n"
	"mov $0x809000, %edi\n"
	"insl\n"
	"mov $0x80e000, %esp\n"
	"pushl 0x40000000\n"
	"out %al, $0x80\n"
	"hlt");

struct machine {
	struct vt t;
	int small;
	int large;
};

static struct machine m;
static bool can_tell;

static int object(size_t pages, uint32_t flags)
{
	struct vmm_create_mem c = { .size = pages * VT_PAGE, .flags = flags };
	int fd = ioctl(vt_dev, VMM_CREATE_MEM, &c);

	if (fd < 0)
		vt_bail("memory");
	return fd;
}

/* Slot 0, which this program has mapped, takes no part. */
static void make(void)
{
	unsigned int id;
	char file[64];

	vt_make(&m.t, 2, 256 * VT_PAGE);
	for (id = 0; id < 10000; id++) {
		snprintf(file, sizeof(file), "../vms/%u/ksm/enable", id);
		if (get(file))
			break;
	}
	if (set(file, "0"))
		vt_bail("the VM's ksm/enable");
	m.small = object(PAGES, VMM_MEM_SMALL_PAGES);
	m.large = object(PAGES, 0);
	if (vt_set_slot(m.t.vm, 1, SMALL, SIZE, m.small, 0, 0) ||
	    vt_set_slot(m.t.vm, 2, LARGE, SIZE, m.large, 0, 0))
		vt_bail("slots");
}

static void free_machine(void)
{
	vt_free(&m.t);
	close(m.small);
	close(m.large);
}

static void set_regs(unsigned int cpu, uint32_t ebx,
		     uint32_t ecx, uint32_t edx)
{
	struct vmm_regs regs;

	vt_start(&m.t, cpu, VT_CODE);
	if (ioctl(m.t.cpu[cpu], VMM_VCPU_GET_REGS, &regs))
		vt_bail("registers");
	regs.rbx = ebx;
	regs.rcx = ecx;
	regs.rdx = edx;
	if (ioctl(m.t.cpu[cpu], VMM_VCPU_SET_REGS, &regs))
		vt_bail("registers");
}

static bool guest_writes(unsigned int cpu, uint32_t gpa,
			 unsigned int first, unsigned int n, unsigned int step)
{
	VT_LOAD(&m.t, touch);
	set_regs(cpu, gpa + first * VT_PAGE, n, step * VT_PAGE);
	return vt_wrote_port(&m.t, cpu, 0x80);
}

/* Pages of the two slots. */
static long there(void)
{
	return mem_figure(m.small, "resident") + mem_figure(m.large, "resident");
}

static void pass(void)
{
	set_number("step", there());
}

/* So many pages are looked at in a pass; if hardware does not tell, no fewer. */
static bool looks(long long wanted)
{
	long long was = figure("pages_scanned") - figure("pages_skipped_clean");
	long long passes = figure("full_scans"), got;

	pass();
	if (!is("full_scans", passes + 1))
		return false;
	got = figure("pages_scanned") - figure("pages_skipped_clean") - was;
	if (got == wanted || (!can_tell && got > wanted && got <= there()))
		return true;
	tap_note("%lld pages looked at, wanted %lld", got, wanted);
	return false;
}

/* What is known is what looking at everything tells. */
static bool knows_all(void)
{
	static const char *const files[] = {
		"observed_zero", "pages_unique", "observed_shared",
		"observed_sharing", "pages_unscanned",
	};
	long long known[5];
	bool good = true;
	unsigned int i;

	for (i = 0; i < 5; i++)
		known[i] = figure(files[i]);
	set_number("reset", 1);
	pass();
	for (i = 0; i < 5; i++)
		good &= is(files[i], known[i]);
	return good;
}

static void begin(void)
{
	set("mode", "off");
	if (set("mode", "observe") || set("policy", "dirty-clock"))
		vt_bail("mode");
	make();
	if (!guest_writes(0, SMALL, 0, PAGES, 1) ||
	    !guest_writes(0, LARGE, 0, PAGES, 1))
		vt_bail("a guest");
	pass();
}

/* ---- who writes --------------------------------------------------------------------- */

static void test_guest(void)
{
	tap_ok(looks(0), "nothing was written");
	tap_ok(guest_writes(0, SMALL, 3, 40, 21) && looks(40),
	       "a vCPU has written 40 pages");
	tap_ok(looks(0), "and no more");
	tap_ok(guest_writes(1, SMALL, 0, PAGES / 2, 2) &&
	       guest_writes(0, SMALL, 1, 10, 2) && looks(PAGES / 2 + 10) &&
	       looks(0), "two vCPUs");
	if (mem_figure(m.large, "huge") * 512 == PAGES)
		tap_ok(guest_writes(0, LARGE, 600, 2, 1) && looks(512) &&
		       looks(0), "of a large leaf that was written all counts");
	else
		tap_skip("the host has no blocks of 2 MiB");
	tap_ok(knows_all() && looks(0), "what is known is so");
}

/* The guest has read from the device; it gets @val. */
static bool give(uint32_t reason, uint32_t val)
{
	struct vmm_run *run = m.t.run[0];
	int err = vt_run(&m.t, 0);
	void *data = reason == VMM_RUN_MMIO ? (void *)run->mmio.data :
					      vt_port_data(&m.t, 0);

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
	VT_LOAD(&m.t, have_written);
	set_regs(0, 0, 0, 0);
	tap_ok(give(VMM_RUN_MMIO, 0x1111) &&
	       give(VMM_RUN_MMIO, 0x22222222) && give(VMM_RUN_IO, 0x3333) &&
	       give(VMM_RUN_MMIO, 0x4444) &&
	       vt_wrote_port(&m.t, 0, 0x80), "the kernel writes for a guest");
	tap_ok(looks(5) && looks(0), "to 5 pages");
}

static void test_user(void)
{
	unsigned char *ram = vt_map(m.small, SIZE);
	const unsigned char *view;
	unsigned int i;
	int sum = 0;

	for (i = 0; i < 10; i++)
		ram[i * 3 * VT_PAGE + 8]++;
	tap_ok(looks(10) && looks(10), "what user space has mapped may be written");
	ram[9 * VT_PAGE + 8]++;
	tap_ok(looks(10) && knows_all(), "at any time");
	munmap(ram, SIZE);
	tap_ok(looks(10) && looks(0), "until it is mapped no more");
	view = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, m.small, 0);
	for (i = 0; i < 20; i++)
		sum += view[(500 + i) * VT_PAGE];
	tap_ok(view != MAP_FAILED && sum && looks(0), "a view writes nothing");
	munmap((void *)view, SIZE);
	tap_ok(mem_sum(m.small, SIZE) && looks(0), "nor does who reads");
}

static void test_places(void)
{
	tap_ok(!fallocate(m.small, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  30 * VT_PAGE, 7 * VT_PAGE) && looks(0) &&
	       there() == 2 * PAGES - 7, "pages that are gone");
	tap_ok(guest_writes(0, SMALL, 30, 7, 1) && looks(7) && looks(0),
	       "and others in their places");
	tap_ok(!fallocate(m.small, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  50 * VT_PAGE, 3 * VT_PAGE) &&
	       guest_writes(0, SMALL, 50, 3, 1) && looks(3) && knows_all(),
	       "both between two looks");
	tap_ok(guest_writes(0, SMALL, 100, 5, 1) &&
	       !vt_remove_slot(m.t.vm, 1) && looks(PAGES) && looks(0),
	       "a slot that is removed has told nothing");
	tap_ok(!vt_set_slot(m.t.vm, 1, SMALL, SIZE, m.small, 0, 0) &&
	       guest_writes(1, SMALL, 200, 5, 1) && looks(5) && knows_all(),
	       "the next one tells");
}

/* ---- the dirty log beside it -------------------------------------------------------- */

static int log_op(uint32_t op, uint64_t *bits)
{
	struct vmm_dirty_log log = {
		.slot = 1, .op = op, .pages = bits ? PAGES : 0,
		.bitmap = (uintptr_t)bits,
	};

	return ioctl(m.t.vm, VMM_VM_DIRTY_LOG, &log);
}

/* The log has these pages, one behind the other, and no other. */
static bool told(unsigned int first, unsigned int n)
{
	uint64_t bits[WORDS];
	unsigned int i, bad = 0;

	if (log_op(VMM_DIRTY_READ, bits))
		return false;
	for (i = 0; i < PAGES; i++)
		bad += (bits[i / 64] >> i % 64 & 1) != (i - first < n);
	if (bad)
		tap_note("the log is wrong about %u pages", bad);
	return !bad;
}

static void test_log(void)
{
	guest_writes(0, SMALL, 300, 4, 1);
	tap_ok(!log_op(VMM_DIRTY_START, NULL) && looks(4),
	       "a log begins: what was written before");
	tap_ok(guest_writes(0, SMALL, 10, 50, 1) && looks(50) &&
	       told(10, 50) && looks(0) && told(0, 0),
	       "first the scan looks, then the log is read");
	tap_ok(guest_writes(1, SMALL, 20, 40, 1) && told(20, 40) &&
	       looks(40) && told(0, 0) && looks(0), "the other way round");
	tap_ok(guest_writes(1, SMALL, 100, 30, 1) && looks(30) &&
	       guest_writes(0, SMALL, 130, 20, 1) && told(100, 50) &&
	       looks(20) && told(0, 0), "in turns");
	tap_ok(guest_writes(0, SMALL, 100, 5, 1) && looks(5) &&
	       guest_writes(0, SMALL, 100, 5, 1) && looks(5) &&
	       told(100, 5), "the same pages over and over");
	tap_ok(!log_op(VMM_DIRTY_STOP, NULL) && looks(PAGES) && looks(0),
	       "a log ends, with all leaves of the slot");
	tap_ok(guest_writes(0, SMALL, 400, 9, 1) && looks(9) && knows_all(),
	       "new ones tell");
}

/* ---- while guests run ---------------------------------------------------------------- */

static volatile bool stop;

/* Reads the log, lets it begin and end, has user space write. */
static void *disturb(void *arg)
{
	unsigned char *ram;
	uint64_t bits[WORDS];
	unsigned int i;

	for (i = 0; !stop; i++) {
		if (i % 16 == 3)
			log_op(VMM_DIRTY_START, NULL);
		if (i % 16 == 12)
			log_op(VMM_DIRTY_STOP, NULL);
		log_op(VMM_DIRTY_READ, bits);
		if (i % 4)
			continue;
		ram = vt_map(m.small, SIZE);
		ram[(i * 7 % PAGES) * VT_PAGE + 64]++;
		munmap(ram, SIZE);
	}
	return NULL;
}

static void run_round(unsigned int round)
{
	volatile uint32_t *mail = vt_mail(&m.t);
	pthread_t thread;
	struct vt_runner r[2];
	struct vmm_regs regs;
	unsigned int i;

	stop = false;
	mail[0] = mail[1] = 0;
	for (i = 0; i < 2; i++) {
		set_regs(i, SMALL, 0, 0);
		ioctl(m.t.cpu[i], VMM_VCPU_GET_REGS, &regs);
		regs.rax = round * 2 + i;
		regs.rbp = i;
		regs.rdi = LARGE;
		ioctl(m.t.cpu[i], VMM_VCPU_SET_REGS, &regs);
	}
	if (pthread_create(&thread, NULL, disturb, NULL))
		vt_bail("thread");
	for (i = 0; i < 2; i++)
		vt_spawn(&r[i], &m.t, i);
	for (i = 0; i < 10 || mail[0] < 200 || mail[1] < 200; i++) {
		pass();
		if (i > 2000)
			vt_bail("the guest stands still");
	}
	for (i = 0; i < 2; i++)
		vt_stop(&r[i]);
	stop = true;
	pthread_join(thread, NULL);
}

static void test_running(void)
{
	unsigned int round;
	bool good = true;

	VT_LOAD(&m.t, scatter);
	for (round = 0; round < 12 && good; round++) {
		run_round(round);
		pass();
		good &= knows_all();
	}
	log_op(VMM_DIRTY_STOP, NULL);
	tap_ok(good, "%u times: guests, user space and a log at once", round);
}

/* ---- merged --------------------------------------------------------------------------- */

/* All contents are known by their first words. */
static bool bytes_are(int fd, const uint32_t *want)
{
	static unsigned char page[VT_PAGE];
	unsigned int i, bad = 0;

	for (i = 0; i < PAGES; i++) {
		if (pread(fd, page, VT_PAGE, i * VT_PAGE) != VT_PAGE)
			return false;
		bad += memcmp(page, &want[i], 4) || page[4] || page[VT_PAGE - 1];
	}
	return !bad;
}

static void test_merged(void)
{
	uint32_t want[PAGES];
	unsigned int i;

	begin();
	tap_ok(looks(0) && !set("mode", "merge") && looks(0) &&
	       figure("pages_shared") == 1,
	       "what observing has found is merged, without another look");
	for (i = 0; i < PAGES; i++)
		want[i] = i < 64 ? 2 : 1;
	tap_ok(guest_writes(0, SMALL, 0, 64, 1) && looks(64) &&
	       figure("pages_shared") == 2 && bytes_are(m.small, want),
	       "frames that were written are merged anew");
	tap_ok(looks(0), "and looked at once");
	free_machine();
	set("mode", "observe");
}

int main(void)
{
	char *on;

	vt_open();
	vt_catch(SIGUSR1);
	/* AMD's nested tables always have dirty bits. */
	on = get("../../../module/vmm/parameters/ept_ad");
	can_tell = !on || on[0] == 'Y';
	set("run", "0");
	begin();
	test_guest();
	test_kernel();
	test_user();
	test_places();
	test_log();
	test_running();
	free_machine();
	test_merged();
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
