/* prestateTracer: the accounts that a transaction looked at, as they were before it; or, of those that
 * it changed, what they were and what they became.
 */
#include "crypto/keccak.h"
#include "rpc/trace_parts.h"

enum { FRESH_MAX = 3 };

struct pre_slot {
    struct trace_entry entry; /* the slot's number */
    struct u256 value;
};

struct pre_account {
    struct trace_entry entry; /* the address */
    struct u256 balance;
    uint64_t nonce;
    struct bytes code;
    struct hash code_hash;
    bool is_empty;
    bool is_deleted; /* it has destroyed itself */
    struct trace_map slots;
};

struct prestate {
    struct trace *trace;
    bool is_diff, disable_code, disable_storage, include_empty, is_legacy;
    struct trace_map accounts;
    struct trace_map created; /* by this transaction */
    struct address to;
    /* What the newest instruction added: it goes again where that instruction fails. */
    struct trace_entry *fresh[FRESH_MAX];
    size_t fresh_count;
    struct pre_account *newly_deleted;
};

static struct bytes bytes_of_address(const struct address *address) {
    return BYTES_OF(address->bytes);
}

static struct address address_of(const struct pre_account *account) {
    struct address address;
    memcpy(address.bytes, account->entry.key, sizeof address.bytes);
    return address;
}

/* ---- What was looked at ---- */

static void add_fresh(struct prestate *pre, struct trace_entry *entry) {
    ASSERT(pre->fresh_count < FRESH_MAX);
    pre->fresh[pre->fresh_count++] = entry;
}

static struct pre_account *look_up(struct prestate *pre, const struct address *address) {
    struct state *state = pre->trace->subject.run->state;
    bool is_new;
    struct pre_account *account =
        trace_map_at(&pre->accounts, bytes_of_address(address), sizeof *account, &is_new);
    if (account == NULL || (!is_new && !account->entry.is_removed)) return account;
    account->entry.is_removed = false;
    account->balance = state_balance(state, address);
    account->nonce = state_nonce(state, address);
    account->code = state_code(state, address);
    if (account->code.len > 0) account->code_hash = state_code_hash(state, address);
    account->is_empty =
        account->nonce == 0 && account->code.len == 0 && u256_is_zero(&account->balance);
    trace_map_init(&account->slots, pre->trace);
    add_fresh(pre, &account->entry);
    return account;
}

static void look_up_target(struct prestate *pre, const struct address *address) {
    struct address target;
    if (pre->is_legacy || !pre->trace->rules->delegation) return;
    const struct bytes code = state_code(pre->trace->subject.run->state, address);
    if (evm_is_delegation(code, &target)) (void)look_up(pre, &target);
}

static void look_up_slot(
    struct prestate *pre, const struct address *address, const struct u256 *key
) {
    struct pre_account *account = look_up(pre, address);
    struct hash number;
    bool is_new;
    if (account == NULL || pre->disable_storage) return;
    u256_to_be(number.bytes, key);
    struct pre_slot *slot =
        trace_map_at(&account->slots, BYTES_OF(number.bytes), sizeof *slot, &is_new);
    if (slot == NULL || (!is_new && !slot->entry.is_removed)) return;
    slot->entry.is_removed = false;
    slot->value = state_storage(pre->trace->subject.run->state, address, key);
    add_fresh(pre, &slot->entry);
}

static void note_created(struct prestate *pre, const struct address *address) {
    (void)look_up(pre, address);
    (void)trace_map_at(&pre->created, bytes_of_address(address), sizeof(struct trace_entry), NULL);
}

static void note_selfdestruct(struct prestate *pre, const struct evm_step *step) {
    const struct address *self = &step->message->recipient;
    const struct trace_entry *created =
        trace_map_at(&pre->created, bytes_of_address(self), 0, NULL);
    if (pre->trace->rules->selfdestruct_same_tx && created == NULL) return;
    struct pre_account *account = look_up(pre, self);
    if (account == NULL || account->is_deleted) return;
    account->is_deleted = true;
    pre->newly_deleted = account;
}

