/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_COMPRESS_H
#define VMM_MEM_COMPRESS_H

/*
 * Compressing pages, by the kernel's crypto API: it knows algorithms by name and
 * loads them when the module is loaded, so that none has to be there.  LZO is.
 */

#include <linux/mutex.h>
#include <linux/types.h>

struct acomp_req;

/**
 * struct vmm_packer - a place to compress, and to take apart; one user at a time
 * @lock:	held from vmm_packer_get() to vmm_packer_put()
 * @req:	of the API, or NULL for LZO
 * @lzo:	what that works with, or NULL
 * @buf:	two pages: what comes out of compressing, or goes into the other way
 */
struct vmm_packer {
	struct mutex lock;
	struct acomp_req *req;
	void *lzo;
	void *buf;
};

int vmm_compress_init(void);
void vmm_compress_exit(void);

struct vmm_packer *vmm_packer_get(void);
void vmm_packer_put(struct vmm_packer *packer);
int vmm_packer_pack(struct vmm_packer *packer, void *page);
int vmm_packer_unpack(struct vmm_packer *packer, unsigned int length,
		      void *page);

#endif /* VMM_MEM_COMPRESS_H */
