// SPDX-License-Identifier: GPL-2.0
/*
 * Slots: what cannot be one, and what a guest sees of those that come and go
 * while it runs.  mem.c has the refusals that are about the memory object.
 *
 * test: timeout: 120
 */
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "vmmtest.h"

#define TOP	(8 * VT_MB)		/* where test slots go */

static struct vmm_info info;

/* ---- refusals ---------------------------------------------------------------- */

static void test_foreign_files(void)
{
	int files[] = {
		open("/proc/self/exe", O_RDONLY), open("/dev/null", O_RDWR),
		socket(AF_UNIX, SOCK_STREAM, 0), eventfd(0, 0), vt_dev, 0, 0, 0,
	};
	static const char * const names[] = {
		"a regular file", "a device", "a socket", "an eventfd",
		"/dev/vmm", "a VM", "a vCPU", "a directory",
	};
	struct vt t;
	size_t i;

	vt_make(&t, 1, VT_MB);
	files[5] = t.vm;
	files[6] = t.cpu[0];
	files[7] = open("/", O_RDONLY);
	for (i = 0; i < 8; i++) {
		tap_ok(vt_refused(vt_set_slot(t.vm, 1, TOP, VT_MB, files[i], 0,
					      0), EINVAL),
		       "%s is no memory object", names[i]);
		tap_ok(vt_refused(vt_remove_slot(t.vm, 1), ENOENT),
		       "%s: and none was set", names[i]);
	}
	tap_ok(vt_refused(vt_set_slot(t.vm, 1, TOP, VT_MB, 9999, 0, 0), EBADF),
	       "a descriptor that is not open");
	tap_ok(vt_refused(vt_set_slot(t.vm, 1, TOP, VT_MB, -2, 0, 0), EBADF),
	       "a negative one");
	vt_free(&t);
	for (i = 0; i < 4; i++)
		close(files[i]);
	close(files[7]);
}

static const struct refusal {
	uint32_t slot, flags;
	uint64_t gpa, size, offset;
	int err;
	const char *what;
} refusals[] = {
	{ ~0U, 0, TOP, VT_MB, 0, EINVAL, "slot -1" },
	{ 1, 2, TOP, VT_MB, 0, EINVAL, "an unknown flag" },
	{ 1, 0, TOP + 1, VT_MB, 0, EINVAL, "address not of a page" },
	{ 1, 0, TOP + 2048, VT_MB, 0, EINVAL, "address of half a page" },
	{ 1, 0, TOP, VT_MB - 1, 0, EINVAL, "size not of pages" },
	{ 1, 0, TOP, 1, 0, EINVAL, "size of a byte" },
	{ 1, 0, TOP, VT_PAGE, 1, EINVAL, "offset not of a page" },
	{ 1, 0, TOP, 2 * VT_MB, 0, ERANGE, "size past the object's end" },
	{ 1, 0, TOP, VT_MB, VT_PAGE, ERANGE, "offset past the object's end" },
	{ 1, 0, TOP, VT_PAGE, VT_MB, ERANGE, "offset at the object's end" },
	{ 1, 0, TOP, VT_PAGE, 1ULL << 63, ERANGE, "offset absurd" },
	{ 1, 0, TOP, VT_PAGE, -VT_PAGE, ERANGE, "offset that wraps" },
	{ 1, 0, TOP, -VT_PAGE, VT_PAGE, ERANGE, "size that wraps the offset" },
	{ 1, 0, TOP, 1ULL << 63, 0, ERANGE, "size absurd" },
	{ 1, 0, -VT_PAGE, VT_PAGE, 0, ERANGE, "the last page of all" },
	{ 1, 0, -VT_PAGE, 2 * VT_PAGE, 0, ERANGE, "a range that wraps" },
	{ 1, 0, 1ULL << 63, VT_MB, 0, ERANGE, "an absurd address" },
	{ 1, 0, 1ULL << 52, VT_MB, 0, ERANGE, "beyond 52 bits" },
	{ 0, 0, TOP, VT_MB, 0, EEXIST, "slot 0 is in use" },
	{ 1, 0, 0, VT_PAGE, 0, EEXIST, "overlap at the start" },
	{ 1, 0, VT_MB - VT_PAGE, VT_PAGE, 0, EEXIST, "overlap of the last page" },
	{ 1, 0, VT_MB - VT_PAGE, VT_MB, 0, EEXIST, "overlap beyond the end" },
	{ 1, 0, 0, VT_MB, 0, EEXIST, "the same once more" },
	{ 1, 0, VT_MB / 2, VT_PAGE, 0, EEXIST, "overlap inside" },
};

