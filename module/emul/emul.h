/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The x86 instruction decoder and executor: bytes and callbacks in, effects out.
 *
 * Nouns: an *instruction* (struct emul_insn) is what the decoder makes of
 * bytes; a *context* (struct emul_ctxt) is one vCPU's registers as the executor
 * sees them, its way to the outside (struct emul_ops) and its replay log; a
 * *step* is one instruction, or one iteration of a repeated string instruction.
 *
 * Rules:
 * - Pure code. No lock, no sleep, no allocation, no recursion, every loop
 *   bounded. Nothing here knows what a VM is. The owner of the context
 *   serializes its use; the owner embeds &struct emul_ctxt and finds itself
 *   again with container_of().
 * - A step commits as a whole or not at all: registers, RIP and RFLAGS change
 *   only after the last callback that may fail has succeeded. A step that a
 *   callback aborted runs again from the start, later.
 * - A side effect happens once. Device accesses of an aborted step stay in the
 *   replay log and answer the same access when the step runs again. While
 *   emul_busy() the owner must neither inject an event nor let the guest run;
 *   emul_cancel() drops a step for good (user space has set new registers).
 * - Linear addresses leave this code checked against segment type, limit,
 *   canonical form and alignment. Paging and its protection are the callbacks'.
 */
#ifndef VMM_EMUL_H
#define VMM_EMUL_H

#include <linux/types.h>

#define EMUL_MAX_LEN	15	/* longest instruction */
#define EMUL_LOG_MAX	16	/* device accesses of one step */
#define EMUL_DATA_MAX	32	/* bytes of one memory access */

/** enum emul_mode - how code bytes are read; compatibility mode is PROT16/PROT32 */
enum emul_mode {
	EMUL_MODE_REAL,
	EMUL_MODE_VM86,
	EMUL_MODE_PROT16,
	EMUL_MODE_PROT32,
	EMUL_MODE_LONG64,
};

/**
 * enum emul_rc - what a callback or a whole run comes to
 * @EMUL_OK:	callback: done. Run: instruction executed and committed.
 * @EMUL_CONTINUE: run only: some iterations are committed and more are left,
 *		RIP is on the instruction; look for interrupts, then run again
 *		(or simply enter the guest, which comes back here).
 * @EMUL_EXCEPTION: ctxt->exc is filled in (emul_raise()); nothing committed.
 *		Run: inject it.
 * @EMUL_RETRY_SLEEP: the callback would have to sleep. Nothing committed; run
 *		again with ctxt->may_sleep set.
 * @EMUL_USER:	the access needs user space. Nothing committed; the pending
 *		access is ctxt->log's; once user space has answered call
 *		emul_complete() and run again.
 * @EMUL_POSTED: a store or output has been taken and will be handed to user
 *		space by the owner right after the commit. Legal only for an
 *		access flagged EMUL_ACC_LAST. Run: committed; hand it out.
 *		RIP may still be on a repeated instruction.
 * @EMUL_SINGLE: callback only, for an access flagged EMUL_ACC_BATCH: not plain
 *		memory throughout; nothing was done; ask element by element.
 * @EMUL_STOP:	cannot be emulated: ctxt->fetched and ctxt->stop_why say what.
 */
enum emul_rc {
	EMUL_OK,
	EMUL_CONTINUE,
	EMUL_EXCEPTION,
	EMUL_RETRY_SLEEP,
	EMUL_USER,
	EMUL_POSTED,
	EMUL_SINGLE,
	EMUL_STOP,
};

/* Returned by the decoder, besides 0. */
#define EMUL_DEC_MORE	(-1)	/* the bytes end before the instruction does */
#define EMUL_DEC_LONG	(-2)	/* longer than EMUL_MAX_LEN: #GP(0) */
#define EMUL_DEC_BAD	(-3)	/* no such encoding: #UD */

