/* The checks that a transaction passes before it is pooled, in the order and the words of geth. */
#include "crypto/keccak.h"
#include "pool/entries.h"

#include <stdarg.h>
#include <stdio.h>

#define BLOB_TX_SIZE_MAX \
    ((size_t)1 << 20)      /* geth's limit for a blob transaction with its sidecar */
#define DELEGATION_SIZE 23 /* EIP-7702: 0xef0100 and an address */
#define MIN_BLOB_FEE    1  /* wei per blob gas, EIP-4844 */

static const char *const texts[POOL_VERDICT_COUNT] = {
    [POOL_ADDED] = "",
#define POOL_VERDICT_TEXT(name, text) [POOL_##name] = (text),
    POOL_VERDICTS(POOL_VERDICT_TEXT)
#undef POOL_VERDICT_TEXT
};

enum pool_verdict pool_refuse(
    struct pool_outcome *outcome, enum pool_verdict verdict, const char *format, ...
) {
    outcome->verdict = verdict;
    const int start = snprintf(
        outcome->message, sizeof outcome->message, format == NULL ? "%s" : "%s: ", texts[verdict]
    );
    if (format == NULL) return verdict;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(
        outcome->message + start, sizeof outcome->message - (size_t)start, format, arguments
    );
    va_end(arguments);
    return verdict;
}

__attribute__((format(printf, 3, 4))) static enum pool_verdict refuse_tx_with(
    struct pool_outcome *outcome, enum tx_verdict verdict, const char *format, ...
) {
    outcome->verdict = POOL_TX_INVALID;
    outcome->tx_verdict = verdict;
    const int start =
        snprintf(outcome->message, sizeof outcome->message, "%s", tx_verdict_text(verdict));
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(
        outcome->message + start, sizeof outcome->message - (size_t)start, format, arguments
    );
    va_end(arguments);
    return POOL_TX_INVALID;
}

enum pool_verdict pool_refuse_tx(struct pool_outcome *outcome, enum tx_verdict verdict) {
    return refuse_tx_with(outcome, verdict, "%s", "");
}

/* Decimal text of an amount, for one message. */
struct decimal {
    char text[81];
};

static struct decimal decimal(const struct u256 *amount) {
    struct decimal out;
    (void)u256_to_decimal(out.text, amount);
    return out;
}

/* geth's messages go on with figures of any size: a - b as Go prints a negative one. */
static struct decimal difference(const struct u256 *a, const struct u256 *b) {
    struct u256 amount;
    if (!u256_sub_wrapping(&amount, a, b)) return decimal(&amount);
    (void)u256_sub_wrapping(&amount, b, a);
    struct decimal out = {"-"};
    (void)u256_to_decimal(out.text + 1, &amount);
    return out;
}

/* --- the transaction alone -------------------------------------------------------------------- */

static enum pool_verdict check_size(
    struct pool_outcome *outcome, const struct candidate *candidate
) {
    const struct tx *tx = &candidate->tx;
    if (tx->blob_hash_count > TX_BLOBS_PER_TX_MAX) {
        return pool_refuse(
            outcome, POOL_BLOB_LIMIT, "blob count %zu, limit %zu", tx->blob_hash_count,
            TX_BLOBS_PER_TX_MAX
        );
    }
    const size_t limit = tx->type == TX_TYPE_BLOB ? BLOB_TX_SIZE_MAX : TX_POOL_SIZE_MAX;
    if (candidate->size > limit) {
        return pool_refuse(
            outcome, POOL_OVERSIZED, "transaction size %zu, limit %zu", candidate->size, limit
        );
    }
    return POOL_ADDED;
}

static enum pool_verdict check_type(
    struct pool_outcome *outcome, const struct tx *tx, const struct chain_rules *rules
) {
    static const char *const since[] = {
        [TX_TYPE_LEGACY] = "Frontier",    [TX_TYPE_ACCESS_LIST] = "Berlin",
        [TX_TYPE_DYNAMIC_FEE] = "London", [TX_TYPE_BLOB] = "Cancun",
        [TX_TYPE_SET_CODE] = "Prague",
    };
    const enum tx_verdict verdict = tx_check_type(tx->type, rules);
    if (verdict == TX_VALID) return POOL_ADDED;
    return refuse_tx_with(
        outcome, verdict, ": type %d rejected, pool not yet in %s", (int)tx->type, since[tx->type]
    );
}

