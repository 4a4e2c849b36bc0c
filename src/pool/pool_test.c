#include "pool/pool.h"

#include "base/checked.h"
#include "base/test.h"
#include "crypto/ecdsa.h"
#include "crypto/keccak.h"
#include "world/heap.h"

#include <stdio.h>

enum { ACCOUNTS = 200, GWEI = 1000000000 };

/* --- a chain's head, as the pool sees it ------------------------------------------------------- */

static struct {
    uint64_t nonce[ACCOUNTS];
    struct u256 balance[ACCOUNTS];
    struct bytes code[ACCOUNTS];
    struct address address[ACCOUNTS]; /* where it is not the one of address_of */
} chain;

static struct arena arena;
static struct pool *pool;
static struct pool_outcome outcome;
static uint64_t now_ms;

static struct address address_of(size_t i) {
    struct address address = {{0xcc, (uint8_t)(i >> 8)}};
    address.bytes[19] = (uint8_t)i;
    return address_is_zero(&chain.address[i]) ? address : chain.address[i];
}

static size_t account_at(const struct address *address) {
    for (size_t i = 0; i < ACCOUNTS; i++) {
        const struct address candidate = address_of(i);
        if (address_equal(&candidate, address)) return i;
    }
    return ACCOUNTS;
}

static bool read_account(void *ctx, const struct address *address, struct account *out) {
    (void)ctx;
    const size_t i = account_at(address);
    if (i == ACCOUNTS) return false;
    *out = (struct account){.nonce = chain.nonce[i], .balance = chain.balance[i]};
    keccak256(&out->code_hash, chain.code[i]);
    return true;
}

static struct bytes read_code(void *ctx, const struct hash *code_hash) {
    (void)ctx;
    for (size_t i = 0; i < ACCOUNTS; i++) {
        struct hash hash;
        keccak256(&hash, chain.code[i]);
        if (hash_equal(&hash, code_hash)) return chain.code[i];
    }
    return (struct bytes){NULL, 0};
}

static const struct state_reader reader = {.account = read_account, .code = read_code};

static struct pool_head head_at(enum fork fork, uint64_t base_fee) {
    const struct chain_config config = chain_config_at(31337, fork);
    return (struct pool_head){
        .rules = chain_rules_at(&config, 1, 1),
        .base_fee = u256_from_u64(base_fee),
        .blob_base_fee = U256_ONE,
        .gas_limit = 30000000,
        .reader = &reader,
    };
}

static struct pool_head head;

static int begin(void **state) {
    (void)state;
    memset(&chain, 0, sizeof chain);
    for (size_t i = 0; i < ACCOUNTS; i++) {
        chain.balance[i] = (struct u256){{0, 1000, 0, 0}}; /* some 10^22 wei */
    }
    arena_init(&arena, &heap_source);
    pool = pool_create(&heap_source, NULL);
    head = head_at(FORK_OSAKA, GWEI);
    now_ms = 1000000;
    return 0;
}

static int end(void **state) {
    (void)state;
    pool_destroy(pool);
    arena_reset(&arena);
    return 0;
}

/* --- transactions ----------------------------------------------------------------------------- */

static struct tx transfer(uint64_t nonce, uint64_t fee_cap, uint64_t tip_cap) {
    return (struct tx){
        .type = TX_TYPE_DYNAMIC_FEE,
        .is_protected = true,
        .chain_id = 31337,
        .nonce = nonce,
        .gas_limit = 21000,
        .max_fee_per_gas = u256_from_u64(fee_cap),
        .max_priority_fee_per_gas = u256_from_u64(tip_cap),
        .to = {{0xee}},
        .r = U256_ONE,
    };
}

static enum pool_verdict add(size_t sender, const struct tx *tx) {
    struct tx marked = *tx;
    marked.value = u256_from_u64(sender); /* so that no two senders' are the same */
    const struct address address = address_of(sender);
    pool_add_unsigned(pool, &outcome, &head, tx_encode(&arena, &marked), &address, now_ms);
    return outcome.verdict;
}

static enum pool_verdict add_simple(size_t sender, uint64_t nonce, uint64_t gwei) {
    const struct tx tx = transfer(nonce, gwei * GWEI, gwei * GWEI);
    return add(sender, &tx);
}

static struct ecdsa_secret_key secret_of(size_t i) {
    return (struct ecdsa_secret_key){.bytes = {[0] = 7, [31] = (uint8_t)(i + 1)}};
}

static struct ecdsa_signature sign(size_t sender, const struct hash *digest) {
    static const struct hash blinding = {{1}};
    static struct ecdsa_signer signer;
    static bool is_ready;
    if (!is_ready) ecdsa_signer_init(&signer, &blinding);
    is_ready = true;
    const struct ecdsa_secret_key key = secret_of(sender);
    struct ecdsa_public_key public_key;
    struct ecdsa_signature signature;
    assert_int_equal(ecdsa_public_key_of(&signer, &public_key, &key), ECDSA_VALID);
    assert_int_equal(ecdsa_sign_recoverable(&signer, &signature, digest, &key), ECDSA_VALID);
    chain.address[sender] = ecdsa_address(&public_key);
    return signature;
}

static enum pool_verdict add_signed(size_t sender, struct tx tx) {
    struct hash digest;
    tx_signing_hash(&arena, &digest, &tx);
    const struct ecdsa_signature signature = sign(sender, &digest);
    tx.r = signature.r;
    tx.s = signature.s;
    tx.y_parity = signature.recovery_id;
    pool_add(pool, &outcome, &head, tx_encode(&arena, &tx), false, now_ms);
    return outcome.verdict;
}

#define assert_refused(expression, expected_verdict, expected_message) \
    do {                                                               \
        assert_int_equal((expression), (expected_verdict));            \
        assert_string_equal(outcome.message, (expected_message));      \
    } while (0)

/* --- refusals -------------------------------------------------------------------------------- */