/* Register numbers, as instructions encode them. */
enum emul_reg {
	EMUL_RAX, EMUL_RCX, EMUL_RDX, EMUL_RBX,
	EMUL_RSP, EMUL_RBP, EMUL_RSI, EMUL_RDI,
	EMUL_R8, EMUL_R9, EMUL_R10, EMUL_R11,
	EMUL_R12, EMUL_R13, EMUL_R14, EMUL_R15,
	EMUL_NR_GPR,
	EMUL_NO_REG = EMUL_NR_GPR,
};

enum emul_segreg {
	EMUL_ES, EMUL_CS, EMUL_SS, EMUL_DS, EMUL_FS, EMUL_GS,
	EMUL_NR_USER_SEG,
	EMUL_LDTR = EMUL_NR_USER_SEG, EMUL_TR,
	EMUL_NR_SEG,
	EMUL_NO_SEG = EMUL_NR_SEG,
};

/* emul_insn.map */
enum emul_map {
	EMUL_MAP_1,		/* one byte */
	EMUL_MAP_0F,
	EMUL_MAP_0F38,
	EMUL_MAP_0F3A,
	EMUL_MAP_MAP5,		/* EVEX only */
	EMUL_MAP_MAP6,
	EMUL_MAP_XOP8,
	EMUL_MAP_XOP9,
	EMUL_MAP_XOPA,
	EMUL_MAP_3DNOW,		/* 0F 0F, opcode is the trailing byte */
	EMUL_NR_MAP,
};

/* emul_insn.vex */
enum emul_vex {
	EMUL_VEX_NONE,
	EMUL_VEX_2,		/* C5 */
	EMUL_VEX_3,		/* C4 */
	EMUL_VEX_EVEX,		/* 62 */
	EMUL_VEX_XOP,		/* 8F */
};

/* emul_insn.flags */
#define EMUL_I_LOCK	0x01
#define EMUL_I_66	0x02	/* operand-size prefix present */
#define EMUL_I_67	0x04	/* address-size prefix present */
#define EMUL_I_MODRM	0x08
#define EMUL_I_SIB	0x10
#define EMUL_I_MEM	0x20	/* ModRM names memory */
#define EMUL_I_RIPREL	0x40
#define EMUL_I_UNDEF	0x80	/* has a length, but is no instruction: #UD */

/* emul_insn.rex; also made of VEX/EVEX/XOP bits where they stand for it */
#define EMUL_REX	0x40
#define EMUL_REX_W	0x08
#define EMUL_REX_R	0x04
#define EMUL_REX_X	0x02
#define EMUL_REX_B	0x01

/* Or-ed into the mode that emul_decode() is given: a 66 prefix on a near branch
 * in 64-bit mode shortens its displacement, as on AMD processors.
 */
#define EMUL_MODE_AMD	0x80
#define EMUL_MODE_MASK	0x0f

struct emul_opcode;

/**
 * struct emul_insn - one decoded instruction
 * @op:		its table entry (for groups, the group's entry), never NULL
 *		after a successful decode
 * @attr:	the table's attributes of the opcode and its group together
 * @opnds:	the table's operand kinds
 * @imm:	immediate, sign-extended where the instruction extends it to the
 *		operand size; branch displacement; or the address of MOV moffs
 * @disp:	displacement of the memory operand, sign-extended
 * @imm2:	second immediate: far selector, ENTER's level, EXTRQ's index
 * @len:	length in bytes, at most EMUL_MAX_LEN
 * @map:	enum emul_map
 * @opcode:	last opcode byte
 * @modrm:	ModRM byte as it stands, if EMUL_I_MODRM
 * @sib:	SIB byte as it stands, if EMUL_I_SIB
 * @mod:	ModRM.mod
 * @reg:	ModRM.reg extended by REX.R
 * @rm:		register operand: ModRM.rm extended by REX.B; for opcodes that
 *		carry a register in their low bits, that register
 * @base:	base register or EMUL_NO_REG
 * @index:	index register or EMUL_NO_REG
 * @scale:	0..3
 * @seg:	segment of the memory operand: override or default
 * @seg_ovr:	override prefix in effect, or EMUL_NO_SEG
 * @opsize:	effective operand size in bytes (2, 4, 8), before the opcode's
 *		own wish for byte operands
 * @adsize:	effective address size in bytes (2, 4, 8)
 * @rep:	0, 0xf2 or 0xf3: the last such prefix
 * @rex:	REX byte or 0
 * @vex:	enum emul_vex
 * @vex_l:	vector length field (EVEX: L'L)
 * @vex_v:	vvvv (EVEX: V'vvvv), not inverted
 * @vex_pp:	0, 1 (66), 2 (F3), 3 (F2)
 * @disp_len:	bytes of @disp in the encoding
 * @imm_len:	bytes of @imm (and @imm2) in the encoding
 * @imm_off:	offset of @imm in the encoding, for relocating copies
 * @disp_off:	offset of @disp in the encoding
 * @mode:	enum emul_mode it was decoded for
 * @flags:	EMUL_I_*
 */
