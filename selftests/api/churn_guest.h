/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest that writes and verifies pages without end, for tests that do to its memory
 * meanwhile what can be done to it.
 *
 * Each 32-bit word of a page tells its page, its place there, and its generation: who
 * has written it, and a number that he gives to no other content.  Who writes does so in
 * order, so that a page which was frozen or returned in between is a sequence of such
 * words all the same.  Loosely, a page is right if all of its words are such, or 0.
 * What was lost shows in a strict look: gens[] has each page's generation, 0 of one
 * that was never written, and all words must be of that.
 *
 * A return or discard of a guest that runs can take what is being written.  The host has
 * an odd number in epoch while there is one, and counts on when it is over.  A writer
 * notes in sure[] the epoch that it began in: a page is looked at strictly if that is
 * still the same, and even.  Where the host knows what it does to pages it stops all
 * writers between two pages (stop, a number for each time, which they show in ack), and
 * brings gens[] and sure[] in line.
 *
 * The arrays and all of this are in memory that nobody freezes.
 */
#ifndef CHURN_GUEST_H
#define CHURN_GUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "vmmtest.h"

#define CG_MAX_PAGES	16384U
#define CG_WORDS	1024U
#define CG_MUL		0x9e3779b1	/* of generations; odd, */
#define CG_INV		0x0e8b2f51	/* so that this one undoes it */
#define CG_GEN_BITS	28
#define CG_NEVER	0xffffffffU	/* in sure[]: only loosely */

struct cg_mail {
	uint32_t stop, epoch, pages, writers;
	uint32_t bad, bad_page, bad_at, bad_word, bad_want;
};

struct cg_writer {
	uint32_t ack, number, who, first, rounds, random, strict, loose;
};

#define CG_MAIL		0x3000
#define CG_WRITER	0x3100	/* the first; 32 bytes each */
#define CG_GENS		0x100000
#define CG_SURE		0x110000
#define CG_RAM		(2 * VT_MB)
#define CG_DATA		0x1000000

#define CG_STR(x)	#x
#define CG_X(x)		CG_STR(x)

/* ebp: its struct cg_writer; ebx: the page. */
VT_BLOB(cg_code,
	"sti\n"
	"mov 12(%ebp), %ebx\n"
	/* Between two pages. */
	"1: mov " CG_X(CG_MAIL) ", %eax\n"
	"test %eax, %eax\n"
	"jz 3f\n"
	"2: mov %eax, (%ebp)\n"
	"pause\n"
	"mov " CG_X(CG_MAIL) ", %eax\n"
	"test %eax, %eax\n"
	"jnz 2b\n"
	"3: mov %ebx, %edi\n"
	"shl $12, %edi\n"
	"add $" CG_X(CG_DATA) ", %edi\n"
	"mov %ebx, %esi\n"
	"shl $10, %esi\n"
	"mov " CG_X(CG_MAIL) "+4, %edx\n"
	"test $1, %dl\n"
	"jnz 7f\n"
	"cmp " CG_X(CG_SURE) "(,%ebx,4), %edx\n"
	"jne 7f\n"
	/* A strict look. */
	"mov " CG_X(CG_GENS) "(,%ebx,4), %ecx\n"
	"test %ecx, %ecx\n"
	"jz 5f\n"
	"imul $" CG_X(CG_MUL) ", %ecx, %ecx\n"
	"4: mov %esi, %eax\n"
	"xor %ecx, %eax\n"
	"cmp %eax, (%edi)\n"
	"jne 6f\n"
	"add $4, %edi\n"
	"inc %esi\n"
	"test $1023, %esi\n"
	"jnz 4b\n"
	"incl 24(%ebp)\n"
	"jmp 10f\n"
	"5: xor %eax, %eax\n"
	"cmp %eax, (%edi)\n"
	"jne 6f\n"
	"add $4, %edi\n"
	"inc %esi\n"
	"test $1023, %esi\n"
	"jnz 5b\n"
	"incl 24(%ebp)\n"
	"jmp 10f\n"
	/* Another word than %eax: wrong, if nothing has been done to the page. */
	"6: cmp " CG_X(CG_MAIL) "+4, %edx\n"
	"je 12f\n"
	/* A loose look. */
	"7: mov %ebx, %edi\n"
	"shl $12, %edi\n"
	"add $" CG_X(CG_DATA) ", %edi\n"
	"mov %ebx, %esi\n"
	"shl $10, %esi\n"
	"8: mov (%edi), %eax\n"
	"test %eax, %eax\n"
	"jz 9f\n"
	"xor %esi, %eax\n"
	"imul $" CG_X(CG_INV) ", %eax, %eax\n"
	"shr $" CG_X(CG_GEN_BITS) ", %eax\n"
	"jnz 12f\n"
	"9: add $4, %edi\n"
	"inc %esi\n"
	"test $1023, %esi\n"
	"jnz 8b\n"
	"incl 28(%ebp)\n"
	/* Every fourth time a new generation. */
	"10: mov 20(%ebp), %eax\n"
	"imul $1664525, %eax, %eax\n"
	"add $1013904223, %eax\n"
	"mov %eax, 20(%ebp)\n"
	"test $0xc0000000, %eax\n"
	"jnz 11f\n"
	"mov " CG_X(CG_MAIL) "+4, %eax\n"
	"mov %eax, " CG_X(CG_SURE) "(,%ebx,4)\n"
	"mov 4(%ebp), %ecx\n"
	"add $0x100, %ecx\n"
	"and $0xfffff00, %ecx\n"
	"mov %ecx, 4(%ebp)\n"
	"or 8(%ebp), %ecx\n"
	"mov %ecx, %edx\n"
	"imul $" CG_X(CG_MUL) ", %ecx, %ecx\n"
	"mov %ebx, %edi\n"
	"shl $12, %edi\n"
	"add $" CG_X(CG_DATA) ", %edi\n"
	"mov %ebx, %esi\n"
	"shl $10, %esi\n"
	"13: mov %esi, %eax\n"
	"xor %ecx, %eax\n"
	"mov %eax, (%edi)\n"
	"add $4, %edi\n"
	"inc %esi\n"
	"test $1023, %esi\n"
	"jnz 13b\n"
	"mov %edx, " CG_X(CG_GENS) "(,%ebx,4)\n"
	"11: add " CG_X(CG_MAIL) "+12, %ebx\n"
	"cmp " CG_X(CG_MAIL) "+8, %ebx\n"
	"jb 1b\n"
	"mov 12(%ebp), %ebx\n"
	"incl 16(%ebp)\n"
	"jmp 1b\n"
	/* Tells, and ends. */
	"12: mov %ebx, " CG_X(CG_MAIL) "+20\n"
	"mov %edi, " CG_X(CG_MAIL) "+24\n"
	"mov %eax, " CG_X(CG_MAIL) "+32\n"
	"mov (%edi), %eax\n"
	"mov %eax, " CG_X(CG_MAIL) "+28\n"
	"movl $1, " CG_X(CG_MAIL) "+16\n"
	"14: out %al, $0x80\n"
	"jmp 14b");

