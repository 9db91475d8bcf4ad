// SPDX-License-Identifier: GPL-2.0
/*
 * Task switches: what is written, in which order checks are made, and whose
 * fault it is. A machine with a main task, whose TSS is TR's, and another.
 */
#include "tap.h"
#include "emul_world.h"
#include "emul/task.h"

#define GDT	(RAM_BASE + 0x2000)
#define LDT	(RAM_BASE + 0x2800)
#define MAIN	(RAM_BASE + 0x3000)
#define OTHER	(RAM_BASE + 0x4fd0)	/* across two pages */
#define STACK	(RAM_BASE + 0x7000)

#define SEL_CODE	0x08
#define SEL_DATA	0x10
#define SEL_MAIN	0x18
#define SEL_OTHER	0x20
#define SEL_LDT		0x28
#define SEL_CODE3	0x30
#define SEL_DATA3	0x38
#define SEL_CONFORM	0x40
#define SEL_SPARE	0x48	/* what a case wants */
#define SEL_END		0x50

#define CALL	EMUL_TASK_CALL
#define IRET	EMUL_TASK_IRET
#define JMP	EMUL_TASK_JMP
#define GATE	EMUL_TASK_GATE

enum { DB = 1, TS = 10, NP = 11, SS = 12, GP = 13, PF = 14 };

/* Offsets in a 32-bit TSS and, in the second place, a 16-bit one. */
enum field { LINK, FCR3, EIP, EFLAGS, EAX, ECX, ESP, EDI, FES, FCS, FSS, FDS,
	     FFS, FGS, FLDT, TRAP };
static const u8 at32[] = { 0, 28, 32, 36, 40, 44, 56, 68, 72, 76, 80, 84, 88,
			   92, 96, 100 };
static const u8 at16[] = { 0, 0, 14, 16, 18, 20, 26, 32, 34, 36, 38, 40, 0, 0,
			   42, 0 };

static struct world w;
static struct emul_task t;
static bool wide;	/* the other task's TSS is a 32-bit one */

static void put(u64 la, u64 val, unsigned int len)
{
	memcpy(world_ram(&w, la, len), &val, len);
}

static u64 get(u64 la, unsigned int len)
{
	u64 val = 0;

	memcpy(&val, world_ram(&w, la, len), len);
	return val;
}

static void set(enum field f, u32 val)
{
	put(OTHER + (wide ? at32 : at16)[f], val, wide ? 4 : 2);
}

static u32 saved(enum field f)
{
	return get(MAIN + at32[f], 4);
}

static void descriptor(u16 sel, u32 base, u32 limit, unsigned int type)
{
	put(GDT + sel, (limit & 0xffff) | (u64)(base & 0xffffff) << 16 |
	    (u64)(type & 0xf0ff) << 40 | (u64)(limit >> 16 & 15) << 48 |
	    (u64)(base >> 24) << 56, 8);
}

static void edit(u16 sel, u8 clear, u8 val)
{
	put(GDT + sel + 5, (get(GDT + sel + 5, 1) & ~clear) | val, 1);
}

static bool busy(u16 sel)
{
	return get(GDT + sel + 5, 1) & 2;
}

