/* import_world: a large chain for the import bench: ten million accounts and slots, tokens, pairs that
 * swap them, and signed transactions. Only import_bench includes this.
 *
 * Nobody could hold such a genesis in memory as one, so the state is added to the genesis block in pieces,
 * in the order of the tries.
 */
#ifndef SERVICE_IMPORT_WORLD_H
#define SERVICE_IMPORT_WORLD_H

#include "chain/genesis.h"
#include "chain/state_root.h"
#include "crypto/ecdsa.h"
#include "crypto/keccak.h"
#include "crypto/keccak_many.h"
#include "service/execution.h"
#include "world/heap.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    IMPORT_SIGNERS = 20000,
    IMPORT_TOKENS = 64,
    IMPORT_PAIRS = IMPORT_TOKENS / 2,
    IMPORT_PIECE = 50000, /* accounts that are written at a time */
    IMPORT_GAS_LIMIT = 36000000,
    IMPORT_CODE_MAX = 1024,
};

#define IMPORT_CHAIN_ID 31337

static inline void import_fail(const char *what) {
    (void)fprintf(stderr, "import_bench: %s\n", what);
    exit(3);
}

static inline void import_ok(struct status status) {
    if (failed(status)) import_fail(status.context);
}

static inline uint64_t import_draw(uint64_t *seed, uint64_t below) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed % below;
}

/* ---- contracts ---- */

/* Code being put together. The first bytes are where all failures jump to. */
struct import_code {
    uint8_t bytes[IMPORT_CODE_MAX];
    size_t len;
};

static inline void code_add(struct import_code *code, const char *hex) {
    for (; *hex != 0; hex++) {
        unsigned byte;
        if (*hex == ' ') continue;
        ASSERT(code->len < sizeof code->bytes && sscanf(hex, "%2x", &byte) == 1);
        code->bytes[code->len++] = (uint8_t)byte;
        hex++;
    }
}

static inline void code_begin(struct import_code *code) {
    *code = (struct import_code){.len = 0};
    code_add(code, "6007 56 5b 5f 5f fd 5b"); /* over: JUMPDEST, revert(0, 0); then JUMPDEST */
}

static inline void code_topic(struct import_code *code, const char *signature) {
    struct hash topic;
    keccak256(&topic, bytes_from(signature, strlen(signature)));
    code_add(code, "7f");
    memcpy(code->bytes + code->len, topic.bytes, sizeof topic);
    code->len += sizeof topic;
}

/* PUSH1 of a place that is not known yet, and the place: a JUMPDEST. */
static inline size_t code_push_label(struct import_code *code) {
    code_add(code, "6000");
    return code->len - 1;
}

static inline void code_label(struct import_code *code, size_t pushed) {
    ASSERT(code->len <= UINT8_MAX);
    code->bytes[pushed] = (uint8_t)code->len;
    code_add(code, "5b");
}

/* A token with transfer and transferFrom; balances lie under keccak256(holder, 0), allowances under
 * keccak256(spender, keccak256(owner, 1)), as Solidity lays out mappings. */
static inline void import_token_code(struct import_code *code) {
    code_begin(code);
    code_add(code, "5f 35 60e0 1c 80 63a9059cbb 14"); /* the selector */
    const size_t transfer = code_push_label(code);
    code_add(code, "57 63 23b872dd 14");
    const size_t transfer_from = code_push_label(code);
    code_add(code, "57 6003 56");
    code_label(code, transfer);
    code_add(code, "33 6004 35 6024 35"); /* selector, from, to, amount */
    const size_t move = code_push_label(code);
    code_add(code, "56");
    code_label(code, transfer_from);
    code_add(code, "6004 35 5f 52 6001 6020 52 6040 5f 20"); /* keccak256(owner, 1) */
    code_add(code, "33 5f 52 6020 52 6040 5f 20 54");        /* the allowance */
    code_add(code, "6044 35 90 10 6003 57");                 /* at least the amount */
    code_add(code, "5f 6004 35 6024 35 6044 35");            /* 0, from, to, amount */
    code_label(code, move);
    code_add(code, "82 5f 52 5f 6020 52 6040 5f 20"); /* where from's balance is */
    code_add(code, "80 54 82 81 10 6003 57");         /* it is enough */
    code_add(code, "82 90 03 90 55");
    code_add(code, "81 5f 52 6040 5f 20 80 54 82 01 90 55"); /* to's balance */
    code_add(code, "5f 52 90");
    code_topic(code, "Transfer(address,address,uint256)");
    code_add(code, "6020 5f a3 6001 5f 52 6020 5f f3");
}

