/* Accounts, code, storage and their proofs at a block. */
#include "codec/hex.h"
#include "crypto/keccak.h"
#include "rpc/eth_parts.h"
#include "trie/trie_proof.h"

#define PROOF_SLOTS_MAX  ((size_t)1024) /* as geth */
#define VALUES_SLOTS_MAX ((size_t)1024)

/* ---- Accounts ---- */

/* An account at a block. */
struct asked {
    struct address address;
    struct eth_state state;
    struct account account;
};

/* What there is of an account that is not there: nothing. */
static bool read_account(struct request *request, struct asked *asked) {
    const struct state_reader *reader = asked->state.reader;
    asked->account = (struct account){
        .code_hash = keccak256_of_empty,
        .storage_root = state_empty_root,
    };
    (void)reader->account(reader->ctx, &asked->address, &asked->account);
    return eth_state_is_sound(request);
}

/* Arguments: an address, and at `block_at` a block. */
static bool open_account(struct request *request, struct asked *asked, size_t block_at) {
    struct block_ref ref;
    return param_address(request->call, 0, &asked->address) &&
        param_block(request->call, block_at, &ref) &&
        eth_open_state(request, &asked->state, &ref) && read_account(request, asked);
}

static struct bytes code_of(const struct asked *asked) {
    const struct state_reader *reader = asked->state.reader;
    const struct hash *code_hash = &asked->account.code_hash;
    if (hash_equal(code_hash, &keccak256_of_empty)) return bytes_from(NULL, 0);
    return reader->code(reader->ctx, code_hash);
}

static bool get_balance(struct request *request) {
    struct asked asked;
    if (!open_account(request, &asked, 1)) return false;
    json_write_quantity_u256(request->call->result, &asked.account.balance);
    return true;
}

static bool get_tx_count(struct request *request) {
    struct block_ref ref;
    struct asked asked;
    if (!param_block(request->call, 1, &ref)) return false;
    if (ref.tag != BLOCK_TAG_PENDING) {
        if (!open_account(request, &asked, 1)) return false;
        json_write_quantity(request->call->result, asked.account.nonce);
        return true;
    }
    /* What the pool holds counts, whether or not it fits the next block. */
    const struct block_ref latest = {.tag = BLOCK_TAG_LATEST};
    if (!param_address(request->call, 0, &asked.address)) return false;
    if (!eth_open_state(request, &asked.state, &latest)) return false;
    if (!read_account(request, &asked)) return false;
    const struct pool *pool = request->eth->backend->pool;
    json_write_quantity(
        request->call->result, pool_next_nonce(pool, &asked.address, asked.account.nonce)
    );
    return true;
}

static bool get_code(struct request *request) {
    struct asked asked;
    if (!open_account(request, &asked, 1)) return false;
    json_write_hex(request->call->result, code_of(&asked));
    return eth_state_is_sound(request);
}

static void put_balance_and_nonce(struct json_writer *out, const struct account *account) {
    json_name(out, "balance");
    json_write_quantity_u256(out, &account->balance);
    json_name(out, "nonce");
    json_write_quantity(out, account->nonce);
}

static bool get_account(struct request *request) {
    struct json_writer *out = request->call->result;
    struct asked asked;
    if (!open_account(request, &asked, 1)) return false;
    json_begin_object(out);
    put_balance_and_nonce(out, &asked.account);
    json_name(out, "codeHash");
    json_write_hash(out, &asked.account.code_hash);
    json_name(out, "storageRoot");
    json_write_hash(out, &asked.account.storage_root);
    json_end_object(out);
    return true;
}

static bool get_account_info(struct request *request) {
    struct json_writer *out = request->call->result;
    struct asked asked;
    if (!open_account(request, &asked, 1)) return false;
    json_begin_object(out);
    put_balance_and_nonce(out, &asked.account);
    json_name(out, "code");
    json_write_hex(out, code_of(&asked));
    json_end_object(out);
    return eth_state_is_sound(request);
}

/* ---- Storage ---- */

/* A slot's key, leniently: any number of hex digits up to 64, as geth reads it. *is_whole tells
 * whether all 32 bytes were given. */
