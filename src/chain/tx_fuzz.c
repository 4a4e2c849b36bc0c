/* What decodes as a transaction encodes to the same bytes, in both forms; what is judged of it never
 * fails an assertion. */
#include "chain/tx.h"

#include "base/fuzz.h"

static void judge(struct arena *arena, const struct tx *tx) {
    for (enum fork fork = FORK_FRONTIER; fork <= FORK_OSAKA; fork++) {
        const struct chain_config config = chain_config_at(1, fork);
        const struct chain_rules rules = chain_rules_at(&config, 0, 0);
        struct address sender;
        (void)tx_sender(arena, &sender, tx, &rules);
        if (tx_check(tx, &rules) != TX_VALID) continue;
        ASSERT(tx_intrinsic_gas(tx, &rules) <= tx->gas_limit);
        ASSERT(tx_floor_gas(tx, &rules) <= tx->gas_limit);
    }
    for (size_t i = 0; i < tx->authorization_count; i++) {
        struct address authority;
        (void)tx_authority(arena, &authority, &tx->authorizations[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct bytes encoded = bytes_from(data, size);
    struct arena arena;
    struct tx tx;
    struct tx_sidecar sidecar;
    struct bytes consensus;
    bool has_sidecar;
    arena_init(&arena, &test_heap);
    if (tx_decode(&arena, &tx, encoded) == TX_VALID) {
        ASSERT(bytes_equal(tx_encode(&arena, &tx), encoded));
        judge(&arena, &tx);
    }
    const enum tx_verdict verdict =
        tx_decode_network(&arena, &tx, &consensus, &has_sidecar, &sidecar, encoded);
    if (verdict == TX_VALID) {
        ASSERT(bytes_equal(tx_encode(&arena, &tx), consensus));
        if (has_sidecar) {
            ASSERT(bytes_equal(tx_encode_network(&arena, &tx, &sidecar), encoded));
            (void)tx_check_sidecar_hashes(&tx, &sidecar);
        }
    }
    arena_reset(&arena);
    return 0;
}
