#include "pool/pool.h"

#include "pool/entries.h"

#include <stdlib.h>

#define DECODED_SIZE_MAX ((size_t)1 << 20) /* nothing longer is pooled, so nothing longer is read */
#define PIECE_ALIGN      ((size_t)16)

/* --- finding --------------------------------------------------------------------------------- */

static size_t hash_bucket(const struct hash *hash) {
    return load_le64(hash->bytes) % POOL_BUCKETS;
}

/* Addresses can be chosen, hashes of transactions less so: the last bytes are the cheapest to mix. */
static size_t address_bucket(const struct address *address) {
    const uint64_t mixed = load_le64(address->bytes) ^ load_le64(address->bytes + 12);
    return (mixed * UINT64_C(0x9e3779b97f4a7c15) >> 32) % POOL_BUCKETS;
}

struct entry *pool_entry_find(const struct pool *pool, const struct hash *hash) {
    struct entry *entry = pool->by_hash[hash_bucket(hash)];
    while (entry != NULL && !hash_equal(&entry->shown.hash, hash)) {
        entry = entry->next_by_hash;
    }
    return entry;
}

struct sender *pool_sender_find(const struct pool *pool, const struct address *address) {
    struct sender *sender = pool->senders[address_bucket(address)];
    while (sender != NULL && !address_equal(&sender->address, address)) {
        sender = sender->next;
    }
    return sender;
}

