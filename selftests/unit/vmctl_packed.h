/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A bzImage with a kernel in it, in any of the formats: two segments, a word
 * of each kind to relocate, and the table for it.  Each part can be changed
 * between packed_kernel() and packed_seal().
 */
#ifndef VMCTL_TEST_PACKED_H
#define VMCTL_TEST_PACKED_H

#include <asm/bootparam.h>
#include <elf.h>
#include <lz4.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "boot/bzimage.h"
#include "lib/bytes.h"
#include "lib/size.h"

#define PK_SETUP	1024
#define PK_PAYLOAD_AT	0x300		/* from the code's start */
#define PK_BASE		0x1000000ULL
#define PK_MAP		0xffffffff80000000ULL
#define PK_TEXT		0x1000		/* in the file */
#define PK_DATA		0x3000
#define PK_END		0x5000
#define PK_DATA_AT	(PK_BASE + 0x200000)
#define PK_TABLE	(PK_END + 2 * sizeof(Elf64_Shdr))
#define PK_INIT_SIZE	0x400000

/* Where the words are, and what they hold as they are linked. */
#define PK_WORD32	(PK_BASE + 0x10)
#define PK_MINUS32	(PK_DATA_AT + 0x20)
#define PK_WORD64	(PK_DATA_AT + 0x30)
#define PK_ADDRESS	(PK_MAP + PK_BASE + 0x40)
#define PK_MINUS	0x12345678U

enum packing { PK_XZ, PK_ZSTD, PK_LZ4, PK_GZIP, PK_STORED, PK_FORMATS };

static const char *const pk_names[] = { "XZ", "zstd", "LZ4", "gzip", "none" };

static uint8_t pk_elf[PK_TABLE + 4096];
static size_t pk_elf_len;
static uint8_t pk_file[64 * 1024];
static size_t pk_len;

static struct setup_header *pk_header(void)
{
	return (struct setup_header *)(pk_file + 0x1f1);
}

static Elf64_Ehdr *pk_ehdr(void)
{
	return (Elf64_Ehdr *)pk_elf;
}

static Elf64_Phdr *pk_phdr(unsigned int i)
{
	return (Elf64_Phdr *)(pk_elf + sizeof(Elf64_Ehdr)) + i;
}

static void pk_segment(unsigned int i, uint64_t off, uint64_t paddr,
		       uint64_t memsz)
{
	*pk_phdr(i) = (Elf64_Phdr){
		.p_type = PT_LOAD, .p_offset = off, .p_vaddr = PK_MAP + paddr,
		.p_paddr = paddr, .p_filesz = 0x2000, .p_memsz = memsz,
	};
}

/* The table: @words of them, from its start. */
static void pk_table(const uint32_t *words, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		put32(pk_elf + PK_TABLE + 4 * i, words[i]);
	pk_elf_len = PK_TABLE + 4 * count;
}

static void packed_kernel(void)
{
	const uint32_t words[] = {
		0, (uint32_t)(PK_MAP + PK_WORD64),
		0, (uint32_t)(PK_MAP + PK_MINUS32),
		0, (uint32_t)(PK_MAP + PK_WORD32),
	};
	Elf64_Ehdr *h = pk_ehdr();

	memset(pk_elf, 0, sizeof(pk_elf));
	memcpy(h->e_ident, ELFMAG, SELFMAG);
	h->e_ident[EI_CLASS] = ELFCLASS64;
	h->e_ident[EI_DATA] = ELFDATA2LSB;
	h->e_type = ET_EXEC;
	h->e_machine = EM_X86_64;
	h->e_entry = PK_BASE + 0x80;
	h->e_phoff = sizeof(*h);
	h->e_phentsize = sizeof(Elf64_Phdr);
	h->e_phnum = 2;
	h->e_shoff = PK_END;
	h->e_shentsize = sizeof(Elf64_Shdr);
	h->e_shnum = 2;
	pk_segment(0, PK_TEXT, PK_BASE, 0x2000);
	pk_segment(1, PK_DATA, PK_DATA_AT, 0x5000);
	memset(pk_elf + PK_TEXT, 0xc3, 0x2000);
	put32(pk_elf + PK_TEXT + 0x10, (uint32_t)PK_ADDRESS);
	put32(pk_elf + PK_DATA + 0x20, PK_MINUS);
	put64(pk_elf + PK_DATA + 0x30, PK_ADDRESS);
	pk_table(words, 6);
}

static size_t pk_gzip(uint8_t *to, size_t room)
{
	z_stream z = {
		.next_in = pk_elf, .avail_in = (uInt)pk_elf_len,
		.next_out = to, .avail_out = (uInt)room,
	};

	deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
	deflate(&z, Z_FINISH);
	deflateEnd(&z);
	return z.total_out;
}

static size_t pk_lz4(uint8_t *to, size_t room)
{
	int n = LZ4_compress_default((char *)pk_elf, (char *)to + 8,
				     (int)pk_elf_len, (int)room - 8);

	put32(to, 0x184c2102);
	put32(to + 4, (uint32_t)n);
	return (size_t)n + 8;
}

static size_t pk_pack(enum packing how, uint8_t *to, size_t room)
{
	size_t n = 0;

	switch (how) {
	case PK_XZ:
		lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, pk_elf,
					pk_elf_len, to, &n, room);
		return n;
	case PK_ZSTD:
		return ZSTD_compress(to, room, pk_elf, pk_elf_len, 3);
	case PK_LZ4:
		return pk_lz4(to, room);
	case PK_GZIP:
		return pk_gzip(to, room);
	default:
		memcpy(to, pk_elf, pk_elf_len);
		return pk_elf_len;
	}
}

/* Packs it and puts the rest of the bzImage around it. */
static void packed_seal(enum packing how)
{
	struct setup_header *h = pk_header();
	uint8_t *payload = pk_file + PK_SETUP + PK_PAYLOAD_AT;
	size_t n;

	memset(pk_file, 0, sizeof(pk_file));
	n = pk_pack(how, payload, sizeof(pk_file) - PK_SETUP - 4096);
	if (how != PK_GZIP) {
		put32(payload + n, (uint32_t)pk_elf_len);
		n += 4;
	}
	h->setup_sects = 1;
	h->syssize = (uint32_t)(PK_PAYLOAD_AT + n + 15) / 16;
	h->boot_flag = 0xaa55;
	h->jump = 0x6aeb;
	memcpy(&h->header, "HdrS", 4);
	h->version = 0x20f;
	h->loadflags = LOADED_HIGH;
	h->initrd_addr_max = 0x7fffffff;
	h->kernel_alignment = 0x200000;
	h->relocatable_kernel = 1;
	h->xloadflags = XLF_KERNEL_64;
	h->cmdline_size = 2047;
	h->payload_offset = PK_PAYLOAD_AT;
	h->payload_length = (uint32_t)n;
	h->pref_address = PK_BASE;
	h->init_size = PK_INIT_SIZE;
	pk_len = PK_SETUP + h->syssize * 16;
}

#endif