static enum pool_verdict check_limits(
    struct pool_outcome *outcome, const struct tx *tx, const struct pool_head *head
) {
    const uint32_t initcode_size_max = evm_rules_of(head->rules.revision)->initcode_size_max;
    const uint64_t gas_max = head->rules.row->tx_gas_max;
    if (tx->is_create && tx->data.len > initcode_size_max) {
        return refuse_tx_with(
            outcome, TX_INITCODE_SIZE_EXCEEDED, ": code size %zu, limit %u", tx->data.len,
            (unsigned)initcode_size_max
        );
    }
    if (tx->gas_limit > gas_max) {
        return refuse_tx_with(
            outcome, TX_GAS_LIMIT_EXCEEDS_MAXIMUM, " (cap: %llu, tx: %llu)",
            (unsigned long long)gas_max, (unsigned long long)tx->gas_limit
        );
    }
    if (tx->gas_limit > head->gas_limit) return pool_refuse(outcome, POOL_GAS_LIMIT, NULL);
    if (u256_less(&tx->max_fee_per_gas, &tx->max_priority_fee_per_gas)) {
        return pool_refuse_tx(outcome, TX_PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS);
    }
    return POOL_ADDED;
}

static enum pool_verdict recover_sender(
    struct pool *pool,
    struct pool_outcome *outcome,
    struct candidate *candidate,
    const struct chain_rules *rules
) {
    if (candidate->is_unsigned) return POOL_ADDED;
    const struct tx *tx = &candidate->tx;
    const enum tx_verdict verdict = tx_sender(&pool->scratch, &candidate->sender, tx, rules);
    if (verdict == TX_VALID) return POOL_ADDED;
    outcome->tx_verdict = verdict;
    if (verdict != TX_INVALID_CHAINID) {
        return pool_refuse(outcome, POOL_INVALID_SENDER, "%s", tx_verdict_text(verdict));
    }
    return pool_refuse(
        outcome, POOL_INVALID_SENDER, "%s: have %llu want %llu", tx_verdict_text(verdict),
        (unsigned long long)tx->chain_id, (unsigned long long)rules->chain_id
    );
}

static enum pool_verdict check_gas(
    struct pool_outcome *outcome, const struct tx *tx, const struct chain_rules *rules
) {
    const uint64_t intrinsic = tx_intrinsic_gas(tx, rules);
    const uint64_t floor = tx_floor_gas(tx, rules);
    if (tx->nonce == UINT64_MAX) return pool_refuse_tx(outcome, TX_NONCE_IS_MAX);
    if (tx->gas_limit < intrinsic) {
        return refuse_tx_with(
            outcome, TX_INTRINSIC_GAS_TOO_LOW, ": gas %llu, minimum needed %llu",
            (unsigned long long)tx->gas_limit, (unsigned long long)intrinsic
        );
    }
    if (tx->gas_limit < floor) {
        return refuse_tx_with(
            outcome, TX_INTRINSIC_GAS_BELOW_FLOOR_GAS_COST, ": gas %llu, minimum needed %llu",
            (unsigned long long)tx->gas_limit, (unsigned long long)floor
        );
    }
    const struct u256 min_tip = u256_from_u64(POOL_MIN_TIP);
    if (u256_less(&tx->max_priority_fee_per_gas, &min_tip)) {
        return pool_refuse(
            outcome, POOL_TIP_TOO_LOW, "gas tip cap %s, minimum needed %s",
            decimal(&tx->max_priority_fee_per_gas).text, decimal(&min_tip).text
        );
    }
    return POOL_ADDED;
}