struct emul_insn {
	const struct emul_opcode *op;
	u64 imm;
	u32 attr;
	s32 disp;
	u16 imm2;
	u8 len;
	u8 map;
	u8 opcode;
	u8 modrm;
	u8 sib;
	u8 mod;
	u8 reg;
	u8 rm;
	u8 base;
	u8 index;
	u8 scale;
	u8 seg;
	u8 seg_ovr;
	u8 opsize;
	u8 adsize;
	u8 rep;
	u8 rex;
	u8 vex;
	u8 vex_l;
	u8 vex_v;
	u8 vex_pp;
	u8 disp_len;
	u8 imm_len;
	u8 imm_off;
	u8 disp_off;
	u8 mode;
	u8 flags;
	u8 opnds;
};

/* emul_seg.ar: bits 8..23 of a descriptor's upper half, limit bits left zero */
#define EMUL_AR_TYPE	0x000f
#define EMUL_AR_ACCESSED 0x0001
#define EMUL_AR_RW	0x0002	/* data: writable; code: readable */
#define EMUL_AR_DC	0x0004	/* data: expand down; code: conforming */
#define EMUL_AR_CODE	0x0008
#define EMUL_AR_S	0x0010	/* code or data, not system */
#define EMUL_AR_DPL(ar)	(((ar) >> 5) & 3)
#define EMUL_AR_P	0x0080
#define EMUL_AR_AVL	0x1000
#define EMUL_AR_L	0x2000
#define EMUL_AR_DB	0x4000
#define EMUL_AR_G	0x8000

/**
 * struct emul_seg - a segment register with its hidden part
 * @base:	linear base
 * @limit:	limit in bytes, already scaled
 * @sel:	selector
 * @ar:		EMUL_AR_*; without EMUL_AR_P the segment is unusable
 */
struct emul_seg {
	u64 base;
	u32 limit;
	u16 sel;
	u16 ar;
};

/* Flags of a memory access. */
/* A read that a write of the same bytes follows: fail now if that may not be. */
#define EMUL_ACC_RMW	0x01
#define EMUL_ACC_LAST	0x02	/* nothing can fail after it: may be posted */
/* Many elements: plain memory or EMUL_SINGLE; stays within a page. */
#define EMUL_ACC_BATCH	0x04
#define EMUL_ACC_SYSTEM	0x08	/* supervisor access whatever the CPL (tables) */
#define EMUL_ACC_CHECK	0x10	/* write(): check only; data is NULL */
#define EMUL_ACC_LOCK	0x20	/* part of a locked or XCHG sequence */

/**
 * struct emul_pio - a port access
 * @port:	port number
 * @size:	element size: 1, 2 or 4
 * @in:		from the port
 * @count:	elements, > 1 only for repeated string instructions, where
 *		@count * @size <= the context's sio_len
 * @data:	@count elements, to be filled or to be put out
 * @flags:	EMUL_ACC_LAST for output
 */