TEST(a_transaction_is_refused_for_what_it_is_in_the_words_of_geth) {
    struct tx tx = transfer(0, 2 * (uint64_t)GWEI, 3 * (uint64_t)GWEI);
    assert_refused(
        add(1, &tx), POOL_TX_INVALID, "max priority fee per gas higher than max fee per gas"
    );
    tx = transfer(0, GWEI, 0);
    assert_refused(
        add(1, &tx), POOL_TIP_TOO_LOW,
        "transaction gas price below minimum: gas tip cap 0, minimum needed 1"
    );
    tx = transfer(0, GWEI, GWEI);
    tx.gas_limit = 20999;
    assert_refused(
        add(1, &tx), POOL_TX_INVALID, "intrinsic gas too low: gas 20999, minimum needed 21000"
    );
    assert_int_equal(outcome.tx_verdict, TX_INTRINSIC_GAS_TOO_LOW);
    tx.gas_limit = 16777217;
    assert_refused(
        add(1, &tx), POOL_TX_INVALID, "transaction gas limit too high (cap: 16777216, tx: 16777217)"
    );
    tx.gas_limit = 10000000;
    head.gas_limit = 9999999;
    assert_refused(add(1, &tx), POOL_GAS_LIMIT, "exceeds block gas limit");
    head.gas_limit = 30000000;

    static uint8_t zeros[140000];
    tx.data = bytes_from(zeros, 1000);
    tx.gas_limit = 25500; /* 21000 + 4 * 1000 is enough to begin, 21000 + 10 * 1000 is the floor */
    assert_refused(
        add(1, &tx), POOL_TX_INVALID,
        "insufficient gas for floor data gas cost: gas 25500, minimum needed 31000"
    );
    tx.data = bytes_from(zeros, sizeof zeros);
    assert_int_equal(add(1, &tx), POOL_OVERSIZED);
    assert_non_null(strstr(outcome.message, "oversized data: transaction size 1400"));
    assert_non_null(strstr(outcome.message, ", limit 131072"));
    tx.is_create = true;
    tx.to = (struct address){{0}};
    tx.data = bytes_from(zeros, 49153);
    assert_refused(
        add(1, &tx), POOL_TX_INVALID, "max initcode size exceeded: code size 49153, limit 49152"
    );
    tx = transfer(UINT64_MAX, GWEI, GWEI);
    assert_refused(add(1, &tx), POOL_TX_INVALID, "nonce has max value");
    tx = transfer(0, GWEI, GWEI);
    tx.type = TX_TYPE_SET_CODE;
    assert_refused(
        add(1, &tx), POOL_TX_INVALID, "set code tx must have at least one authorization tuple"
    );
    head = head_at(FORK_CANCUN, GWEI);
    assert_refused(
        add(1, &tx), POOL_TX_INVALID,
        "transaction type not supported: type 4 rejected, pool not yet in Prague"
    );
    assert_int_equal(pool_counts(pool).pending + pool_counts(pool).queued, 0);
}

TEST(a_transaction_is_refused_for_its_sender_in_the_words_of_geth) {
    chain.nonce[1] = 5;
    assert_refused(
        add_simple(1, 3, 2), POOL_NONCE_TOO_LOW, "nonce too low: next nonce 5, tx nonce 3"
    );
    chain.balance[2] = u256_from_u64(100000);
    struct tx tx = transfer(0, 10, 10);
    assert_refused(
        add(2, &tx), POOL_INSUFFICIENT_FUNDS,
        "insufficient funds for gas * price + value: balance 100000, tx cost 210002, overshot "
        "110002"
    );
    chain.balance[2] = u256_from_u64(300000);
    assert_int_equal(add(2, &tx), POOL_ADDED);
    assert_refused(add(2, &tx), POOL_ALREADY_KNOWN, "already known");
    tx = transfer(1, 10, 10);
    assert_refused(
        add(2, &tx), POOL_INSUFFICIENT_FUNDS,
        "insufficient funds for gas * price + value: balance 300000, queued cost 210002, tx cost "
        "210002, overshot 120004"
    );
    tx = transfer(0, 14, 14);
    assert_int_equal(add(2, &tx), POOL_ADDED);
    tx = transfer(0, 10, 10);
    tx.gas_limit = 28000;
    chain.balance[2] = u256_from_u64(200000);
    assert_refused(
        add(2, &tx), POOL_INSUFFICIENT_FUNDS,
        "insufficient funds for gas * price + value: balance 200000, tx cost 280002, overshot 80002"
    );
    chain.balance[2] = u256_from_u64(330000);
    tx = transfer(1, 10, 10);
    tx.gas_limit = 21000;
    assert_int_equal(add(2, &tx), POOL_INSUFFICIENT_FUNDS);

    tx = transfer(0, GWEI, GWEI);
    (void)add_signed(3, tx);
    static const uint8_t code[1] = {0x5b};
    chain.code[3] = BYTES_OF(code);
    assert_int_equal(add_signed(3, transfer(1, GWEI, GWEI)), POOL_SENDER_NOT_EOA);
    assert_non_null(strstr(outcome.message, "sender not an eoa: address 0x"));
    assert_non_null(strstr(outcome.message, ", codehash: 0x"));
}

TEST(bytes_that_are_no_transaction_are_refused) {
    static uint8_t bytes[2 << 20];
    bytes[0] = 0x02;
    pool_add(pool, &outcome, &head, bytes_from(bytes, 3), false, 0);
    assert_int_equal(outcome.verdict, POOL_TX_INVALID);
    assert_string_not_equal(outcome.message, "");
    pool_add(pool, &outcome, &head, bytes_from(bytes, 0), false, 0);
    assert_int_equal(outcome.verdict, POOL_TX_INVALID);
    pool_add(pool, &outcome, &head, BYTES_OF(bytes), false, 0);
    assert_string_equal(outcome.message, "oversized data: transaction size 2097152, limit 131072");
    struct tx tx = transfer(0, GWEI, GWEI);
    tx.chain_id = 1;
    assert_refused(
        add_signed(1, tx), POOL_INVALID_SENDER,
        "invalid sender: invalid chain id for signer: have 1 want 31337"
    );
    tx = transfer(0, GWEI, GWEI);
    tx.s = U256_MAX;
    pool_add(pool, &outcome, &head, tx_encode(&arena, &tx), false, 0);
    assert_string_equal(outcome.message, "invalid sender: invalid transaction v, r, s values");
}