static bool read_slot(
    struct request *request, struct hash *slot, bool *is_whole, const struct json *value
) {
    const struct bytes text = json_text(value);
    const bool prefixed =
        text.len >= 2 && text.data[0] == '0' && (text.data[1] == 'x' || text.data[1] == 'X');
    const struct bytes digits = prefixed ? bytes_slice(text, 2, text.len - 2) : text;
    *slot = (struct hash){{0}};
    *is_whole = digits.len == 2 * sizeof slot->bytes;
    const char *problem = NULL;
    if (json_kind(value) != JSON_STRING) {
        problem = "storage key is no string";
    } else if (digits.len > 2 * sizeof slot->bytes) {
        problem = "storage key too long (want at most 32 bytes)";
    } else {
        char padded[2 * sizeof slot->bytes];
        size_t len;
        memset(padded, '0', sizeof padded);
        memcpy(padded + sizeof padded - digits.len, digits.data, digits.len);
        const enum hex_verdict verdict = hex_decode_bare(
            slot->bytes, sizeof slot->bytes, &len, bytes_from(padded, sizeof padded)
        );
        if (verdict != HEX_VALID) problem = "storage key is not valid hex";
    }
    if (problem == NULL) return true;
    const size_t shown = text.len < 200 ? text.len : 200;
    return rpc_fail(
        request->call, RPC_INVALID_PARAMS, "%s: \"%.*s\"", problem, (int)shown,
        (const char *)text.data
    );
}

static struct hash read_storage(
    const struct eth_state *state, const struct address *address, const struct hash *slot
) {
    const struct u256 key = u256_from_be(slot->bytes);
    struct u256 value = U256_ZERO;
    struct hash out;
    state->reader->storage(state->reader->ctx, address, &key, &value);
    u256_to_be(out.bytes, &value);
    return out;
}

static bool get_storage_at(struct request *request) {
    struct asked asked;
    struct hash slot;
    bool is_whole;
    if (!param_address(request->call, 0, &asked.address)) return false;
    if (!param_present(request->call, 1)) return param_missing(request->call, 1);
    if (!read_slot(request, &slot, &is_whole, json_at(request->call->params, 1))) return false;
    if (!open_account(request, &asked, 2)) return false;
    const struct hash value = read_storage(&asked.state, &asked.address, &slot);
    json_write_hash(request->call->result, &value);
    return eth_state_is_sound(request);
}

/* eth_getStorageValues({address: [slot, …], …}, block) */
static bool get_storage_values(struct request *request) {
    struct json_writer *out = request->call->result;
    struct param_object wanted;
    struct block_ref ref;
    struct eth_state state;
    size_t slot_count = 0;
    if (!param_object(request->call, 0, "map[common.Address][]common.Hash", &wanted)) return false;
    if (!param_block(request->call, 1, &ref)) return false;
    for (const struct json *item = json_first(wanted.json); item != NULL; item = item->next) {
        slot_count += json_count(item);
    }
    if (slot_count == 0) return rpc_fail(request->call, RPC_INVALID_PARAMS, "empty request");
    if (slot_count > VALUES_SLOTS_MAX) {
        return rpc_fail(
            request->call, RPC_INVALID_PARAMS, "too many slots (max %zu)", VALUES_SLOTS_MAX
        );
    }
    if (!eth_open_state(request, &state, &ref)) return false;
    json_begin_object(out);
    for (const struct json *item = json_first(wanted.json); item != NULL; item = item->next) {
        struct address address;
        if (hex_decode_address(&address, json_key(item)) != HEX_VALID) {
            return rpc_fail(request->call, RPC_INVALID_PARAMS, "invalid argument 0: bad address");
        }
        json_name_bytes(out, json_key(item));
        json_begin_array(out);
        for (const struct json *key = json_first(item); key != NULL; key = key->next) {
            struct hash slot;
            bool is_whole;
            if (!read_slot(request, &slot, &is_whole, key)) return false;
            const struct hash value = read_storage(&state, &address, &slot);
            json_write_hash(out, &value);
        }
        json_end_array(out);
    }
    json_end_object(out);
    return eth_state_is_sound(request);
}

/* ---- Proofs ---- */

static void put_nodes(struct json_writer *out, const char *name, const struct trie_proof *proof) {
    json_name(out, name);
    json_begin_array(out);
    for (size_t i = 0; i < proof->count; i++) {
        json_write_hex(out, proof->nodes[i]);
    }
    json_end_array(out);
}

/* Slots that a proof is asked for, as numbers unless they were given with all 32 bytes. */
struct proof_slots {
    struct hash *slots;
    bool *is_whole;
    size_t count;
};

static bool read_proof_slots(struct request *request, struct proof_slots *out) {
    const struct json *list = json_at(request->call->params, 1);
    *out = (struct proof_slots){.count = json_count(list)};
    if (json_kind(list) > JSON_NULL && json_kind(list) != JSON_ARRAY) {
        return rpc_fail(
            request->call, RPC_INVALID_PARAMS,
            "invalid argument 1: json: cannot unmarshal %s into Go value of type []string",
            json_kind_text(json_kind(list))
        );
    }
    if (out->count > PROOF_SLOTS_MAX) {
        return rpc_fail(
            request->call, RPC_INVALID_PARAMS, "too many keys: %zu requested, the limit is %zu",
            out->count, PROOF_SLOTS_MAX
        );
    }
    out->slots = ARENA_ARRAY(request->call->arena, struct hash, out->count);
    out->is_whole = ARENA_ARRAY(request->call->arena, bool, out->count);
    const struct json *key = json_first(list);
    for (size_t i = 0; i < out->count; i++, key = key->next) {
        if (!read_slot(request, &out->slots[i], &out->is_whole[i], key)) return false;
    }
    return true;
}