static void start(bool is_wide, enum emul_task_source source)
{
	unsigned int i;

	wide = is_wide;
	world_reset(&w, EMUL_MODE_PROT32);
	w.c.may_sleep = true;
	w.table_base[EMUL_GDT] = GDT;
	w.table_limit[EMUL_GDT] = SEL_END - 1;
	descriptor(SEL_CODE, 0, 0xfffff, 0xc09a);
	descriptor(SEL_DATA, 0, 0xfffff, 0xc092);
	descriptor(SEL_MAIN, MAIN, 103, 0x8b);
	descriptor(SEL_OTHER, OTHER, wide ? 103 : 43, wide ? 0x89 : 0x81);
	descriptor(SEL_LDT, LDT, 15, 0x82);
	descriptor(SEL_CODE3, 0, 0xfffff, 0xc0fa);
	descriptor(SEL_DATA3, 0, 0xfffff, 0xc0f2);
	descriptor(SEL_CONFORM, 0, 0xfffff, 0xc09e);
	if (source == IRET)
		edit(SEL_OTHER, 0, 2);
	w.segs[EMUL_TR] = (struct emul_seg){ MAIN, 103, SEL_MAIN, 0x8b };
	for (i = 0; i < EMUL_NR_USER_SEG; i++)
		w.segs[i].sel = 0x1000 + i;
	for (i = 0; i < 8; i++)
		w.gpr[i] = 0xffffffff00001000ull + i;
	w.c.rflags |= X86_EFLAGS_CF | X86_EFLAGS_NT | X86_EFLAGS_RF;
	w.cr[3] = 0x1000;
	set(EIP, 0x5678);
	set(EFLAGS, X86_EFLAGS_ZF | 0x28);
	set(EAX, 0xa0a1a2a3);
	set(ESP, 0x7000);
	set(EDI, 0x1122);
	set(FCS, SEL_CODE);
	set(FSS, SEL_DATA);
	set(FDS, SEL_DATA);
	set(FES, 0);
	if (wide) {
		set(ESP, STACK);
		set(FCR3, 0x2000);
		set(FFS, SEL_DATA);
	}
	t = (struct emul_task){
		.sel = SEL_OTHER, .source = source, .rip = 0x4321,
	};
}

static bool raised(u8 vector, u32 error)
{
	int rc = emul_task_switch(&w.c, &t);

	if (rc == EMUL_EXCEPTION && w.c.exc.vector == vector &&
	    w.c.exc.error_code == error && w.c.exc.has_error)
		return true;
	tap_note("result %d vector %u error %#x %s", rc, w.c.exc.vector,
		 w.c.exc.error_code, w.c.stop_why ?: "");
	return false;
}

static bool switched(void)
{
	int rc = emul_task_switch(&w.c, &t);

	if (rc != EMUL_OK)
		tap_note("result %d vector %u error %#x %s", rc,
			 w.c.exc.vector, w.c.exc.error_code,
			 w.c.stop_why ?: "");
	return rc == EMUL_OK && t.committed;
}

/* ---- what a switch does ---------------------------------------------------- */

static void test_32(void)
{
	start(true, JMP);
	memset(world_ram(&w, MAIN, 104), 0xee, 104);
	w.c.shadow = EMUL_SHADOW_STI;
	tap_ok(switched(), "a jump to a 32-bit TSS");
	tap_ok(w.c.rip == 0x5678 && w.gpr[EMUL_RAX] == 0xa0a1a2a3 &&
	       w.gpr[EMUL_RSP] == STACK && w.gpr[EMUL_RDI] == 0x1122,
	       "registers are loaded, without upper halves");
	tap_ok(w.c.rflags == (X86_EFLAGS_ZF | X86_EFLAGS_FIXED),
	       "flags without what is reserved");
	tap_ok(w.segs[EMUL_CS].sel == SEL_CODE &&
	       w.segs[EMUL_CS].ar == 0xc09b &&
	       w.segs[EMUL_CS].limit == 0xffffffff &&
	       w.segs[EMUL_FS].sel == SEL_DATA &&
	       w.segs[EMUL_FS].ar == 0xc093, "segments are loaded");
	tap_ok(!w.segs[EMUL_ES].sel && !(w.segs[EMUL_ES].ar & EMUL_AR_P),
	       "a null one cannot be used");
	tap_ok(get(GDT + SEL_CODE + 5, 1) == 0x9b &&
	       get(GDT + SEL_DATA + 5, 1) == 0x93, "and marked accessed");
	tap_ok(w.segs[EMUL_TR].sel == SEL_OTHER &&
	       w.segs[EMUL_TR].base == OTHER && w.segs[EMUL_TR].ar == 0x8b,
	       "TR is a busy TSS");
	tap_ok(w.cr[3] == 0x1000 && (w.cr[0] & X86_CR0_TS),
	       "CR0.TS, and no CR3 without paging");
	tap_ok(saved(EIP) == 0x4321 && saved(EAX) == 0x1000 &&
	       saved(EDI) == 0x1007, "the old registers are saved");
	tap_ok(saved(EFLAGS) == (X86_EFLAGS_FIXED | X86_EFLAGS_CF |
				 X86_EFLAGS_NT), "flags with NT, without RF");
	tap_ok(saved(FES) == 0xeeee1000 && saved(FGS) == 0xeeee1005,
	       "selectors have 16 bits");
	tap_ok(saved(LINK) == 0xeeeeeeee && saved(FCR3) == 0xeeeeeeee &&
	       saved(FLDT) == 0xeeeeeeee && saved(TRAP) == 0xeeeeeeee,
	       "static fields are left alone");
	tap_ok(!busy(SEL_MAIN) && busy(SEL_OTHER), "the busy bit moves");
	tap_ok(!t.trap && !w.c.shadow, "no trap, no shadow");
}

