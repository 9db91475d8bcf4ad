/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The smallest kernel files that are good: a bzImage, an ELF file with a PVH
 * note, a flat Multiboot image and an ELF one.  Each *_make() writes its file
 * anew, for a test to spoil.
 */
#ifndef VMCTL_TEST_SAMPLES_H
#define VMCTL_TEST_SAMPLES_H

#include <asm/bootparam.h>
#include <elf.h>
#include <string.h>

#include "lib/bytes.h"

#define SETUP		1024
#define PAYLOAD		8192
#define KERNEL_AT	0x1000000

static uint8_t bz[SETUP + PAYLOAD];

static struct setup_header *bz_header(void)
{
	return (struct setup_header *)(bz + 0x1f1);
}

static void bz_make(void)
{
	struct setup_header *h = bz_header();

	memset(bz, 0, SETUP);
	memset(bz + SETUP, 0xc3, PAYLOAD);
	h->setup_sects = 1;
	h->syssize = PAYLOAD / 16;
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
	h->pref_address = KERNEL_AT;
	h->init_size = 0x100000;
}

#define ELF_AT		0x200000
#define NOTE_OFF	0x400
#define TEXT_OFF	0x1000
#define TEXT_LEN	0x1000

static uint8_t elf64[TEXT_OFF + TEXT_LEN];

static Elf64_Ehdr *elf_header(void)
{
	return (Elf64_Ehdr *)elf64;
}

static Elf64_Phdr *elf_phdr(unsigned int i)
{
	return (Elf64_Phdr *)(elf64 + sizeof(Elf64_Ehdr)) + i;
}

static void elf_make(void)
{
	Elf64_Ehdr *h = elf_header();
	uint8_t *note = elf64 + NOTE_OFF;

	memset(elf64, 0, sizeof(elf64));
	memcpy(h->e_ident, ELFMAG, SELFMAG);
	h->e_ident[EI_CLASS] = ELFCLASS64;
	h->e_ident[EI_DATA] = ELFDATA2LSB;
	h->e_type = ET_EXEC;
	h->e_machine = EM_X86_64;
	h->e_entry = 0xffffffff81000000;
	h->e_phoff = sizeof(*h);
	h->e_phentsize = sizeof(Elf64_Phdr);
	h->e_phnum = 2;
	*elf_phdr(0) = (Elf64_Phdr){
		.p_type = PT_LOAD, .p_offset = TEXT_OFF,
		.p_vaddr = 0xffffffff81000000, .p_paddr = ELF_AT,
		.p_filesz = TEXT_LEN, .p_memsz = 0x5000,
	};
	*elf_phdr(1) = (Elf64_Phdr){
		.p_type = PT_NOTE, .p_offset = NOTE_OFF, .p_filesz = 40,
	};
	/* another note of that name first */
	put32(note, 4);
	put32(note + 4, 0);
	put32(note + 8, 5);
	memcpy(note + 12, "Xen", 4);
	put32(note + 16, 4);
	put32(note + 20, 8);
	put32(note + 24, 18);
	memcpy(note + 28, "Xen", 4);
	put64(note + 32, ELF_AT + 0x40);
}

static uint8_t mb[0x4000];

static void mb_put(size_t off, uint32_t flags)
{
	put32(mb + off, 0x1badb002);
	put32(mb + off + 4, flags);
	put32(mb + off + 8, -(0x1badb002 + flags));
}

/* A flat image, the header at 0x100, loaded at 1 MiB. */
static void mb_make(void)
{
	memset(mb, 0, sizeof(mb));
	mb_put(0x100, 0x10003);
	put32(mb + 0x10c, 0x100100);
	put32(mb + 0x110, 0x100000);
	put32(mb + 0x114, 0x102000);
	put32(mb + 0x118, 0x105000);
	put32(mb + 0x11c, 0x100200);
}

/* An ELF file instead: the tests of PVH made it; its note is not needed. */
static void mb_make_elf(unsigned int class)
{
	Elf32_Ehdr *h = (Elf32_Ehdr *)mb;
	Elf32_Phdr *p = (Elf32_Phdr *)(mb + sizeof(*h));

	memset(mb, 0, sizeof(mb));
	if (class == ELFCLASS64) {
		elf_make();
		memcpy(mb, elf64, sizeof(elf64));
	} else {
		memcpy(h->e_ident, ELFMAG, SELFMAG);
		h->e_ident[EI_CLASS] = ELFCLASS32;
		h->e_ident[EI_DATA] = ELFDATA2LSB;
		h->e_type = ET_EXEC;
		h->e_machine = EM_386;
		h->e_entry = 0xc0200010;
		h->e_phoff = sizeof(*h);
		h->e_phentsize = sizeof(*p);
		h->e_phnum = 1;
		*p = (Elf32_Phdr){
			.p_type = PT_LOAD, .p_offset = 0x1000,
			.p_vaddr = 0xc0200000, .p_paddr = ELF_AT,
			.p_filesz = 0x1000, .p_memsz = 0x3000,
		};
	}
	mb_put(0x800, 0);
}

#endif
