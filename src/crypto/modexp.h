/* modexp: base ^ exponent mod modulus on numbers of any size, precompile 0x05.
 *
 * Spec: EIP-198 (EIP-2565, EIP-7823 and EIP-7883 change prices and limits, which are the
 * caller's). Pure; scratch memory comes from the arena, which is left as it was. Variable time.
 */
#ifndef CRYPTO_MODEXP_H
#define CRYPTO_MODEXP_H

#include "base/arena.h"

/* No fork's gas limit buys longer ones; Osaka allows 1024 (EIP-7823). */
#define MODEXP_SIZE_MAX ((size_t)1 << 20)

/* Three big-endian numbers one after the other, as they follow the precompile's three lengths.
 * Bytes that are not in data any more read as zero. base_len and modulus_len are at most
 * MODEXP_SIZE_MAX; exponent_len is any number. */
struct modexp_input {
    struct bytes data;
    size_t base_len;
    size_t exponent_len;
    size_t modulus_len;
};

/* Writes modulus_len bytes. Zero to the power of zero is one; modulo zero and one all is zero. */
void modexp(struct arena *arena, uint8_t *out, const struct modexp_input *input);

/* The same without assembly: what runs where the processor has no ADX. */
void modexp_portable(struct arena *arena, uint8_t *out, const struct modexp_input *input);

#endif