/* --- order ----------------------------------------------------------------------------------- */

TEST(nonces_without_a_gap_are_pending_and_the_rest_waits) {
    assert_int_equal(add_signed(1, transfer(0, GWEI, GWEI)), POOL_ADDED);
    assert_true(outcome.pending);
    assert_int_equal(add_signed(1, transfer(2, GWEI, GWEI)), POOL_ADDED);
    assert_false(outcome.pending);
    const struct address sender = address_of(1);
    assert_int_equal(pool_counts(pool).pending, 1);
    assert_int_equal(pool_counts(pool).queued, 1);
    assert_int_equal(pool_next_nonce(pool, &sender, 0), 1);
    assert_int_equal(add_signed(1, transfer(1, GWEI, GWEI)), POOL_ADDED);
    assert_int_equal(pool_counts(pool).pending, 3);
    assert_int_equal(pool_next_nonce(pool, &sender, 0), 3);

    const struct pool_entry *middle = pool_find_nonce(pool, &sender, 1);
    const struct hash hash = middle->hash;
    assert_ptr_equal(pool_find(pool, &hash), middle);
    assert_true(pool_remove(pool, &hash));
    assert_false(pool_remove(pool, &hash));
    assert_null(pool_find(pool, &hash));
    assert_int_equal(pool_counts(pool).pending, 1);
    assert_int_equal(pool_counts(pool).queued, 1);
}

TEST(a_replacement_pays_a_tenth_more_in_both_fees) {
    struct tx tx = transfer(0, 1000 * (uint64_t)GWEI, 100 * (uint64_t)GWEI);
    assert_int_equal(add(1, &tx), POOL_ADDED);
    const struct hash first = outcome.hash;
    static const struct {
        uint64_t fee_cap, tip_cap;
    } low[] = {{1000, 110}, {1100, 100}, {1099, 110}, {1100, 109}, {1001, 101}};
    for (size_t i = 0; i < ARRAY_LEN(low); i++) {
        tx = transfer(0, low[i].fee_cap * GWEI, low[i].tip_cap * GWEI);
        tx.gas_limit = 21001;
        assert_refused(
            add(1, &tx), POOL_REPLACEMENT_UNDERPRICED, "replacement transaction underpriced"
        );
    }
    tx = transfer(0, 1100 * (uint64_t)GWEI, 110 * (uint64_t)GWEI);
    assert_int_equal(add(1, &tx), POOL_ADDED);
    assert_true(hash_equal(&outcome.replaced, &first));
    assert_null(pool_find(pool, &first));
    assert_int_equal(pool_counts(pool).pending, 1);
}

static void assert_best(const size_t *senders, const uint64_t *nonces, size_t count) {
    struct pool_best *best = pool_best(pool, &arena, &head);
    for (size_t i = 0; i < count; i++) {
        const struct pool_entry *entry = pool_best_next(best);
        assert_non_null(entry);
        assert_int_equal(account_at(&entry->sender), senders[i]);
        assert_int_equal(entry->tx.nonce, nonces[i]);
    }
    assert_null(pool_best_next(best));
    assert_null(pool_best_next(best));
}

TEST(a_builder_gets_the_best_tips_first_and_nonces_in_order) {
    (void)add_simple(1, 0, 5);
    (void)add_simple(1, 1, 90);
    (void)add_simple(2, 0, 20);
    (void)add_simple(3, 0, 20);
    (void)add_simple(4, 1, 99); /* behind a gap */
    struct tx tx = transfer(0, 40 * (uint64_t)GWEI, 30 * (uint64_t)GWEI);
    (void)add(5, &tx);
    head.base_fee = u256_from_u64(4 * (uint64_t)GWEI);
    assert_best((size_t[]){5, 2, 3, 1, 1}, (uint64_t[]){0, 0, 0, 0, 1}, 5);
    head.base_fee = u256_from_u64(15 * (uint64_t)GWEI); /* 5's tip is now 25 at most */
    assert_best((size_t[]){5, 2, 3}, (uint64_t[]){0, 0, 0}, 3);

    head.base_fee = U256_ZERO;
    struct pool_best *best = pool_best(pool, &arena, &head);
    assert_non_null(pool_best_next(best)); /* 5 */
    assert_non_null(pool_best_next(best)); /* 2 */
    pool_best_skip_sender(best);
    const struct pool_entry *entry = pool_best_next(best);
    assert_int_equal(account_at(&entry->sender), 3);
    entry = pool_best_next(best);
    assert_int_equal(account_at(&entry->sender), 1);
    pool_best_skip_sender(best);
    assert_null(pool_best_next(best));
}

TEST(entries_are_listed_by_sender_and_nonce) {
    (void)add_simple(9, 1, 5);
    (void)add_simple(3, 0, 5);
    (void)add_simple(9, 0, 5);
    (void)add_simple(3, 7, 5);
    size_t count;
    const struct pool_entry **entries = pool_entries(pool, &arena, &count);
    static const uint64_t expected[][3] = {{3, 0, 1}, {3, 7, 0}, {9, 0, 1}, {9, 1, 1}};
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(account_at(&entries[i]->sender), expected[i][0]);
        assert_int_equal(entries[i]->tx.nonce, expected[i][1]);
        assert_int_equal(entries[i]->pending, expected[i][2]);
    }
}