static enum kzg_verdict verify_proofs(struct pool *pool, const struct tx_sidecar *sidecar) {
    /* The structs are arrays of bytes, so the spans can be read as them. */
    const struct kzg_commitment *commitments =
        (const struct kzg_commitment *)(const void *)sidecar->commitments;
    const struct kzg_proof *proofs = (const struct kzg_proof *)(const void *)sidecar->proofs;
    if (sidecar->version == 0) {
        return kzg_verify_blob_proof_batch(
            pool->setup, sidecar->blobs, commitments, proofs, sidecar->blob_count
        );
    }
    return kzg_verify_blob_cell_proofs(
        pool->setup, &pool->scratch, sidecar->blobs, commitments, proofs, sidecar->blob_count
    );
}

/* Texts of these are not prefixed: geth has no common one for them. */
__attribute__((format(printf, 2, 3))) static enum pool_verdict refuse_sidecar(
    struct pool_outcome *outcome, const char *format, ...
) {
    outcome->verdict = POOL_SIDECAR;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(outcome->message, sizeof outcome->message, format, arguments);
    va_end(arguments);
    return POOL_SIDECAR;
}

static enum pool_verdict check_sidecar(
    struct pool *pool,
    struct pool_outcome *outcome,
    const struct candidate *candidate,
    const struct chain_rules *rules
) {
    const struct tx *tx = &candidate->tx;
    const struct tx_sidecar *sidecar = &candidate->sidecar;
    const uint8_t version = rules->row->sidecar_version;
    const struct u256 min_blob_fee = u256_from_u64(MIN_BLOB_FEE);
    if (!candidate->has_sidecar) {
        return refuse_sidecar(outcome, "missing sidecar in blob transaction");
    }
    if (sidecar->version != version) {
        return refuse_sidecar(
            outcome, "unexpected sidecar version, want: %d, got: %d", version, sidecar->version
        );
    }
    if (u256_less(&tx->max_fee_per_blob_gas, &min_blob_fee)) {
        return pool_refuse(
            outcome, POOL_TIP_TOO_LOW, "blob fee cap %s, minimum needed %d",
            decimal(&tx->max_fee_per_blob_gas).text, MIN_BLOB_FEE
        );
    }
    if (tx->blob_hash_count == 0) return refuse_sidecar(outcome, "blobless blob transaction");
    if (sidecar->blob_count != tx->blob_hash_count) {
        return refuse_sidecar(
            outcome, "invalid number of %zu blobs compared to %zu blob hashes", sidecar->blob_count,
            tx->blob_hash_count
        );
    }
    const size_t proofs = sidecar->blob_count * (version == 1 ? TX_CELLS_PER_BLOB : 1);
    if (sidecar->proof_count != proofs) {
        return refuse_sidecar(
            outcome, "invalid number of %zu blob proofs expected %zu", sidecar->proof_count, proofs
        );
    }
    if (!tx_check_sidecar_hashes(tx, sidecar)) {
        return refuse_sidecar(outcome, "blob hash does not match its commitment");
    }
    if (candidate->is_known_sidecar) return POOL_ADDED;
    if (pool->setup == NULL) {
        return refuse_tx_with(
            outcome, TX_TYPE_NOT_SUPPORTED, ": tx type %d not supported by this pool",
            (int)TX_TYPE_BLOB
        );
    }
    if (verify_proofs(pool, sidecar) != KZG_VALID) {
        return pool_refuse(outcome, POOL_KZG, "invalid proof");
    }
    return POOL_ADDED;
}

