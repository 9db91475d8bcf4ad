// SPDX-License-Identifier: GPL-2.0
/*
 * The MSR policy: the table's order, who may touch what, and every register
 * under random writes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <asm/kvm_para.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "tap.h"
#include "x86/msr_table.h"
#include "x86/x86.h"
#include "rnd.h"

#define ALL_FEATURES	(~0ULL & ~(1ULL << VMM_CPU_INTEL | 1ULL << VMM_CPU_AMD))
#define HAS(f)		(1ULL << VMM_CPU_##f)

/* ---- what is around the policy ------------------------------------------ */

/* Registers of the backend and the local APIC; what was done to the rest. */
static struct {
	u64 cr0, efer;
	u64 backend[16];
	u64 lapic;
	bool lapic_refuses;
	unsigned int lapic_calls, ibpbs, aux_loads;
	u64 tsc, adjust;
	u64 time_msr, wall_msr, steal_msr;
	bool steal_by_host;
} o;

static struct vmm_x86_vm vm;
static struct vmm_x86 x86;

static int backend_index(u32 index)
{
	static const u32 known[] = {
		MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_SYSCALL_MASK, MSR_FS_BASE,
		MSR_GS_BASE, MSR_KERNEL_GS_BASE, MSR_IA32_SYSENTER_CS,
		MSR_IA32_SYSENTER_ESP, MSR_IA32_SYSENTER_EIP, MSR_IA32_CR_PAT,
	};
	unsigned int i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (known[i] == index)
			return i;
	}
	return -ENOENT;
}

static u64 get_cr(struct vmm_x86 *x, unsigned int nr)
{
	return nr == 0 ? o.cr0 : 0;
}

static u64 get_efer(struct vmm_x86 *x)
{
	return o.efer;
}

static void set_efer(struct vmm_x86 *x, u64 val)
{
	o.efer = val;
}

static int get_msr(struct vmm_x86 *x, u32 index, u64 *val)
{
	int i = backend_index(index);

	if (i >= 0)
		*val = o.backend[i];
	return i < 0 ? i : 0;
}

static int set_msr(struct vmm_x86 *x, u32 index, u64 val)
{
	int i = backend_index(index);

	if (i >= 0)
		o.backend[i] = val;
	return i < 0 ? i : 0;
}

static int lapic_get(struct vmm_x86 *x, u32 index, u64 *val, bool host)
{
	o.lapic_calls++;
	*val = o.lapic;
	return o.lapic_refuses ? -EINVAL : 0;
}

static int lapic_set(struct vmm_x86 *x, u32 index, u64 val, bool host)
{
	o.lapic_calls++;
	if (!o.lapic_refuses)
		o.lapic = val;
	return o.lapic_refuses ? -EINVAL : 0;
}

static const struct vmm_x86_ops ops = {
	.get_cr = get_cr, .get_efer = get_efer, .set_efer = set_efer,
	.get_msr = get_msr, .set_msr = set_msr,
	.lapic_get_msr = lapic_get, .lapic_set_msr = lapic_set,
};

void vmm_x86_load_tsc_aux(struct vmm_x86 *x)
{
	o.aux_loads++;
}

void vmm_x86_ibpb(void)
{
	o.ibpbs++;
}

u64 vmm_clock_guest_tsc(const struct vmm_x86 *x)
{
	return o.tsc;
}

void vmm_clock_write_tsc(struct vmm_x86 *x, u64 val, bool host)
{
	o.tsc = val;
}

void vmm_clock_write_adjust(struct vmm_x86 *x, u64 val, bool host)
{
	x->clock.tsc_adjust = val;
}

void vmm_clock_write_time_msr(struct vmm_x86 *x, u64 val)
{
	x->clock.time_msr = val;
}

void vmm_clock_write_wall_msr(struct vmm_x86 *x, u64 val)
{
	x->clock.wall_msr = val;
}

int vmm_clock_write_steal_msr(struct vmm_x86 *x, u64 val, bool host)
{
	o.steal_by_host = host;
	if (val & KVM_STEAL_RESERVED_MASK)
		return -EINVAL;
	x->clock.steal_msr = val;
	return 0;
}

