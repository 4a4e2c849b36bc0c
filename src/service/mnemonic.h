/* mnemonic: the keys of a development chain, derived as every wallet does.
 *
 * BIP-39 (mnemonic to seed, no passphrase), BIP-32 and BIP-44: m/44'/60'/0'/0/index.
 * For keys that are public anyway: not constant time in the keys.
 */
#ifndef SERVICE_MNEMONIC_H
#define SERVICE_MNEMONIC_H

#include "crypto/ecdsa.h"

/* The phrase of the usual development chains. */
#define MNEMONIC_TEST         "test test test test test test test test test test test junk"

#define MNEMONIC_ACCOUNTS_MAX 100u

struct mnemonic_account {
    struct address address;
    struct ecdsa_secret_key key;
};

/* The first count accounts, count <= MNEMONIC_ACCOUNTS_MAX. phrase is words with single spaces; it
 * is not checked against the word list (BIP-39 says that any text gives a seed). */
void mnemonic_accounts(
    struct mnemonic_account *accounts,
    size_t count,
    const char *phrase,
    const struct ecdsa_signer *signer
);

#endif