static void note_create2(struct prestate *pre, const struct evm_step *step) {
    struct bytes initcode;
    struct hash hash;
    if (!trace_keep_memory(
            pre->trace, &initcode, step, trace_operand(step, 1), trace_operand(step, 2)
        )) {
        return;
    }
    keccak256(&hash, initcode);
    const struct address address =
        evm_create2_address(&step->message->recipient, trace_operand(step, 3), &hash);
    note_created(pre, &address);
}

static void on_step(struct trace_part *part, const struct evm_step *step) {
    struct prestate *pre = part->own;
    const struct address *self = &step->message->recipient;
    struct address address;
    pre->fresh_count = 0;
    pre->newly_deleted = NULL;
    switch (step->opcode) {
    case TRACE_SLOAD:
    case TRACE_SSTORE:
        if (step->stack_len >= 1) look_up_slot(pre, self, trace_operand(step, 0));
        return;
    case TRACE_EXTCODECOPY:
    case TRACE_EXTCODEHASH:
    case TRACE_EXTCODESIZE:
    case TRACE_BALANCE:
    case TRACE_SELFDESTRUCT:
        if (step->stack_len < 1) return;
        if (step->opcode == TRACE_SELFDESTRUCT && pre->is_legacy) return;
        address = u256_to_address(trace_operand(step, 0));
        (void)look_up(pre, &address);
        if (step->opcode == TRACE_SELFDESTRUCT) note_selfdestruct(pre, step);
        return;
    case TRACE_CALL:
    case TRACE_CALLCODE:
    case TRACE_DELEGATECALL:
    case TRACE_STATICCALL:
        if (step->stack_len < 5) return;
        address = u256_to_address(trace_operand(step, 1));
        (void)look_up(pre, &address);
        look_up_target(pre, &address);
        return;
    case TRACE_CREATE:
        address = evm_create_address(self, state_nonce(step->state, self));
        note_created(pre, &address);
        return;
    case TRACE_CREATE2:
        if (step->stack_len >= 4) note_create2(pre, step);
        return;
    default: return;
    }
}

static void on_exit(struct trace_part *part, const struct trace_exit *exit) {
    struct prestate *pre = part->own;
    const enum evm_status status = exit->result->status;
    const bool never_ran = status == EVM_OUT_OF_GAS || status == EVM_STACK_UNDERFLOW ||
        status == EVM_STACK_OVERFLOW || status == EVM_UNDEFINED_OPCODE;
    if (exit->at_instruction && never_ran) {
        for (size_t i = 0; i < pre->fresh_count; i++) {
            pre->fresh[i]->is_removed = true;
        }
        if (pre->newly_deleted != NULL) pre->newly_deleted->is_deleted = false;
    }
    pre->fresh_count = 0;
    pre->newly_deleted = NULL;
}

/* ---- Before the transaction ---- */

static void look_at_beginning(struct prestate *pre) {
    const struct trace_subject *subject = &pre->trace->subject;
    const struct tx *tx = subject->tx;
    pre->to = tx->to;
    if (tx->is_create) {
        pre->to =
            evm_create_address(subject->sender, state_nonce(subject->run->state, subject->sender));
        note_created(pre, &pre->to);
    } else {
        look_up_target(pre, &pre->to);
    }
    pre->fresh_count = 0;
    (void)look_up(pre, subject->sender);
    (void)look_up(pre, &pre->to);
    if (!pre->is_legacy) (void)look_up(pre, &subject->run->env.coinbase);
    for (size_t i = 0; i < tx->authorization_count && !pre->is_legacy; i++) {
        struct address authority;
        pre->fresh_count = 0;
        if (tx_authority(pre->trace->arena, &authority, &tx->authorizations[i])) {
            (void)look_up(pre, &authority);
        }
    }
    pre->fresh_count = 0;
}

static struct prestate *open_any(struct trace_part *part) {
    struct prestate *pre = ARENA_NEW(part->trace->arena, struct prestate);
    pre->trace = part->trace;
    trace_map_init(&pre->accounts, part->trace);
    trace_map_init(&pre->created, part->trace);
    part->own = pre;
    return pre;
}

