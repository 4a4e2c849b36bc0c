#include "trie/trie_proof.h"

#include "crypto/keccak.h"
#include "trie/trie_batch.h"
#include "trie/trie_node.h"

/* A reader that remembers what it handed out: the nodes of a proof. */
struct recorder {
    const struct trie_reader *reader;
    struct bytes *nodes;
    size_t count;
};

static bool record_node(void *ctx, const struct trie_place *place, struct bytes *rlp) {
    struct recorder *recorder = ctx;
    if (!recorder->reader->node(recorder->reader->ctx, place, rlp)) return false;
    ASSERT(recorder->count <= TRIE_HASH_NIBBLES);
    recorder->nodes[recorder->count++] = *rlp;
    return true;
}

enum trie_verdict trie_prove(
    struct arena *arena,
    struct trie_proof *proof,
    struct bytes *value,
    const struct trie_reader *reader,
    const struct trie_place *root,
    const struct hash *key
) {
    struct bytes nodes[TRIE_HASH_NIBBLES + 1];
    struct recorder recorder = {reader, nodes, 0};
    const struct trie_reader recording = {record_node, &recorder};
    *proof = (struct trie_proof){NULL, 0};
    const enum trie_verdict verdict = trie_get(value, &recording, root, key);
    if (verdict != TRIE_VALID || recorder.count == 0) return verdict;

    struct bytes *kept = ARENA_ARRAY(arena, struct bytes, recorder.count);
    memcpy(kept, nodes, recorder.count * sizeof *kept);
    *proof = (struct trie_proof){kept, recorder.count};
    return TRIE_VALID;
}

static enum trie_verdict prove_slot(
    struct arena *arena,
    struct state_slot_proof *out,
    const struct trie_reader *reader,
    const struct trie_place *root,
    const struct hash *slot
) {
    struct hash key;
    keccak256(&key, BYTES_OF(slot->bytes));
    struct bytes value;
    const enum trie_verdict verdict = trie_prove(arena, &out->proof, &value, reader, root, &key);
    out->value = U256_ZERO;
    if (verdict != TRIE_VALID || value.len == 0) return verdict;
    struct rlp_reader leaf = rlp_read(value);
    rlp_read_u256(&leaf, &out->value);
    return rlp_finish(&leaf) == RLP_VALID ? TRIE_VALID : TRIE_MALFORMED_NODE;
}

enum trie_verdict state_prove(
    struct arena *arena,
    struct state_proof *out,
    const struct trie_reader *reader,
    const struct hash *state_root,
    const struct address *address,
    const struct hash *slots,
    size_t slot_count
) {
    *out = (struct state_proof){.account = trie_account_empty()};
    struct hash *key = ARENA_NEW(arena, struct hash);
    keccak256(key, BYTES_OF(address->bytes));
    const struct trie_place accounts = {.hash = state_root};
    struct bytes leaf;
    enum trie_verdict verdict = trie_prove(arena, &out->proof, &leaf, reader, &accounts, key);
    if (verdict != TRIE_VALID) return verdict;
    out->exists = leaf.len > 0;
    if (out->exists && trie_account_decode(&out->account, leaf) != RLP_VALID) {
        return TRIE_MALFORMED_NODE;
    }
    out->slots = ARENA_ARRAY(arena, struct state_slot_proof, slot_count);
    const struct trie_place storage = {.owner = key, .hash = &out->account.storage_root};
    for (size_t i = 0; i < slot_count && verdict == TRIE_VALID; i++) {
        verdict = prove_slot(arena, &out->slots[i], reader, &storage, &slots[i]);
    }
    return verdict;
}

const char *trie_proof_verdict_text(enum trie_proof_verdict verdict) {
    switch (verdict) {
    case TRIE_PROOF_VALID: return "valid";
    case TRIE_PROOF_WRONG_HASH: return "proof has a node with the wrong hash";
    case TRIE_PROOF_MALFORMED: return "proof has a malformed node";
    case TRIE_PROOF_TOO_SHORT: return "proof ends too early";
    case TRIE_PROOF_TOO_LONG: return "proof has nodes left over";
    }
    return "unknown";
}

/* Where a check stands: the next node is an inline one (item), or the next of the proof. */
struct check {
    struct hash hash; /* of the node that is due, when item is empty */
    struct bytes item;
    const struct bytes *nodes;
    size_t left;
};

/* The node that is due, decoded. */
static enum trie_proof_verdict next_node(struct trie_node *out, struct check *check) {
    struct bytes encoded = check->item;
    if (encoded.len == 0) {
        if (check->left == 0) return TRIE_PROOF_TOO_SHORT;
        encoded = *check->nodes++;
        check->left--;
        struct hash hash;
        keccak256(&hash, encoded);
        if (!hash_equal(&hash, &check->hash)) return TRIE_PROOF_WRONG_HASH;
    }
    return trie_node_decode(out, encoded) ? TRIE_PROOF_VALID : TRIE_PROOF_MALFORMED;
}

enum trie_proof_verdict trie_proof_verify(
    struct bytes *value,
    const struct hash *root,
    struct bytes key,
    const struct bytes *nodes,
    size_t count
) {
    *value = (struct bytes){NULL, 0};
    ASSERT(key.len <= TRIE_KEY_MAX);
    if (hash_equal(root, &trie_empty_root)) {
        return count == 0 ? TRIE_PROOF_VALID : TRIE_PROOF_TOO_LONG;
    }
    uint8_t nibbles[TRIE_NIBBLES_MAX];
    trie_nibbles(nibbles, key);
    size_t depth = 0;
    struct check check = {.hash = *root, .nodes = nodes, .left = count};
    enum trie_step step = TRIE_STEP_DOWN;
    bool is_below_extension = false;
    while (step == TRIE_STEP_DOWN) {
        struct trie_node node;
        const enum trie_proof_verdict verdict = next_node(&node, &check);
        if (verdict != TRIE_PROOF_VALID) return verdict;
        if (is_below_extension && node.kind != TRIE_BRANCH) return TRIE_PROOF_MALFORMED;
        is_below_extension = node.kind == TRIE_EXTENSION;

        step = trie_node_step(&check.item, &depth, &node, nibbles, 2 * key.len);
        if (step != TRIE_STEP_DOWN || *check.item.data != TRIE_HASH_CHILD) continue;
        memcpy(check.hash.bytes, check.item.data + 1, sizeof check.hash.bytes);
        check.item.len = 0;
    }
    if (check.left > 0) return TRIE_PROOF_TOO_LONG;
    if (step == TRIE_STEP_FOUND) *value = check.item;
    return TRIE_PROOF_VALID;
}