/* A pair with swap(amountIn, direction): constant product, 0.3 % fee; slot 0 has both reserves of 112
 * bits, slots 1 and 2 the tokens. */
static inline void import_pair_code(struct import_code *code) {
    static const char mask[] = "6d ffffffffffffffffffffffffffff 16";
    code_begin(code);
    code_add(code, "6004 35 6024 35 6070 02 80 6070 03 5f 54"); /* amount, two shifts, reserves */
    code_add(code, "80 83 1c");
    code_add(code, mask);
    code_add(code, "81 83 1c");
    code_add(code, mask);                                       /* …, reserve in, reserve out */
    code_add(code, "85 6103e5 02 80 83 6103e8 02 01 91 02 04"); /* amount out */
    code_add(code, "90 50 80 83 1b 85 85 1b 83 01 03 5f 55");   /* the new reserves */
    code_add(code, "63 23b872dd 60e0 1b 5f 52 33 6004 52 30 6024 52 84 6044 52");
    code_add(code, "6020 5f 6064 5f 5f 6024 35 6001 01 54 5a f1 15 6003 57");
    code_add(code, "63 a9059cbb 60e0 1b 5f 52 33 6004 52 80 6024 52");
    code_add(code, "6020 5f 6044 5f 5f 6024 35 6002 03 54 5a f1 15 6003 57");
    code_add(code, "5f 54 5f 52");
    code_topic(code, "Sync(uint112,uint112)");
    code_add(code, "6040 5f a1 84 5f 52 80 6020 52 33");
    code_topic(code, "Swap(address,uint256,uint256,uint256,uint256,address)");
    code_add(code, "6080 5f a2 00");
}

static inline struct address import_address(uint8_t kind, uint64_t i) {
    struct address out = {{kind}};
    store_be64(out.bytes + 4, i * UINT64_C(0x9e3779b97f4a7c15)); /* all over the place */
    store_be64(out.bytes + 12, i);
    return out;
}

static inline struct address import_token(uint64_t i) {
    return import_address(0x70, i);
}

static inline struct address import_pair(uint64_t i) {
    return import_address(0x9a, i);
}

static inline struct address import_holder(uint64_t i) {
    return import_address(0xe0, i);
}

static inline void pad_address(uint8_t out[32], const struct address *address) {
    memset(out, 0, 12);
    memcpy(out + 12, address->bytes, 20);
}

/* Solidity's place of mapping[key] at slot. */
static inline struct hash mapping_place(const struct address *key, const struct hash *slot) {
    uint8_t text[64];
    struct hash out;
    pad_address(text, key);
    memcpy(text + 32, slot->bytes, 32);
    keccak256(&out, BYTES_OF(text));
    return out;
}

/* ---- who signs ---- */

struct import_signer {
    struct ecdsa_secret_key key;
    struct address address;
    uint64_t nonce;
};

struct import_world {
    uint64_t accounts; /* that are there without contracts, signers among them */
    uint64_t holders;  /* of each token, without signers and pairs */
    struct ecdsa_signer ecdsa;
    struct import_signer *signers;
    struct import_code token;
    struct import_code pair;
    struct chain_config config;
    struct hash genesis_hash;
};