static const char *open_prestate(struct trace_part *part) {
    struct prestate *pre = open_any(part);
    pre->is_diff = json_is_true(json_get(part->config, "diffMode"));
    pre->disable_code = json_is_true(json_get(part->config, "disableCode"));
    pre->disable_storage = json_is_true(json_get(part->config, "disableStorage"));
    pre->include_empty = json_is_true(json_get(part->config, "includeEmpty"));
    if (pre->is_diff && pre->include_empty) return "cannot use diffMode with includeEmpty";
    look_at_beginning(pre);
    return NULL;
}

static const char *open_legacy(struct trace_part *part) {
    struct prestate *pre = open_any(part);
    pre->is_legacy = true;
    look_at_beginning(pre);
    return NULL;
}

/* ---- JSON ---- */

static void put_slot(
    struct json_writer *out, const struct trace_entry *key, const struct u256 *value
) {
    struct hash word;
    trace_put_word_name(out, key->key);
    u256_to_be(word.bytes, value);
    json_write_hash(out, &word);
}

/* The slots that were looked at; in diffs, of accounts that are still there, those that changed and
 * were not zero. */
static void put_pre_slots(const struct prestate *pre, const struct pre_account *account) {
    struct json_writer *out = pre->trace->out;
    const struct address address = address_of(account);
    bool has_any = pre->is_legacy;
    if (has_any) {
        json_name(out, "storage");
        json_begin_object(out);
    }
    for (const struct trace_entry *entry = account->slots.first; entry; entry = entry->next) {
        const struct pre_slot *slot = (const struct pre_slot *)entry;
        if (entry->is_removed) continue;
        if (pre->is_diff && !account->is_deleted) {
            const struct u256 key = u256_from_be(entry->key);
            const struct u256 now = state_storage(pre->trace->subject.run->state, &address, &key);
            if (u256_is_zero(&slot->value) || u256_equal(&slot->value, &now)) continue;
        }
        if (!has_any) {
            json_name(out, "storage");
            json_begin_object(out);
            has_any = true;
        }
        put_slot(out, entry, &slot->value);
    }
    if (has_any) json_end_object(out);
}

static void put_pre(const struct prestate *pre, const struct pre_account *account) {
    struct json_writer *out = pre->trace->out;
    const struct address address = address_of(account);
    trace_put_address_name(out, &address);
    json_begin_object(out);
    json_name(out, "balance");
    json_write_quantity_u256(out, &account->balance);
    if (pre->is_legacy || (account->code.len > 0 && !pre->disable_code)) {
        json_name(out, "code");
        json_write_hex(out, account->code);
    }
    if (account->code.len > 0 && !pre->is_legacy) {
        json_name(out, "codeHash");
        json_write_hash(out, &account->code_hash);
    }
    if (pre->is_legacy || account->nonce != 0) {
        json_name(out, "nonce");
        json_write_number(out, account->nonce);
    }
    put_pre_slots(pre, account);
    json_end_object(out);
}

/* An account after the transaction, as far as it differs. */
struct post {
    bool is_changed, has_balance, has_nonce, has_code, has_code_hash, has_slots;
    struct u256 balance;
    uint64_t nonce;
    struct bytes code;
    struct hash code_hash;
};

static struct post compare(const struct prestate *pre, const struct pre_account *account) {
    struct state *state = pre->trace->subject.run->state;
    const struct address address = address_of(account);
    struct post post = {
        .balance = state_balance(state, &address),
        .nonce = state_nonce(state, &address),
        .code = state_code(state, &address),
        .code_hash = state_code_hash(state, &address),
    };
    post.has_balance = !u256_equal(&post.balance, &account->balance);
    post.has_nonce = post.nonce != account->nonce;
    post.has_code_hash = !bytes_equal(post.code, account->code);
    post.has_code = post.has_code_hash && !pre->disable_code;
    for (const struct trace_entry *entry = account->slots.first; entry; entry = entry->next) {
        const struct pre_slot *slot = (const struct pre_slot *)entry;
        const struct u256 key = u256_from_be(entry->key);
        const struct u256 now = state_storage(state, &address, &key);
        if (!entry->is_removed && !u256_equal(&slot->value, &now)) post.has_slots = true;
    }
    post.is_changed = post.has_balance || post.has_nonce || post.has_code_hash || post.has_slots;
    return post;
}

