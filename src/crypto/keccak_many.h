/* keccak_many: keccak-256 of many independent messages, several at a time where the processor can.
 *
 * Spec: keccak.h, which is also the plain twin. Tries hash their nodes with this. Pure.
 */
#ifndef CRYPTO_KECCAK_MANY_H
#define CRYPTO_KECCAK_MANY_H

#include "crypto/keccak.h"

struct keccak256_task {
    struct bytes data;
    struct hash *out; /* not within the data of any task */
};

/* Hashes all tasks. Fastest for messages of similar length. */
void keccak256_many(const struct keccak256_task *tasks, size_t count);

#endif