static inline void import_world_init(struct import_world *world, uint64_t entries) {
    *world = (struct import_world){
        .accounts = entries / 2,
        .holders = entries / 2 / IMPORT_TOKENS,
        .signers = calloc(IMPORT_SIGNERS, sizeof *world->signers),
        .config = chain_config_at(IMPORT_CHAIN_ID, FORK_OSAKA),
    };
    ASSERT(world->signers != NULL);
    ecdsa_signer_init(&world->ecdsa, NULL);
    import_token_code(&world->token);
    import_pair_code(&world->pair);
    for (uint64_t i = 0; i < IMPORT_SIGNERS; i++) {
        struct import_signer *signer = &world->signers[i];
        struct ecdsa_public_key public_key;
        struct hash secret;
        keccak256(&secret, BYTES_OF(i));
        memcpy(signer->key.bytes, secret.bytes, sizeof signer->key.bytes);
        ASSERT(ecdsa_public_key_of(&world->ecdsa, &public_key, &signer->key) == ECDSA_VALID);
        signer->address = ecdsa_address(&public_key);
    }
}

/* ---- the state, in pieces ---- */

/* Something of the state with the hash that it stands under. */
struct import_leaf {
    struct hash key;
    uint64_t i;
};

static inline int compare_leaves(const void *a, const void *b) {
    const struct import_leaf *x = a;
    const struct import_leaf *y = b;
    return memcmp(x->key.bytes, y->key.bytes, sizeof x->key);
}

static inline struct import_leaf *sorted_leaves(
    const uint8_t *keys, size_t key_size, uint64_t count
) {
    struct import_leaf *leaves = malloc(count * sizeof *leaves);
    struct keccak256_task *tasks = malloc(count * sizeof *tasks);
    ASSERT(leaves != NULL && tasks != NULL);
    for (uint64_t i = 0; i < count; i++) {
        leaves[i].i = i;
        tasks[i] =
            (struct keccak256_task){bytes_from(keys + i * key_size, key_size), &leaves[i].key};
    }
    keccak256_many(tasks, count);
    free(tasks);
    qsort(leaves, count, sizeof *leaves, compare_leaves);
    return leaves;
}

static inline void amend(struct store *store, struct arena *arena, struct state_diff *diff) {
    struct store_view *view;
    struct store_mark head;
    struct trie_reader reader;
    struct trie_writes writes = {0};
    struct hash root;
    import_ok(store_view_open(&view, store));
    import_ok(store_head(view, &head));
    import_ok(store_trie(view, arena, &reader, head.number));
    struct trie_account_change *changes = chain_trie_changes(arena, diff);
    if (state_trie_update(arena, &writes, &root, &reader, &head.state_root, changes, diff->count) !=
        TRIE_VALID) {
        import_fail("the state's trie is damaged");
    }
    store_view_close(view);
    const struct store_change change = {diff, writes.items, writes.count, changes};
    import_ok(store_amend(store, &change, &root));
    arena_reset(arena);
}

static inline struct account import_account(uint64_t i) {
    return (struct account){
        .balance = {{UINT64_C(1000000000000000000) + i, 50, 0, 0}},
        .code_hash = keccak256_of_empty,
        .storage_root = trie_empty_root,
    };
}

static inline void write_accounts(const struct import_world *world, struct store *store) {
    struct arena arena;
    arena_init(&arena, &heap_source);
    struct address *addresses = malloc(world->accounts * sizeof *addresses);
    ASSERT(addresses != NULL);
    for (uint64_t i = 0; i < world->accounts; i++) {
        addresses[i] = i < IMPORT_SIGNERS ? world->signers[i].address : import_holder(i);
    }
    struct import_leaf *leaves =
        sorted_leaves(addresses->bytes, sizeof *addresses, world->accounts);
    for (uint64_t at = 0; at < world->accounts;) {
        const uint64_t left = world->accounts - at;
        const uint64_t count = left < IMPORT_PIECE ? left : IMPORT_PIECE;
        struct state_diff diff = {ARENA_ARRAY(&arena, struct state_account_diff, count), count};
        for (uint64_t i = 0; i < count; i++, at++) {
            diff.accounts[i] = (struct state_account_diff){
                .address = addresses[leaves[at].i],
                .exists_after = true,
                .before = {.code_hash = keccak256_of_empty, .storage_root = trie_empty_root},
                .after = import_account(leaves[at].i),
            };
        }
        amend(store, &arena, &diff);
        (void)fprintf(stderr, "\rimport_bench: %llu accounts", (unsigned long long)at);
    }
    (void)fprintf(stderr, "\n");
    free(leaves);
    free(addresses);
}