static void put_slot_proofs(
    struct json_writer *out, const struct state_proof *proof, const struct proof_slots *slots
) {
    json_name(out, "storageProof");
    json_begin_array(out);
    for (size_t i = 0; i < slots->count; i++) {
        json_begin_object(out);
        json_name(out, "key");
        if (slots->is_whole[i]) {
            json_write_hash(out, &slots->slots[i]);
        } else {
            const struct u256 number = u256_from_be(slots->slots[i].bytes);
            json_write_quantity_u256(out, &number);
        }
        json_name(out, "value");
        json_write_quantity_u256(out, &proof->slots[i].value);
        put_nodes(out, "proof", &proof->slots[i].proof);
        json_end_object(out);
    }
    json_end_array(out);
}

static bool make_proof(
    struct request *request,
    struct state_proof *proof,
    const struct address *address,
    const struct proof_slots *slots,
    const struct block_ref *ref
) {
    struct eth_place place;
    struct store_mark mark;
    struct trie_reader reader;
    if (ref->tag == BLOCK_TAG_PENDING) {
        return rpc_fail(
            request->call, RPC_SERVER_ERROR, "proofs are not available in the pending block"
        );
    }
    if (!eth_open(request) || !eth_find(request, &place, ref)) return false;
    if (!place.found) return eth_fail_not_found(request, ref);
    if (!place.is_canonical) {
        return rpc_fail(request->call, RPC_SERVER_ERROR, "hash is not currently canonical");
    }
    struct status status = store_canonical(request->view, &mark, place.number);
    if (!failed(status)) {
        status = store_trie(request->view, request->call->arena, &reader, place.number);
    }
    if (status.code == STATUS_UNAVAILABLE) {
        return rpc_fail(
            request->call, RPC_SERVER_ERROR,
            "proof window exceeded: only the last %d blocks can be proven", STORE_PROOF_BLOCKS
        );
    }
    if (failed(status)) return eth_fail_status(request, status);
    const enum trie_verdict verdict = state_prove(
        request->call->arena, proof, &reader, &mark.state_root, address, slots->slots, slots->count
    );
    if (verdict == TRIE_VALID) return true;
    return rpc_fail(request->call, RPC_INTERNAL, "the state's trie cannot be read");
}

static bool get_proof(struct request *request) {
    struct json_writer *out = request->call->result;
    struct address address;
    struct block_ref ref;
    struct proof_slots slots;
    struct state_proof proof;
    if (!param_address(request->call, 0, &address)) return false;
    if (!read_proof_slots(request, &slots)) return false;
    if (!param_block(request->call, 2, &ref)) return false;
    if (!make_proof(request, &proof, &address, &slots, &ref)) return false;
    json_begin_object(out);
    json_name(out, "address");
    json_write_address(out, &address);
    put_nodes(out, "accountProof", &proof.proof);
    json_name(out, "balance");
    json_write_quantity_u256(out, &proof.account.balance);
    json_name(out, "codeHash");
    json_write_hash(out, &proof.account.code_hash);
    json_name(out, "nonce");
    json_write_quantity(out, proof.account.nonce);
    json_name(out, "storageHash");
    json_write_hash(out, &proof.account.storage_root);
    put_slot_proofs(out, &proof, &slots);
    json_end_object(out);
    return true;
}

ETH_WRAP(get_balance)
ETH_WRAP(get_tx_count)
ETH_WRAP(get_code)
ETH_WRAP(get_account)
ETH_WRAP(get_account_info)
ETH_WRAP(get_storage_at)
ETH_WRAP(get_storage_values)
ETH_WRAP(get_proof)

static const struct rpc_method methods[] = {
    {"eth_getBalance", call_get_balance, 2},
    {"eth_getTransactionCount", call_get_tx_count, 2},
    {"eth_getCode", call_get_code, 2},
    {"eth_getAccount", call_get_account, 2},
    {"eth_getAccountInfo", call_get_account_info, 2},
    {"eth_getStorageAt", call_get_storage_at, 3},
    {"eth_getStorageValues", call_get_storage_values, 2},
    {"eth_getProof", call_get_proof, 3},
};
const struct rpc_table eth_state_table = {methods, ARRAY_LEN(methods), NULL};