static void test_nesting(void)
{
	start(true, CALL);
	tap_ok(switched() && (w.c.rflags & X86_EFLAGS_NT) &&
	       get(OTHER, 2) == SEL_MAIN, "a call sets NT and the link");
	tap_ok(busy(SEL_MAIN) && busy(SEL_OTHER), "both are busy");

	start(true, IRET);
	set(LINK, 0x7777);
	tap_ok(switched() && !(w.c.rflags & X86_EFLAGS_NT) &&
	       get(OTHER, 2) == 0x7777, "IRET sets neither");
	tap_ok(!busy(SEL_MAIN) && busy(SEL_OTHER), "only the new one is busy");
	tap_ok(!(saved(EFLAGS) & X86_EFLAGS_NT), "the old one has no NT");

	start(true, IRET);
	set(EFLAGS, X86_EFLAGS_NT);
	tap_ok(switched() && (w.c.rflags & X86_EFLAGS_NT),
	       "a task that was nested still is");

	start(true, GATE);
	tap_ok(switched() && (w.c.rflags & X86_EFLAGS_NT) &&
	       get(OTHER, 2) == SEL_MAIN && w.gpr[EMUL_RSP] == STACK,
	       "a gate nests, and pushes nothing by itself");
	tap_ok(saved(EFLAGS) & X86_EFLAGS_RF, "RF is what the event makes it");

	start(true, IRET);
	t.sel = SEL_MAIN;
	put(MAIN + 96, 0, 2);
	w.segs[EMUL_CS].sel = SEL_CODE;
	w.segs[EMUL_SS].sel = SEL_DATA;
	w.segs[EMUL_DS].sel = w.segs[EMUL_ES].sel = SEL_DATA;
	w.segs[EMUL_FS].sel = w.segs[EMUL_GS].sel = 0;
	tap_ok(switched() && w.c.rip == 0x4321 && w.gpr[EMUL_RAX] == 0x1000,
	       "a task may return to itself");
}

static void test_16(void)
{
	start(false, CALL);
	tap_ok(switched(), "a call to a 16-bit TSS");
	tap_ok(w.gpr[EMUL_RAX] == 0xa2a3 && w.gpr[EMUL_RSP] == 0x7000 &&
	       w.c.rip == 0x5678, "registers of 16 bits");
	tap_ok(!w.segs[EMUL_FS].sel && !(w.segs[EMUL_GS].ar & EMUL_AR_P),
	       "FS and GS are null");
	tap_ok(w.segs[EMUL_TR].ar == 0x83, "TR is a busy 16-bit TSS");
	tap_ok(saved(EAX) == 0x1000 && saved(FGS) == 0x1005,
	       "the old task's has 32 bits");

	start(true, JMP);
	w.segs[EMUL_TR].ar = 0x83;
	memset(world_ram(&w, MAIN, 104), 0xee, 104);
	tap_ok(switched() && get(MAIN + 14, 2) == 0x4321 &&
	       get(MAIN + 18, 2) == 0x1000 && get(MAIN + 40, 2) == 0x1003 &&
	       get(MAIN + 42, 2) == 0xeeee && get(MAIN + 12, 2) == 0xeeee,
	       "from a 16-bit TSS, within its bounds");

	start(false, GATE);
	t.has_error = true;
	t.error = 0xabcd1234;
	put(RAM_BASE + 0x7000, 0x5555, 2);
	set(FSS, SEL_SPARE);
	descriptor(SEL_SPARE, RAM_BASE, 0xffff, 0x93);
	tap_ok(switched() && w.gpr[EMUL_RSP] == 0x6ffe &&
	       get(RAM_BASE + 0x6ffe, 4) == 0x55551234,
	       "an error code of 16 bits");
}