/* The pair of a signer: it swaps there, and sends that pair's first token. */
static inline uint64_t signer_pair(uint64_t signer) {
    return signer % IMPORT_PAIRS;
}

/* The slots of token: holders, signers and the pair with their balances, and the signers' allowances. */
static inline uint64_t token_slots(
    const struct import_world *world, struct hash *slots, uint64_t token
) {
    static const struct hash zero;
    static const struct hash one = {{[31] = 1}};
    const struct address pair = import_pair(token / 2);
    uint64_t count = 0;
    slots[count++] = mapping_place(&pair, &zero);
    for (uint64_t i = 0; i < IMPORT_SIGNERS; i++) {
        if (signer_pair(i) != token / 2) continue;
        const struct address *signer = &world->signers[i].address;
        const struct hash of_owner = mapping_place(signer, &one);
        slots[count++] = mapping_place(signer, &zero);
        slots[count++] = mapping_place(&pair, &of_owner);
    }
    for (uint64_t i = 0; i < world->holders; i++) {
        const struct address holder = import_holder(IMPORT_SIGNERS + i * IMPORT_TOKENS + token);
        slots[count++] = mapping_place(&holder, &zero);
    }
    return count;
}

static inline void write_token(
    const struct import_world *world, struct store *store, uint64_t token
) {
    struct arena arena;
    struct store_view *view;
    struct state_reader reader;
    struct account account;
    arena_init(&arena, &heap_source);
    const struct address address = import_token(token);
    import_ok(store_view_open(&view, store));
    import_ok(store_state(view, &arena, &reader, 0));
    ASSERT(reader.account(reader.ctx, &address, &account));
    store_view_close(view);

    struct hash *slots = malloc((world->holders + 2 * IMPORT_SIGNERS + 1) * sizeof *slots);
    ASSERT(slots != NULL);
    const uint64_t count = token_slots(world, slots, token);
    struct import_leaf *leaves = sorted_leaves(slots->bytes, sizeof *slots, count);
    struct state_account_diff diff = {
        .address = address,
        .existed_before = true,
        .exists_after = true,
        .before = account,
        .after = account,
        .slots = ARENA_ARRAY(&arena, struct state_slot_diff, count),
        .slot_count = count,
    };
    for (uint64_t i = 0; i < count; i++) {
        diff.slots[i] = (struct state_slot_diff){
            .key = u256_from_be(slots[leaves[i].i].bytes),
            .after = {{UINT64_C(1000000000000000000) + i, 100, 0, 0}},
        };
    }
    free(leaves);
    free(slots);
    amend(store, &arena, &(struct state_diff){&diff, 1});
}

