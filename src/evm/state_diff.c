#include "crypto/keccak.h"
#include "evm/state.h"
#include "evm/state_records.h"

/* Merge sort of pointers: what sorts keys from outside has no bad case. */
static void sort(
    const void **list, const void **scratch, size_t count, bool (*less)(const void *, const void *)
) {
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t begin = 0; begin < count; begin += 2 * width) {
            const size_t middle = begin + width < count ? begin + width : count;
            const size_t end = begin + 2 * width < count ? begin + 2 * width : count;
            size_t a = begin, b = middle;
            for (size_t out = begin; out < end; out++) {
                const bool take_b = a == middle || (b < end && less(list[b], list[a]));
                scratch[out] = take_b ? list[b++] : list[a++];
            }
        }
        memcpy(list, scratch, count * sizeof *list);
    }
}

static bool account_less(const void *a, const void *b) {
    const struct state_account *x = a, *y = b;
    return memcmp(x->address.bytes, y->address.bytes, sizeof x->address.bytes) < 0;
}

static bool slot_less(const void *a, const void *b) {
    const struct state_slot *x = a, *y = b;
    return u256_less(&x->key, &y->key);
}

/* What a slot was before and is after; false where it need not be told. */
static bool slot_diff(
    struct state_slot_diff *diff, const struct state_account *account, const struct state_slot *slot
) {
    if (!slot->loaded) return false;
    const bool wiped = account->generation != 0;
    const struct u256 zero = U256_ZERO;
    *diff = (struct state_slot_diff){
        .key = slot->key,
        .before = wiped ? zero : slot->before,
        .after = slot->generation == account->generation ? slot->value : zero,
    };
    /* A slot first met after a wipe that was undone: nothing is known of it, nothing happened. */
    if (!wiped && slot->generation != 0) return false;
    return !u256_equal(&diff->before, &diff->after);
}

static void collect_slots(
    struct arena *arena, struct state_account_diff *diff, const struct state_account *account
) {
    size_t count = 0;
    struct state_slot_diff one;
    for (const struct state_slot *slot = account->newest_slot; slot != NULL; slot = slot->older) {
        if (slot_diff(&one, account, slot)) count++;
    }
    diff->slot_count = count;
    if (count == 0) return;

    diff->slots = ARENA_ARRAY(arena, struct state_slot_diff, count);
    const struct arena_mark mark = arena_mark(arena);
    const void **list = ARENA_ARRAY(arena, const void *, 2 * count);
    size_t n = 0;
    for (const struct state_slot *slot = account->newest_slot; slot != NULL; slot = slot->older) {
        if (slot_diff(&one, account, slot)) list[n++] = slot;
    }
    sort(list, list + count, count, slot_less);
    for (size_t i = 0; i < count; i++) {
        (void)slot_diff(&diff->slots[i], account, list[i]);
    }
    arena_rewind(arena, mark);
}

static bool changed(const struct state_account *account) {
    if (!account->loaded) return false;
    if (!account->existed_before && !account->exists) return false;
    if (account->existed_before != account->exists) return true;
    if (account->nonce != account->before.nonce) return true;
    if (!u256_equal(&account->balance, &account->before.balance)) return true;
    if (!hash_equal(&account->code_hash, &account->before.code_hash)) return true;

    const bool had_storage = !hash_equal(&account->before.storage_root, &state_empty_root);
    if (account->generation != 0 && had_storage) return true;
    struct state_slot_diff ignored;
    for (const struct state_slot *slot = account->newest_slot; slot != NULL; slot = slot->older) {
        if (slot_diff(&ignored, account, slot)) return true;
    }
    return false;
}

static void describe(
    struct arena *arena, struct state_account_diff *diff, const struct state_account *account
) {
    const bool had_storage =
        account->existed_before && !hash_equal(&account->before.storage_root, &state_empty_root);
    *diff = (struct state_account_diff){
        .address = account->address,
        .existed_before = account->existed_before,
        .exists_after = account->exists,
        .code_changed =
            account->exists && !hash_equal(&account->code_hash, &account->before.code_hash),
        .storage_wiped = had_storage && (!account->exists || account->generation != 0),
        .before = account->before,
        .after =
            {account->nonce, account->balance, account->code_hash, account->before.storage_root},
    };
    if (diff->code_changed) diff->code = account->code;
    if (account->exists) collect_slots(arena, diff, account);
}

struct state_diff state_diff(struct arena *arena, const struct state *state) {
    size_t count = 0;
    for (const struct state_account *a = state->newest_account; a != NULL; a = a->older) {
        if (changed(a)) count++;
    }
    struct state_diff diff = {ARENA_ARRAY(arena, struct state_account_diff, count), count};
    if (count == 0) return diff;

    const void **list = ARENA_ARRAY(arena, const void *, 2 * count);
    size_t n = 0;
    for (const struct state_account *a = state->newest_account; a != NULL; a = a->older) {
        if (changed(a)) list[n++] = a;
    }
    sort(list, list + count, count, account_less);
    for (size_t i = 0; i < count; i++) {
        describe(arena, &diff.accounts[i], list[i]);
    }
    return diff;
}