static void test_rest(void)
{
	start(true, CALL);
	w.cr[0] |= X86_CR0_PG;
	tap_ok(switched() && w.cr[3] == 0x2000, "CR3 with paging");

	start(false, CALL);
	w.cr[0] |= X86_CR0_PG;
	tap_ok(switched() && w.cr[3] == 0x1000, "a 16-bit TSS has none");

	start(true, CALL);
	set(FLDT, SEL_LDT);
	set(FDS, 0x0c);
	put(LDT + 8, 0x0040920000000fffull, 8);
	tap_ok(switched() && w.segs[EMUL_LDTR].base == LDT &&
	       w.segs[EMUL_LDTR].ar == 0x82 && w.segs[EMUL_DS].ar == 0x4093 &&
	       get(LDT + 13, 1) == 0x93, "LDTR, and a segment of its table");

	start(true, CALL);
	w.segs[EMUL_LDTR] = (struct emul_seg){ LDT, 15, SEL_LDT, 0x82 };
	tap_ok(switched() && !w.segs[EMUL_LDTR].sel &&
	       !(w.segs[EMUL_LDTR].ar & EMUL_AR_P), "a null LDTR");

	start(true, CALL);
	set(TRAP, 0xffff0001);
	tap_ok(switched() && t.trap, "the T bit is told");

	start(true, GATE);
	t.has_error = true;
	t.error = 0xabcd1234;
	tap_ok(switched() && w.gpr[EMUL_RSP] == STACK - 4 &&
	       get(STACK - 4, 4) == 0xabcd1234, "an error code of 32 bits");

	start(true, CALL);
	set(FCS, SEL_CODE3 | 3);
	set(FSS, SEL_DATA3 | 3);
	set(FDS, SEL_DATA3 | 3);
	set(FFS, SEL_CONFORM | 3);
	tap_ok(switched() && w.c.cpl == 3, "to level 3");

	start(true, CALL);
	set(FCS, SEL_CONFORM | 3);
	set(FSS, SEL_DATA3 | 3);
	set(FDS, 3);
	set(FFS, 0);
	tap_ok(switched() && w.c.cpl == 3 &&
	       !(w.segs[EMUL_DS].ar & EMUL_AR_P),
	       "conforming code runs at its selector's level");

	start(true, CALL);
	set(EFLAGS, X86_EFLAGS_VM);
	set(FCS, 0x1234);
	set(FGS, 0xffff);
	set(FLDT, SEL_LDT);
	tap_ok(switched() && w.c.mode == EMUL_MODE_VM86 && w.c.cpl == 3 &&
	       w.segs[EMUL_CS].base == 0x12340 &&
	       w.segs[EMUL_CS].ar == 0xf3 &&
	       w.segs[EMUL_GS].base == 0xffff0 &&
	       w.segs[EMUL_GS].limit == 0xffff &&
	       w.segs[EMUL_LDTR].base == LDT, "virtual-8086 mode");

	start(false, CALL);
	set(EFLAGS, 0xffff);
	tap_ok(switched() && w.c.rflags == 0x7fd7, "a 16-bit TSS has no VM");
}

/* ---- faults of the old task -------------------------------------------------- */

/* A switch that is refused leaves no trace but in the exception. */
static void refused(u8 vector, u32 error, const char *text)
{
	struct emul_seg segs[EMUL_NR_SEG];
	static u8 ram[RAM_SIZE];
	u64 gpr[EMUL_NR_GPR], rip = w.c.rip, rflags = w.c.rflags;

	memcpy(segs, w.segs, sizeof(segs));
	memcpy(ram, w.ram, sizeof(ram));
	memcpy(gpr, w.gpr, sizeof(gpr));
	tap_ok(raised(vector, error) && !t.committed &&
	       !memcmp(segs, w.segs, sizeof(segs)) &&
	       !memcmp(ram, w.ram, sizeof(ram)) &&
	       !memcmp(gpr, w.gpr, sizeof(gpr)) && w.c.rip == rip &&
	       w.c.rflags == rflags && !(w.cr[0] & X86_CR0_TS), "%s", text);
}

