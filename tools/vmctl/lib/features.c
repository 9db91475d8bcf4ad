// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/container.h"
#include "lib/features.h"

enum { EAX, EBX, ECX, EDX };

#define MORE_LEN	24	/* of ", and 1000 more" */

#define LEAF1_EDX "fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov " \
	"pat pse36 pn clflush - dts acpi mmx fxsr sse sse2 ss ht tm ia64 pbe"

/* Names of bits, from the lowest on; "-": none. */
static const struct word {
	uint32_t leaf, subleaf;
	unsigned int reg;
	const char *names;
} words[] = {
	{ 0x1, 0, EDX, LEAF1_EDX },
	{ 0x1, 0, ECX, "pni pclmulqdq dtes64 monitor ds_cpl vmx smx est tm2 "
		"ssse3 cid sdbg fma cx16 xtpr pdcm - pcid dca sse4_1 sse4_2 "
		"x2apic movbe popcnt tsc_deadline_timer aes xsave osxsave avx "
		"f16c rdrand hypervisor" },
	{ 0x6, 0, EAX, "dtherm ida arat" },
	{ 0x7, 0, EBX, "fsgsbase tsc_adjust sgx bmi1 hle avx2 fdp_excptn_only "
		"smep bmi2 erms invpcid rtm cqm zero_fcs_fds mpx rdt_a "
		"avx512f avx512dq rdseed adx smap avx512ifma - clflushopt clwb "
		"intel_pt avx512pf avx512er avx512cd sha_ni avx512bw avx512vl" },
	{ 0x7, 0, ECX, "prefetchwt1 avx512vbmi umip pku ospke waitpkg "
		"avx512_vbmi2 shstk gfni vaes vpclmulqdq avx512_vnni "
		"avx512_bitalg tme avx512_vpopcntdq - la57 - - - - - rdpid "
		"keylocker bus_lock_detect cldemote - movdiri movdir64b enqcmd "
		"sgx_lc pks" },
	{ 0x7, 0, EDX, "- - avx512_4vnniw avx512_4fmaps fsrm uintr - - "
		"avx512_vp2intersect srbds_ctrl md_clear rtm_always_abort - "
		"tsx_force_abort serialize hybrid_cpu tsxldtrk - pconfig "
		"arch_lbr ibt - amx_bf16 avx512_fp16 amx_tile amx_int8 "
		"spec_ctrl intel_stibp flush_l1d arch_capabilities "
		"core_capabilities spec_ctrl_ssbd" },
	{ 0x7, 1, EAX, "- - - - avx_vnni avx512_bf16 - - - - fzrm fsrs fsrc - "
		"- - - - - - - - - avx_ifma" },
	{ 0xd, 0, EAX, "x87-state sse-state avx-state bndregs-state "
		"bndcsr-state opmask-state zmm_hi256-state hi16_zmm-state "
		"pt-state pkru-state" },
	{ 0xd, 1, EAX, "xsaveopt xsavec xgetbv1 xsaves" },
	{ 0x40000001, 0, EAX, "kvmclock kvm_nopiodelay kvm_mmu kvmclock2 "
		"kvm_asyncpf kvm_steal_time kvm_pv_eoi kvm_pv_unhalt - "
		"kvm_pv_tlb_flush kvm_asyncpf_vmexit kvm_pv_ipi "
		"kvm_poll_control kvm_pv_sched_yield kvm_asyncpf_int "
		"kvm_msi_ext_dest_id - - - - - - - - kvmclock_stable" },
	{ 0x80000001, 0, EDX, "fpu vme de pse tsc msr pae mce cx8 apic - "
		"syscall mtrr pge mca cmov pat pse36 - mp nx - mmxext mmx fxsr "
		"fxsr_opt pdpe1gb rdtscp - lm 3dnowext 3dnow" },
	{ 0x80000001, 0, ECX, "lahf_lm cmp_legacy svm extapic cr8_legacy abm "
		"sse4a misalignsse 3dnowprefetch osvw ibs xop skinit wdt - lwp "
		"fma4 tce - nodeid_msr - tbm topoext perfctr_core perfctr_nb - "
		"bpext ptsc perfctr_llc mwaitx" },
	{ 0x80000007, 0, EDX, "- - - - - - - - nonstop_tsc" },
	{ 0x80000008, 0, EBX, "clzero irperf xsaveerptr - rdpru - - - - "
		"wbnoinvd - - ibpb - ibrs stibp - stibp_always_on - - - - - "
		"amd_ppin amd_ssbd virt_ssbd amd_ssb_no - - btc_no ibpb_ret" },
	{ 0x80000021, 0, EAX, "no_nested_data_bp - lfence_rdtsc - - verw_clear "
		"null_sel_clr_base - - - - - - - - - - - - - - - - - - - - - "
		"ibpb_brtype srso_no" },
	{ 0x80000021, 0, ECX, "- tsa_sq_no tsa_l1_no" },
};

