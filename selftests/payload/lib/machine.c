// SPDX-License-Identifier: GPL-2.0
/* machine.c: Multiboot information, command line, memory. Tables: tables.c. */
#include "machine.h"
#include "test.h"

#define MB_MAGIC	0x2badb002
#define MB_MEMORY	BIT(0)
#define MB_CMDLINE	BIT(2)
#define MB_MODULES	BIT(3)

struct mb_info {
	u32 flags, mem_lower, mem_upper, boot_device, cmdline;
	u32 mods_count, mods_addr;
};
struct mb_module { u32 start, end, string, pad; };

extern u8 image_end[];
struct machine machine;
static u64 heap;

void machine_init(u32 magic, u32 info)
{
	const struct mb_info *mb = (void *)(u64)info;
	const struct mb_module *mod = (void *)(u64)mb->mods_addr;

	machine.multiboot = magic == MB_MAGIC;
	machine.ram_end = MIB(16);
	heap = MIB(8);
	if (!machine.multiboot)
		return;
	if (mb->flags & MB_MEMORY)
		machine.ram_end = MIB(1) + KIB(mb->mem_upper);
	if (mb->flags & MB_CMDLINE && mb->cmdline) {
		const char *line = (char *)(u64)mb->cmdline;

		for (u32 i = 0; i < sizeof(machine.cmdline) - 1 && line[i]; i++)
			machine.cmdline[i] = line[i];
	}
	if (mb->flags & MB_MODULES && mb->mods_count) {
		machine.module = mod->start;
		machine.module_end = mod->end;
		for (u32 i = 0; i < mb->mods_count; i++)
			if (mod[i].end > heap)
				heap = mod[i].end;
	}
}

void *alloc_aligned(u64 size, u64 align)
{
	u64 p = (heap + align - 1) & ~(align - 1);

	if (p + size > machine.ram_end) {
		check(false, "out of memory: %lu bytes at 0x%lx", size, p);
		exit(1);
	}
	heap = p + size;
	return memset((void *)p, 0, size);
}

void *alloc_pages(u32 count)
{
	return alloc_aligned(count * PAGE_SIZE, PAGE_SIZE);
}

/* Words are separated by blanks; the first may be the image's own name. */
static const char *find_word(const char *word, size_t n)
{
	for (const char *s = machine.cmdline; *s; s++) {
		while (*s == ' ')
			s++;
		if (!strncmp(s, word, n))
			return s;
		while (s[1] && *s != ' ')
			s++;
	}
	return NULL;
}

bool arg_has(const char *word)
{
	const char *s = machine.cmdline;
	size_t n = strlen(word);

	while (*s) {
		while (*s == ' ')
			s++;
		if (!strncmp(s, word, n) && (s[n] == ' ' || !s[n]))
			return true;
		while (*s && *s != ' ')
			s++;
	}
	return false;
}

u64 arg_u64(const char *key, u64 def)
{
	size_t n = strlen(key);
	const char *s = find_word(key, n);
	u64 v = 0;

	if (!s || s[n] != '=')
		return def;
	for (s += n + 1; *s >= '0' && *s <= '9'; s++)
		v = v * 10 + *s - '0';
	return v;
}
