// SPDX-License-Identifier: GPL-2.0
/*
 * opcodes.c: every opcode of the one- and two-byte maps (and 0F 38, 0F 3A),
 * each with some prefixes, those of a group with all extensions, at CPL 3 with its memory
 * operand aimed at MMIO that nobody claims. Each must complete or raise an
 * exception that an instruction can raise. The same is done on RAM that reads
 * alike; where the outcome differs a note says so, since a monitor may refuse
 * what makes no sense on a device, by a fault or, in words, by stopping the VM.
 */
#include "machine.h"
#include "paging.h"
#include "test.h"
#include "trap.h"

#define HOLE		arg_u64("hole", 0xd0000000)
#define SLIDE		192	/* NOPs on both sides, for short branches */

static u8 *code;
static u64 ram_va, mmio_va;
static u8 *ram;
static u32 total, differ, illegal, completed;

/* In: what the operand is; out (by the trap at the slide's end): RAX. */
static u64 user_op(void *operand)
{
	register u8 *start asm("r8") = user_ptr(code + SLIDE);

	asm volatile("fninit; mov $0x11223344, %%eax; mov $2, %%ecx; mov $0x55667788, %%edx;"
		     "mov %%rdi, %%rbx; mov %%rdi, %%rsi; mov %%rdi, %%rbp; jmp *%1"
		     :: "D"(operand), "r"(start)
		     : "rax", "rbx", "rcx", "rdx", "rsi", "memory");
	__builtin_unreachable();
}

static bool legitimate(int vector)
{
	static const u32 ok = 1 << DE | 1 << DB | 1 << BP | 1 << OF | 1 << BR | 1 << UD | 1 << NM |
			      1 << NP | 1 << SS | 1 << GP | 1 << PF | 1 << MF | 1 << AC | 1 << XM;

	return vector == NO_EXCEPTION || (vector < 32 && ok >> vector & 1);
}

static struct exc run(const u8 *bytes, u32 n, u64 operand, u64 *result)
{
	static const u32 mxcsr = 0x1f80;
	struct exc e;

	memset(code, 0x90, 2 * SLIDE);
	memcpy(code + SLIDE, bytes, n);
	code[2 * SLIDE] = 0xcd;		/* int $0x81: the way back */
	code[2 * SLIDE + 1] = 0x81;
	*result = 0;
	e = user_call(user_op, (void *)operand, result);
	asm volatile("cld; fninit; ldmxcsr %0; mov %w1, %%fs; mov %w1, %%gs"
		     :: "m"(mxcsr), "r"(0));
	return e;
}

static void one(const u8 *bytes, u32 n)
{
	u8 fill = *(volatile u8 *)HOLE;
	u64 a, b;
	struct exc on_ram, on_mmio;

	memset(ram, fill, PAGE_SIZE);
	on_ram = run(bytes, n, ram_va + 0x800, &a);
	if (arg_has("trace"))
		note("%02x %02x %02x %02x %02x", bytes[0], bytes[1], bytes[2], bytes[3], bytes[4]);
	on_mmio = run(bytes, n, mmio_va + 0x800, &b);
	total++;
	completed += on_mmio.vector == NO_EXCEPTION;
	if (!legitimate(on_mmio.vector) && illegal++ < 20)
		note("vector %d of %02x %02x %02x %02x %02x", on_mmio.vector,
		     bytes[0], bytes[1], bytes[2], bytes[3], bytes[4]);
	/* Addresses in RAX, clocks and the like may differ; exceptions tell more. */
	if (on_ram.vector != on_mmio.vector && differ++ < 40)
		note("RAM %d, MMIO %d: %02x %02x %02x %02x %02x", on_ram.vector, on_mmio.vector,
		     bytes[0], bytes[1], bytes[2], bytes[3], bytes[4]);
}

/* Does the register field of ModRM choose the instruction? */
static bool is_group(u8 op, u32 n_escape)
{
	static const u8 one[] = { 0x80, 0x81, 0x82, 0x83, 0x8f, 0xc0, 0xc1, 0xc6, 0xc7, 0xd0, 0xd1,
				  0xd2, 0xd3, 0xf6, 0xf7, 0xfe, 0xff };
	static const u8 two[] = { 0x00, 0x01, 0x0d, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f,
				  0x71, 0x72, 0x73, 0xae, 0xb9, 0xba, 0xc7 };
	const u8 *list = n_escape ? two : one;
	u32 n = n_escape ? ARRAY_SIZE(two) : ARRAY_SIZE(one);

	if (n_escape == 2)
		return false;
	if (!n_escape && op >= 0xd8 && op <= 0xdf)	/* x87 */
		return true;
	for (u32 i = 0; i < n; i++)
		if (list[i] == op)
			return true;
	return false;
}

static void map_of(const u8 *escape, u32 n_escape)
{
	static const u8 prefixes[][2] = { { 0, 0 }, { 1, 0x66 }, { 1, 0xf2 }, { 1, 0xf3 }, { 1, 0x48 } };

	if (!code) {
		code = alloc_pages(1);
		ram = alloc_pages(1);
		ram_va = TEST_BASE + GIB(6);
		mmio_va = ram_va + MIB(2);
		map(ram_va, (u64)ram, PTE_P | PTE_W | PTE_U, 1);
		map(mmio_va, HOLE, PTE_P | PTE_W | PTE_U | PTE_PCD, 1);
	}
	total = differ = illegal = completed = 0;
	for (u32 op = arg_u64("from", 0); op < 256; op++) {
		if (op >= arg_u64("avoid", 256) && op <= arg_u64("avoid-to", arg_u64("avoid", 256)))
			continue;
		for (u32 k = 0; k < ARRAY_SIZE(prefixes) * 8; k++) {
			const u8 *p = prefixes[k / 8];
			u8 bytes[8] = { 0 };
			u32 n = 0;

			if (k % 8 && k % 8 != 5 && !is_group(op, n_escape))
				continue;
			if (p[0])
				bytes[n++] = p[1];
			for (u32 i = 0; i < n_escape; i++)
				bytes[n++] = escape[i];
			bytes[n++] = op;
			bytes[n++] = (k % 8) << 3 | 7;		/* (%rdi) */
			one(bytes, n);
		}
	}
	check(completed || n_escape == 2, "some complete");
	check_eq(illegal, 0, "nothing raises what no instruction can");
	note("%u forms, %u complete, %u end differently on RAM", total, completed, differ);
}

static void one_byte(void)
{
	map_of(NULL, 0);
}

static void two_byte(void)
{
	static const u8 e[] = { 0x0f };

	map_of(e, 1);
}

static void map_38(void)
{
	static const u8 e[] = { 0x0f, 0x38 };

	map_of(e, 2);
}

static void map_3a(void)
{
	static const u8 e[] = { 0x0f, 0x3a };

	map_of(e, 2);
}

const struct test tests[] = {
	{ "one-byte", one_byte, false },
	{ "two-byte", two_byte, false },
	{ "map-38", map_38, false },
	{ "map-3a", map_3a, false },
	{}
};
