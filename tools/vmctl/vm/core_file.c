// SPDX-License-Identifier: GPL-2.0
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/procfs.h>
#include <sys/user.h>
#include <unistd.h>

#include "vm/core_file.h"

#define PAGE		4096
#define WINDOW		(64 << 20)	/* of memory, mapped at once */
#define ALIGN4(n)	(((n) + 3) & ~3UL)

/** struct note - one, with its owner's name in the room that is kept for it */
struct note {
	Elf64_Nhdr head;
	char name[8];
};

#define PRSTATUS_SIZE	(sizeof(struct note) + ALIGN4(sizeof(struct elf_prstatus)))
#define REGS_SIZE	(sizeof(struct note) + ALIGN4(sizeof(struct verb_regs)))

/** struct head - the file up to the memory */
struct head {
	size_t notes_at, notes_size, size;
	char *data;
};

static int failed(struct err *err)
{
	return err_set(err, VMCTL_FAILED, "cannot write: %s", strerror(errno));
}

static int write_at(int fd, const void *data, size_t len, uint64_t at,
		    struct err *err)
{
	const char *from = data;
	ssize_t n;

	while (len) {
		n = pwrite(fd, from, len, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return failed(err);
		from += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/* ---- the head ---------------------------------------------------------------------- */

static void put_note(char **to, const char *name, unsigned int type,
		     const void *desc, size_t size)
{
	struct note note = {
		.head = {
			.n_namesz = (Elf64_Word)strlen(name) + 1,
			.n_descsz = (Elf64_Word)size,
			.n_type = type,
		},
	};

	strcpy(note.name, name);
	/* the name is padded to four bytes, not to its room */
	memcpy(*to, &note.head, sizeof(note.head));
	*to += sizeof(note.head);
	memcpy(*to, note.name, ALIGN4(note.head.n_namesz));
	*to += ALIGN4(note.head.n_namesz);
	memcpy(*to, desc, size);
	*to += ALIGN4(size);
}

static void put_registers(struct user_regs_struct *u, const struct verb_regs *r)
{
	*u = (struct user_regs_struct){
		.r15 = r->regs.r15, .r14 = r->regs.r14, .r13 = r->regs.r13,
		.r12 = r->regs.r12, .rbp = r->regs.rbp, .rbx = r->regs.rbx,
		.r11 = r->regs.r11, .r10 = r->regs.r10, .r9 = r->regs.r9,
		.r8 = r->regs.r8, .rax = r->regs.rax, .rcx = r->regs.rcx,
		.rdx = r->regs.rdx, .rsi = r->regs.rsi, .rdi = r->regs.rdi,
		.orig_rax = UINT64_MAX, .rip = r->regs.rip,
		.eflags = r->regs.rflags, .rsp = r->regs.rsp,
		.cs = r->sregs.cs.selector, .ss = r->sregs.ss.selector,
		.ds = r->sregs.ds.selector, .es = r->sregs.es.selector,
		.fs = r->sregs.fs.selector, .gs = r->sregs.gs.selector,
		.fs_base = r->sregs.fs.base, .gs_base = r->sregs.gs.base,
	};
}

static char *put_cpu(char *to, const struct verb_regs *r, unsigned int id)
{
	struct elf_prstatus status = { .pr_pid = (pid_t)id + 1 };

	_Static_assert(sizeof(status.pr_reg) == sizeof(struct user_regs_struct),
		       "a core file of this architecture");
	put_registers((struct user_regs_struct *)&status.pr_reg, r);
	put_note(&to, "CORE", NT_PRSTATUS, &status, sizeof(status));
	put_note(&to, CORE_NOTE_NAME, CORE_NOTE_REGS, r, sizeof(*r));
	return to;
}

static void put_segments(const struct core *core, const struct head *h,
			 Elf64_Phdr *p)
{
	const struct verb_range *r = core->ranges->range;
	unsigned int i;

	*p++ = (Elf64_Phdr){
		.p_type = PT_NOTE, .p_offset = h->notes_at,
		.p_filesz = h->notes_size, .p_align = 4,
	};
	for (i = 0; i < core->ranges->count; i++, r++)
		*p++ = (Elf64_Phdr){
			.p_type = PT_LOAD, .p_flags = PF_R | PF_W | PF_X,
			.p_offset = h->size + r->offset, .p_vaddr = r->gpa,
			.p_paddr = r->gpa, .p_filesz = r->size,
			.p_memsz = r->size, .p_align = PAGE,
		};
}

static void put_elf(const struct core *core, Elf64_Ehdr *e)
{
	*e = (Elf64_Ehdr){
		.e_ident = {
			ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			ELFDATA2LSB, EV_CURRENT,
		},
		.e_type = ET_CORE, .e_machine = EM_X86_64,
		.e_version = EV_CURRENT, .e_phoff = sizeof(*e),
		.e_ehsize = sizeof(*e), .e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (Elf64_Half)(1 + core->ranges->count),
	};
}

static int make_head(const struct core *core, struct head *h, struct err *err)
{
	size_t room;
	unsigned int i;
	char *to;

	h->notes_at = sizeof(Elf64_Ehdr) +
		      (1 + core->ranges->count) * sizeof(Elf64_Phdr);
	room = h->notes_at + core->nr_cpus * (PRSTATUS_SIZE + REGS_SIZE);
	h->size = (room + PAGE - 1) & ~(PAGE - 1UL);
	h->data = calloc(1, h->size);
	if (!h->data)
		return err_set(err, VMCTL_FAILED, "out of memory");
	to = h->data + h->notes_at;
	for (i = 0; i < core->nr_cpus; i++)
		to = put_cpu(to, &core->cpus[i], i);
	h->notes_size = (size_t)(to - h->data) - h->notes_at;
	put_elf(core, (Elf64_Ehdr *)h->data);
	put_segments(core, h, (Elf64_Phdr *)(h->data + sizeof(Elf64_Ehdr)));
	return 0;
}

/* ---- the memory ----------------------------------------------------------------------- */

static bool is_zero(const char *page)
{
	return !*page && !memcmp(page, page + 1, PAGE - 1);
}

/* Copies @size bytes of @from that are not zero to offset @at. */
static int copy_pages(int fd, const char *from, size_t size, uint64_t at,
		      struct err *err)
{
	size_t first = 0, next;

	while (first < size) {
		if (is_zero(from + first)) {
			first += PAGE;
			continue;
		}
		for (next = first + PAGE; next < size; next += PAGE)
			if (is_zero(from + next))
				break;
		if (write_at(fd, from + first, next - first, at + first, err))
			return -1;
		first = next;
	}
	return 0;
}

static int copy_window(const struct core *core, int fd, uint64_t at,
		       size_t size, uint64_t head, struct err *err)
{
	void *from = mmap(NULL, size, PROT_READ, MAP_SHARED | MAP_NORESERVE,
			  core->memory, (off_t)at);
	int ret;

	if (from == MAP_FAILED)
		return err_set(err, VMCTL_FAILED,
			       "cannot map guest memory: %s", strerror(errno));
	ret = copy_pages(fd, from, size, head + at, err);
	munmap(from, size);
	return ret;
}

/* The next place that may be no hole, and where it may be one again. */
static bool next_data(int memory, uint64_t *at, uint64_t *end, uint64_t size)
{
	off_t data = lseek(memory, (off_t)*at, SEEK_DATA), hole;

	if (data < 0 && errno == ENXIO)
		return false;
	/* from one that cannot tell, all is read */
	if (data >= (off_t)*at)
		*at = (uint64_t)data & ~(PAGE - 1UL);
	hole = lseek(memory, (off_t)*at, SEEK_HOLE);
	*end = hole > (off_t)*at ? ((uint64_t)hole + PAGE - 1) & ~(PAGE - 1UL) :
	       size;
	if (*end > size)
		*end = size;
	if (*end > *at + WINDOW)
		*end = *at + WINDOW;
	return *at < size;
}

static int copy_memory(const struct core *core, int fd, uint64_t head,
		       uint64_t size, struct err *err)
{
	uint64_t at = 0, end;

	while (at < size && next_data(core->memory, &at, &end, size)) {
		if (core->stop && core->stop())
			return err_set(err, VMCTL_FAILED, "interrupted");
		if (copy_window(core, fd, at, end - at, head, err))
			return -1;
		at = end;
	}
	return ftruncate(fd, (off_t)(head + size)) ? failed(err) : 0;
}

/* Whether what the machine tells of its memory is what core files are made of. */
static int check(const struct verb_memory *m, uint64_t *size, struct err *err)
{
	unsigned int i;

	*size = 0;
	for (i = 0; i < m->count && i < VERB_RANGES; i++) {
		if (m->range[i].offset != *size || !m->range[i].size ||
		    (m->range[i].size | m->range[i].gpa) % PAGE ||
		    m->range[i].size > 1ULL << 52)
			break;
		*size += m->range[i].size;
	}
	return i == m->count && i ? 0 :
	       err_set(err, VMCTL_FAILED, "memory of a shape that is unknown");
}

int core_write(const struct core *core, int fd, struct err *err)
{
	struct head h = {};
	uint64_t size;
	int ret;

	if (check(core->ranges, &size, err) || make_head(core, &h, err))
		return -1;
	ret = write_at(fd, h.data, h.size, 0, err) ||
	      copy_memory(core, fd, h.size, size, err) ? -1 : 0;
	free(h.data);
	return ret;
}