TEST(a_pooled_transaction_is_a_copy_of_its_own) {
    const struct hash keys[2] = {{{1}}, {{2}}};
    const struct tx_access access = {.address = {{3}}, .keys = keys, .key_count = 2};
    uint8_t data[100];
    memset(data, 0xab, sizeof data);
    struct tx tx = transfer(0, GWEI, GWEI);
    tx.gas_limit = 100000;
    tx.data = BYTES_OF(data);
    tx.access_list = &access;
    tx.access_list_count = 1;
    assert_int_equal(add_signed(1, tx), POOL_ADDED);
    arena_reset(&arena);
    memset(data, 0, sizeof data);
    const struct pool_entry *entry = pool_find(pool, &outcome.hash);
    assert_int_equal(entry->tx.data.data[99], 0xab);
    assert_int_equal(entry->tx.access_list[0].keys[1].bytes[0], 2);
    assert_bytes_equal(tx_encode(&arena, &entry->tx), entry->encoded);
    struct hash hash;
    tx_hash_of(&hash, entry->encoded);
    assert_true(hash_equal(&hash, &entry->hash));
}

/* --- the head moves --------------------------------------------------------------------------- */

TEST(a_new_head_takes_what_was_mined_and_what_cannot_be_paid) {
    for (uint64_t nonce = 0; nonce < 6; nonce++) {
        assert_int_equal(add_simple(1, nonce, nonce == 4 ? 50 : 5), POOL_ADDED);
    }
    chain.nonce[1] = 2;
    chain.balance[1] = u256_from_u64(21000 * 10 * (uint64_t)GWEI);
    pool_reset(pool, &head, now_ms);
    assert_int_equal(pool_counts(pool).pending, 2); /* 2 and 3 */
    assert_int_equal(pool_counts(pool).queued, 1);  /* 5, for 4 is gone */
    const struct address sender = address_of(1);
    assert_null(pool_find_nonce(pool, &sender, 1));
    assert_null(pool_find_nonce(pool, &sender, 4));
    assert_true(pool_find_nonce(pool, &sender, 2)->pending);
    assert_false(pool_find_nonce(pool, &sender, 5)->pending);

    chain.nonce[1] = 6;
    pool_reset(pool, &head, now_ms);
    assert_int_equal(pool_counts(pool).pending + pool_counts(pool).queued, 0);
}

TEST(a_rollback_opens_a_gap_that_reinjection_closes) {
    assert_int_equal(add_signed(1, transfer(0, GWEI, GWEI)), POOL_ADDED);
    const struct pool_entry *entry = pool_find(pool, &outcome.hash);
    const struct bytes mined = arena_copy(&arena, entry->encoded);
    assert_int_equal(add_signed(1, transfer(1, GWEI, GWEI)), POOL_ADDED);
    chain.nonce[1] = 1;
    pool_reset(pool, &head, now_ms);
    assert_int_equal(pool_counts(pool).pending, 1);

    chain.nonce[1] = 0;
    pool_reset(pool, &head, now_ms);
    assert_int_equal(pool_counts(pool).pending, 0);
    assert_int_equal(pool_counts(pool).queued, 1);
    pool_reinject(pool, &outcome, &head, mined, now_ms);
    assert_int_equal(outcome.verdict, POOL_ADDED);
    assert_int_equal(pool_counts(pool).pending, 2);
}

TEST(a_fork_drops_what_it_no_longer_allows) {
    head = head_at(FORK_PRAGUE, GWEI);
    pool_reset(pool, &head, now_ms);
    struct tx tx = transfer(0, GWEI, GWEI);
    tx.gas_limit = 20000000;
    assert_int_equal(add(1, &tx), POOL_ADDED);
    assert_int_equal(add_simple(2, 0, 1), POOL_ADDED);
    head = head_at(FORK_OSAKA, GWEI);
    pool_reset(pool, &head, now_ms);
    assert_int_equal(pool_counts(pool).pending, 1);
}

TEST(queued_transactions_of_idle_senders_expire) {
    struct tx tx = transfer(0, GWEI, GWEI);
    assert_int_equal(add_signed(1, transfer(0, GWEI, GWEI)), POOL_ADDED);
    assert_int_equal(add_signed(1, transfer(3, GWEI, GWEI)), POOL_ADDED);
    tx.nonce = 3;
    assert_int_equal(add(2, &tx), POOL_ADDED); /* a user's own stays */
    assert_int_equal(pool_expire(pool, now_ms + POOL_LIFETIME_MS), 0);
    assert_int_equal(pool_expire(pool, now_ms + POOL_LIFETIME_MS + 1), 1);
    assert_int_equal(pool_counts(pool).pending, 1);
    assert_int_equal(pool_counts(pool).queued, 1);
}

/* --- EIP-7702 -------------------------------------------------------------------------------- */

static struct tx set_code(uint64_t nonce, size_t authority, struct tx_authorization *room) {
    *room = (struct tx_authorization){.chain_id = u256_from_u64(31337), .address = {{9}}};
    struct hash digest;
    tx_authorization_hash(&arena, &digest, room);
    const struct ecdsa_signature signature = sign(authority, &digest);
    room->r = signature.r;
    room->s = signature.s;
    room->y_parity = signature.recovery_id;
    struct tx tx = transfer(nonce, 2 * (uint64_t)GWEI, 2 * (uint64_t)GWEI);
    tx.type = TX_TYPE_SET_CODE;
    tx.gas_limit = 100000;
    tx.authorizations = room;
    tx.authorization_count = 1;
    return tx;
}

TEST(a_delegated_account_has_one_transaction_in_flight) {
    (void)add_signed(1, transfer(9, GWEI, GWEI)); /* gives account 1 its address */
    pool_clear(pool);
    static const uint8_t delegation[23] = {0xef, 0x01, 0x00, 5};
    chain.code[1] = BYTES_OF(delegation);
    assert_refused(
        add_signed(1, transfer(1, GWEI, GWEI)), POOL_DELEGATED_GAP,
        "gapped-nonce tx from delegated accounts"
    );
    assert_int_equal(add_signed(1, transfer(0, GWEI, GWEI)), POOL_ADDED);
    assert_refused(
        add_signed(1, transfer(1, GWEI, GWEI)), POOL_DELEGATED_IN_FLIGHT,
        "in-flight transaction limit reached for delegated accounts"
    );
    assert_int_equal(
        add_signed(1, transfer(0, 2 * (uint64_t)GWEI, 2 * (uint64_t)GWEI)), POOL_ADDED
    );
}