size_t pool_sender_place(const struct sender *sender, uint64_t nonce) {
    size_t low = 0;
    size_t high = sender->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (sender->entries[middle]->shown.tx.nonce < nonce) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct entry *pool_sender_entry(const struct sender *sender, uint64_t nonce) {
    const size_t place = pool_sender_place(sender, nonce);
    if (place == sender->count || sender->entries[place]->shown.tx.nonce != nonce) return NULL;
    return sender->entries[place];
}

uint64_t pool_sender_next_nonce(const struct sender *sender) {
    return sender->state_nonce + sender->pending_count;
}

const struct pool_entry *pool_find(const struct pool *pool, const struct hash *hash) {
    const struct entry *entry = pool_entry_find(pool, hash);
    return entry == NULL ? NULL : &entry->shown;
}

const struct pool_entry *pool_find_nonce(
    const struct pool *pool, const struct address *sender, uint64_t nonce
) {
    const struct sender *found = pool_sender_find(pool, sender);
    const struct entry *entry = found == NULL ? NULL : pool_sender_entry(found, nonce);
    return entry == NULL ? NULL : &entry->shown;
}

uint64_t pool_next_nonce(
    const struct pool *pool, const struct address *sender, uint64_t state_nonce
) {
    const struct sender *found = pool_sender_find(pool, sender);
    if (found == NULL || found->pending_count == 0) return state_nonce;
    return pool_sender_next_nonce(found);
}

static bool find_hash(size_t *index, const struct tx *tx, const struct hash *versioned_hash) {
    for (*index = 0; *index < tx->blob_hash_count; ++*index) {
        if (hash_equal(&tx->blob_hashes[*index], versioned_hash)) return true;
    }
    return false;
}

bool pool_find_blob(
    const struct pool *pool,
    const struct pool_entry **entry,
    size_t *index,
    const struct hash *versioned_hash
) {
    for (const struct sender *sender = pool->newest; sender != NULL; sender = sender->older) {
        for (size_t i = 0; i < sender->count; i++) {
            const struct pool_entry *shown = &sender->entries[i]->shown;
            if (shown->sidecar == NULL) break; /* none of this sender's has one */
            *entry = shown;
            if (find_hash(index, &shown->tx, versioned_hash)) return true;
        }
    }
    return false;
}

struct pool_counts pool_counts(const struct pool *pool) {
    return (struct pool_counts){
        .pending = pool->pending_count,
        .queued = pool->entry_count - pool->pending_count,
        .blob_bytes = pool->blob_bytes,
    };
}

/* --- fees ------------------------------------------------------------------------------------ */

bool pool_cost(struct u256 *out, const struct tx *tx) {
    const struct u256 gas = u256_from_u64(tx->gas_limit);
    const struct u256 blob_gas = u256_from_u64(tx_blob_gas(tx));
    struct u256 blob_fee;
    return u256_mul(out, &tx->max_fee_per_gas, &gas) &&
        u256_mul(&blob_fee, &tx->max_fee_per_blob_gas, &blob_gas) &&
        u256_add(out, out, &blob_fee) && u256_add(out, out, &tx->value);
}

static int compare_amounts(const struct u256 *a, const struct u256 *b) {
    return u256_less(a, b) ? -1 : u256_less(b, a);
}

int pool_compare_fees(const struct tx *a, const struct tx *b, const struct u256 *base_fee) {
    const bool a_pays = !u256_less(&a->max_fee_per_gas, base_fee);
    const bool b_pays = !u256_less(&b->max_fee_per_gas, base_fee);
    if (a_pays != b_pays) return a_pays ? 1 : -1;
    if (a_pays) {
        const struct u256 a_tip = tx_effective_tip(a, base_fee);
        const struct u256 b_tip = tx_effective_tip(b, base_fee);
        const int tips = compare_amounts(&a_tip, &b_tip);
        if (tips != 0) return tips;
    }
    const int caps = compare_amounts(&a->max_fee_per_gas, &b->max_fee_per_gas);
    if (caps != 0) return caps;
    return compare_amounts(&a->max_priority_fee_per_gas, &b->max_priority_fee_per_gas);
}

/* --- memory ---------------------------------------------------------------------------------- */

static void *take_memory(struct pool *pool, size_t size) {
    void *memory = pool->source->get(pool->source->ctx, size);
    ASSERT(memory != NULL && "out of memory");
    return memory;
}

static void give_memory(struct pool *pool, void *memory, size_t size) {
    if (pool->source->put != NULL && memory != NULL) {
        pool->source->put(pool->source->ctx, memory, size);
    }
}

/* Copies data to *next, which moves on; only counts where base is NULL. */
struct copier {
    uint8_t *base;
    size_t used;
};

static void *copy(struct copier *copier, const void *data, size_t size) {
    uint8_t *out = copier->base == NULL ? NULL : copier->base + copier->used;
    if (out != NULL && size != 0) memcpy(out, data, size);
    copier->used += (size + PIECE_ALIGN - 1) / PIECE_ALIGN * PIECE_ALIGN;
    return out;
}

/* Lays out an entry with all that it points at in one piece; called once to count, once to copy. */
static void lay_out(struct copier *copier, const struct candidate *candidate) {
    const struct tx *tx = &candidate->tx;
    struct entry *entry = copy(copier, &(struct entry){0}, sizeof *entry);
    void *encoded = copy(copier, candidate->encoded.data, candidate->encoded.len);
    void *data = copy(copier, tx->data.data, tx->data.len);
    struct tx_access *accesses =
        copy(copier, tx->access_list, tx->access_list_count * sizeof *tx->access_list);
    for (size_t i = 0; i < tx->access_list_count; i++) {
        const struct tx_access *access = &tx->access_list[i];
        void *keys = copy(copier, access->keys, access->key_count * sizeof *access->keys);
        if (accesses != NULL) accesses[i].keys = keys;
    }
    void *hashes = copy(copier, tx->blob_hashes, tx->blob_hash_count * sizeof *tx->blob_hashes);
    void *authorizations =
        copy(copier, tx->authorizations, tx->authorization_count * sizeof *tx->authorizations);
    void *authorities =
        copy(copier, candidate->authorities, candidate->authority_count * sizeof(struct address));
    struct tx_sidecar *sidecar = NULL;
    void *blobs = NULL;
    void *commitments = NULL;
    void *proofs = NULL;
    if (candidate->has_sidecar) {
        const struct tx_sidecar *from = &candidate->sidecar;
        sidecar = copy(copier, from, sizeof *from);
        blobs = copy(copier, from->blobs, from->blob_count * TX_BLOB_SIZE);
        commitments = copy(copier, from->commitments, from->blob_count * KZG_COMMITMENT_SIZE);
        proofs = copy(copier, from->proofs, from->proof_count * KZG_PROOF_SIZE);
    }
    if (copier->base == NULL) return;

    entry->shown = (struct pool_entry){
        .tx = *tx,
        .hash = candidate->hash,
        .sender = candidate->sender,
        .encoded = bytes_from(encoded, candidate->encoded.len),
        .sidecar = sidecar,
        .local = candidate->local,
    };
    entry->shown.tx.data = bytes_from(data, tx->data.len);
    entry->shown.tx.access_list = accesses;
    entry->shown.tx.blob_hashes = hashes;
    entry->shown.tx.authorizations = authorizations;
    entry->authorities = authorities;
    entry->authority_count = candidate->authority_count;
    entry->cost = candidate->cost;
    if (sidecar == NULL) {
        entry->slots = (candidate->encoded.len + POOL_SLOT_SIZE - 1) / POOL_SLOT_SIZE;
        return;
    }
    sidecar->blobs = blobs;
    sidecar->commitments = commitments;
    sidecar->proofs = proofs;
    entry->blob_bytes = sidecar->blob_count * TX_BLOB_SIZE;
}

static struct entry *entry_create(struct pool *pool, const struct candidate *candidate) {
    struct copier copier = {0};
    lay_out(&copier, candidate);
    const size_t size = copier.used;
    copier = (struct copier){.base = take_memory(pool, size)};
    lay_out(&copier, candidate);
    ASSERT(copier.used == size);
    struct entry *entry = (struct entry *)(void *)copier.base;
    entry->size = size;
    pool->blob_bytes += entry->blob_bytes;
    return entry;
}

static void entry_destroy(struct pool *pool, struct entry *entry) {
    pool->blob_bytes -= entry->blob_bytes;
    give_memory(pool, entry, entry->size);
}

/* --- senders --------------------------------------------------------------------------------- */

static struct sender *sender_obtain(struct pool *pool, const struct address *address) {
    struct sender *sender = pool_sender_find(pool, address);
    if (sender != NULL) return sender;
    struct sender **bucket = &pool->senders[address_bucket(address)];
    sender = take_memory(pool, sizeof *sender);
    *sender = (struct sender){.address = *address, .next = *bucket, .older = pool->newest};
    if (pool->newest != NULL) pool->newest->newer = sender;
    pool->newest = sender;
    *bucket = sender;
    return sender;
}

static void sender_release_if_unused(struct pool *pool, struct sender *sender) {
    if (sender->count != 0 || sender->authority_count != 0) return;
    struct sender **link = &pool->senders[address_bucket(&sender->address)];
    while (*link != sender) {
        link = &(*link)->next;
    }
    *link = sender->next;
    if (sender->older != NULL) sender->older->newer = sender->newer;
    if (sender->newer != NULL) {
        sender->newer->older = sender->older;
    } else {
        pool->newest = sender->older;
    }
    give_memory(pool, sender->entries, sender->capacity * sizeof(struct entry *));
    give_memory(pool, sender, sizeof *sender);
}

/* Decides again which of the sender's transactions are pending. */
static void sender_recount(struct pool *pool, struct sender *sender) {
    bool follows = true;
    for (size_t i = 0; i < sender->count; i++) {
        struct entry *entry = sender->entries[i];
        follows = follows && entry->shown.tx.nonce == sender->state_nonce + i;
        if (follows == entry->shown.pending) continue;
        entry->shown.pending = follows;
        if (follows) {
            pool->pending_count++;
            pool->pending_slots += entry->slots;
        } else {
            pool->pending_count--;
            pool->pending_slots -= entry->slots;
        }
    }
    sender->pending_count = 0;
    while (sender->pending_count < sender->count &&
           sender->entries[sender->pending_count]->shown.pending) {
        sender->pending_count++;
    }
}

static void link_entry(struct pool *pool, struct sender *sender, struct entry *entry) {
    struct entry **bucket = &pool->by_hash[hash_bucket(&entry->shown.hash)];
    entry->next_by_hash = *bucket;
    *bucket = entry;

    if (sender->count == sender->capacity) {
        const size_t capacity = sender->capacity == 0 ? 4 : sender->capacity * 2;
        struct entry **grown = take_memory(pool, capacity * sizeof(struct entry *));
        if (sender->count != 0) {
            memcpy(grown, sender->entries, sender->count * sizeof(struct entry *));
        }
        give_memory(pool, sender->entries, sender->capacity * sizeof(struct entry *));
        sender->entries = grown;
        sender->capacity = capacity;
    }
    const size_t place = pool_sender_place(sender, entry->shown.tx.nonce);
    memmove(
        sender->entries + place + 1, sender->entries + place,
        (sender->count - place) * sizeof(struct entry *)
    );
    sender->entries[place] = entry;
    sender->count++;
    entry->sender = sender;
    pool->entry_count++;
    pool->slots += entry->slots;
    for (size_t i = 0; i < entry->authority_count; i++) {
        sender_obtain(pool, &entry->authorities[i])->authority_count++;
    }
}

/* Takes entry out of all places; its sender stays, even with nothing. */
static void unlink_entry(struct pool *pool, struct entry *entry) {
    struct entry **link = &pool->by_hash[hash_bucket(&entry->shown.hash)];
    while (*link != entry) {
        link = &(*link)->next_by_hash;
    }
    *link = entry->next_by_hash;

    struct sender *sender = entry->sender;
    const size_t place = pool_sender_place(sender, entry->shown.tx.nonce);
    ASSERT(place < sender->count && sender->entries[place] == entry);
    sender->count--;
    memmove(
        sender->entries + place, sender->entries + place + 1,
        (sender->count - place) * sizeof(struct entry *)
    );
    if (entry->shown.pending) {
        pool->pending_count--;
        pool->pending_slots -= entry->slots;
        entry->shown.pending = false;
    }
    pool->entry_count--;
    pool->slots -= entry->slots;
    for (size_t i = 0; i < entry->authority_count; i++) {
        struct sender *authority = pool_sender_find(pool, &entry->authorities[i]);
        authority->authority_count--;
        if (authority != sender) sender_release_if_unused(pool, authority);
    }
}

/* Blob transactions have no gaps: those behind one go. */
static void drop_gapped_blobs(struct pool *pool, struct sender *sender) {
    if (sender->count == 0 || sender->entries[0]->shown.sidecar == NULL) return;
    while (sender->count > sender->pending_count) {
        struct entry *last = sender->entries[sender->count - 1];
        unlink_entry(pool, last);
        entry_destroy(pool, last);
    }
}

/* Drops entry for good; what stood behind it is queued. sender may go with it. */
static void drop_entry(struct pool *pool, struct entry *entry) {
    struct sender *sender = entry->sender;
    unlink_entry(pool, entry);
    entry_destroy(pool, entry);
    sender_recount(pool, sender);
    drop_gapped_blobs(pool, sender);
    sender_release_if_unused(pool, sender);
}

/* --- limbo ----------------------------------------------------------------------------------- */

/* Blobs are not in blocks: those of a block that may be rolled back are kept a while. */
static void keep_in_limbo(struct pool *pool, struct entry *entry) {
    entry->left_at_reset = pool->reset_count;
    entry->next_in_limbo = pool->limbo;
    pool->limbo = entry;
}

/* Takes entry out of all places, but for its blobs; its sender stays. */
static void retire_entry(struct pool *pool, struct entry *entry) {
    unlink_entry(pool, entry);
    if (entry->blob_bytes != 0) {
        keep_in_limbo(pool, entry);
    } else {
        entry_destroy(pool, entry);
    }
}

static bool drop_oldest_of_limbo(struct pool *pool) {
    struct entry **link = &pool->limbo;
    if (*link == NULL) return false;
    while ((*link)->next_in_limbo != NULL) {
        link = &(*link)->next_in_limbo;
    }
    entry_destroy(pool, *link);
    *link = NULL;
    return true;
}

static void trim_limbo(struct pool *pool) {
    struct entry **link = &pool->limbo;
    while (*link != NULL) {
        struct entry *entry = *link;
        if (pool->reset_count - entry->left_at_reset <= POOL_LIMBO_BLOCKS) {
            link = &entry->next_in_limbo;
            continue;
        }
        *link = entry->next_in_limbo;
        entry_destroy(pool, entry);
    }
}

static struct entry **find_in_limbo(struct pool *pool, const struct hash *hash) {
    struct entry **link = &pool->limbo;
    while (*link != NULL && !hash_equal(&(*link)->shown.hash, hash)) {
        link = &(*link)->next_in_limbo;
    }
    return link;
}

/* --- limits ---------------------------------------------------------------------------------- */

enum { VICTIMS_MAX = TX_POOL_SIZE_MAX / POOL_SLOT_SIZE + 1 };

/* The entry that pays least, of those with blobs or of those without, except spared; NULL if there
 * is none. Of one sender's equals the one that comes last. */
static struct entry *find_cheapest(
    struct pool *pool,
    const struct u256 *base_fee,
    bool with_blobs,
    struct entry *const *spared,
    size_t spared_count
) {
    struct entry *cheapest = NULL;
    for (struct sender *sender = pool->newest; sender != NULL; sender = sender->older) {
        for (size_t i = sender->count; i-- > 0;) {
            struct entry *entry = sender->entries[i];
            if (entry->shown.local || (entry->blob_bytes != 0) != with_blobs) continue;
            bool is_spared = false;
            for (size_t s = 0; s < spared_count; s++) {
                is_spared |= spared[s] == entry;
            }
            if (is_spared) continue;
            if (cheapest == NULL ||
                pool_compare_fees(&entry->shown.tx, &cheapest->shown.tx, base_fee) < 0) {
                cheapest = entry;
            }
        }
    }
    return cheapest;
}

static bool is_gapped(const struct sender *sender, uint64_t nonce, uint64_t state_nonce) {
    if (sender == NULL || sender->count == 0) return nonce != state_nonce;
    return nonce > pool_sender_next_nonce(sender);
}

/* Makes slots for candidate out of cheaper transactions, or refuses it. */
static enum pool_verdict make_slots(
    struct pool *pool,
    struct pool_outcome *outcome,
    const struct candidate *candidate,
    const struct entry *replaced,
    const struct pool_head *head,
    bool gapped
) {
    const size_t limit = POOL_GLOBAL_SLOTS + POOL_GLOBAL_QUEUE;
    const size_t need = (candidate->encoded.len + POOL_SLOT_SIZE - 1) / POOL_SLOT_SIZE;
    size_t used = pool->slots + need - (replaced == NULL ? 0 : replaced->slots);
    struct entry *victims[VICTIMS_MAX];
    size_t victim_count = 0;
    while (used > limit) {
        ASSERT(victim_count < VICTIMS_MAX);
        struct entry *victim = find_cheapest(pool, &head->base_fee, false, victims, victim_count);
        if (victim == NULL || victim == replaced) return pool_refuse(outcome, POOL_FULL, NULL);
        if (pool_compare_fees(&candidate->tx, &victim->shown.tx, &head->base_fee) <= 0) {
            return pool_refuse(outcome, POOL_UNDERPRICED, NULL);
        }
        if (gapped && victim->shown.pending) {
            return pool_refuse(outcome, POOL_FUTURE_REPLACE_PENDING, NULL);
        }
        used -= victim->slots;
        victims[victim_count++] = victim;
    }
    for (size_t i = 0; i < victim_count; i++) {
        drop_entry(pool, victims[i]);
    }
    return POOL_ADDED;
}

static enum pool_verdict make_blob_room(
    struct pool *pool,
    struct pool_outcome *outcome,
    const struct candidate *candidate,
    const struct pool_head *head
) {
    const size_t need = candidate->sidecar.blob_count * TX_BLOB_SIZE;
    while (pool->blob_bytes + need > POOL_BLOB_BYTES) {
        if (drop_oldest_of_limbo(pool)) continue;
        struct entry *victim = find_cheapest(pool, &head->base_fee, true, NULL, 0);
        if (victim == NULL) return pool_refuse(outcome, POOL_FULL, NULL);
        if (address_equal(&victim->shown.sender, &candidate->sender) ||
            pool_compare_fees(&candidate->tx, &victim->shown.tx, &head->base_fee) <= 0) {
            return pool_refuse(outcome, POOL_UNDERPRICED, NULL);
        }
        drop_entry(pool, victim);
    }
    return POOL_ADDED;
}

/* The sender with queued transactions that has been idle longest. */
static struct sender *find_idle(const struct pool *pool) {
    struct sender *idle = NULL;
    for (struct sender *sender = pool->newest; sender != NULL; sender = sender->older) {
        if (sender->count > sender->pending_count &&
            (idle == NULL || sender->active_ms < idle->active_ms)) {
            idle = sender;
        }
    }
    return idle;
}

/* The sender with most pending transactions, above what every account may have. */
static struct sender *find_busiest(const struct pool *pool) {
    struct sender *busiest = NULL;
    for (struct sender *sender = pool->newest; sender != NULL; sender = sender->older) {
        if (sender->pending_count > POOL_ACCOUNT_SLOTS && sender->entries[0]->blob_bytes == 0 &&
            (busiest == NULL || sender->pending_count > busiest->pending_count)) {
            busiest = sender;
        }
    }
    return busiest;
}

/* Brings the pool back within its limits. */
static void trim(struct pool *pool, struct sender *changed) {
    while (changed != NULL && changed->count - changed->pending_count > POOL_ACCOUNT_QUEUE) {
        drop_entry(pool, changed->entries[changed->count - 1]);
    }
    while (pool->entry_count - pool->pending_count > POOL_GLOBAL_QUEUE) {
        struct sender *idle = find_idle(pool);
        drop_entry(pool, idle->entries[idle->count - 1]);
    }
    while (pool->pending_slots > POOL_GLOBAL_SLOTS) {
        struct sender *busiest = find_busiest(pool);
        if (busiest == NULL) return;
        drop_entry(pool, busiest->entries[busiest->pending_count - 1]);
    }
}

/* --- adding ---------------------------------------------------------------------------------- */

/* Brings a sender up to the head: used nonces go. */
static void sender_advance(struct pool *pool, struct sender *sender, uint64_t state_nonce) {
    while (sender->count != 0 && sender->entries[0]->shown.tx.nonce < state_nonce) {
        retire_entry(pool, sender->entries[0]);
    }
    sender->state_nonce = state_nonce;
    sender_recount(pool, sender);
}

static void insert(
    struct pool *pool,
    struct pool_outcome *outcome,
    const struct candidate *candidate,
    uint64_t state_nonce,
    uint64_t now_ms
) {
    struct entry *entry = entry_create(pool, candidate);
    struct sender *sender = sender_obtain(pool, &candidate->sender);
    sender_advance(pool, sender, state_nonce);
    struct entry *replaced = pool_sender_entry(sender, candidate->tx.nonce);
    if (replaced != NULL) {
        outcome->replaced = replaced->shown.hash;
        unlink_entry(pool, replaced);
        entry_destroy(pool, replaced);
    }
    entry->shown.added_ms = now_ms;
    entry->shown.sequence = pool->sequence++;
    sender->active_ms = now_ms;
    link_entry(pool, sender, entry);
    sender_recount(pool, sender);
    outcome->pending = entry->shown.pending;
    trim(pool, sender);
}

/* Judges a decoded candidate and keeps it if it is good. */
static void admit(
    struct pool *pool,
    struct pool_outcome *outcome,
    struct candidate *candidate,
    const struct pool_head *head,
    uint64_t now_ms
) {
    outcome->hash = candidate->hash;
    if (pool_entry_find(pool, &candidate->hash) != NULL) {
        (void)pool_refuse(outcome, POOL_ALREADY_KNOWN, NULL);
        return;
    }
    if (!pool_cost(&candidate->cost, &candidate->tx)) candidate->cost = U256_MAX;
    if (pool_judge_alone(pool, outcome, candidate, head) != POOL_ADDED) return;
    if (pool_judge_in_state(pool, outcome, candidate, head) != POOL_ADDED) return;

    struct account account = {.nonce = 0};
    (void)head->reader->account(head->reader->ctx, &candidate->sender, &account);
    const uint64_t nonce = candidate->tx.nonce;
    const struct sender *sender = pool_sender_find(pool, &candidate->sender);
    const bool gapped = is_gapped(sender, nonce, account.nonce);
    const struct entry *replaced = sender == NULL ? NULL : pool_sender_entry(sender, nonce);
    const enum pool_verdict verdict = candidate->has_sidecar
        ? make_blob_room(pool, outcome, candidate, head)
        : make_slots(pool, outcome, candidate, replaced, head, gapped);
    if (verdict != POOL_ADDED) return;

    insert(pool, outcome, candidate, account.nonce, now_ms);
    if (pool_entry_find(pool, &candidate->hash) == NULL) { /* its own place was over a limit */
        sender = pool_sender_find(pool, &candidate->sender);
        const size_t count = sender == NULL ? 0 : sender->count;
        outcome->pending = false;
        (void)pool_refuse(outcome, POOL_ACCOUNT_LIMIT, "pooled %zu txs", count);
    }
}

static bool is_oversized(struct pool_outcome *outcome, struct bytes encoded) {
    if (encoded.len <= DECODED_SIZE_MAX) return false;
    const size_t limit = encoded.data[0] == TX_TYPE_BLOB ? DECODED_SIZE_MAX : TX_POOL_SIZE_MAX;
    (void
    )pool_refuse(outcome, POOL_OVERSIZED, "transaction size %zu, limit %zu", encoded.len, limit);
    return true;
}

void pool_add(
    struct pool *pool,
    struct pool_outcome *outcome,
    const struct pool_head *head,
    struct bytes encoded,
    bool local,
    uint64_t now_ms
) {
    *outcome = (struct pool_outcome){.verdict = POOL_ADDED};
    if (is_oversized(outcome, encoded)) return;
    const struct arena_mark mark = arena_mark(&pool->scratch);
    struct candidate candidate = {.local = local, .size = encoded.len};
    const enum tx_verdict verdict = tx_decode_network(
        &pool->scratch, &candidate.tx, &candidate.encoded, &candidate.has_sidecar,
        &candidate.sidecar, encoded
    );
    if (verdict == TX_VALID) {
        tx_hash_of(&candidate.hash, candidate.encoded);
        admit(pool, outcome, &candidate, head, now_ms);
    } else {
        (void)pool_refuse_tx(outcome, verdict);
    }
    arena_rewind(&pool->scratch, mark);
}

/* What pool_add_unsigned and pool_reinject share: a transaction without a sidecar. */
static void add_consensus(
    struct pool *pool,
    struct pool_outcome *outcome,
    struct candidate *candidate,
    const struct pool_head *head,
    struct bytes encoded,
    uint64_t now_ms
) {
    *outcome = (struct pool_outcome){.verdict = POOL_ADDED};
    if (is_oversized(outcome, encoded)) return;
    const struct arena_mark mark = arena_mark(&pool->scratch);
    const enum tx_verdict verdict = tx_decode(&pool->scratch, &candidate->tx, encoded);
    if (verdict == TX_VALID) {
        candidate->encoded = encoded;
        candidate->size = encoded.len;
        tx_hash_of(&candidate->hash, encoded);
        struct entry **link = find_in_limbo(pool, &candidate->hash);
        struct entry *kept = *link;
        if (kept != NULL) {
            *link = kept->next_in_limbo;
            candidate->sidecar = *kept->shown.sidecar;
            candidate->has_sidecar = candidate->is_known_sidecar = true;
        }
        admit(pool, outcome, candidate, head, now_ms);
        if (kept != NULL) entry_destroy(pool, kept);
    } else {
        (void)pool_refuse_tx(outcome, verdict);
    }
    arena_rewind(&pool->scratch, mark);
}

void pool_add_unsigned(
    struct pool *pool,
    struct pool_outcome *outcome,
    const struct pool_head *head,
    struct bytes encoded,
    const struct address *sender,
    uint64_t now_ms
) {
    struct candidate candidate = {.sender = *sender, .is_unsigned = true, .local = true};
    add_consensus(pool, outcome, &candidate, head, encoded, now_ms);
}

void pool_reinject(
    struct pool *pool,
    struct pool_outcome *outcome,
    const struct pool_head *head,
    struct bytes consensus,
    uint64_t now_ms
) {
    struct candidate candidate = {.local = false};
    add_consensus(pool, outcome, &candidate, head, consensus, now_ms);
}

/* --- the head moves --------------------------------------------------------------------------- */

static bool is_still_good(
    const struct entry *entry,
    const struct account *account,
    const struct pool_head *head,
    bool fork_changed
) {
    const struct tx *tx = &entry->shown.tx;
    if (u256_less(&account->balance, &entry->cost) || tx->gas_limit > head->gas_limit) return false;
    if (!fork_changed) return true;
    const uint8_t version = head->rules.row->sidecar_version;
    if (entry->shown.sidecar != NULL && entry->shown.sidecar->version != version) return false;
    return tx_check(tx, &head->rules) == TX_VALID;
}

static void sender_reset(
    struct pool *pool, struct sender *sender, const struct pool_head *head, bool fork_changed
) {
    struct account account = {.nonce = 0};
    (void)head->reader->account(head->reader->ctx, &sender->address, &account);
    sender_advance(pool, sender, account.nonce);
    for (size_t i = 0; i < sender->count;) {
        struct entry *entry = sender->entries[i];
        if (is_still_good(entry, &account, head, fork_changed)) {
            i++;
            continue;
        }
        unlink_entry(pool, entry);
        entry_destroy(pool, entry);
    }
    sender_recount(pool, sender);
    drop_gapped_blobs(pool, sender);
}

void pool_reset(struct pool *pool, const struct pool_head *head, uint64_t now_ms) {
    const bool fork_changed = pool->fork != head->rules.fork;
    pool->fork = head->rules.fork;
    pool->reset_count++;
    /* What a sender drops can release authorities anywhere in the list, so those without
     * transactions go in a second round. */
    for (struct sender *sender = pool->newest; sender != NULL; sender = sender->older) {
        if (sender->count != 0) {
            sender->authority_count++; /* keeps it in the list */
            sender_reset(pool, sender, head, fork_changed);
            sender->authority_count--;
        }
    }
    for (struct sender *sender = pool->newest; sender != NULL;) {
        struct sender *older = sender->older;
        sender_release_if_unused(pool, sender);
        sender = older;
    }
    trim_limbo(pool);
    trim(pool, NULL);
    (void)pool_expire(pool, now_ms);
}

size_t pool_expire(struct pool *pool, uint64_t now_ms) {
    size_t count = 0;
    for (struct sender *sender = pool->newest; sender != NULL; sender = sender->older) {
        if (now_ms < sender->active_ms || now_ms - sender->active_ms <= POOL_LIFETIME_MS) continue;
        for (size_t i = sender->count; i-- > sender->pending_count;) {
            struct entry *entry = sender->entries[i];
            if (entry->shown.local) continue;
            unlink_entry(pool, entry);
            entry_destroy(pool, entry);
            count++;
        }
    }
    return count;
}

/* --- removing -------------------------------------------------------------------------------- */

bool pool_remove(struct pool *pool, const struct hash *hash) {
    struct entry *entry = pool_entry_find(pool, hash);
    if (entry == NULL) return false;
    drop_entry(pool, entry);
    return true;
}

void pool_set_aside(struct pool *pool) {
    while (pool->newest != NULL) {
        struct sender *sender = pool->newest;
        while (sender != NULL && sender->count == 0) {
            sender = sender->older; /* an authority: goes with those that name it */
        }
        ASSERT(sender != NULL);
        retire_entry(pool, sender->entries[sender->count - 1]);
        sender_recount(pool, sender);
        sender_release_if_unused(pool, sender);
    }
}

void pool_clear(struct pool *pool) {
    pool_set_aside(pool);
    while (drop_oldest_of_limbo(pool)) {
    }
}

/* --- life ------------------------------------------------------------------------------------ */

struct pool *pool_create(const struct arena_source *source, const struct kzg_setup *setup) {
    struct pool *pool = source->get(source->ctx, sizeof *pool);
    ASSERT(pool != NULL && "out of memory");
    memset(pool, 0, sizeof *pool);
    pool->source = source;
    pool->setup = setup;
    pool->fork = FORK_COUNT;
    arena_init(&pool->scratch, source);
    return pool;
}

void pool_destroy(struct pool *pool) {
    if (pool == NULL) return;
    pool_clear(pool);
    arena_reset(&pool->scratch);
    give_memory(pool, pool, sizeof *pool);
}