enum pool_verdict pool_judge_alone(
    struct pool *pool,
    struct pool_outcome *outcome,
    struct candidate *candidate,
    const struct pool_head *head
) {
    const struct tx *tx = &candidate->tx;
    const struct chain_rules *rules = &head->rules;
    enum pool_verdict verdict = check_size(outcome, candidate);
    if (verdict == POOL_ADDED) verdict = check_type(outcome, tx, rules);
    if (verdict == POOL_ADDED) verdict = check_limits(outcome, tx, head);
    if (verdict == POOL_ADDED) verdict = recover_sender(pool, outcome, candidate, rules);
    if (verdict == POOL_ADDED) verdict = check_gas(outcome, tx, rules);
    if (verdict == POOL_ADDED && tx->type == TX_TYPE_SET_CODE && tx->authorization_count == 0) {
        (void)refuse_sidecar(outcome, "set code tx must have at least one authorization tuple");
        outcome->verdict = verdict = POOL_TX_INVALID;
        outcome->tx_verdict = TX_TYPE_4_EMPTY_AUTHORIZATION_LIST;
    }
    /* Whatever else consensus asks of it, before the costly proofs. */
    if (verdict == POOL_ADDED && tx->type != TX_TYPE_BLOB) {
        const enum tx_verdict remaining = tx_check(tx, rules);
        if (remaining != TX_VALID) verdict = pool_refuse_tx(outcome, remaining);
    }
    return verdict;
}

/* --- the sender and the pool ------------------------------------------------------------------ */

static bool is_delegation(struct bytes code) {
    static const uint8_t prefix[3] = {0xef, 0x01, 0x00};
    return code.len == DELEGATION_SIZE && memcmp(code.data, prefix, sizeof prefix) == 0;
}

static enum pool_verdict check_code(
    struct pool_outcome *outcome,
    bool *is_delegated,
    const struct candidate *candidate,
    const struct account *account,
    const struct state_reader *reader
) {
    *is_delegated = false;
    if (candidate->is_unsigned || hash_equal(&account->code_hash, &keccak256_of_empty)) {
        return POOL_ADDED;
    }
    *is_delegated = is_delegation(reader->code(reader->ctx, &account->code_hash));
    if (*is_delegated) return POOL_ADDED;

    char address[43];
    char hash[67];
    for (size_t i = 0; i < sizeof candidate->sender; i++) {
        (void)snprintf(address + 2 * i, 3, "%02x", candidate->sender.bytes[i]);
    }
    for (size_t i = 0; i < sizeof account->code_hash; i++) {
        (void)snprintf(hash + 2 * i, 3, "%02x", account->code_hash.bytes[i]);
    }
    return pool_refuse(outcome, POOL_SENDER_NOT_EOA, "address 0x%s, codehash: 0x%s", address, hash);
}

/* What the sender's pending transactions cost together. Saturates. */
static struct u256 pending_cost(const struct sender *sender) {
    struct u256 sum = U256_ZERO;
    for (size_t i = 0; sender != NULL && i < sender->pending_count; i++) {
        if (!u256_add(&sum, &sum, &sender->entries[i]->cost)) return U256_MAX;
    }
    return sum;
}

static enum pool_verdict check_funds(
    struct pool_outcome *outcome,
    const struct candidate *candidate,
    const struct sender *sender,
    const struct u256 *balance
) {
    const struct u256 *cost = &candidate->cost;
    if (u256_less(balance, cost)) {
        return pool_refuse(
            outcome, POOL_INSUFFICIENT_FUNDS, "balance %s, tx cost %s, overshot %s",
            decimal(balance).text, decimal(cost).text, difference(cost, balance).text
        );
    }
    const struct u256 spent = pending_cost(sender);
    const size_t place = sender == NULL ? 0 : pool_sender_place(sender, candidate->tx.nonce);
    const struct entry *previous =
        sender != NULL && place < sender->pending_count ? sender->entries[place] : NULL;
    struct u256 need;
    bool fits = u256_add(&need, &spent, cost);
    if (previous != NULL) {
        (void)u256_sub_wrapping(&need, &need, &previous->cost);
        fits = fits || !u256_less(&need, cost);
    }
    if (fits && !u256_less(balance, &need)) return POOL_ADDED;
    if (previous != NULL) {
        return pool_refuse(
            outcome, POOL_INSUFFICIENT_FUNDS,
            "balance %s, queued cost %s, tx bumped %s, overshot %s", decimal(balance).text,
            decimal(&spent).text, difference(cost, &previous->cost).text,
            difference(&need, balance).text
        );
    }
    return pool_refuse(
        outcome, POOL_INSUFFICIENT_FUNDS, "balance %s, queued cost %s, tx cost %s, overshot %s",
        decimal(balance).text, decimal(&spent).text, decimal(cost).text,
        difference(&need, balance).text
    );
}