struct emul_pio {
	u16 port;
	u8 size;
	bool in;
	u8 flags;
	u32 count;
	void *data;
};

/**
 * struct emul_mmio - a device access at a guest-physical address
 * @gpa:	first byte
 * @data:	@len bytes, to be filled or to be written
 * @len:	1..EMUL_DATA_MAX
 * @write:	direction
 * @flags:	EMUL_ACC_LAST if a write may be posted
 */
struct emul_mmio {
	u64 gpa;
	void *data;
	u8 len;
	bool write;
	u8 flags;
};

/* What emul_ops.system is asked for. */
enum emul_sys {
	EMUL_SYS_HLT,
	EMUL_SYS_HYPERCALL,	/* VMMCALL or VMCALL; @arg: 0x0f01d9 or 0x0f01c1 */
	EMUL_SYS_INVLPG,	/* @arg: linear address */
	EMUL_SYS_WBINVD,	/* also INVD and WBNOINVD */
	EMUL_SYS_XSETBV,	/* @arg: value; index in ECX */
	EMUL_SYS_PAUSE,
};

enum emul_table { EMUL_GDT, EMUL_IDT };

/** enum emul_vec - a file of vector registers, and their bytes */
enum emul_vec {
	EMUL_VEC_MMX,		/* 8 */
	EMUL_VEC_XMM,		/* 16 */
	EMUL_VEC_YMM,		/* 32; only while XCR0 has AVX */
};

/** enum emul_fpu - the words that control and report arithmetic */
enum emul_fpu {
	EMUL_FPU_CW,		/* x87 control word */
	EMUL_FPU_SW,		/* x87 status word; not to be set */
	EMUL_FPU_MXCSR,
};

struct emul_ctxt;

/**
 * struct emul_ops - the executor's way to the outside
 *
 * All return enum emul_rc unless void, and may be called with registers in
 * their state before the instruction. Those that check an operand raise with
 * emul_raise() and return EMUL_EXCEPTION. Privilege is checked before the call.
 * None is optional.
 *
 * @fetch:	code bytes at a linear address; @len never crosses a page
 * @read:	memory at a linear address; may cross a page; @len up to
 *		EMUL_DATA_MAX, or up to a page with EMUL_ACC_BATCH
 * @write:	likewise; with EMUL_ACC_CHECK only says whether it would work. Of a
 *		store that spans plain memory and a device the device's part goes
 *		first: memory must not change if the step then breaks off.
 * @cmpxchg:	memory: atomically, if it holds @old store @new; leave in @old what
 *		was found. Device: write @new and leave @old. The bytes were read
 *		before with EMUL_ACC_RMW. Crossing pages may be non-atomic.
 * @pio:	port access; the executor keeps the log for it
 * @mmio:	device access on behalf of emul_mmio(), never called otherwise
 * @get_seg:	fill in a segment register (called once per run and segment)
 * @set_seg:	load one; checks are done
 * @get_cr:	control register 0, 2, 3, 4 or 8
 * @set_cr:	CR write with all its checks; also for LMSW and CLTS
 * @get_dr:	debug register 0..3, 6, 7
 * @set_dr:	likewise
 * @get_msr:	RDMSR
 * @set_msr:	WRMSR
 * @get_table:	base and limit of GDT or IDT
 * @set_table:	likewise
 * @get_xcr0:	extended control register 0
 * @get_vec:	a vector register, whole
 * @set_vec:	likewise. Parts above an XMM register are kept, those above a YMM
 *		register are cleared; an MMX register implies @enter_mmx.
 * @enter_mmx:	do to x87 state what each MMX instruction does
 * @get_fpu:	a control or status word
 * @set_fpu:	likewise; raises for reserved bits of MXCSR
 * @cpuid:	regs are EAX, EBX, ECX, EDX; EAX and ECX are inputs
 * @rdtsc:	time stamp and, for RDTSCP, TSC_AUX
 * @system:	the rest, see enum emul_sys
 */