static void test_refused(void)
{
	static const struct {
		u16 sel;
		u8 clear, set;
		u8 call, iret;	/* vectors; 0: not refused */
		u32 error;
		const char *text;
	} cases[] = {
		{ SEL_OTHER | 4, 0, 0, GP, TS, SEL_OTHER | 4, "in the LDT" },
		{ SEL_END, 0, 0, GP, TS, SEL_END, "behind the GDT" },
		{ 2, 0, 0, GP, TS, 0, "null" },
		{ SEL_OTHER, 0x80, 0, NP, NP, SEL_OTHER, "absent" },
		{ SEL_OTHER, 0, 0x10, GP, TS, SEL_OTHER, "no system segment" },
		{ SEL_OTHER, 0x0f, 0x02, GP, TS, SEL_OTHER, "an LDT" },
		{ SEL_OTHER, 0x0f, 0x05, GP, TS, SEL_OTHER, "a task gate" },
		{ SEL_OTHER, 0x0f, 0x0b, GP, 0, SEL_OTHER, "busy" },
		{ SEL_OTHER, 0x0f, 0x09, 0, TS, SEL_OTHER, "not busy" },
	};
	unsigned int i, source;
	u8 want;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (source = CALL; source <= GATE; source++) {
			want = cases[i].call;
			if (source == IRET)
				want = cases[i].iret;
			if (!want)
				continue;
			start(true, source);
			t.sel = cases[i].sel;
			edit(SEL_OTHER, cases[i].clear, cases[i].set);
			refused(want, cases[i].error, cases[i].text);
		}
}

static u64 bad_page;
static unsigned int bad_kind;

/* What is in one page cannot be written, or read. */
static int no_page(struct world *wd, enum world_kind kind, u64 la,
		   unsigned int len, unsigned int flags)
{
	bool write = kind == W_WRITE || kind == W_CMPXCHG ||
		     (kind == W_READ && flags & EMUL_ACC_RMW);

	if ((kind != W_READ && !write) || la >> 12 != bad_page >> 12)
		return EMUL_OK;
	if (bad_kind == W_WRITE && !write)
		return EMUL_OK;
	return emul_raise_pf(&wd->c, la, write ? 2 : 0);
}

static void test_pages(void)
{
	static const struct {
		u64 la, fault;
		unsigned int kind, source;
		const char *text;
	} cases[] = {
		{ GDT, GDT + SEL_OTHER, W_READ, CALL, "the GDT's page" },
		{ GDT, GDT + SEL_OTHER + 4, W_WRITE, JMP, "for a busy bit" },
		{ GDT, GDT + SEL_MAIN + 4, W_WRITE, IRET, "for the old one" },
		{ MAIN, MAIN + 32, W_WRITE, JMP, "the old TSS read-only" },
		{ OTHER, OTHER, W_READ, JMP, "the new TSS" },
		{ OTHER, OTHER, W_WRITE, GATE, "its link read-only" },
		{ OTHER + 96, RAM_BASE + 0x5000, W_READ, IRET, "its end" },
	};
	unsigned int i, error;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		start(true, cases[i].source);
		bad_page = cases[i].la;
		bad_kind = cases[i].kind;
		w.hook = no_page;
		error = 0;
		if (cases[i].kind == W_WRITE)
			error = 2;
		refused(PF, error, cases[i].text);
		tap_ok(w.c.exc.cr2 == cases[i].fault, "and its address");
	}
	start(true, JMP);
	bad_page = OTHER;
	bad_kind = W_WRITE;
	w.hook = no_page;
	tap_ok(switched(), "a jump does not write the new TSS");
}

static void test_limits(void)
{
	start(true, CALL);
	descriptor(SEL_OTHER, OTHER, 102, 0x89);
	refused(TS, SEL_OTHER, "a 32-bit TSS too short");
	start(false, CALL);
	descriptor(SEL_OTHER, OTHER, 42, 0x81);
	refused(TS, SEL_OTHER, "a 16-bit TSS too short");
	start(true, CALL);
	w.segs[EMUL_TR].limit = 102;
	refused(TS, SEL_MAIN, "the old TSS too short");
	start(true, GATE);
	t.ext = true;
	edit(SEL_OTHER, 0x80, 0);
	refused(NP, SEL_OTHER | 1, "EXT for an event from outside");
	start(true, GATE);
	t.ext = true;
	bad_page = OTHER;
	bad_kind = W_READ;
	w.hook = no_page;
	refused(PF, 0, "but not in a page fault's code");
}