TEST(an_authority_has_one_transaction_in_flight_while_its_authorization_is) {
    struct tx_authorization room;
    assert_int_equal(add_signed(1, set_code(0, 2, &room)), POOL_ADDED);
    const struct hash hash = outcome.hash;
    assert_int_equal(add_signed(2, transfer(0, GWEI, GWEI)), POOL_ADDED);
    assert_int_equal(add_signed(2, transfer(1, GWEI, GWEI)), POOL_DELEGATED_IN_FLIGHT);
    assert_true(pool_remove(pool, &hash));
    assert_int_equal(add_signed(2, transfer(1, GWEI, GWEI)), POOL_ADDED);
    assert_refused(
        add_signed(1, set_code(0, 2, &room)), POOL_AUTHORITY_RESERVED, "authority already reserved"
    );
}

/* --- blobs ----------------------------------------------------------------------------------- */

/* One blob with all that goes with it; made once, for it takes a while. */
static struct {
    uint8_t blob[KZG_BLOB_SIZE];
    struct kzg_commitment commitment;
    struct kzg_proof proof;
    struct kzg_proof cell_proofs[KZG_CELLS_PER_BLOB];
    struct hash versioned_hash;
    struct kzg_setup *setup;
    struct arena arena; /* of setup */
} blob;

static void make_blob(void) {
    if (blob.setup != NULL) return;
    arena_init(&blob.arena, &heap_source);
    blob.setup = kzg_setup_create(&blob.arena);
    for (size_t i = 1; i < sizeof blob.blob; i += 32) {
        blob.blob[i] = (uint8_t)(i >> 5);
    }
    uint8_t *cells = malloc(KZG_CELLS_PER_BLOB * KZG_CELL_SIZE);
    assert_int_equal(kzg_blob_to_commitment(blob.setup, &blob.commitment, blob.blob), KZG_VALID);
    assert_int_equal(
        kzg_compute_blob_proof(blob.setup, &blob.proof, blob.blob, &blob.commitment), KZG_VALID
    );
    assert_int_equal(
        kzg_compute_cells_and_proofs(blob.setup, cells, blob.cell_proofs, blob.blob), KZG_VALID
    );
    blob.versioned_hash = kzg_versioned_hash(&blob.commitment);
    free(cells);
}

static void begin_with_blobs(void) {
    make_blob();
    pool_destroy(pool);
    pool = pool_create(&heap_source, blob.setup);
}

static struct tx blob_tx(uint64_t nonce, uint64_t gwei) {
    struct tx tx = transfer(nonce, gwei * GWEI, gwei * GWEI);
    tx.type = TX_TYPE_BLOB;
    tx.max_fee_per_blob_gas = u256_from_u64(gwei);
    tx.blob_hashes = &blob.versioned_hash;
    tx.blob_hash_count = 1;
    return tx;
}

static struct tx_sidecar sidecar_of(uint8_t version) {
    return (struct tx_sidecar){
        .version = version,
        .blob_count = 1,
        .blobs = blob.blob,
        .commitments = blob.commitment.bytes,
        .proofs = version == 0 ? blob.proof.bytes : blob.cell_proofs[0].bytes,
        .proof_count = version == 0 ? 1 : KZG_CELLS_PER_BLOB,
    };
}

static enum pool_verdict add_blob(size_t sender, struct tx tx, const struct tx_sidecar *sidecar) {
    struct hash digest;
    tx_signing_hash(&arena, &digest, &tx);
    const struct ecdsa_signature signature = sign(sender, &digest);
    tx.r = signature.r;
    tx.s = signature.s;
    tx.y_parity = signature.recovery_id;
    pool_add(pool, &outcome, &head, tx_encode_network(&arena, &tx, sidecar), false, now_ms);
    return outcome.verdict;
}

TEST(a_blob_transaction_is_kept_with_its_sidecar) {
    begin_with_blobs();
    const struct tx_sidecar sidecar = sidecar_of(1);
    assert_int_equal(add_blob(1, blob_tx(0, 10), &sidecar), POOL_ADDED);
    const struct pool_entry *entry;
    size_t index;
    assert_true(pool_find_blob(pool, &entry, &index, &blob.versioned_hash));
    assert_int_equal(index, 0);
    assert_memory_equal(entry->sidecar->blobs, blob.blob, sizeof blob.blob);
    assert_int_equal(pool_counts(pool).blob_bytes, sizeof blob.blob);
    assert_true(pool_remove(pool, &outcome.hash));
    assert_int_equal(pool_counts(pool).blob_bytes, 0);
    assert_false(pool_find_blob(pool, &entry, &index, &blob.versioned_hash));

    head = head_at(FORK_PRAGUE, GWEI);
    const struct tx_sidecar old = sidecar_of(0);
    assert_int_equal(add_blob(1, blob_tx(0, 10), &old), POOL_ADDED);
}

TEST(a_sidecar_is_refused_in_the_words_of_geth) {
    begin_with_blobs();
    struct tx_sidecar sidecar = sidecar_of(0);
    assert_refused(
        add_blob(1, blob_tx(0, 10), &sidecar), POOL_SIDECAR,
        "unexpected sidecar version, want: 1, got: 0"
    );
    struct kzg_proof wrong[KZG_CELLS_PER_BLOB];
    memcpy(wrong, blob.cell_proofs, sizeof wrong);
    wrong[3] = wrong[4];
    sidecar = sidecar_of(1);
    sidecar.proofs = wrong[0].bytes;
    assert_int_equal(add_blob(1, blob_tx(0, 10), &sidecar), POOL_KZG);
    const struct hash other = {{1, 2}};
    struct tx tx = blob_tx(0, 10);
    sidecar = sidecar_of(1);
    tx.blob_hashes = &other;
    assert_int_equal(add_blob(1, tx, &sidecar), POOL_SIDECAR);
    tx = blob_tx(0, 10);
    tx.max_fee_per_blob_gas = U256_ZERO;
    assert_refused(
        add_blob(1, tx, &sidecar), POOL_TIP_TOO_LOW,
        "transaction gas price below minimum: blob fee cap 0, minimum needed 1"
    );
    assert_int_equal(pool_counts(pool).pending, 0);
}

