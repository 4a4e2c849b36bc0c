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

/* The first accounts of MNEMONIC_TEST: a development chain that derived them spent half its start on
 * it. mnemonic_test compares them with mnemonic_accounts. */
#define MNEMONIC_TEST_ACCOUNTS 11u
extern const struct mnemonic_account mnemonic_test_accounts[MNEMONIC_TEST_ACCOUNTS];

/* The first count accounts, count <= MNEMONIC_ACCOUNTS_MAX. phrase is words with single spaces; it
 * is not checked against the word list (BIP-39 says that any text gives a seed). */
void mnemonic_accounts(
    struct mnemonic_account *accounts,
    size_t count,
    const char *phrase,
    const struct ecdsa_signer *signer
);

#endif