static int try_refusal(int vm, int mem, const struct refusal *r)
{
	return vt_set_slot(vm, r->slot, r->gpa, r->size, mem, r->offset,
			   r->flags);
}

static void test_refusals(void)
{
	uint64_t top = 1ULL << info.phys_bits;
	struct vt t;
	size_t i;

	vt_make(&t, 1, VT_MB);
	VT_LOAD(&t, vt_hello);
	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		tap_ok(vt_refused(try_refusal(t.vm, t.mem, &refusals[i]),
				  refusals[i].err) &&
		       vt_refused(vt_remove_slot(t.vm, 1), ENOENT),
		       "%s", refusals[i].what);
	tap_ok(vt_refused(vt_set_slot(t.vm, info.max_slots, TOP, VT_MB, t.mem,
				      0, 0), EINVAL), "a slot number too high");
	tap_ok(vt_refused(vt_set_slot(t.vm, 1, top, VT_PAGE, t.mem, 0, 0),
			  ERANGE), "behind the end of physical space");
	tap_ok(vt_refused(vt_set_slot(t.vm, 1, top - VT_PAGE, 2 * VT_PAGE,
				      t.mem, 0, 0), ERANGE), "across that end");
	tap_ok(!vt_set_slot(t.vm, 1, top - VT_PAGE, VT_PAGE, t.mem, 0, 0),
	       "the last page of physical space");
	tap_ok(vt_refused(vt_set_slot(t.vm, 1, 0, 0, -1, VT_PAGE, 0), EINVAL) &&
	       vt_refused(vt_set_slot(t.vm, 1, VT_PAGE, 0, -1, 0, 0), EINVAL) &&
	       vt_refused(vt_set_slot(t.vm, 1, 0, 0, t.mem, 0, 0), EINVAL) &&
	       vt_refused(vt_set_slot(t.vm, 1, 0, 0, -1, 0, 1), EINVAL),
	       "a removal that says more than that");
	tap_ok(!vt_remove_slot(t.vm, 1), "a removal");
	tap_ok(vt_wrote_port(&t, 0, 0x80), "the guest runs in the slot it has");
	vt_free(&t);
}

/* ---- as many as there may be ------------------------------------------------- */

/* Adds up the first word of each slot: ECX slots from EBX, EDX apart. */
VT_BLOB(sum_slots,
	"xor %eax, %eax\n"
	"1: add (%ebx), %eax\n"
	"add %edx, %ebx\n"
	"loop 1b\n"
	"out %eax, $0x80\n"
	"hlt");

static void test_many(void)
{
	unsigned int i, n = info.max_slots - 1, bad = 0;
	struct vmm_regs regs;
	unsigned char *p;
	uint32_t sum = 0;
	struct vt t;
	int mem;

	vt_make(&t, 1, VT_MB);
	VT_LOAD(&t, sum_slots);
	mem = vt_create_mem(n * VT_PAGE);
	p = vt_map(mem, n * VT_PAGE);
	for (i = 0; i < n; i++) {
		uint32_t word = i * 2654435761U;

		memcpy(p + i * VT_PAGE, &word, sizeof(word));
		sum += word;
		bad += vt_set_slot(t.vm, n - i, TOP + 2 * i * VT_PAGE, VT_PAGE,
				   mem, i * VT_PAGE, 0) != 0;
	}
	tap_ok(!bad, "%u slots, a gap behind each", n + 1);
	tap_ok(vt_refused(vt_set_slot(t.vm, n / 2, 1 << 30, VT_PAGE, mem, 0, 0),
			  EEXIST), "and no number is left");
	tap_ok(vt_refused(vt_set_slot(t.vm, 0, TOP + 2 * VT_PAGE, VT_PAGE, mem,
				      0, 0), EEXIST), "nor space");

	ioctl(t.cpu[0], VMM_VCPU_GET_REGS, &regs);
	regs.rbx = TOP;
	regs.rcx = n;
	regs.rdx = 2 * VT_PAGE;
	ioctl(t.cpu[0], VMM_VCPU_SET_REGS, &regs);
	tap_ok(vt_wrote_port(&t, 0, 0x80) &&
	       *(uint32_t *)vt_port_data(&t, 0) == sum,
	       "the guest finds each slot's own page");
	for (i = 0; i < n; i++)
		bad += vt_remove_slot(t.vm, i + 1) != 0;
	tap_ok(!bad, "all removed");
	tap_ok(!vt_set_slot(t.vm, n, TOP, n * VT_PAGE, mem, 0, 0),
	       "their numbers and space serve again");
	munmap(p, n * VT_PAGE);
	close(mem);
	vt_free(&t);
}

