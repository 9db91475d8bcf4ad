/* SPDX-License-Identifier: GPL-2.0 */
/* What one CPUID table has and another lacks, by the names that Linux uses. */
#ifndef VMCTL_FEATURES_H
#define VMCTL_FEATURES_H

#include <stddef.h>
#include <linux/vmm.h>

/**
 * features_missing() - what a guest was given, @want, that @have does not offer
 *
 * Puts the names into @text, with commas between them; "and N more" where they do not
 * fit.  Another vendor's processor is named alone.  How many there are; 0: none that
 * has a name, and what the text says then is that it is some number that CPUID tells.
 */
unsigned int features_missing(const struct vmm_cpuid_entry *want,
			      unsigned int nr_want,
			      const struct vmm_cpuid_entry *have,
			      unsigned int nr_have, char *text, size_t size);

#endif