TEST(blob_transactions_have_no_gaps_and_cost_double_to_replace) {
    begin_with_blobs();
    const struct tx_sidecar sidecar = sidecar_of(1);
    assert_int_equal(add_blob(1, blob_tx(0, 10), &sidecar), POOL_ADDED);
    assert_refused(
        add_blob(1, blob_tx(2, 10), &sidecar), POOL_NONCE_TOO_HIGH,
        "nonce too high: tx nonce 2, gapped nonce 1"
    );
    assert_refused(
        add_signed(1, transfer(1, 10 * (uint64_t)GWEI, GWEI)), POOL_ADDRESS_RESERVED,
        "address already reserved"
    );
    assert_refused(
        add_blob(1, blob_tx(0, 19), &sidecar), POOL_REPLACEMENT_UNDERPRICED,
        "replacement transaction underpriced: new tx gas fee cap 19000000000 < 10000000000 queued "
        "+ 100% replacement penalty"
    );
    assert_int_equal(add_blob(1, blob_tx(0, 20), &sidecar), POOL_ADDED);
    const struct hash first = outcome.hash;
    assert_int_equal(add_blob(1, blob_tx(1, 10), &sidecar), POOL_ADDED);
    assert_int_equal(pool_counts(pool).pending, 2);
    assert_true(pool_remove(pool, &first));
    assert_int_equal(pool_counts(pool).pending + pool_counts(pool).queued, 0);
}

TEST(a_blob_transaction_of_a_removed_block_gets_its_sidecar_back) {
    begin_with_blobs();
    const struct tx_sidecar sidecar = sidecar_of(1);
    assert_int_equal(add_blob(1, blob_tx(0, 10), &sidecar), POOL_ADDED);
    const struct hash hash = outcome.hash;
    const struct bytes mined = arena_copy(&arena, pool_find(pool, &hash)->encoded);
    chain.nonce[1] = 1;
    pool_reset(pool, &head, now_ms);
    assert_null(pool_find(pool, &hash));
    assert_int_equal(pool_counts(pool).blob_bytes, sizeof blob.blob);
    chain.nonce[1] = 0;
    pool_reset(pool, &head, now_ms);
    pool_reinject(pool, &outcome, &head, mined, now_ms);
    assert_int_equal(outcome.verdict, POOL_ADDED);
    assert_memory_equal(pool_find(pool, &hash)->sidecar->blobs, blob.blob, sizeof blob.blob);

    chain.nonce[1] = 1;
    for (int i = 0; i < POOL_LIMBO_BLOCKS + 2; i++) {
        pool_reset(pool, &head, now_ms);
    }
    assert_int_equal(pool_counts(pool).blob_bytes, 0);
    chain.nonce[1] = 0;
    pool_reinject(pool, &outcome, &head, mined, now_ms);
    assert_refused(outcome.verdict, POOL_SIDECAR, "missing sidecar in blob transaction");
}

TEST(what_is_set_aside_can_come_back_with_its_blobs) {
    begin_with_blobs();
    const struct tx_sidecar sidecar = sidecar_of(1);
    assert_int_equal(add_blob(1, blob_tx(0, 10), &sidecar), POOL_ADDED);
    const struct hash hash = outcome.hash;
    const struct address sender = pool_find(pool, &hash)->sender;
    const struct bytes encoded = arena_copy(&arena, pool_find(pool, &hash)->encoded);
    pool_set_aside(pool);
    assert_int_equal(pool_counts(pool).pending, 0);
    pool_add_unsigned(pool, &outcome, &head, encoded, &sender, now_ms);
    assert_int_equal(outcome.verdict, POOL_ADDED);
    assert_memory_equal(pool_find(pool, &hash)->sidecar->blobs, blob.blob, sizeof blob.blob);

    pool_clear(pool);
    pool_add_unsigned(pool, &outcome, &head, encoded, &sender, now_ms);
    assert_int_equal(outcome.verdict, POOL_SIDECAR);
    assert_int_equal(pool_counts(pool).blob_bytes, 0);
}

TEST(a_builder_gets_only_blobs_that_pay_the_blob_fee) {
    begin_with_blobs();
    const struct tx_sidecar sidecar = sidecar_of(1);
    assert_int_equal(add_blob(1, blob_tx(0, 10), &sidecar), POOL_ADDED);
    head.blob_base_fee = u256_from_u64(10);
    assert_best((size_t[]){1}, (uint64_t[]){0}, 1);
    head.blob_base_fee = u256_from_u64(11);
    assert_best(NULL, NULL, 0);
}

/* --- limits ---------------------------------------------------------------------------------- */

TEST(an_account_has_a_bounded_queue) {
    for (uint64_t nonce = 1; nonce <= POOL_ACCOUNT_QUEUE; nonce++) {
        assert_int_equal(add_simple(1, nonce, 5), POOL_ADDED);
    }
    assert_refused(
        add_simple(1, 100, 5), POOL_ACCOUNT_LIMIT, "account limit exceeded: pooled 64 txs"
    );
    assert_int_equal(add_simple(1, 0, 5), POOL_ADDED);
    assert_int_equal(pool_counts(pool).pending, 65);
    assert_int_equal(add_simple(1, 100, 5), POOL_ADDED);
}

/* Fills the pool with pending transactions of many senders, each paying gwei. */
static void fill(uint64_t gwei) {
    for (size_t i = 0; i < POOL_GLOBAL_SLOTS + POOL_GLOBAL_QUEUE; i++) {
        const size_t sender = i % 160;
        struct tx tx = transfer(chain.nonce[sender] + i / 160, gwei * GWEI, gwei * GWEI);
        tx.value = u256_from_u64(sender);
        const struct address address = address_of(sender);
        const struct bytes encoded = tx_encode(&arena, &tx);
        pool_add_unsigned(pool, &outcome, &head, encoded, &address, now_ms);
    }
}