/* ---- faults of the new task ---------------------------------------------------- */

static void test_new(void)
{
	static const struct {
		enum field f;
		u16 sel, type;		/* of SEL_SPARE; 0: none */
		u8 vector;
		u32 error;
		const char *text;
	} cases[] = {
		{ FLDT, SEL_LDT | 4, 0, TS, SEL_LDT | 4, "LDT in the LDT" },
		{ FLDT, SEL_END, 0, TS, SEL_END, "LDT behind the GDT" },
		{ FLDT, SEL_DATA, 0, TS, SEL_DATA, "LDT with data" },
		{ FLDT, SEL_SPARE, 0x02, TS, SEL_SPARE, "LDT absent" },
		{ FCS, 0, 0, TS, 0, "CS null" },
		{ FCS, SEL_END, 0, TS, SEL_END, "CS behind the GDT" },
		{ FCS, SEL_DATA, 0, TS, SEL_DATA, "CS with data" },
		{ FCS, SEL_LDT, 0, TS, SEL_LDT, "CS with an LDT" },
		{ FCS, 0x0c, 0, TS, 0x0c, "CS in an LDT that is not there" },
		{ FCS, SEL_CODE3, 0, TS, SEL_CODE3, "CS of level 3 at 0" },
		{ FCS, SEL_CODE | 3, 0, TS, SEL_CODE, "CS of level 0 at 3" },
		{ FCS, SEL_SPARE, 0xfe, TS, SEL_SPARE, "CS conforms to more" },
		{ FCS, SEL_SPARE, 0x1a, NP, SEL_SPARE, "CS absent" },
		{ FSS, 0, 0, TS, 0, "SS null" },
		{ FSS, SEL_END, 0, TS, SEL_END, "SS behind the GDT" },
		{ FSS, SEL_CODE, 0, TS, SEL_CODE, "SS with code" },
		{ FSS, SEL_SPARE, 0x90, TS, SEL_SPARE, "SS read-only" },
		{ FSS, SEL_DATA | 1, 0, TS, SEL_DATA, "SS, selector's level" },
		{ FSS, SEL_DATA3, 0, TS, SEL_DATA3, "SS, segment's level" },
		{ FSS, SEL_SPARE, 0x12, SS, SEL_SPARE, "SS absent" },
		{ FDS, SEL_END, 0, TS, SEL_END, "DS behind the GDT" },
		{ FDS, SEL_LDT, 0, TS, SEL_LDT, "DS with an LDT" },
		{ FES, SEL_SPARE, 0x98, TS, SEL_SPARE, "ES execute-only" },
		{ FFS, SEL_DATA | 3, 0, TS, SEL_DATA, "FS, selector's level" },
		{ FGS, SEL_SPARE, 0x12, NP, SEL_SPARE, "GS absent" },
	};
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		start(true, CALL);
		if (cases[i].type)
			descriptor(SEL_SPARE, 0, 0xffff, cases[i].type);
		set(cases[i].f, cases[i].sel);
		tap_ok(raised(cases[i].vector, cases[i].error) &&
		       t.committed && w.segs[EMUL_TR].sel == SEL_OTHER &&
		       w.c.rip == 0x5678 && w.gpr[EMUL_RDI] == 0x1122 &&
		       busy(SEL_OTHER), "%s", cases[i].text);
		/* An entry needs these whatever the fault. */
		tap_ok((w.segs[EMUL_CS].ar & 0x98) == 0x98 &&
		       EMUL_AR_DPL(w.segs[EMUL_SS].ar) == w.c.cpl,
		       "and has a level and code");
	}
}