static void start(u64 feat)
{
	static const struct vmm_msr_host host = {
		.microcode = 0x1234, .tsc_khz = 2500000, .arch_caps = ~0ULL,
		.vm_cr = 0x18, .lfence_serializes = true,
	};

	memset(&o, 0, sizeof(o));
	memset(&x86, 0, sizeof(x86));
	x86.vm = &vm;
	x86.ops = &ops;
	x86.cpuid.limits.feat = feat;
	x86.cpuid.limits.efer_reserved =
		~(u64)(EFER_SCE | EFER_LME | EFER_LMA | EFER_NX);
	x86.cpuid.limits.gpa_reserved = ~((1ULL << 40) - 1);
	vmm_msr_setup(&host);
	vmm_msr_reset(&x86);
}

static bool reads(u32 index, u64 want)
{
	u64 val = ~want;

	return vmm_msr_read(&x86, index, &val) == 0 && val == want;
}

static bool takes(u32 index, u64 val)
{
	return vmm_msr_write(&x86, index, val) == 0;
}

static bool refuses(u32 index)
{
	u64 val;

	return vmm_msr_read(&x86, index, &val) == -EINVAL &&
	       vmm_msr_write(&x86, index, 0) == -EINVAL &&
	       vmm_msr_get(&x86, index, &val) == -EINVAL &&
	       vmm_msr_set(&x86, index, 0) == -EINVAL;
}

/* ---- the table ---------------------------------------------------------- */

static void test_table(void)
{
	unsigned int i, bad = 0;

	for (i = 0; i < vmm_nr_msr_rules; i++) {
		const struct vmm_msr_rule *r = &vmm_msr_rules[i];

		bad += r->first > r->last || (!r->get && !r->set);
		if (i)
			bad += r[-1].last >= r->first;
	}
	tap_ok(!bad && i > 40, "%u ranges, sorted, none overlaps", i);
}

/* Every register that the backend may leave to hardware is one we know. */
static void test_passthrough(void)
{
	unsigned int i, bad = 0;

	start(ALL_FEATURES);
	for (i = 0; vmm_msr_passthrough[i]; i++) {
		bad += backend_index(vmm_msr_passthrough[i]) < 0;
		bad += !reads(vmm_msr_passthrough[i], 0);
		if (i)
			bad += vmm_msr_passthrough[i] <=
			       vmm_msr_passthrough[i - 1];
	}
	tap_ok(i && !bad, "registers without intercepts are known and sorted");
}

static void test_needs(void)
{
	u64 val;
	unsigned int i, bad = 0, unknown = 0;

	start(0);
	for (i = 0; i < vmm_nr_msr_rules; i++) {
		if (vmm_msr_rules[i].need)
			bad += !refuses(vmm_msr_rules[i].first) ||
			       !refuses(vmm_msr_rules[i].last);
	}
	tap_ok(!bad, "without its CPUID, a register does not exist");

	start(~0ULL);
	for (i = 0; i < 200000; i++) {
		u32 index = rnd() >> (rnd() & 31);
		unsigned int r;

		for (r = 0; r < vmm_nr_msr_rules; r++) {
			if (index >= vmm_msr_rules[r].first &&
			    index <= vmm_msr_rules[r].last)
				break;
		}
		if (r < vmm_nr_msr_rules)
			continue;
		unknown++;
		bad += vmm_msr_read(&x86, index, &val) != -EINVAL ||
		       vmm_msr_write(&x86, index, rnd()) != -EINVAL;
	}
	tap_ok(unknown > 100000 && !bad, "unknown registers are refused");
}

static void test_refused(void)
{
	static const u32 never[] = {
		MSR_IA32_SPEC_CTRL, MSR_VM_HSAVE_PA, MSR_AMD64_TSC_RATIO,
		MSR_IA32_VMX_BASIC, MSR_IA32_LASTBRANCHFROMIP, MSR_IA32_XSS,
		MSR_AMD64_LS_CFG, MSR_IA32_MCG_CTL, MSR_IA32_MC0_CTL,
		MSR_KVM_ASYNC_PF_EN, MSR_KVM_PV_EOI_EN, MSR_IA32_BNDCFGS,
		MSR_F15H_PERF_CTL, MSR_CORE_PERF_GLOBAL_CTRL, MSR_IA32_TSX_CTRL,
		MSR_AMD64_VIRT_SPEC_CTRL, 0x40000000, ~0U,
	};
	unsigned int i;

	start(~0ULL);
	for (i = 0; i < sizeof(never) / sizeof(*never); i++)
		tap_ok(refuses(never[i]), "%#x is not for guests", never[i]);
}