/* EIP-7702: what a delegated account, or one that is about to be, sends can be made invalid by
 * others, so at most one such transaction is in flight. */
static enum pool_verdict check_delegation(
    struct pool_outcome *outcome,
    const struct candidate *candidate,
    const struct sender *sender,
    bool is_delegated,
    uint64_t state_nonce
) {
    if (!is_delegated && (sender == NULL || sender->authority_count == 0)) return POOL_ADDED;
    if (sender == NULL || sender->pending_count == 0) {
        return candidate->tx.nonce == state_nonce ? POOL_ADDED
                                                  : pool_refuse(outcome, POOL_DELEGATED_GAP, NULL);
    }
    const size_t place = pool_sender_place(sender, candidate->tx.nonce);
    if (place < sender->pending_count) return POOL_ADDED; /* replaces */
    return pool_refuse(outcome, POOL_DELEGATED_IN_FLIGHT, NULL);
}

static enum pool_verdict check_authorities(
    struct pool *pool, struct pool_outcome *outcome, struct candidate *candidate
) {
    const struct tx *tx = &candidate->tx;
    candidate->authorities = ARENA_ARRAY(&pool->scratch, struct address, tx->authorization_count);
    for (size_t i = 0; i < tx->authorization_count; i++) {
        struct address *authority = &candidate->authorities[candidate->authority_count];
        if (!tx_authority(&pool->scratch, authority, &tx->authorizations[i])) continue;
        candidate->authority_count++;
        const struct sender *sender = pool_sender_find(pool, authority);
        if (sender == NULL || sender->count == 0) continue;
        const bool sends_blobs = sender->entries[0]->shown.tx.type == TX_TYPE_BLOB;
        if (sender->count > 1 || sends_blobs) {
            return pool_refuse(outcome, POOL_AUTHORITY_RESERVED, NULL);
        }
    }
    return POOL_ADDED;
}

/* Blob transactions are kept in a pool of their own by geth, whose senders have no others. */
static enum pool_verdict check_blob_rules(
    struct pool_outcome *outcome,
    const struct candidate *candidate,
    const struct sender *sender,
    uint64_t state_nonce
) {
    const bool is_blob = candidate->tx.type == TX_TYPE_BLOB;
    if (sender != NULL && sender->count != 0 &&
        (sender->entries[0]->shown.tx.type == TX_TYPE_BLOB) != is_blob) {
        return pool_refuse(outcome, POOL_ADDRESS_RESERVED, NULL);
    }
    if (!is_blob) return POOL_ADDED;
    const size_t count = sender == NULL ? 0 : sender->count;
    const uint64_t gap = count == 0 ? state_nonce : pool_sender_next_nonce(sender);
    if (candidate->tx.nonce > gap) {
        return pool_refuse(
            outcome, POOL_NONCE_TOO_HIGH, "tx nonce %llu, gapped nonce %llu",
            (unsigned long long)candidate->tx.nonce, (unsigned long long)gap
        );
    }
    if (candidate->tx.nonce == gap && count >= POOL_BLOB_ACCOUNT_TXS) {
        return pool_refuse(outcome, POOL_ACCOUNT_LIMIT, "pooled %zu txs", count);
    }
    return POOL_ADDED;
}

/* old * (100 + percent) / 100; saturates. */
static struct u256 bumped(const struct u256 *old, uint64_t percent) {
    const struct u256 factor = u256_from_u64(100 + percent);
    const struct u256 hundred = u256_from_u64(100);
    struct u256 product;
    if (!u256_mul(&product, old, &factor)) return U256_MAX;
    u256_divmod(&product, NULL, &product, &hundred);
    return product;
}