TEST(the_whole_pool_is_bounded) {
    fill(5);
    const struct pool_counts counts = pool_counts(pool);
    assert_true(counts.pending <= POOL_GLOBAL_SLOTS);
    assert_true(counts.queued <= POOL_GLOBAL_QUEUE);
    assert_true(counts.pending >= POOL_GLOBAL_SLOTS - 1);
}

TEST(a_full_pool_makes_room_for_who_pays_more) {
    /* 64 senders with 64 pending, 16 with 64 behind a gap: just full. The cheapest are pending. */
    for (size_t sender = 0; sender < 80; sender++) {
        for (uint64_t n = 0; n < 64; n++) {
            const uint64_t fee = (sender < 64 ? 10 + sender : 200) * GWEI;
            const struct arena_mark mark = arena_mark(&arena);
            const struct tx tx = transfer(sender < 64 ? n : n + 1, fee, fee);
            assert_int_equal(add_signed(sender, tx), POOL_ADDED);
            arena_rewind(&arena, mark);
        }
    }
    assert_int_equal(pool_counts(pool).pending, POOL_GLOBAL_SLOTS);
    assert_int_equal(pool_counts(pool).queued, POOL_GLOBAL_QUEUE);

    assert_refused(
        add_signed(100, transfer(0, 10 * (uint64_t)GWEI, 10 * (uint64_t)GWEI)), POOL_UNDERPRICED,
        "transaction underpriced"
    );
    assert_refused(
        add_signed(100, transfer(5, 300 * (uint64_t)GWEI, 300 * (uint64_t)GWEI)),
        POOL_FUTURE_REPLACE_PENDING, "future transaction tries to replace pending"
    );
    assert_int_equal(
        add_signed(100, transfer(0, 11 * (uint64_t)GWEI, 11 * (uint64_t)GWEI)), POOL_ADDED
    );
    const struct address cheapest = address_of(0);
    assert_null(pool_find_nonce(pool, &cheapest, 63));
    assert_non_null(pool_find_nonce(pool, &cheapest, 62));
    assert_int_equal(pool_counts(pool).pending, POOL_GLOBAL_SLOTS);

    /* A replacement needs no room. */
    assert_int_equal(
        add_signed(1, transfer(3, 13 * (uint64_t)GWEI, 13 * (uint64_t)GWEI)), POOL_ADDED
    );
    assert_int_equal(pool_counts(pool).pending, POOL_GLOBAL_SLOTS);
}

/* --- against a model ------------------------------------------------------------------------- */

enum { MODEL_SENDERS = 6, MODEL_NONCES = 24 };

struct model_tx {
    bool is_there;
    uint64_t fee_cap, tip_cap; /* gwei */
    uint64_t cost;
    uint64_t sequence;
};

static struct {
    struct model_tx txs[MODEL_SENDERS][MODEL_NONCES];
    uint64_t balance[MODEL_SENDERS];
    uint64_t sequence;
} model;

