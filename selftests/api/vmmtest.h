/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Small machines for tests of the device interface.
 *
 * A machine (struct vt) is a VM with RAM from address 0 and vCPUs that start in
 * 32-bit protected mode, flat, without paging:
 *
 *	VT_IDT		a gate for each vector from 32 up
 *	VT_COUNTS	u32[256]: how often each vector was delivered
 *	VT_MAIL		left to the guest's code and its test
 *	VT_STACK	top of the stack of vCPU 0; each further one is 4 KiB above
 *	VT_CODE		where vt_load() puts code
 *
 * A guest's code is written between VT_BLOB(name) and its end, position
 * independent, and tells its test by ports or through VT_MAIL.  A machine that
 * cannot be made ends the program: there is nothing left to test.
 */
#ifndef VMMTEST_H
#define VMMTEST_H

#include <sys/time.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/vmm.h>

#include "tap.h"

#define VT_IDT		0x1000UL
#define VT_GDT		0x1800UL
#define VT_COUNTS	0x2000UL
#define VT_MAIL		0x3000UL
#define VT_STACK	0x8000UL
#define VT_HANDLERS	0x10000UL
#define VT_CODE		0x20000UL
#define VT_MAX_CPUS	8
#define VT_PAGE		4096UL
#define VT_MB		(1UL << 20)

