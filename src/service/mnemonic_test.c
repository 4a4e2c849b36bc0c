#include "service/mnemonic.h"

#include "base/test.h"

#include <stdio.h>

/* What every development chain prints for this phrase. */
TEST(the_test_phrase_has_the_accounts_that_everybody_knows) {
    static const struct {
        size_t index;
        const char *address, *key;
    } cases[] = {
        {0, "f39fd6e51aad88f6f4ce6ab8827279cfffb92266",
         "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"},
        {1, "70997970c51812dc3a010c7d01b50e0d17dc79c8",
         "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"},
        {9, "a0ee7a142d267c1f36714e4a8f75612f20a79720",
         "2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6"},
    };
    struct ecdsa_signer signer;
    struct mnemonic_account accounts[10];
    ecdsa_signer_init(&signer, NULL);
    mnemonic_accounts(accounts, 10, MNEMONIC_TEST, &signer);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct mnemonic_account *account = &accounts[cases[i].index];
        char text[65];
        for (size_t k = 0; k < 20; k++) {
            (void)snprintf(text + 2 * k, 3, "%02x", account->address.bytes[k]);
        }
        assert_string_equal(text, cases[i].address);
        for (size_t k = 0; k < 32; k++) {
            (void)snprintf(text + 2 * k, 3, "%02x", account->key.bytes[k]);
        }
        assert_string_equal(text, cases[i].key);
    }
}

TEST(the_accounts_that_are_written_down_are_those_of_the_test_phrase) {
    struct ecdsa_signer signer;
    struct mnemonic_account accounts[MNEMONIC_TEST_ACCOUNTS];
    ecdsa_signer_init(&signer, NULL);
    mnemonic_accounts(accounts, MNEMONIC_TEST_ACCOUNTS, MNEMONIC_TEST, &signer);
    for (size_t i = 0; i < MNEMONIC_TEST_ACCOUNTS; i++) {
        const struct mnemonic_account *written = &mnemonic_test_accounts[i];
        assert_memory_equal(&written->address, &accounts[i].address, sizeof written->address);
        assert_memory_equal(&written->key, &accounts[i].key, sizeof written->key);
    }
}

TEST_MAIN(
    TEST_CASE(the_test_phrase_has_the_accounts_that_everybody_knows),
    TEST_CASE(the_accounts_that_are_written_down_are_those_of_the_test_phrase)
)
