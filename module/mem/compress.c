// SPDX-License-Identifier: GPL-2.0
/*
 * Compressing pages.
 *
 * The kernel has lz4 and zstd as modules, whose functions this one could not call
 * without being refused by insmod where they are not loaded.  The crypto API finds
 * them by name.  Of its interfaces the asynchronous one is the one that stays; it is
 * used with algorithms that are not asynchronous.  Where it has none of that name, LZO
 * serves, which every kernel has in itself; in the form that knows runs of zeros, as
 * pages are full of them.
 *
 * Everything is allocated at load: who compresses is short of memory.
 */

#include <crypto/acompress.h>
#include <linux/gfp.h>
#include <linux/lzo.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "mem/compress.h"

/* Places to compress, at most. */
#define PACKERS_MAX	16

/* An algorithm may write more than a page before it is known that it does not help. */
#define BUF_ORDER	1

static char *compressor = "lz4";
module_param(compressor, charp, 0444);
MODULE_PARM_DESC(compressor, "compresses pages that leave memory: lz4, zstd, lzo-rle, ... (lzo-rle where the kernel has not that one)");

MODULE_SOFTDEP("pre: lz4");

/* NULL: LZO. */
static struct crypto_acomp *algorithm;
static struct vmm_packer *packers;
static unsigned int nr_packers;

static struct crypto_acomp *find_algorithm(void)
{
	struct crypto_acomp *found;

	if (!strcmp(compressor, "lzo-rle"))
		return NULL;
	found = crypto_alloc_acomp(compressor, 0, CRYPTO_ALG_ASYNC);
	if (!IS_ERR(found))
		return found;
	pr_info("no compressor %s (error %ld), pages are compressed by lzo-rle\n",
		compressor, PTR_ERR(found));
	return NULL;
}

static_assert(lzo1x_worst_compress(PAGE_SIZE) <= PAGE_SIZE << BUF_ORDER);

static int packer_init(struct vmm_packer *packer)
{
	mutex_init(&packer->lock);
	packer->buf = (void *)__get_free_pages(GFP_KERNEL, BUF_ORDER);
	if (!packer->buf)
		return -ENOMEM;
	if (algorithm)
		packer->req = acomp_request_alloc(algorithm);
	else
		packer->lzo = vmalloc(LZO1X_1_MEM_COMPRESS);
	return packer->req || packer->lzo ? 0 : -ENOMEM;
}

/**
 * vmm_compress_init() - when the module is loaded
 */
int vmm_compress_init(void)
{
	unsigned int nr = min_t(unsigned int, num_online_cpus(), PACKERS_MAX);
	int err;

	packers = kcalloc(nr, sizeof(*packers), GFP_KERNEL);
	if (!packers)
		return -ENOMEM;
	algorithm = find_algorithm();
	while (nr_packers < nr) {
		err = packer_init(&packers[nr_packers++]);
		if (err) {
			vmm_compress_exit();
			return err;
		}
	}
	return 0;
}

/**
 * vmm_compress_exit() - when the module goes
 */
void vmm_compress_exit(void)
{
	while (nr_packers) {
		nr_packers--;
		if (packers[nr_packers].req)
			acomp_request_free(packers[nr_packers].req);
		vfree(packers[nr_packers].lzo);
		free_pages((unsigned long)packers[nr_packers].buf, BUF_ORDER);
	}
	kfree(packers);
	if (algorithm)
		crypto_free_acomp(algorithm);
}

/**
 * vmm_packer_get() - have a place to oneself; may sleep
 */
struct vmm_packer *vmm_packer_get(void)
{
	struct vmm_packer *packer;

	packer = &packers[raw_smp_processor_id() % nr_packers];
	mutex_lock(&packer->lock);
	return packer;
}

void vmm_packer_put(struct vmm_packer *packer)
{
	mutex_unlock(&packer->lock);
}

/**
 * vmm_packer_pack() - compress a page into the buffer
 * @packer:	whose
 * @page:	address of the page
 *
 * Return: the length, or PAGE_SIZE if it does not get shorter.
 */
int vmm_packer_pack(struct vmm_packer *packer, void *page)
{
	struct scatterlist in, out;
	size_t len;

	if (packer->lzo)
		return lzorle1x_1_compress(page, PAGE_SIZE, packer->buf, &len,
					   packer->lzo) == LZO_E_OK ?
		       min(len, PAGE_SIZE) : PAGE_SIZE;
	sg_init_one(&in, page, PAGE_SIZE);
	sg_init_one(&out, packer->buf, PAGE_SIZE << BUF_ORDER);
	acomp_request_set_params(packer->req, &in, &out, PAGE_SIZE,
				 PAGE_SIZE << BUF_ORDER);
	if (crypto_acomp_compress(packer->req))
		return PAGE_SIZE;
	return min_t(unsigned int, packer->req->dlen, PAGE_SIZE);
}

/**
 * vmm_packer_unpack() - make the page again
 * @packer:	whose buffer has @length bytes of a page
 * @length:	less than PAGE_SIZE
 * @page:	address of a page to be written
 *
 * Return: 0, or -EBADMSG.
 */
int vmm_packer_unpack(struct vmm_packer *packer, unsigned int length,
		      void *page)
{
	struct scatterlist in, out;
	size_t len = PAGE_SIZE;

	if (packer->lzo)
		return lzo1x_decompress_safe(packer->buf, length, page,
					     &len) == LZO_E_OK &&
		       len == PAGE_SIZE ? 0 : -EBADMSG;
	sg_init_one(&in, packer->buf, length);
	sg_init_one(&out, page, PAGE_SIZE);
	acomp_request_set_params(packer->req, &in, &out, length, PAGE_SIZE);
	if (crypto_acomp_decompress(packer->req) ||
	    packer->req->dlen != PAGE_SIZE)
		return -EBADMSG;
	return 0;
}