struct emul_ops {
	int (*fetch)(struct emul_ctxt *ctxt, u64 la, void *data,
		     unsigned int len);
	int (*read)(struct emul_ctxt *ctxt, u64 la, void *data,
		    unsigned int len, unsigned int flags);
	int (*write)(struct emul_ctxt *ctxt, u64 la, const void *data,
		     unsigned int len, unsigned int flags);
	int (*cmpxchg)(struct emul_ctxt *ctxt, u64 la, void *old,
		       const void *new, unsigned int len, unsigned int flags);
	int (*pio)(struct emul_ctxt *ctxt, const struct emul_pio *io);
	int (*mmio)(struct emul_ctxt *ctxt, const struct emul_mmio *io);
	void (*get_seg)(struct emul_ctxt *ctxt, unsigned int seg,
			struct emul_seg *val);
	int (*set_seg)(struct emul_ctxt *ctxt, unsigned int seg,
		       const struct emul_seg *val);
	int (*get_cr)(struct emul_ctxt *ctxt, unsigned int cr, u64 *val);
	int (*set_cr)(struct emul_ctxt *ctxt, unsigned int cr, u64 val);
	int (*get_dr)(struct emul_ctxt *ctxt, unsigned int dr, u64 *val);
	int (*set_dr)(struct emul_ctxt *ctxt, unsigned int dr, u64 val);
	int (*get_msr)(struct emul_ctxt *ctxt, u32 msr, u64 *val);
	int (*set_msr)(struct emul_ctxt *ctxt, u32 msr, u64 val);
	int (*get_table)(struct emul_ctxt *ctxt, enum emul_table which,
			 u64 *base, u16 *limit);
	int (*set_table)(struct emul_ctxt *ctxt, enum emul_table which,
			 u64 base, u16 limit);
	int (*get_xcr0)(struct emul_ctxt *ctxt, u64 *val);
	void (*get_vec)(struct emul_ctxt *ctxt, enum emul_vec file,
			unsigned int reg, void *val);
	void (*set_vec)(struct emul_ctxt *ctxt, enum emul_vec file,
			unsigned int reg, const void *val);
	void (*enter_mmx)(struct emul_ctxt *ctxt);
	u32 (*get_fpu)(struct emul_ctxt *ctxt, enum emul_fpu which);
	int (*set_fpu)(struct emul_ctxt *ctxt, enum emul_fpu which, u32 val);
	int (*cpuid)(struct emul_ctxt *ctxt, u32 regs[4]);
	int (*rdtsc)(struct emul_ctxt *ctxt, u64 *tsc, u32 *aux);
	int (*system)(struct emul_ctxt *ctxt, enum emul_sys what, u64 arg);
};

/**
 * struct emul_exception - an exception to inject
 * @cr2:	faulting address, for #PF
 * @error_code:	pushed if @has_error
 * @vector:	0..31
 * @has_error:	vector pushes an error code
 */
struct emul_exception {
	u64 cr2;
	u32 error_code;
	u8 vector;
	bool has_error;
};

/**
 * struct emul_access - a device access in the replay log
 * @addr:	guest-physical address or port
 * @data:	what was read or written; string input is in the context's @sio
 * @count:	elements
 * @len:	bytes of an element (port) or of the access (MMIO)
 * @pio:	port, not memory
 * @write:	direction
 * @done:	the access has happened; only the last entry may be pending
 */
struct emul_access {
	u64 addr;
	u8 data[EMUL_DATA_MAX];
	u32 count;
	u8 len;
	bool pio;
	bool write;
	bool done;
};

#define EMUL_DECODED	4

/**
 * struct emul_decoded - a decoding, remembered for the same bytes
 * @bytes:	the first @insn.len of these were decoded
 * @mode:	as emul_decode() took it, plus 1; 0: empty
 * @insn:	the outcome
 */
struct emul_decoded {
	u8 bytes[EMUL_MAX_LEN + 1];
	unsigned int mode;
	struct emul_insn insn;
};

