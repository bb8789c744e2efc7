/*
 * SHA-256 (FIPS 180-4) with the instructions that the processor has for it. For languages that take C; a digest belongs
 * to one thread at a time.
 */
#ifndef LAZYDIT_SHA256_H
#define LAZYDIT_SHA256_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct lazydit_sha256 lazydit_sha256;

/* Of nothing yet; NULL where there is no memory. Free it with lazydit_sha256_free, exactly once. */
lazydit_sha256 *lazydit_sha256_new(void);

void lazydit_sha256_add(lazydit_sha256 *digest, const void *data, size_t size);

/* Writes 64 lower-case hexadecimal digits and a zero; nothing may be added afterwards. */
void lazydit_sha256_finish(lazydit_sha256 *digest, char digits[65]);

void lazydit_sha256_free(lazydit_sha256 *digest); /* NULL is allowed */

#ifdef __cplusplus
}
#endif

#endif