/* ---- fuzz --------------------------------------------------------------- */

/*
 * Random writes to every register: what was taken reads back as written, what
 * was refused changed nothing, and state never becomes invalid.  @exempt: those
 * that do not read back, by their nature.
 */
static bool exempt(u32 index)
{
	switch (index) {
	case MSR_IA32_PRED_CMD:
	case MSR_IA32_UCODE_WRITE:
	case MSR_AMD64_PATCH_LEVEL:
	case MSR_AMD64_PATCH_LOADER:
		return true;
	}
	return false;
}

static u64 interesting(void)
{
	u64 v = rnd();

	switch (rnd() & 7) {
	case 0: return 0;
	case 1: return v & 0x0707070707070707;
	case 2: return v & 0xffff;
	case 3: return 1ULL << (v & 63);
	case 4: return (s64)v >> 17;
	case 5: return (v & 0xfffffff000) | (v & 6);
	case 6: return v & 0xffffffff;
	default: return v;
	}
}

static void test_fuzz(u64 vendor, const char *name)
{
	unsigned int i, r, bad = 0, taken = 0, refused = 0;

	start(ALL_FEATURES | vendor);
	for (i = 0; i < 300000; i++) {
		const struct vmm_msr_rule *rule;
		u64 before = 0, after = 0, val = interesting();
		bool readable;
		u32 index;

		r = rnd() % vmm_nr_msr_rules;
		rule = &vmm_msr_rules[r];
		index = rule->first + rnd() % (rule->last - rule->first + 1);
		o.lapic_refuses = rnd() & 1;
		o.cr0 = rnd() & 1 ? X86_CR0_PE | X86_CR0_PG : X86_CR0_PE;
		readable = vmm_msr_read(&x86, index, &before) == 0;
		if (vmm_msr_write(&x86, index, val) == 0) {
			taken++;
			if (index == MSR_EFER)
				val = (val & ~(u64)EFER_LMA) |
				      (before & EFER_LMA);
			if (index == MSR_SYSCALL_MASK)
				val = (u32)val;
			vmm_msr_read(&x86, index, &after);
			bad += readable && !exempt(index) && after != val;
		} else {
			refused++;
			vmm_msr_read(&x86, index, &after);
			bad += readable && after != before;
		}
		bad += !vmm_pat_valid(x86.msr.pat);
		bad += (o.efer & x86.cpuid.limits.efer_reserved) != 0;
		bad += !vmm_canonical(o.backend[1]) ||
		       !vmm_canonical(o.backend[4]) ||
		       !vmm_canonical(o.backend[9]);
	}
	tap_ok(!bad && taken > 10000 && refused > 10000,
	       "%s: random writes: %u taken, %u refused, %u wrong", name, taken,
	       refused, bad);
}

/* ---- one by one --------------------------------------------------------- */

static void test_efer(void)
{
	start(ALL_FEATURES);
	tap_ok(takes(MSR_EFER, EFER_LME | EFER_SCE) &&
	       reads(MSR_EFER, EFER_LME | EFER_SCE), "EFER: LME, SCE");
	o.cr0 = X86_CR0_PE | X86_CR0_PG;
	o.efer |= EFER_LMA;
	tap_ok(!takes(MSR_EFER, 0), "EFER: LME stays under paging");
	tap_ok(takes(MSR_EFER, EFER_LME | EFER_NX) &&
	       reads(MSR_EFER, EFER_LME | EFER_LMA | EFER_NX),
	       "EFER: LMA is not written");
	tap_ok(!takes(MSR_EFER, EFER_LME | EFER_SVME), "EFER: SVME");
}