#define VT_BLOB(name, code)						\
	extern const unsigned char name[], name##_end[];		\
	asm(".pushsection .rodata\n.code32\n" #name ":\n" code		\
	    "\n" #name "_end:\n.code64\n.popsection\n")

#define VT_UNUSED __attribute__((unused))

/**
 * struct vt - a machine
 * @vm, @mem, @cpu: its files
 * @run: the page of each vCPU
 * @ram: its memory as this program sees it
 */
struct vt {
	int vm, mem;
	int cpu[VT_MAX_CPUS];
	struct vmm_run *run[VT_MAX_CPUS];
	unsigned char *ram;
	size_t size;
	unsigned int cpus;
};

static int vt_dev = -1;

__attribute__((format(printf, 1, 2), noreturn, unused))
static void vt_bail(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	printf("Bail out! ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf(": %s\n", strerror(err));
	exit(1);
}

/* A call gave -1 and @err, as it should. */
VT_UNUSED static bool vt_refused(long ret, int err)
{
	if (ret == -1 && errno == err)
		return true;
	tap_note("got %ld (%s), wanted %s", ret,
		 ret == -1 ? strerror(errno) : "no error", strerror(err));
	return false;
}

VT_UNUSED static void vt_open(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	vt_dev = open("/dev/vmm", O_RDWR | O_CLOEXEC);
	if (vt_dev < 0)
		vt_bail("/dev/vmm");
}

/*
 * Bochs 2.7 holds the host's interrupts off while it runs what an entry with
 * interrupts off began (vmx.rst): a guest that then spins is never left.  So
 * guests that spin turn interrupts on first, where that is not what is tested.
 */
VT_UNUSED static bool vt_on_bochs(void)
{
	char vendor[64] = "";
	int fd = open("/sys/class/dmi/id/bios_vendor", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (read(fd, vendor, sizeof(vendor) - 1) < 0)
		vendor[0] = 0;
	close(fd);
	return strstr(vendor, "Bochs");
}

VT_UNUSED static int vt_create_vm(uint32_t vcpus)
{
	struct vmm_create_vm c = { .name = "test", .vcpus = vcpus };

	return ioctl(vt_dev, VMM_CREATE_VM, &c);
}

VT_UNUSED static int vt_create_mem(uint64_t size)
{
	struct vmm_create_mem c = { .size = size };

	return ioctl(vt_dev, VMM_CREATE_MEM, &c);
}

VT_UNUSED static int vt_create_cpu(int vm, uint32_t id)
{
	struct vmm_create_vcpu c = { .id = id };

	return ioctl(vm, VMM_VM_CREATE_VCPU, &c);
}

VT_UNUSED static int vt_set_slot(int vm, uint32_t slot, uint64_t gpa,
				 uint64_t size, int mem, uint64_t offset,
				 uint32_t flags)
{
	struct vmm_set_slot s = {
		.slot = slot, .gpa = gpa, .size = size, .mem_fd = mem,
		.offset = offset, .flags = flags,
	};

	return ioctl(vm, VMM_VM_SET_SLOT, &s);
}

VT_UNUSED static int vt_remove_slot(int vm, uint32_t slot)
{
	return vt_set_slot(vm, slot, 0, 0, -1, 0, 0);
}

VT_UNUSED static unsigned char *vt_map(int fd, size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* ---- the state that machines start in ------------------------------------ */

VT_UNUSED static void vt_fill_sregs(struct vmm_sregs *s)
{
	struct vmm_segment data = {
		.limit = ~0U, .selector = 0x10, .attr = 0xc093,
	};

	s->es = s->ss = s->ds = s->fs = s->gs = data;
	s->cs = (struct vmm_segment){
		.limit = ~0U, .selector = 8, .attr = 0xc09b,
	};
	s->ldtr = (struct vmm_segment){ .attr = VMM_SEG_UNUSABLE };
	s->tr = (struct vmm_segment){ .limit = 0x67, .attr = 0x8b };
	s->gdtr = (struct vmm_dtable){ .base = VT_GDT, .limit = 23 };
	s->idtr = (struct vmm_dtable){ .base = VT_IDT, .limit = 0x7ff };
	s->cr0 = 0x11;
	s->cr3 = s->cr4 = s->cr8 = s->efer = 0;
}

/* vCPU @n of @t runs from @rip next. */
VT_UNUSED static void vt_start(struct vt *t, unsigned int n, uint64_t rip)
{
	struct vmm_regs regs = {
		.rip = rip, .rflags = 2, .rsp = VT_STACK + n * VT_PAGE,
	};
	struct vmm_vcpu_events events = { .mp_state = VMM_MP_RUNNABLE };
	struct vmm_sregs sregs;

	if (ioctl(t->cpu[n], VMM_VCPU_GET_SREGS, &sregs))
		vt_bail("system registers");
	vt_fill_sregs(&sregs);
	if (ioctl(t->cpu[n], VMM_VCPU_SET_EVENTS, &events) ||
	    ioctl(t->cpu[n], VMM_VCPU_SET_SREGS, &sregs) ||
	    ioctl(t->cpu[n], VMM_VCPU_SET_REGS, &regs))
		vt_bail("registers");
}

/* lock incl count; movl $0, EOI register; iret */
VT_UNUSED static void vt_fill_handlers(unsigned char *ram)
{
	static const unsigned char code[] = {
		0xf0, 0xff, 0x05, 0, 0, 0, 0,
		0xc7, 0x05, 0xb0, 0x00, 0xe0, 0xfe, 0, 0, 0, 0,
		0xcf,
	};
	static const uint64_t gdt[] = {
		0, 0x00cf9b000000ffffULL, 0x00cf93000000ffffULL,
	};
	unsigned int v;

	memcpy(ram + VT_GDT, gdt, sizeof(gdt));
	for (v = 32; v < 256; v++) {
		uint32_t handler = VT_HANDLERS + 32 * v;
		uint32_t count = VT_COUNTS + 4 * v;
		uint32_t gate[2] = {
			(handler & 0xffff) | 8 << 16,
			(handler & 0xffff0000) | 0x8e00,
		};

		memcpy(ram + handler, code, sizeof(code));
		memcpy(ram + handler + 3, &count, sizeof(count));
		memcpy(ram + VT_IDT + 8 * v, gate, sizeof(gate));
	}
}

VT_UNUSED static void vt_load(struct vt *t, uint64_t at,
			      const unsigned char *code,
			      const unsigned char *end)
{
	memcpy(t->ram + at, code, end - code);
}

#define VT_LOAD(t, name) vt_load((t), VT_CODE, name, name##_end)

VT_UNUSED static void vt_make(struct vt *t, unsigned int cpus, size_t size)
{
	unsigned int n;

	memset(t, 0, sizeof(*t));
	t->cpus = cpus;
	t->size = size;
	t->vm = vt_create_vm(cpus);
	t->mem = vt_create_mem(size);
	if (t->vm < 0 || t->mem < 0)
		vt_bail("VM and memory");
	t->ram = vt_map(t->mem, size);
	if (!t->ram || vt_set_slot(t->vm, 0, 0, size, t->mem, 0, 0))
		vt_bail("slot");
	vt_fill_handlers(t->ram);
	for (n = 0; n < cpus; n++) {
		t->cpu[n] = vt_create_cpu(t->vm, n);
		t->run[n] = t->cpu[n] < 0 ? NULL :
			    (void *)vt_map(t->cpu[n], VT_PAGE);
		if (!t->run[n])
			vt_bail("vCPU %u", n);
		vt_start(t, n, VT_CODE);
	}
}

VT_UNUSED static void vt_free(struct vt *t)
{
	unsigned int n;

	for (n = 0; n < t->cpus; n++) {
		munmap(t->run[n], VT_PAGE);
		close(t->cpu[n]);
	}
	munmap(t->ram, t->size);
	close(t->mem);
	close(t->vm);
}

/* ---- running --------------------------------------------------------------- */

/* 0 or an errno; goes on when there was nothing to report. */
VT_UNUSED static int vt_run(struct vt *t, unsigned int n)
{
	for (;;) {
		if (ioctl(t->cpu[n], VMM_VCPU_RUN, 0))
			return errno;
		if (t->run[n]->reason != VMM_RUN_NONE)
			return 0;
	}
}

VT_UNUSED static void *vt_port_data(struct vt *t, unsigned int n)
{
	return (char *)t->run[n] + VMM_RUN_DATA_OFFSET;
}

/* The guest's next exit is a write of one element to @port. */
VT_UNUSED static bool vt_wrote_port(struct vt *t, unsigned int n, uint16_t port)
{
	struct vmm_run *run = t->run[n];
	int err = vt_run(t, n);

	if (!err && run->reason == VMM_RUN_IO && run->io.write &&
	    run->io.port == port && run->io.count == 1)
		return true;
	tap_note("run: %s, reason %u at %#llx%s%s", strerror(err), run->reason,
		 run->rip, run->reason >= VMM_RUN_SHUTDOWN ? ": " : "",
		 run->reason >= VMM_RUN_SHUTDOWN ? run->text : "");
	return false;
}

VT_UNUSED static volatile uint32_t *vt_mail(struct vt *t)
{
	return (volatile uint32_t *)(t->ram + VT_MAIL);
}

VT_UNUSED static uint32_t vt_count(struct vt *t, unsigned int vector)
{
	return ((volatile uint32_t *)(t->ram + VT_COUNTS))[vector];
}

/* A new machine runs: whatever was done before did the host no harm. */
VT_BLOB(vt_hello, "mov $42, %al\n out %al, $0x80\n 1: hlt\n jmp 1b");

VT_UNUSED static bool vt_host_works(void)
{
	struct vt t;
	bool good;

	vt_make(&t, 1, VT_MB);
	VT_LOAD(&t, vt_hello);
	good = vt_wrote_port(&t, 0, 0x80) &&
	       *(unsigned char *)vt_port_data(&t, 0) == 42;
	vt_free(&t);
	return good;
}

/* ---- time, signals, threads ------------------------------------------------- */

VT_UNUSED static uint64_t vt_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

VT_UNUSED static void vt_sleep_ms(unsigned int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&ts, &ts))
		;
}

/* Waits up to 20 s for something that another thread or a guest does. */
#define VT_WAIT_FOR(what) ({						\
	uint64_t _end = vt_now_ms() + 20000;				\
	bool _good;							\
									\
	while (!(_good = (what)) && vt_now_ms() < _end)			\
		vt_sleep_ms(1);						\
	_good; })