static uint64_t random_next(uint64_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static bool model_pending(size_t s, uint64_t nonce) {
    for (uint64_t n = chain.nonce[s]; n <= nonce; n++) {
        if (!model.txs[s][n].is_there) return false;
    }
    return nonce >= chain.nonce[s];
}

static enum pool_verdict model_add(size_t s, uint64_t nonce, const struct model_tx *tx) {
    struct model_tx *place = &model.txs[s][nonce];
    if (nonce < chain.nonce[s]) return POOL_NONCE_TOO_LOW;
    if (place->is_there && place->fee_cap == tx->fee_cap && place->tip_cap == tx->tip_cap) {
        return POOL_ALREADY_KNOWN;
    }
    uint64_t spent = 0;
    for (uint64_t n = chain.nonce[s]; n < MODEL_NONCES && model_pending(s, n); n++) {
        spent += model.txs[s][n].cost;
    }
    const uint64_t bump = tx->cost - (model_pending(s, nonce) ? place->cost : 0);
    if (tx->cost > model.balance[s] || spent + bump > model.balance[s]) {
        return POOL_INSUFFICIENT_FUNDS;
    }
    if (place->is_there &&
        (tx->fee_cap <= place->fee_cap || tx->tip_cap <= place->tip_cap ||
         tx->fee_cap * 100 < place->fee_cap * 110 || tx->tip_cap * 100 < place->tip_cap * 110)) {
        return POOL_REPLACEMENT_UNDERPRICED;
    }
    *place = *tx;
    place->is_there = true;
    place->sequence = model.sequence++;
    return POOL_ADDED;
}

static void model_reset(void) {
    for (size_t s = 0; s < MODEL_SENDERS; s++) {
        for (uint64_t n = 0; n < MODEL_NONCES; n++) {
            struct model_tx *tx = &model.txs[s][n];
            if (n < chain.nonce[s] || tx->cost > model.balance[s]) tx->is_there = false;
        }
    }
}

/* The best next transaction of the model by looking at all; false at the end. */
static bool model_best(
    uint64_t next[MODEL_SENDERS], uint64_t base_fee, size_t *s, uint64_t *nonce
) {
    uint64_t best_tip = 0;
    bool found = false;
    for (size_t i = 0; i < MODEL_SENDERS; i++) {
        const uint64_t n = next[i];
        if (n >= MODEL_NONCES || !model_pending(i, n)) continue;
        const struct model_tx *tx = &model.txs[i][n];
        if (tx->fee_cap < base_fee) continue;
        const uint64_t tip = min_u64(tx->tip_cap, tx->fee_cap - base_fee);
        if (found && tip < best_tip) continue;
        if (found && tip == best_tip && tx->sequence > model.txs[*s][*nonce].sequence) continue;
        best_tip = tip;
        *s = i;
        *nonce = n;
        found = true;
    }
    if (found) next[*s]++;
    return found;
}

static void compare_with_model(uint64_t base_fee) {
    size_t pending = 0;
    size_t all = 0;
    for (size_t s = 0; s < MODEL_SENDERS; s++) {
        const struct address sender = address_of(s);
        uint64_t next = chain.nonce[s];
        for (uint64_t n = 0; n < MODEL_NONCES; n++) {
            const struct pool_entry *entry = pool_find_nonce(pool, &sender, n);
            assert_int_equal(entry != NULL, model.txs[s][n].is_there);
            if (entry == NULL) continue;
            assert_int_equal(entry->pending, model_pending(s, n));
            pending += entry->pending;
            if (entry->pending) next = n + 1;
            all++;
        }
        assert_int_equal(pool_next_nonce(pool, &sender, chain.nonce[s]), next);
    }
    assert_int_equal(pool_counts(pool).pending, pending);
    assert_int_equal(pool_counts(pool).queued, all - pending);

    uint64_t next[MODEL_SENDERS];
    size_t s = 0;
    uint64_t nonce = 0;
    memcpy(next, chain.nonce, sizeof next);
    head.base_fee = u256_from_u64(base_fee * GWEI);
    const struct arena_mark mark = arena_mark(&arena);
    struct pool_best *best = pool_best(pool, &arena, &head);
    while (model_best(next, base_fee, &s, &nonce)) {
        const struct pool_entry *entry = pool_best_next(best);
        assert_non_null(entry);
        assert_int_equal(account_at(&entry->sender), s);
        assert_int_equal(entry->tx.nonce, nonce);
    }
    assert_null(pool_best_next(best));
    arena_rewind(&arena, mark);
}

static void random_action(uint64_t *seed) {
    const size_t s = random_next(seed) % MODEL_SENDERS;
    const uint64_t nonce = random_next(seed) % MODEL_NONCES;
    const uint64_t what = random_next(seed) % 20;
    if (what < 16) {
        struct model_tx tx = {.fee_cap = 1 + random_next(seed) % 40};
        tx.tip_cap = 1 + random_next(seed) % tx.fee_cap;
        tx.cost = tx.fee_cap * GWEI * 21000 + s;
        const enum pool_verdict expected = model_add(s, nonce, &tx);
        const struct tx sent = transfer(nonce, tx.fee_cap * GWEI, tx.tip_cap * GWEI);
        assert_int_equal(add(s, &sent), expected);
        return;
    }
    if (what == 16) {
        const struct address sender = address_of(s);
        const struct pool_entry *entry = pool_find_nonce(pool, &sender, nonce);
        if (entry == NULL) return;
        const struct hash hash = entry->hash;
        assert_true(pool_remove(pool, &hash));
        model.txs[s][nonce].is_there = false;
        return;
    }
    if (what < 19) {
        chain.nonce[s] = random_next(seed) % (MODEL_NONCES - 4);
    } else {
        model.balance[s] = random_next(seed) % (400 * (uint64_t)GWEI * 21000);
        chain.balance[s] = u256_from_u64(model.balance[s]);
    }
    pool_reset(pool, &head, now_ms);
    model_reset();
}

TEST(random_actions_leave_what_a_simple_model_says) {
    for (uint64_t seed = 1; seed <= 12; seed++) {
        uint64_t state = seed * UINT64_C(0x9e3779b97f4a7c15);
        memset(&model, 0, sizeof model);
        pool_clear(pool);
        for (size_t s = 0; s < MODEL_SENDERS; s++) {
            chain.nonce[s] = 0;
            model.balance[s] = 300 * (uint64_t)GWEI * 21000;
            chain.balance[s] = u256_from_u64(model.balance[s]);
        }
        for (int i = 0; i < 600; i++) {
            random_action(&state);
            compare_with_model(random_next(&state) % 30);
        }
    }
}

#define POOL_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        POOL_TEST(a_transaction_is_refused_for_what_it_is_in_the_words_of_geth),
        POOL_TEST(a_transaction_is_refused_for_its_sender_in_the_words_of_geth),
        POOL_TEST(bytes_that_are_no_transaction_are_refused),
        POOL_TEST(nonces_without_a_gap_are_pending_and_the_rest_waits),
        POOL_TEST(a_replacement_pays_a_tenth_more_in_both_fees),
        POOL_TEST(a_builder_gets_the_best_tips_first_and_nonces_in_order),
        POOL_TEST(entries_are_listed_by_sender_and_nonce),
        POOL_TEST(a_pooled_transaction_is_a_copy_of_its_own),
        POOL_TEST(a_new_head_takes_what_was_mined_and_what_cannot_be_paid),
        POOL_TEST(a_rollback_opens_a_gap_that_reinjection_closes),
        POOL_TEST(a_fork_drops_what_it_no_longer_allows),
        POOL_TEST(queued_transactions_of_idle_senders_expire),
        POOL_TEST(a_delegated_account_has_one_transaction_in_flight),
        POOL_TEST(an_authority_has_one_transaction_in_flight_while_its_authorization_is),
        POOL_TEST(a_blob_transaction_is_kept_with_its_sidecar),
        POOL_TEST(a_sidecar_is_refused_in_the_words_of_geth),
        POOL_TEST(blob_transactions_have_no_gaps_and_cost_double_to_replace),
        POOL_TEST(a_blob_transaction_of_a_removed_block_gets_its_sidecar_back),
        POOL_TEST(what_is_set_aside_can_come_back_with_its_blobs),
        POOL_TEST(a_builder_gets_only_blobs_that_pay_the_blob_fee),
        POOL_TEST(an_account_has_a_bounded_queue),
        POOL_TEST(the_whole_pool_is_bounded),
        POOL_TEST(a_full_pool_makes_room_for_who_pays_more),
        POOL_TEST(random_actions_leave_what_a_simple_model_says),
    };
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    if (blob.setup != NULL) kzg_setup_destroy(blob.setup);
    if (blob.setup != NULL) arena_reset(&blob.arena);
    return failures;
}