static const struct vmm_cpuid_entry *find(const struct vmm_cpuid_entry *table,
					  unsigned int count, uint32_t leaf,
					  uint32_t subleaf)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (table[i].leaf == leaf && table[i].subleaf == subleaf)
			return &table[i];
	return NULL;
}

static uint32_t reg_of(const struct vmm_cpuid_entry *e, unsigned int reg)
{
	if (!e)
		return 0;
	switch (reg) {
	case EAX: return e->eax;
	case EBX: return e->ebx;
	case ECX: return e->ecx;
	default: return e->edx;
	}
}

/* Name @bit of @names; false: it has none. */
static bool name_of(const char *names, unsigned int bit, char *to, size_t size)
{
	size_t len;

	while (*names && bit--) {
		names += strcspn(names, " ");
		names += strspn(names, " ");
	}
	len = strcspn(names, " ");
	if (!len || *names == '-')
		return false;
	snprintf(to, size, "%.*s", (int)len, names);
	return true;
}

/**
 * struct list - names one after another
 * @shown:	how many are in @text, @count: how many there are
 */
struct list {
	char *text;
	size_t size, len;
	unsigned int shown, count;
};

static void add(struct list *l, const char *name)
{
	size_t need = strlen(name) + 2;

	l->count++;
	if (l->shown + 1 < l->count || l->len + need + MORE_LEN > l->size)
		return;
	l->len += (size_t)snprintf(l->text + l->len, l->size - l->len, "%s%s",
				   l->shown ? ", " : "", name);
	l->shown++;
}

static void add_word(struct list *l, const struct word *w, uint32_t lacks)
{
	static const char *const regs[] = { "eax", "ebx", "ecx", "edx" };
	char name[64];
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		if (!(lacks >> bit & 1))
			continue;
		if (!name_of(w->names, bit, name, sizeof(name)))
			snprintf(name, sizeof(name), "CPUID %#x.%u %s bit %u",
				 w->leaf, w->subleaf, regs[w->reg], bit);
		add(l, name);
	}
}

static void vendor_of(const struct vmm_cpuid_entry *e, char vendor[13])
{
	memset(vendor, 0, 13);
	if (!e)
		return;
	memcpy(vendor, &e->ebx, 4);
	memcpy(vendor + 4, &e->edx, 4);
	memcpy(vendor + 8, &e->ecx, 4);
}

/* Its letters come from a file. */
static void make_printable(char *s)
{
	for (; *s; s++)
		if (*s < ' ' || *s > '~')
			*s = '?';
}

unsigned int features_missing(const struct vmm_cpuid_entry *want,
			      unsigned int nr_want,
			      const struct vmm_cpuid_entry *have,
			      unsigned int nr_have, char *text, size_t size)
{
	struct list l = { .text = text, .size = size };
	char theirs[13], ours[13];
	unsigned int i;

	vendor_of(find(want, nr_want, 0, 0), theirs);
	vendor_of(find(have, nr_have, 0, 0), ours);
	if (strcmp(theirs, ours)) {
		make_printable(theirs);
		snprintf(text, size, "a processor of %s (this one is of %s)",
			 theirs, ours);
		return 1;
	}
	for (i = 0; i < ARRAY_SIZE(words); i++) {
		const struct word *w = &words[i];
		uint32_t theirs_are, ours_are;

		theirs_are = reg_of(find(want, nr_want, w->leaf, w->subleaf),
				    w->reg);
		ours_are = reg_of(find(have, nr_have, w->leaf, w->subleaf),
				  w->reg);
		add_word(&l, w, theirs_are & ~ours_are);
	}
	if (l.count > l.shown)
		snprintf(text + l.len, size - l.len, ", and %u more",
			 l.count - l.shown);
	if (!l.count)
		snprintf(text, size, "sizes or leaves that its CPUID tells of");
	return l.count;
}