VT_UNUSED static void vt_nothing(int sig)
{
}

/* @sig ends system calls and does nothing else. */
VT_UNUSED static void vt_catch(int sig)
{
	struct sigaction sa = { .sa_handler = vt_nothing };

	sigaction(sig, &sa, NULL);
}

/**
 * struct vt_runner - a thread that runs one vCPU until it must not
 * @err: errno of its last run, 0 if the guest had something to tell
 * @done: it has returned
 */
struct vt_runner {
	struct vt *t;
	unsigned int n;
	pthread_t thread;
	volatile int err;
	volatile bool done;
};

VT_UNUSED static void *vt_runner_main(void *arg)
{
	struct vt_runner *r = arg;

	do
		r->err = vt_run(r->t, r->n);
	while (r->err == EINTR && !r->t->run[r->n]->immediate_exit);
	r->done = true;
	return NULL;
}

VT_UNUSED static void vt_spawn(struct vt_runner *r, struct vt *t, unsigned int n)
{
	*r = (struct vt_runner){ .t = t, .n = n };
	if (pthread_create(&r->thread, NULL, vt_runner_main, r))
		vt_bail("thread");
}

/* Makes the runner's thread leave, for good; what its last run said. */
VT_UNUSED static int vt_stop(struct vt_runner *r)
{
	r->t->run[r->n]->immediate_exit = 1;
	while (!r->done) {
		pthread_kill(r->thread, SIGUSR1);
		vt_sleep_ms(1);
	}
	pthread_join(r->thread, NULL);
	r->t->run[r->n]->immediate_exit = 0;
	return r->err;
}

/* SIGALRM every @usec; 0: no more. */
static inline void timer_every(unsigned int usec)
{
	struct itimerval it = {
		.it_interval = { .tv_usec = usec }, .it_value = { .tv_usec = usec },
	};

	setitimer(ITIMER_REAL, &it, NULL);
}

#endif
