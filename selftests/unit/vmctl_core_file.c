// SPDX-License-Identifier: GPL-2.0
/*
 * A core file, read back by its own rules: segments and notes stand where the head says,
 * registers are those that were given, memory is the object's byte for byte, and holes
 * are holes on both sides.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/procfs.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <unistd.h>

#include "tap.h"
#include "vm/core_file.h"

#define MB	(1ULL << 20)
#define GB	(1ULL << 30)
#define LOW	(3 * MB)
#define HIGH	(200 * MB)	/* several windows */

static struct err err;
static const char *data;	/* of the core file */
static size_t size;
static unsigned long long taken;

static int object(void)
{
	static const uint64_t at[] = {
		0, 4095, 5 * 4096, 2 * MB + 17, LOW - 1, LOW, LOW + 64 * MB - 1,
		LOW + 64 * MB, LOW + 150 * MB + 3, LOW + HIGH - 1,
	};
	int fd = memfd_create("memory", MFD_CLOEXEC);
	unsigned int i;
	char c;

	if (fd < 0 || ftruncate(fd, LOW + HIGH))
		abort();
	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		c = (char)('a' + i);
		if (pwrite(fd, &c, 1, (off_t)at[i]) != 1)
			abort();
	}
	/* there, but zero */
	c = 0;
	if (pwrite(fd, &c, 1, 40 * MB) != 1)
		abort();
	return fd;
}

static struct verb_regs registers(unsigned int cpu)
{
	struct verb_regs r = { .vcpus = 2 };
	uint64_t *p = (uint64_t *)&r.regs;
	unsigned int i;

	for (i = 0; i < sizeof(r.regs) / 8; i++)
		p[i] = 0x1111111111111111ULL * cpu + i;
	r.sregs.cs.selector = (uint16_t)(0x10 + cpu);
	r.sregs.fs.base = 0xf5000 + cpu;
	r.sregs.gs.base = 0x65000 + cpu;
	r.sregs.cr3 = 0x1000 * cpu;
	return r;
}

static const struct verb_memory two = {
	.count = 2,
	.range = {
		{ .gpa = 0, .size = LOW, .offset = 0 },
		{ .gpa = 4 * GB, .size = HIGH, .offset = LOW },
	},
};

static int written(const struct core *core)
{
	int fd = memfd_create("core", MFD_CLOEXEC);
	struct stat st;

	if (core_write(core, fd, &err)) {
		close(fd);
		return -1;
	}
	fstat(fd, &st);
	size = (size_t)st.st_size;
	taken = st.st_blocks * 512ULL;	/* before looking makes more of it */
	data = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	return fd;
}

/* Of a type, by @owner, the @n-th; NULL: there is none */
static const void *note(const Elf64_Phdr *p, const char *owner,
			unsigned int type, unsigned int n, size_t want)
{
	const char *at = data + p->p_offset, *end = at + p->p_filesz;
	const Elf64_Nhdr *h;
	const char *name;

	while (at + sizeof(*h) <= end) {
		h = (const Elf64_Nhdr *)at;
		name = at + sizeof(*h);
		at = name + (h->n_namesz + 3) / 4 * 4;
		if (!strcmp(name, owner) && h->n_namesz == strlen(owner) + 1 &&
		    h->n_type == type && !n--)
			return h->n_descsz == want ? at : NULL;
		at += (h->n_descsz + 3) / 4 * 4;
	}
	return NULL;
}