static void put_post_slots(const struct prestate *pre, const struct pre_account *account) {
    struct json_writer *out = pre->trace->out;
    struct state *state = pre->trace->subject.run->state;
    const struct address address = address_of(account);
    bool has_any = false;
    for (const struct trace_entry *entry = account->slots.first; entry; entry = entry->next) {
        const struct pre_slot *slot = (const struct pre_slot *)entry;
        const struct u256 key = u256_from_be(entry->key);
        const struct u256 now = state_storage(state, &address, &key);
        if (entry->is_removed || u256_is_zero(&now) || u256_equal(&slot->value, &now)) continue;
        if (!has_any) {
            json_name(out, "storage");
            json_begin_object(out);
            has_any = true;
        }
        put_slot(out, entry, &now);
    }
    if (has_any) json_end_object(out);
}

static void put_post(
    const struct prestate *pre, const struct pre_account *account, const struct post *post
) {
    struct json_writer *out = pre->trace->out;
    const struct address address = address_of(account);
    trace_put_address_name(out, &address);
    json_begin_object(out);
    if (post->has_balance) {
        json_name(out, "balance");
        json_write_quantity_u256(out, &post->balance);
    }
    if (post->has_code) {
        json_name(out, "code");
        json_write_hex(out, post->code);
    }
    if (post->has_code_hash) {
        json_name(out, "codeHash");
        json_write_hash(out, &post->code_hash);
    }
    if (post->has_nonce && post->nonce != 0) {
        json_name(out, "nonce");
        json_write_number(out, post->nonce);
    }
    put_post_slots(pre, account);
    json_end_object(out);
}

static void write_diff(const struct prestate *pre) {
    struct json_writer *out = pre->trace->out;
    json_begin_object(out);
    json_name(out, "post");
    json_begin_object(out);
    for (const struct trace_entry *entry = pre->accounts.first; entry; entry = entry->next) {
        const struct pre_account *account = (const struct pre_account *)entry;
        if (entry->is_removed || account->is_deleted) continue;
        const struct post post = compare(pre, account);
        if (post.is_changed) put_post(pre, account, &post);
    }
    json_end_object(out);
    json_name(out, "pre");
    json_begin_object(out);
    for (const struct trace_entry *entry = pre->accounts.first; entry; entry = entry->next) {
        const struct pre_account *account = (const struct pre_account *)entry;
        if (entry->is_removed || account->is_empty) continue;
        if (account->is_deleted || compare(pre, account).is_changed) put_pre(pre, account);
    }
    json_end_object(out);
    json_end_object(out);
}

static void write_prestate(struct trace_part *part, const struct tx_outcome *outcome) {
    const struct prestate *pre = part->own;
    struct json_writer *out = part->trace->out;
    (void)outcome;
    if (pre->is_diff) {
        write_diff(pre);
        return;
    }
    json_begin_object(out);
    for (const struct trace_entry *entry = pre->accounts.first; entry; entry = entry->next) {
        const struct pre_account *account = (const struct pre_account *)entry;
        const struct address address = address_of(account);
        const bool is_new_contract = pre->is_legacy && part->trace->subject.tx->is_create &&
            address_equal(&address, &pre->to);
        if (entry->is_removed || is_new_contract) continue;
        if (account->is_empty && !pre->include_empty && !pre->is_legacy) continue;
        put_pre(pre, account);
    }
    json_end_object(out);
}

const struct trace_kind trace_prestate_tracer = {
    .name = "prestateTracer",
    .open = open_prestate,
    .step = on_step,
    .exit = on_exit,
    .write = write_prestate,
};

const struct trace_kind trace_prestate_tracer_legacy = {
    .name = "prestateTracerLegacy",
    .open = open_legacy,
    .step = on_step,
    .exit = on_exit,
    .write = write_prestate,
};
