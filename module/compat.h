/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between kernel versions, and the only place that asks for one.
 * Everything here has the form of the newest kernel, for older ones to follow.
 */
#ifndef VMM_COMPAT_H
#define VMM_COMPAT_H

#include <linux/eventfd.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <asm/apic.h>
#include <asm/irq_vectors.h>
#include <asm/paravirt.h>
#include <asm/reboot.h>
#include <asm/vmx.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/swap.h>
#include <linux/syscore_ops.h>
#include <linux/version.h>
#include <net/genetlink.h>
#include <trace/events/ipi.h>

/* load_gs_index() moved. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#include <asm/gsseg.h>
#endif

/* The memory type that a VMCS needs. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
#define X86_MEMTYPE_WB		VMX_BASIC_MEM_TYPE_WB
static inline u32 vmx_basic_vmcs_mem_type(u64 vmx_basic)
{
	return (vmx_basic & VMX_BASIC_MEM_TYPE_MASK) >>
	       VMX_BASIC_MEM_TYPE_SHIFT;
}
#endif

/* First argument of inode operations that depend on the mount. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define vmm_mnt_idmap	user_namespace
#else
#define vmm_mnt_idmap	mnt_idmap
#endif

/* The attributes of a dump's request. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
static inline struct nlattr **vmm_genl_dump_attrs(struct netlink_callback *cb)
{
	return genl_dumpit_info(cb)->attrs;
}
#else
static inline struct nlattr **vmm_genl_dump_attrs(struct netlink_callback *cb)
{
	return genl_dumpit_info(cb)->info.attrs;
}
#endif

/* Callbacks of a kobj_type got it constant. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define vmm_const_kobject	struct kobject
#else
#define vmm_const_kobject	const struct kobject
#endif

/* Callbacks of a bin_attribute got it constant. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define vmm_bin_attribute	struct bin_attribute
#else
#define vmm_bin_attribute	const struct bin_attribute
#endif

/* vm_flags became read-only. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vmm_vma_flags_mod(struct vm_area_struct *vma,
				     unsigned long set, unsigned long clear)
{
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
}
#else
static inline void vmm_vma_flags_mod(struct vm_area_struct *vma,
				     unsigned long set, unsigned long clear)
{
	vm_flags_mod(vma, set, clear);
}
#endif

/*
 * Suspend and resume on the last processor.  The interface changed in the
 * middle of stable series, so that Kbuild looks at the header itself.
 */
#ifdef VMM_HAVE_STRUCT_SYSCORE
#define VMM_DEFINE_SYSCORE(_name, _suspend, _resume)			\
static int _name##_do_suspend(void *unused)				\
{									\
	return _suspend();						\
}									\
static void _name##_do_resume(void *unused)				\
{									\
	_resume();							\
}									\
static const struct syscore_ops _name##_ops = {				\
	.suspend	= _name##_do_suspend,				\
	.resume		= _name##_do_resume,				\
};									\
static struct syscore _name = { .ops = &_name##_ops }
#define vmm_register_syscore(_s)	register_syscore(_s)
#define vmm_unregister_syscore(_s)	unregister_syscore(_s)
#else
#define VMM_DEFINE_SYSCORE(_name, _suspend, _resume)			\
static struct syscore_ops _name = {					\
	.suspend	= _suspend,					\
	.resume		= _resume,					\
}
#define vmm_register_syscore(_s)	register_syscore_ops(_s)
#define vmm_unregister_syscore(_s)	unregister_syscore_ops(_s)
#endif

/* A timer on the monotonic clock; hrtimer_setup() came with 6.13. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static inline void
vmm_hrtimer_setup(struct hrtimer *timer,
		  enum hrtimer_restart (*fn)(struct hrtimer *timer),
		  enum hrtimer_mode mode)
{
	hrtimer_init(timer, CLOCK_MONOTONIC, mode);
	timer->function = fn;
}
#else
static inline void
vmm_hrtimer_setup(struct hrtimer *timer,
		  enum hrtimer_restart (*fn)(struct hrtimer *timer),
		  enum hrtimer_mode mode)
{
	hrtimer_setup(timer, fn, CLOCK_MONOTONIC, mode);
}
#endif

/* Adds 1 to an eventfd. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
static inline void vmm_eventfd_signal(struct eventfd_ctx *ctx)
{
	eventfd_signal(ctx, 1);
}
#else
static inline void vmm_eventfd_signal(struct eventfd_ctx *ctx)
{
	eventfd_signal(ctx);
}
#endif

/*
 * Notification of posted interrupts: the kernel keeps a vector for it where it is
 * built with KVM, as a module or not, and whose handler acknowledges and counts what
 * comes when the guest has been left.  0: there is none.  Calls of the APIC's driver
 * became static ones.
 */
#if !IS_ENABLED(CONFIG_KVM)
#define VMM_NOTIFY_VECTOR	0
static inline void vmm_send_notification(int cpu)
{
}
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define VMM_NOTIFY_VECTOR	POSTED_INTR_VECTOR
static inline void vmm_send_notification(int cpu)
{
	apic->send_IPI_mask(cpumask_of(cpu), VMM_NOTIFY_VECTOR);
}
#else
#define VMM_NOTIFY_VECTOR	POSTED_INTR_VECTOR
static inline void vmm_send_notification(int cpu)
{
	__apic_send_IPI_mask(cpumask_of(cpu), VMM_NOTIFY_VECTOR);
}
#endif

/* What a task that reclaims has got beside the lists of pages. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
static inline void mm_account_reclaimed_pages(unsigned long pages)
{
	if (current->reclaim_state)
		current->reclaim_state->reclaimed_slab += pages;
}
#endif

/* Shrinkers became objects of the kernel's, which have their name from the first. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
static inline struct shrinker *vmm_shrinker_alloc(const char *name)
{
	return kzalloc(sizeof(struct shrinker), GFP_KERNEL);
}
static inline int vmm_shrinker_register(struct shrinker *shrinker,
					const char *name)
{
	int err = register_shrinker(shrinker, "%s", name);

	if (err)
		kfree(shrinker);
	return err;
}
static inline void vmm_shrinker_free(struct shrinker *shrinker)
{
	unregister_shrinker(shrinker);
	kfree(shrinker);
}
#else
static inline struct shrinker *vmm_shrinker_alloc(const char *name)
{
	return shrinker_alloc(0, "%s", name);
}
static inline int vmm_shrinker_register(struct shrinker *shrinker,
					const char *name)
{
	shrinker_register(shrinker);
	return 0;
}
static inline void vmm_shrinker_free(struct shrinker *shrinker)
{
	shrinker_free(shrinker);
}
#endif

/* A word beside a page that is in no mapping, free for who has the page. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
static inline unsigned long *vmm_page_second_word(struct page *page)
{
	return &page->index;
}
#else
static inline unsigned long *vmm_page_second_word(struct page *page)
{
	return &page->__folio_index;
}
#endif

/* Whether the kernel's interrupts come through the IDT. */
#ifdef X86_FEATURE_FRED
static inline bool vmm_uses_idt(void)
{
	return !cpu_feature_enabled(X86_FEATURE_FRED);
}
#else
static inline bool vmm_uses_idt(void)
{
	return true;
}
#endif

#endif /* VMM_COMPAT_H */
