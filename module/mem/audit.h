/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_AUDIT_H
#define VMM_MEM_AUDIT_H

/*
 * For debug builds (make modules AUDIT=1): pages are summed when they are frozen, and
 * have to have the same sum when they are taken over or freed.  Without, nothing.
 */

struct vmm_tree;

#ifdef VMM_MEM_AUDIT
void vmm_audit_freeze(const struct vmm_tree *tree);
void vmm_audit_thaw(unsigned long phys);
void vmm_audit_exit(void);
#else
static inline void vmm_audit_freeze(const struct vmm_tree *tree)
{
}

static inline void vmm_audit_thaw(unsigned long phys)
{
}

static inline void vmm_audit_exit(void)
{
}
#endif

#endif /* VMM_MEM_AUDIT_H */