static inline void import_make_genesis(
    struct import_world *world, struct genesis *genesis, struct arena *arena
) {
    const size_t room = SYSTEM_CONTRACT_COUNT + IMPORT_TOKENS + IMPORT_PAIRS;
    struct genesis_account *accounts = ARENA_ARRAY(arena, struct genesis_account, room);
    size_t count = 0;
    for (size_t i = 0; i < SYSTEM_CONTRACT_COUNT; i++) {
        const struct system_contract *contract = &genesis_system_contracts[i];
        if (contract->code.len == 0) continue;
        accounts[count++] = (struct genesis_account
        ){.address = contract->address, .nonce = contract->nonce, .code = contract->code};
    }
    for (uint64_t i = 0; i < IMPORT_TOKENS; i++) {
        accounts[count++] = (struct genesis_account){
            .address = import_token(i),
            .nonce = 1,
            .code = bytes_from(world->token.bytes, world->token.len),
        };
    }
    for (uint64_t i = 0; i < IMPORT_PAIRS; i++) {
        const struct address tokens[] = {import_token(2 * i), import_token(2 * i + 1)};
        struct genesis_slot *slots = ARENA_ARRAY(arena, struct genesis_slot, 3);
        const uint64_t reserve = UINT64_C(1000000000000000000);
        slots[0].value = (struct u256){{reserve, reserve << 48, reserve >> 16, 0}};
        for (uint64_t t = 0; t < 2; t++) {
            uint8_t word[32];
            pad_address(word, &tokens[t]);
            slots[1 + t] = (struct genesis_slot){u256_from_u64(1 + t), u256_from_be(word)};
        }
        accounts[count++] = (struct genesis_account){
            .address = import_pair(i),
            .nonce = 1,
            .code = bytes_from(world->pair.bytes, world->pair.len),
            .slots = slots,
            .slot_count = 3,
        };
    }
    *genesis = (struct genesis){
        .config = world->config,
        .header = {.gas_limit = IMPORT_GAS_LIMIT, .timestamp = 1700000000},
        .accounts = accounts,
        .account_count = count,
    };
}

/* ---- transactions ---- */

static inline struct bytes import_sign(
    const struct import_world *world,
    struct arena *arena,
    struct tx *tx,
    const struct import_signer *signer
) {
    struct hash digest;
    struct ecdsa_signature signature;
    tx_signing_hash(arena, &digest, tx);
    ASSERT(ecdsa_sign_recoverable(&world->ecdsa, &signature, &digest, &signer->key) == ECDSA_VALID);
    tx->y_parity = signature.recovery_id;
    tx->r = signature.r;
    tx->s = signature.s;
    return tx_encode(arena, tx);
}

/* Four parts of ten are token transfers, three swaps, three plain transfers. */
static inline struct bytes import_transaction(
    struct import_world *world, struct arena *arena, uint64_t *seed
) {
    const uint64_t from = import_draw(seed, IMPORT_SIGNERS);
    const uint64_t kind = import_draw(seed, 10);
    struct import_signer *signer = &world->signers[from];
    const uint64_t pair = signer_pair(from);
    uint8_t data[68] = {0xa9, 0x05, 0x9c, 0xbb};
    struct tx tx = {
        .type = TX_TYPE_DYNAMIC_FEE,
        .is_protected = true,
        .chain_id = IMPORT_CHAIN_ID,
        .nonce = signer->nonce++,
        .gas_limit = 21000,
        .max_fee_per_gas = u256_from_u64(UINT64_C(100000000000)),
        .max_priority_fee_per_gas = U256_ONE,
    };
    if (kind < 4) {
        const uint64_t to = import_draw(seed, world->holders) * IMPORT_TOKENS + 2 * pair;
        const struct address holder = import_holder(IMPORT_SIGNERS + to);
        pad_address(data + 4, &holder);
        store_be64(data + 60, 1 + import_draw(seed, 1000000000));
        tx.to = import_token(2 * pair);
        tx.gas_limit = 60000;
    } else if (kind < 7) {
        store_be64(data + 28, 1000 + import_draw(seed, 1000000000));
        data[67] = (uint8_t)import_draw(seed, 2);
        tx.to = import_pair(pair);
        tx.gas_limit = 120000;
    } else {
        tx.to = import_holder(IMPORT_SIGNERS + import_draw(seed, world->accounts - IMPORT_SIGNERS));
        tx.value = u256_from_u64(1 + import_draw(seed, UINT64_C(1000000000000)));
    }
    if (kind < 7) tx.data = bytes_from(data, sizeof data);
    return import_sign(world, arena, &tx, signer);
}

#endif