static void test_later(void)
{
	start(true, CALL);
	set(FCS, SEL_CODE3 | 3);
	set(FSS, SEL_DATA3 | 3);
	tap_ok(raised(TS, SEL_DATA) && w.c.cpl == 3, "DS of a higher level");

	start(true, GATE);
	t.ext = true;
	set(FSS, 0);
	tap_ok(raised(TS, 1) && t.committed, "EXT there as well");

	start(true, GATE);
	t.has_error = true;
	set(ESP, 0x1000);
	bad_page = 0;
	bad_kind = W_WRITE;
	w.hook = no_page;
	tap_ok(emul_task_switch(&w.c, &t) == EMUL_EXCEPTION && t.committed &&
	       w.c.exc.vector == PF && w.gpr[EMUL_RSP] == 0x1000,
	       "no page for the error code");

	start(true, GATE);
	t.has_error = true;
	set(FSS, SEL_SPARE);
	descriptor(SEL_SPARE, RAM_BASE, 0xfff, 0x4093);
	set(ESP, 0x2000);
	tap_ok(raised(SS, 0) && t.committed, "the stack's limit");

	start(true, CALL);
	set(TRAP, 1);
	set(FGS, SEL_LDT);
	tap_ok(raised(TS, SEL_LDT) && !t.trap, "a fault goes before the trap");
}

/* ---- devices, races ---------------------------------------------------------------- */

static bool stops(void)
{
	int rc = emul_task_switch(&w.c, &t);

	return rc == EMUL_STOP && w.c.stop_why && !emul_busy(&w.c) &&
	       !w.nr_events;
}

static void test_devices(void)
{
	start(true, CALL);
	descriptor(SEL_OTHER, MMIO_BASE, 103, 0x89);
	tap_ok(stops() && !t.committed, "a TSS in a device");
	start(true, CALL);
	w.segs[EMUL_TR].base = MMIO_BASE;
	tap_ok(stops() && !t.committed, "the old one");
	start(true, CALL);
	w.table_base[EMUL_GDT] = MMIO_BASE;
	tap_ok(stops() && !t.committed, "the GDT");
	start(true, GATE);
	t.has_error = true;
	set(ESP, MMIO_BASE + 0x100);
	tap_ok(stops() && t.committed, "an error code to a device");
}

static unsigned int left;

static int retry_once(struct world *wd, enum world_kind kind, u64 la,
		      unsigned int len, unsigned int flags)
{
	return kind == W_SYS || left-- ? EMUL_OK : EMUL_RETRY_SLEEP;
}

static int retry_always(struct world *wd, enum world_kind kind, u64 la,
			unsigned int len, unsigned int flags)
{
	return t.committed && kind != W_SYS ? EMUL_RETRY_SLEEP : EMUL_OK;
}

/* Wherever an access has to be tried again, the outcome is the same. */
static void test_retry(enum emul_task_source source)
{
	static struct world once;
	unsigned int i, again = 0;
	bool same = true;
	int rc;

	start(true, source);
	switched();
	once = w;
	for (i = 0; i < 100; i++) {
		start(true, source);
		left = i;
		w.hook = retry_once;
		rc = emul_task_switch(&w.c, &t);
		w.hook = NULL;
		if (rc == EMUL_RETRY_SLEEP) {
			again++;
			same &= !t.committed;
			rc = emul_task_switch(&w.c, &t);
		}
		same &= rc == EMUL_OK &&
			!memcmp(w.ram, once.ram, sizeof(w.ram)) &&
			!memcmp(w.gpr, once.gpr, sizeof(w.gpr)) &&
			!memcmp(w.segs, once.segs, sizeof(w.segs)) &&
			w.c.rflags == once.c.rflags && w.c.rip == once.c.rip;
	}
	tap_ok(same && again > 4, "begun again in %u places", again);
}

static void win_race(struct world *wd, u8 *p)
{
	p[1] |= 2;
	wd->race = NULL;
}

static void test_races(void)
{
	unsigned int source;

	for (source = CALL; source <= GATE; source++)
		test_retry(source);
	start(true, CALL);
	w.race = win_race;
	tap_ok(emul_task_switch(&w.c, &t) == EMUL_RETRY_SLEEP && !t.committed &&
	       raised(GP, SEL_OTHER), "another processor took the task first");
	start(true, CALL);
	w.hook = retry_always;
	tap_ok(emul_task_switch(&w.c, &t) == EMUL_STOP && t.committed,
	       "tries behind the commit point are bounded");
}

int main(void)
{
	test_32();
	test_nesting();
	test_16();
	test_rest();
	test_refused();
	test_pages();
	test_limits();
	test_new();
	test_later();
	test_devices();
	test_races();
	return tap_done();
}