static void test_addresses(void)
{
	static const u32 list[] = {
		MSR_LSTAR, MSR_CSTAR, MSR_FS_BASE, MSR_GS_BASE,
		MSR_KERNEL_GS_BASE, MSR_IA32_SYSENTER_ESP,
		MSR_IA32_SYSENTER_EIP,
	};
	unsigned int i, bad = 0;

	start(ALL_FEATURES);
	for (i = 0; i < sizeof(list) / sizeof(*list); i++)
		bad += !takes(list[i], 0xffff800000000000) ||
		       takes(list[i], 1ULL << 47) ||
		       !reads(list[i], 0xffff800000000000);
	tap_ok(!bad, "addresses are canonical");
	tap_ok(takes(MSR_STAR, ~0ULL) && takes(MSR_SYSCALL_MASK, ~0U) &&
	       !takes(MSR_SYSCALL_MASK, 1ULL << 32) &&
	       reads(MSR_SYSCALL_MASK, ~0U),
	       "STAR takes all, SFMASK 32 bits");
	start(ALL_FEATURES | 1ULL << VMM_CPU_AMD);
	tap_ok(takes(MSR_SYSCALL_MASK, ~0ULL) && reads(MSR_SYSCALL_MASK, ~0U),
	       "with AMD the rest of SFMASK reads as zero");
}

static void test_mtrr(void)
{
	start(ALL_FEATURES);
	tap_ok(reads(MSR_MTRRcap, 0x508) && !takes(MSR_MTRRcap, 0x508),
	       "MTRRcap: 8 ranges, fixed ones, WC; read-only");
	tap_ok(takes(MSR_MTRRdefType, 0xc06) && reads(MSR_MTRRdefType, 0xc06) &&
	       !takes(MSR_MTRRdefType, 0xc02) &&
	       !takes(MSR_MTRRdefType, 0x1006), "MTRRdefType");
	tap_ok(takes(0x200, 0xfffffff006) && takes(0x20f, 0xfffffff800) &&
	       reads(0x200, 0xfffffff006) && reads(0x20f, 0xfffffff800),
	       "variable ranges");
	tap_ok(!takes(0x200, 0x10000000006) && !takes(0x200, 0x106) &&
	       !takes(0x200, 0x1003) && !takes(0x201, 0x1400) &&
	       refuses(0x210), "variable ranges: reserved bits, types, number");
	tap_ok(takes(MSR_MTRRfix4K_F8000, 0x0605040100060606) &&
	       reads(MSR_MTRRfix4K_F8000, 0x0605040100060606) &&
	       !takes(MSR_MTRRfix4K_F8000, 7) &&
	       !takes(MSR_MTRRfix64K_00000, 2ULL << 56), "fixed ranges");
	tap_ok(takes(MSR_IA32_CR_PAT, 0x0007010600070106) &&
	       o.backend[10] == 0x0007010600070106 &&
	       !takes(MSR_IA32_CR_PAT, 2) && !takes(MSR_IA32_CR_PAT, 8ULL << 56),
	       "PAT: types, and the backend knows");
}

static void test_vendor(void)
{
	u64 val;

	start(ALL_FEATURES | HAS(AMD));
	tap_ok(reads(MSR_AMD64_PATCH_LEVEL, 0x1234) &&
	       takes(MSR_AMD64_PATCH_LEVEL, 0) &&
	       reads(MSR_AMD64_PATCH_LEVEL, 0x1234), "AMD: patch level");
	tap_ok(reads(MSR_K7_HWCR, 1 << 24), "AMD: HWCR tells of a steady TSC");
	tap_ok(reads(MSR_VM_CR, 0x18) && takes(MSR_VM_CR, 0x18) &&
	       !takes(MSR_VM_CR, 0), "AMD: VM_CR is off and locked");
	tap_ok(takes(MSR_AMD64_NB_CFG, 1ULL << 46) &&
	       !takes(MSR_AMD64_NB_CFG, 1), "AMD: NB_CFG");
	tap_ok(reads(MSR_K7_EVNTSEL0, 0) && takes(MSR_K7_PERFCTR3, 0) &&
	       !takes(MSR_K7_EVNTSEL0, 1), "AMD: no counters behind");
	tap_ok(reads(MSR_AMD64_DE_CFG, 2), "AMD: LFENCE serializes");
	tap_ok(refuses(MSR_IA32_MISC_ENABLE) && refuses(MSR_IA32_FEAT_CTL),
	       "AMD: Intel's are refused");
	tap_ok(vmm_msr_set(&x86, MSR_AMD64_PATCH_LEVEL, 99) == 0 &&
	       reads(MSR_AMD64_PATCH_LEVEL, 99), "user space sets the level");

	start(ALL_FEATURES | HAS(INTEL));
	tap_ok(reads(MSR_IA32_UCODE_REV, 0x1234ULL << 32) &&
	       takes(MSR_IA32_UCODE_REV, 0) && takes(MSR_IA32_UCODE_WRITE, 5) &&
	       vmm_msr_read(&x86, MSR_IA32_UCODE_WRITE, &val) == -EINVAL,
	       "Intel: microcode");
	tap_ok(reads(MSR_IA32_FEAT_CTL, 1) && !takes(MSR_IA32_FEAT_CTL, 5),
	       "Intel: FEAT_CTL is locked");
	tap_ok(reads(MSR_PLATFORM_INFO, 25 << 8), "Intel: base frequency");
	tap_ok(reads(MSR_IA32_MISC_ENABLE, 0x1801) &&
	       takes(MSR_IA32_MISC_ENABLE, 0x1800) &&
	       !takes(MSR_IA32_MISC_ENABLE, 0x1800 | 1 << 18),
	       "Intel: MISC_ENABLE");
	val = 0;
	vmm_msr_read(&x86, MSR_IA32_ARCH_CAPABILITIES, &val);
	tap_ok(val & ARCH_CAP_RDCL_NO && !(val & ARCH_CAP_IBRS_ALL) &&
	       !(val & ARCH_CAP_TSX_CTRL_MSR), "ARCH_CAPABILITIES is filtered");
	tap_ok(refuses(MSR_K7_HWCR), "Intel: AMD's are refused");
}

