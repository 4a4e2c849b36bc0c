/* ripemd160: the hash of precompile 0x03.
 *
 * Spec: Dobbertin, Bosselaers, Preneel, "RIPEMD-160: a strengthened version of RIPEMD" (1996).
 * Pure; allocates nothing.
 */
#ifndef CRYPTO_RIPEMD160_H
#define CRYPTO_RIPEMD160_H

#include "base/bytes.h"

#define RIPEMD160_SIZE ((size_t)20)

void ripemd160(uint8_t out[RIPEMD160_SIZE], struct bytes data);

#endif