/* ---- read-only ----------------------------------------------------------------- */

VT_BLOB(readonly,
	"mov $0x800000, %ebx\n"
	"mov (%ebx), %eax\n"
	"out %eax, $0x80\n"
	"movl $0x11223344, 4(%ebx)\n"	/* an MMIO exit */
	"mov 4(%ebx), %eax\n"
	"out %eax, $0x81\n"
	"lock incl 8(%ebx)\n"		/* another, with what was read plus 1 */
	"mov 8(%ebx), %eax\n"
	"out %eax, $0x82\n"
	"hlt");

static bool wrote_mmio(struct vt *t, uint64_t gpa, uint32_t val)
{
	struct vmm_run *run = t->run[0];
	uint32_t got;
	int err = vt_run(t, 0);

	memcpy(&got, run->mmio.data, sizeof(got));
	if (!err && run->reason == VMM_RUN_MMIO && run->mmio.write &&
	    run->mmio.gpa == gpa && run->mmio.len == 4 && got == val)
		return true;
	tap_note("run: %s, reason %u: %s", strerror(err), run->reason, run->text);
	return false;
}

static void test_readonly(void)
{
	int mem = vt_create_mem(VT_MB);
	unsigned char *p = vt_map(mem, VT_MB);
	struct vt t;

	vt_make(&t, 1, VT_MB);
	VT_LOAD(&t, readonly);
	p[0] = 0x77;
	p[4] = 0x55;
	p[8] = 0x66;
	tap_ok(!vt_set_slot(t.vm, 1, TOP, VT_MB, mem, 0, VMM_SLOT_READONLY),
	       "a read-only slot");
	tap_ok(vt_wrote_port(&t, 0, 0x80) &&
	       *(uint32_t *)vt_port_data(&t, 0) == 0x77, "can be read");
	tap_ok(wrote_mmio(&t, TOP + 4, 0x11223344), "a write is an MMIO exit");
	tap_ok(vt_wrote_port(&t, 0, 0x81) &&
	       *(uint32_t *)vt_port_data(&t, 0) == 0x55 && p[4] == 0x55,
	       "and changed nothing");
	tap_ok(wrote_mmio(&t, TOP + 8, 0x67), "so is a read-modify-write");
	tap_ok(vt_wrote_port(&t, 0, 0x82) &&
	       *(uint32_t *)vt_port_data(&t, 0) == 0x66 && p[8] == 0x66,
	       "and changed nothing");
	p[8] = 9;
	tap_ok(!vt_remove_slot(t.vm, 1) &&
	       !vt_set_slot(t.vm, 1, TOP, VT_MB, mem, 0, 0),
	       "the same slot, now writable");
	vt_start(&t, 0, VT_CODE);
	tap_ok(vt_wrote_port(&t, 0, 0x80) && vt_wrote_port(&t, 0, 0x81) &&
	       vt_wrote_port(&t, 0, 0x82) && p[8] == 10,
	       "takes the guest's writes");
	munmap(p, VT_MB);
	close(mem);
	vt_free(&t);
}

/* ---- under a running guest ------------------------------------------------------- */

/* Writes a count to a slot's page and reads another there, for ever. */
VT_BLOB(toucher,
	"sti\n"
	"mov $0x800000, %ebx\n"
	"1: incl 0x3000\n"
	"mov 0x3000, %eax\n"
	"mov %eax, (%ebx)\n"
	"mov 0x1000(%ebx), %ecx\n"
	"mov %ecx, 0x3004\n"
	"jmp 1b");