static inline uint32_t cg_word(uint32_t gen, unsigned int page, unsigned int i)
{
	return gen ? gen * CG_MUL ^ (page << 10 | i) : 0;
}

/* The first word that does not fit, or CG_WORDS. */
VT_UNUSED static unsigned int cg_wrong_loosely(const volatile uint32_t *word,
					       unsigned int page)
{
	unsigned int i;
	uint32_t w;

	for (i = 0; i < CG_WORDS; i++) {
		w = word[i];
		if (w && ((w ^ (page << 10 | i)) * CG_INV) >> CG_GEN_BITS)
			break;
	}
	return i;
}

VT_UNUSED static unsigned int cg_wrong(const volatile uint32_t *word,
				       unsigned int page, uint32_t gen)
{
	unsigned int i = 0;

	while (i < CG_WORDS && word[i] == cg_word(gen, page, i))
		i++;
	return i;
}

static inline volatile struct cg_mail *cg_mail(struct vt *t)
{
	return (volatile void *)(t->ram + CG_MAIL);
}

static inline volatile struct cg_writer *cg_writer(struct vt *t, unsigned int n)
{
	return (volatile struct cg_writer *)(t->ram + CG_WRITER) + n;
}

static inline volatile uint32_t *cg_gens(struct vt *t)
{
	return (volatile uint32_t *)(t->ram + CG_GENS);
}

static inline volatile uint32_t *cg_sure(struct vt *t)
{
	return (volatile uint32_t *)(t->ram + CG_SURE);
}

/*
 * One page's turn of a writer of the host's, @data is the guest's memory as mapped.
 * False: the page is wrong, and the guest's mail says how.
 */
VT_UNUSED static bool cg_turn(struct vt *t, volatile struct cg_writer *w,
			      volatile uint32_t *data, unsigned int page)
{
	volatile struct cg_mail *mail = cg_mail(t);
	volatile uint32_t *word = data + page * CG_WORDS;
	uint32_t epoch = mail->epoch, gen = 0;
	unsigned int i = CG_WORDS;

	if (!(epoch & 1) && cg_sure(t)[page] == epoch) {
		gen = cg_gens(t)[page];
		i = cg_wrong(word, page, gen);
		w->strict++;
		if (i < CG_WORDS && mail->epoch == epoch)
			goto bad;
	}
	i = cg_wrong_loosely(word, page);
	if (i < CG_WORDS)
		goto bad;
	w->loose++;
	w->random = w->random * 1664525 + 1013904223;
	if (w->random & 0xc0000000)
		return true;
	cg_sure(t)[page] = mail->epoch;
	w->number = (w->number + 0x100) & 0xfffff00;
	gen = w->number | w->who;
	for (i = 0; i < CG_WORDS; i++)
		word[i] = cg_word(gen, page, i);
	cg_gens(t)[page] = gen;
	return true;
bad:
	mail->bad_page = page;
	mail->bad_at = CG_DATA + page * VT_PAGE + 4 * i;
	mail->bad_word = word[i];
	mail->bad_want = cg_word(gen, page, i);
	mail->bad = 1;
	return false;
}

/* Writer @n of @t begins at a page of its own. */
VT_UNUSED static void cg_init_writer(struct vt *t, unsigned int n, uint8_t who,
				     uint32_t number)
{
	volatile struct cg_writer *w = cg_writer(t, n);

	w->first = n;
	w->who = who;
	w->number = number & 0xfffff00;
	w->random = number * 2654435761U + n;
}

/* vCPU @n is a writer. */
VT_UNUSED static void cg_start(struct vt *t, unsigned int n)
{
	struct vmm_regs regs;

	if (ioctl(t->cpu[n], VMM_VCPU_GET_REGS, &regs))
		vt_bail("registers");
	regs.rbp = CG_WRITER + n * sizeof(struct cg_writer);
	if (ioctl(t->cpu[n], VMM_VCPU_SET_REGS, &regs))
		vt_bail("registers");
}

#endif