/* emul_ctxt.shadow: interrupts that the committed instruction holds off */
#define EMUL_SHADOW_STI		1
#define EMUL_SHADOW_MOV_SS	2

/**
 * struct emul_ctxt - one vCPU as the executor sees it
 *
 * Set once: @ops, @sio, @sio_len (emul_init()).
 * Set before each run: @gpr, @rip, @rflags, @mode, @cpl, @may_sleep and the hints.
 * Valid after a run that committed: @gpr, @rip, @rflags, @shadow, @was_tf.
 *
 * @gpr:	the sixteen registers in enum emul_reg order, wherever they live
 * @rip:	instruction pointer (offset in CS, not linear)
 * @rflags:	flags
 * @mode:	enum emul_mode
 * @cpl:	privilege level; 3 in virtual-8086 mode, 0 in real mode
 * @may_sleep:	for the callbacks alone
 * @amd:	where vendors differ do as AMD does (EMUL_MODE_AMD)
 * @la57:	CR4.LA57: linear addresses have 57 bits
 * @rep_max:	iterations of a repeated instruction in one run; 0: a default
 * @fetched_len: bytes in @fetched. The owner sets it to 0, or puts in the bytes
 *		that the processor delivered with the exit.
 * @fetched:	code bytes at @rip
 * @shadow:	EMUL_SHADOW_*
 * @was_tf:	the instruction began with RFLAGS.TF set: #DB is due after it
 * @stop_why:	a short constant text, after EMUL_STOP
 * @exc:	after EMUL_EXCEPTION
 * @next_rip:	where RIP goes at the commit; the executor's own
 * @insn:	the decoded instruction
 * @sio:	buffer for batches of string port I/O, may live in a page shared
 *		with user space; NULL if none
 * @sio_len:	its size, at most 4096
 * @seg_valid:	bit per segment: @seg holds it
 * @seg:	segments fetched during this run
 * @log_len:	entries in @log
 * @log_pos:	entries consumed by the step under way
 * @log:	device accesses of the uncommitted step
 */
struct emul_ctxt {
	const struct emul_ops *ops;
	u64 *gpr;
	u64 rip;
	u64 rflags;
	u8 mode;
	u8 cpl;
	bool may_sleep;
	bool amd;
	bool la57;
	u32 rep_max;

	u8 shadow;
	bool was_tf;
	u8 fetched_len;
	u8 seg_valid;
	u8 log_len;
	u8 log_pos;
	u8 fetched[EMUL_MAX_LEN + 1];
	const char *stop_why;
	struct emul_exception exc;
	u64 next_rip;
	struct emul_insn insn;
	void *sio;
	u32 sio_len;
	struct emul_seg seg[EMUL_NR_SEG];
	struct emul_access log[EMUL_LOG_MAX];
	struct emul_decoded decoded[EMUL_DECODED];
};

/**
 * emul_decode() - decode one instruction
 * @insn:	filled in; unspecified on failure
 * @bytes:	code
 * @avail:	how many there are
 * @mode:	enum emul_mode, perhaps with EMUL_MODE_AMD
 *
 * Unassigned opcodes decode too, with the length their place in the map gives
 * them and EMUL_I_UNDEF set.
 *
 * Return: 0, EMUL_DEC_MORE, EMUL_DEC_LONG or EMUL_DEC_BAD.
 */
int emul_decode(struct emul_insn *insn, const u8 *bytes, unsigned int avail,
		unsigned int mode);

/**
 * emul_insn_len() - length alone, for stepping over an intercepted instruction
 * @bytes:	code
 * @avail:	how many there are
 * @mode:	as for emul_decode()
 *
 * Return: 1..EMUL_MAX_LEN, or EMUL_DEC_*.
 */
int emul_insn_len(const u8 *bytes, unsigned int avail, unsigned int mode);