/* Goes on until the guest's access falls into nothing. */
static void test_remove_running(void)
{
	int mem = vt_create_mem(VT_MB), round;
	unsigned char *p = vt_map(mem, VT_MB);
	volatile uint32_t *word = (uint32_t *)p;
	volatile uint32_t *other = (uint32_t *)(p + VT_PAGE);
	unsigned int bad_exit = 0, stale = 0, bad_slot = 0;
	struct vt_runner r;
	uint32_t last;
	struct vt t;

	vt_make(&t, 1, VT_MB);
	VT_LOAD(&t, toucher);
	for (round = 0; round < 30; round++) {
		struct vmm_run *run = t.run[0];

		bad_slot += vt_set_slot(t.vm, 1, TOP, VT_MB, mem, 0, 0) != 0;
		last = vt_mail(&t)[0];
		vt_start(&t, 0, VT_CODE);
		vt_spawn(&r, &t, 0);
		VT_WAIT_FOR(vt_mail(&t)[0] > last + 100);
		bad_slot += vt_remove_slot(t.vm, 1) != 0;
		/* The call is back: nothing of the guest may land there. */
		last = *word;
		pthread_join(r.thread, NULL);
		stale += *word != last;
		bad_exit += r.err || run->reason != VMM_RUN_MMIO ||
			    run->mmio.gpa - TOP > VT_PAGE;
		*word = 0;
	}
	tap_ok(!bad_slot, "a slot comes and goes 30 times under its guest");
	tap_ok(!bad_exit, "each time the guest's access becomes MMIO");
	tap_ok(!stale, "and none lands in the memory that was there");

	/* Discarded pages: the guest gets the same new one as we do. */
	vt_set_slot(t.vm, 1, TOP, VT_MB, mem, 0, 0);
	vt_start(&t, 0, VT_CODE);
	vt_spawn(&r, &t, 0);
	for (round = 0; round < 100; round++) {
		fallocate(mem, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			  round & 1 ? 2 * VT_PAGE : VT_MB);
		*other = 0x1000 + round;
		if (!VT_WAIT_FOR(vt_mail(&t)[1] == 0x1000U + round) ||
		    !VT_WAIT_FOR(*word != 0)) {
			stale++;
			break;
		}
	}
	vt_stop(&r);
	tap_ok(!stale, "discarded pages are replaced for both (%d rounds)",
	       round);
	munmap(p, VT_MB);
	close(mem);
	vt_free(&t);
}

/* Two vCPUs in it, slots elsewhere change as fast as they can. */
static void test_others_change(void)
{
	uint64_t end = vt_now_ms() + 3000;
	unsigned int bad = 0, n = 0;
	struct vt_runner r[2];
	struct vt t;
	int i;

	vt_make(&t, 2, VT_MB);
	VT_LOAD(&t, toucher);
	vt_set_slot(t.vm, 1, TOP, VT_MB, t.mem, 0, VMM_SLOT_READONLY);
	vt_remove_slot(t.vm, 1);
	vt_set_slot(t.vm, 1, TOP, 2 * VT_PAGE, t.mem, VT_MB / 2, 0);
	for (i = 0; i < 2; i++)
		vt_spawn(&r[i], &t, i);
	while (vt_now_ms() < end) {
		bad += vt_set_slot(t.vm, 2, TOP + VT_MB, VT_MB, t.mem, 0, 0) != 0;
		bad += vt_remove_slot(t.vm, 2) != 0;
		n++;
	}
	for (i = 0; i < 2; i++)
		bad += vt_stop(&r[i]) != EINTR;
	tap_ok(!bad, "%u changes of another slot disturb no vCPU", n);
	vt_free(&t);
}

int main(void)
{
	vt_open();
	vt_catch(SIGUSR1);
	if (ioctl(vt_dev, VMM_INFO, &info))
		vt_bail("VMM_INFO");
	test_foreign_files();
	test_refusals();
	test_many();
	test_readonly();
	test_remove_running();
	test_others_change();
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