static enum pool_verdict check_replacement(
    struct pool_outcome *outcome, const struct candidate *candidate, const struct sender *sender
) {
    const struct entry *entry =
        sender == NULL ? NULL : pool_sender_entry(sender, candidate->tx.nonce);
    if (entry == NULL) return POOL_ADDED;
    const struct tx *old = &entry->shown.tx;
    const struct tx *new = &candidate->tx;
    const bool is_blob = new->type == TX_TYPE_BLOB;
    const uint64_t percent = is_blob ? POOL_BLOB_PRICE_BUMP : POOL_PRICE_BUMP;
    const struct {
        const char *name;
        const struct u256 *old, *new;
    } fees[] = {
        {"gas fee cap", &old->max_fee_per_gas, &new->max_fee_per_gas},
        {"gas tip cap", &old->max_priority_fee_per_gas, &new->max_priority_fee_per_gas},
        {"blob gas fee cap", &old->max_fee_per_blob_gas, &new->max_fee_per_blob_gas},
    };
    const size_t fee_count = is_blob ? 3 : 2;
    for (size_t i = 0; i < fee_count; i++) {
        if (u256_less(fees[i].old, fees[i].new)) continue;
        if (!is_blob) return pool_refuse(outcome, POOL_REPLACEMENT_UNDERPRICED, NULL);
        return pool_refuse(
            outcome, POOL_REPLACEMENT_UNDERPRICED, "new tx %s %s <= %s queued", fees[i].name,
            decimal(fees[i].new).text, decimal(fees[i].old).text
        );
    }
    for (size_t i = 0; i < fee_count; i++) {
        const struct u256 least = bumped(fees[i].old, percent);
        if (!u256_less(fees[i].new, &least)) continue;
        if (!is_blob) return pool_refuse(outcome, POOL_REPLACEMENT_UNDERPRICED, NULL);
        return pool_refuse(
            outcome, POOL_REPLACEMENT_UNDERPRICED,
            "new tx %s %s < %s queued + %llu%% replacement penalty", fees[i].name,
            decimal(fees[i].new).text, decimal(fees[i].old).text, (unsigned long long)percent
        );
    }
    return POOL_ADDED;
}

enum pool_verdict pool_judge_in_state(
    struct pool *pool,
    struct pool_outcome *outcome,
    struct candidate *candidate,
    const struct pool_head *head
) {
    const struct tx *tx = &candidate->tx;
    const struct sender *sender = pool_sender_find(pool, &candidate->sender);
    struct account account = {.code_hash = keccak256_of_empty};
    bool is_delegated = false;
    (void)head->reader->account(head->reader->ctx, &candidate->sender, &account);

    enum pool_verdict verdict = POOL_ADDED;
    if (tx->nonce < account.nonce) {
        verdict = pool_refuse(
            outcome, POOL_NONCE_TOO_LOW, "next nonce %llu, tx nonce %llu",
            (unsigned long long)account.nonce, (unsigned long long)tx->nonce
        );
    }
    if (verdict == POOL_ADDED) {
        verdict = check_blob_rules(outcome, candidate, sender, account.nonce);
    }
    if (verdict == POOL_ADDED) verdict = check_funds(outcome, candidate, sender, &account.balance);
    if (verdict == POOL_ADDED) {
        verdict = check_code(outcome, &is_delegated, candidate, &account, head->reader);
    }
    if (verdict == POOL_ADDED) {
        verdict = check_delegation(outcome, candidate, sender, is_delegated, account.nonce);
    }
    if (verdict == POOL_ADDED) verdict = check_authorities(pool, outcome, candidate);
    if (verdict == POOL_ADDED) verdict = check_replacement(outcome, candidate, sender);
    /* Last, because it takes milliseconds. */
    if (verdict == POOL_ADDED && tx->type == TX_TYPE_BLOB) {
        verdict = check_sidecar(pool, outcome, candidate, &head->rules);
    }
    if (verdict == POOL_ADDED && tx->type == TX_TYPE_BLOB) {
        const enum tx_verdict remaining = tx_check(tx, &head->rules);
        if (remaining != TX_VALID) verdict = pool_refuse_tx(outcome, remaining);
    }
    return verdict;
}