static void test_whole(void)
{
	struct verb_regs cpus[2] = { registers(0), registers(1) }, back;
	struct core core = {
		.cpus = cpus, .nr_cpus = 2, .ranges = &two, .memory = object(),
	};
	const char *memory = mmap(NULL, LOW + HIGH, PROT_READ, MAP_SHARED,
				  core.memory, 0);
	const struct user_regs_struct *u;
	struct elf_prstatus status;
	const Elf64_Ehdr *e;
	const Elf64_Phdr *p;
	int fd = written(&core);
	const void *found;

	e = (const Elf64_Ehdr *)data;
	p = (const Elf64_Phdr *)(data + e->e_phoff);
	tap_ok(fd >= 0 && !memcmp(e->e_ident, ELFMAG, SELFMAG) &&
	       e->e_type == ET_CORE && e->e_machine == EM_X86_64 &&
	       e->e_phnum == 3, "an ELF core file");
	tap_ok(p[0].p_type == PT_NOTE && p[1].p_type == PT_LOAD &&
	       p[1].p_paddr == 0 && p[1].p_filesz == LOW &&
	       p[2].p_paddr == 4 * GB && p[2].p_vaddr == 4 * GB &&
	       p[2].p_memsz == HIGH && p[1].p_offset % 4096 == 0,
	       "segments are memory, where the guest has it");
	tap_ok(p[1].p_offset + LOW == p[2].p_offset &&
	       p[2].p_offset + HIGH == size &&
	       !memcmp(data + p[1].p_offset, memory, LOW + HIGH),
	       "and have what it has");
	tap_ok(taken < 200 * 1024, "what is zero takes no room: %llu KiB",
	       taken / 1024);
	found = note(&p[0], "CORE", NT_PRSTATUS, 1, sizeof(status));
	if (found)
		memcpy(&status, found, sizeof(status));
	u = (const struct user_regs_struct *)&status.pr_reg;
	tap_ok(found && status.pr_pid == 2 && u->rip == cpus[1].regs.rip &&
	       u->rsp == cpus[1].regs.rsp && u->r15 == cpus[1].regs.r15 &&
	       u->rax == cpus[1].regs.rax && u->eflags == cpus[1].regs.rflags &&
	       u->cs == 0x11 && u->fs_base == 0xf5001 && u->gs_base == 0x65001,
	       "a vCPU is a thread");
	found = note(&p[0], CORE_NOTE_NAME, CORE_NOTE_REGS, 1, sizeof(back));
	tap_ok(found && !memcmp(found, &cpus[1], sizeof(back)),
	       "with all of its registers beside");
	tap_ok(note(&p[0], "CORE", NT_PRSTATUS, 0, sizeof(status)) &&
	       !note(&p[0], "CORE", NT_PRSTATUS, 2, sizeof(status)),
	       "as many as there are");
	munmap((void *)data, size);
	munmap((void *)memory, LOW + HIGH);
	close(fd);
	close(core.memory);
}

static bool enough(void)
{
	return true;
}

static bool refused(const struct verb_memory *m, int memory)
{
	struct verb_regs cpu = registers(0);
	struct core core = {
		.cpus = &cpu, .nr_cpus = 1, .ranges = m, .memory = memory,
	};

	return written(&core) < 0 && err.code == VMCTL_FAILED;
}

static void test_refusals(void)
{
	struct verb_regs cpu = registers(0);
	int memory = object(), full = open("/dev/full", O_WRONLY);
	struct core core = {
		.cpus = &cpu, .nr_cpus = 1, .ranges = &two, .memory = memory,
		.stop = enough,
	};
	struct verb_memory m = two;

	tap_ok(written(&core) < 0 && !strcmp(err.text, "interrupted"),
	       "who is told to stop does");
	core.stop = NULL;
	tap_ok(core_write(&core, full, &err) && strstr(err.text, "No space"),
	       "a full disk: %s", err.text);
	m.count = 0;
	tap_ok(refused(&m, memory), "no memory");
	m.count = 3;
	tap_ok(refused(&m, memory), "more ranges than there can be");
	m = two;
	m.range[1].offset += 4096;
	tap_ok(refused(&m, memory), "ranges that do not follow each other");
	m = two;
	m.range[1].size = ~4095ULL;
	tap_ok(refused(&m, memory), "sizes beyond all");
	m.range[1].size = 4097;
	tap_ok(refused(&m, memory), "and half pages");
	close(memory);
	close(full);
}

int main(void)
{
	test_whole();
	test_refusals();
	return tap_done();
}