/**
 * emul_init() - set up a context
 * @ctxt:	zeroed memory
 * @ops:	callbacks
 * @sio:	buffer for string port I/O or NULL
 * @sio_len:	its size, at most 4096
 */
void emul_init(struct emul_ctxt *ctxt, const struct emul_ops *ops, void *sio,
	       u32 sio_len);

/**
 * emul_fetch() - fetch and decode the instruction at RIP, execute nothing
 * @ctxt:	context
 *
 * For owners that handle the instruction themselves and need ->insn.len.
 *
 * Return: EMUL_OK, or what a run would return for an instruction that can't be
 * fetched.
 */
int emul_fetch(struct emul_ctxt *ctxt);

/**
 * emul_run() - fetch, decode and execute the instruction at RIP
 * @ctxt:	context
 *
 * Return: enum emul_rc, never EMUL_SINGLE.
 */
int emul_run(struct emul_ctxt *ctxt);

/**
 * emul_exec() - execute ->insn, which emul_fetch() has decoded
 * @ctxt:	context
 *
 * Return: as emul_run().
 */
int emul_exec(struct emul_ctxt *ctxt);

/**
 * emul_advance() - step over the instruction in ->insn without executing it
 * @ctxt:	context
 *
 * RIP moves by the length, wrapped to the code size; RF is cleared.
 */
void emul_advance(struct emul_ctxt *ctxt);

/**
 * emul_raise() - note an exception
 * @ctxt:	context
 * @vector:	without error code
 *
 * Return: EMUL_EXCEPTION, for the caller to return.
 */
int emul_raise(struct emul_ctxt *ctxt, u8 vector);

/**
 * emul_raise_error() - note an exception with an error code
 * @ctxt:	context
 * @vector:	vector
 * @error_code:	code
 *
 * Return: EMUL_EXCEPTION, for the caller to return.
 */
int emul_raise_error(struct emul_ctxt *ctxt, u8 vector, u32 error_code);

/**
 * emul_raise_pf() - note a page fault
 * @ctxt:	context
 * @cr2:	faulting linear address
 * @error_code:	code
 *
 * Return: EMUL_EXCEPTION, for the caller to return.
 */
int emul_raise_pf(struct emul_ctxt *ctxt, u64 cr2, u32 error_code);

/**
 * emul_mmio() - a device access through the replay log
 * @ctxt:	context
 * @gpa:	guest-physical address
 * @data:	buffer
 * @len:	1..EMUL_DATA_MAX
 * @write:	direction
 * @flags:	of the callback that found a device there
 *
 * The read, write and cmpxchg callbacks call this for bytes that are no plain
 * memory, once per device fragment. It answers from the log or calls
 * emul_ops.mmio and records the outcome. EMUL_ACC_LAST is to be passed on only
 * for the last fragment.
 *
 * Return: enum emul_rc, for the callback to return if not EMUL_OK.
 */
int emul_mmio(struct emul_ctxt *ctxt, u64 gpa, void *data, unsigned int len,
	      bool write, unsigned int flags);

/**
 * emul_pending() - the access that user space has to satisfy
 * @ctxt:	context, after EMUL_USER
 *
 * Return: the entry, or NULL if no access is pending.
 */
struct emul_access *emul_pending(struct emul_ctxt *ctxt);

/**
 * emul_complete() - user space has satisfied the pending access
 * @ctxt:	context
 * @data:	the bytes read, or NULL for a write and for string input, whose
 *		data user space has put into @sio
 *
 * Then emul_run() again.
 */
void emul_complete(struct emul_ctxt *ctxt, const void *data);

/**
 * emul_busy() - a step is under way: its log must be used up first
 * @ctxt:	context
 */
static inline bool emul_busy(const struct emul_ctxt *ctxt)
{
	return ctxt->log_len != 0;
}

/**
 * emul_cancel() - forget the step under way
 * @ctxt:	context
 */
static inline void emul_cancel(struct emul_ctxt *ctxt)
{
	ctxt->log_len = 0;
	ctxt->log_pos = 0;
}

#endif
