/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the benchmark needs of a monitor: a VM with one vCPU, interrupt controllers in the
 * kernel and a stretch of memory from address 0 that this program maps.
 *
 * A back end embeds struct machine first in a struct of its own. Its calls return 0, or -1
 * after having said on standard error what failed.
 */
#ifndef BENCH_BACKEND_H
#define BENCH_BACKEND_H

#include <stddef.h>
#include <stdint.h>

enum pages {
	PAGES_ANY,
	PAGES_SMALL,		/* 4 KiB each */
};

/**
 * struct machine - a VM
 * @ops:	its back end
 * @mem:	its memory, mapped here
 * @size:	of it, bytes; a multiple of 2 MiB
 */
struct machine {
	const struct backend *ops;
	uint8_t *mem;
	size_t size;
};

enum stop_kind {
	STOP_AGAIN,		/* nothing for us */
	STOP_IO,
	STOP_MMIO,
};

/**
 * struct stop - why a run ended
 * @kind:	the rest holds for STOP_IO and STOP_MMIO only
 * @write:	the guest wrote @data; else it awaits it
 * @addr:	port or guest-physical address
 * @len:	bytes of @data
 * @data:	in memory shared with the kernel
 */
struct stop {
	enum stop_kind kind;
	int write;
	uint64_t addr;
	uint32_t len;
	void *data;
};

/**
 * struct backend - a monitor
 * @name:	as on the command line
 * @create:	a VM with @size bytes of memory, its vCPU in 64-bit mode at CPL 0 on the
 *		tables whose places guest.h gives
 * @start:	the next run begins at @rip with these registers
 * @run:	run until the guest needs something of user space
 * @share:	somebody else gets all of the memory as it is, for as long as the VM is there
 * @page_to:	its memory may go to the swap device @path, of which the host knows nothing
 *		so far, or stay compressed, and does so by itself when the host has no more
 * @destroy:	the VM and all it has
 */
struct backend {
	const char *name;
	struct machine *(*create)(size_t size, enum pages pages);
	int (*start)(struct machine *m, uint64_t rip, uint64_t rdi, uint64_t rsi, uint64_t r9);
	int (*run)(struct machine *m, struct stop *stop);
	int (*share)(struct machine *m);
	int (*page_to)(struct machine *m, const char *path);
	void (*destroy)(struct machine *m);
};

extern const struct backend kvm_backend, vmm_backend;

/* backend_find() - by its name, or NULL */
const struct backend *backend_find(const char *name);

/* machine_fill() - puts the guest's code, and the tables it runs on, into its memory */
void machine_fill(struct machine *m);

/*
 * machine_run() - runs @code of guest.S with these registers, until it is through: what it
 * says that it cost; 0 if it failed, which has been told
 */
uint64_t machine_run(struct machine *m, const uint8_t *code, uint64_t rdi, uint64_t rsi,
		     uint64_t r9);

/* What both set the system registers to. */
#define BENCH_CR0	0x80010033ULL	/* PG WP NE ET MP PE */
#define BENCH_CR4	0x620ULL	/* OSXMMEXCPT OSFXSR PAE */
#define BENCH_EFER	0x500ULL	/* LMA LME */

#endif
