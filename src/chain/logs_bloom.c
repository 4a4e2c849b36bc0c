#include "chain/logs_bloom.h"

#include "crypto/keccak_many.h"

enum { BATCH = 8 };

/* Values that wait to be hashed together. */
struct batch {
    struct logs_bloom_memo *memo;
    struct bloom bloom;
    struct keccak256_task tasks[BATCH];
    struct hash hashes[BATCH];
    size_t count;
};

/* The last bytes differ among addresses and topics alike. */
static struct logs_bloom_entry *place_of(struct logs_bloom_memo *memo, struct bytes value) {
    const uint64_t last = load_le64(value.data + value.len - 8);
    return &memo->places[(last ^ last >> 32) % LOGS_BLOOM_PLACES];
}

static void hash_batch(struct batch *batch) {
    keccak256_many(batch->tasks, batch->count);
    for (size_t i = 0; i < batch->count; i++) {
        const struct bytes value = batch->tasks[i].data;
        struct logs_bloom_entry *const entry = place_of(batch->memo, value);
        memcpy(entry->value, value.data, value.len);
        entry->len = value.len;
        entry->hash = batch->hashes[i];
        bloom_add_hashed(&batch->bloom, &entry->hash);
    }
    batch->count = 0;
}

static void add(struct batch *batch, struct bytes value) {
    const struct logs_bloom_entry *const entry = place_of(batch->memo, value);
    if (bytes_equal(bytes_from(entry->value, entry->len), value)) {
        bloom_add_hashed(&batch->bloom, &entry->hash);
        return;
    }
    if (batch->count == BATCH) hash_batch(batch);
    batch->tasks[batch->count] = (struct keccak256_task){value, &batch->hashes[batch->count]};
    batch->count++;
}

struct bloom logs_bloom(
    struct logs_bloom_memo *memo, const struct state_log *logs, size_t log_count
) {
    struct batch batch;
    batch.memo = memo;
    batch.count = 0;
    memset(&batch.bloom, 0, sizeof batch.bloom);
    for (size_t i = 0; i < log_count; i++) {
        add(&batch, BYTES_OF(logs[i].address));
        for (uint32_t k = 0; k < logs[i].topic_count; k++) {
            add(&batch, BYTES_OF(logs[i].topics[k]));
        }
    }
    hash_batch(&batch);
    return batch.bloom;
}