static void test_rest(void)
{
	start(ALL_FEATURES);
	tap_ok(takes(MSR_IA32_PRED_CMD, 1) && o.ibpbs == 1 &&
	       takes(MSR_IA32_PRED_CMD, 0) && o.ibpbs == 1 &&
	       !takes(MSR_IA32_PRED_CMD, 2), "PRED_CMD");
	tap_ok(takes(MSR_TSC_AUX, 7) && reads(MSR_TSC_AUX, 7) && o.aux_loads &&
	       !takes(MSR_TSC_AUX, 1ULL << 32), "TSC_AUX");
	tap_ok(takes(MSR_IA32_TSC, 5) && reads(MSR_IA32_TSC, 5) &&
	       takes(MSR_IA32_TSC_ADJUST, 6) && reads(MSR_IA32_TSC_ADJUST, 6),
	       "TSC and TSC_ADJUST");
	tap_ok(takes(MSR_IA32_DEBUGCTLMSR, 0) &&
	       !takes(MSR_IA32_DEBUGCTLMSR, 1), "DEBUGCTL has nothing to offer");
	tap_ok(reads(MSR_IA32_MCG_CAP, 0) && takes(MSR_IA32_MCG_STATUS, 5) &&
	       !takes(MSR_IA32_MCG_STATUS, 8), "no machine-check banks");
	tap_ok(takes(MSR_KVM_STEAL_TIME, 0x1001) &&
	       reads(MSR_KVM_STEAL_TIME, 0x1001) &&
	       !takes(MSR_KVM_STEAL_TIME, 0x1003) && !o.steal_by_host,
	       "steal time");
	tap_ok(!vmm_msr_set(&x86, MSR_KVM_STEAL_TIME, 0x1001) &&
	       o.steal_by_host, "and who writes it");
	tap_ok(takes(MSR_KVM_SYSTEM_TIME_NEW, 0x2001) &&
	       reads(MSR_KVM_SYSTEM_TIME, 0x2001) &&
	       takes(MSR_KVM_WALL_CLOCK, 0x3000) &&
	       reads(MSR_KVM_WALL_CLOCK_NEW, 0x3000), "old and new clock MSRs");
	o.lapic_calls = 0;
	tap_ok(takes(MSR_IA32_APICBASE, 1) && takes(0x800, 1) &&
	       takes(0x8ff, 1) && takes(MSR_IA32_TSC_DEADLINE, 1) &&
	       o.lapic_calls == 4, "the local APIC has its own");
}

int main(void)
{
	test_table();
	test_passthrough();
	test_needs();
	test_refused();
	test_fuzz(HAS(AMD), "AMD");
	test_fuzz(HAS(INTEL), "Intel");
	test_efer();
	test_addresses();
	test_mtrr();
	test_vendor();
	test_rest();
	return tap_done();
}
