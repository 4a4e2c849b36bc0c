#include "base/checked.h"
#include "crypto/keccak.h"
#include "evm/evm_internal.h"

enum {
    GAS_KECCAK_WORD = 6,
    GAS_COPY_WORD = 3,
    GAS_LOG_BYTE = 8,
    GAS_CALL_VALUE = 9000,
    GAS_CALL_STIPEND = 2300,
    GAS_NEW_ACCOUNT = 25000,
    BLOCK_HASHES = 256,
};

/* A length or offset as popped; what does not fit is beyond everything. */
static uint64_t saturated(const struct u256 *word) {
    return u256_fits_u64(word) ? word->limb[0] : UINT64_MAX;
}

INSTRUCTION(instruction_exp) {
    const struct u256 *base = top, *exponent = top - 1;
    const uint64_t cost = evm->context.rules->exp_byte * (uint64_t)u256_byte_length(exponent);
    if (!evm_charge(frame, cost)) return EVM_OUT_OF_GAS;
    u256_exp_wrapping(&top[-1], base, exponent);
    return EVM_SUCCESS;
}

INSTRUCTION(instruction_keccak256) {
    const struct u256 *offset = top, *size = top - 1;
    if (!evm_memory_reach(evm, frame, offset, size)) return EVM_OUT_OF_GAS;
    if (!evm_charge(frame, GAS_KECCAK_WORD * evm_words(size->limb[0]))) return EVM_OUT_OF_GAS;
    struct hash hash;
    const size_t len = (size_t)size->limb[0];
    if (len == HASH_MEMO_INPUT_SIZE) {
        hash_memo_keccak256(&evm->hashes, &top[-1], frame->memory + offset->limb[0]);
        return EVM_SUCCESS;
    }
    keccak256(&hash, bytes_from(len == 0 ? NULL : frame->memory + offset->limb[0], len));
    top[-1] = u256_from_be(hash.bytes);
    return EVM_SUCCESS;
}

/* Accounts. The record of the one that a word names, its access paid for (EIP-2929). */
static struct state_account *access_account(
    struct evm *evm, struct evm_frame *frame, const struct u256 *word
) {
    const struct address address = u256_to_address(word);
    struct state_account *account = state_find_account(evm->context.state, &address);
    if (!state_warm_account_record(evm->context.state, account) &&
        !evm_charge(frame, evm->context.rules->cold_account_extra)) {
        return NULL;
    }
    return state_load_account(evm->context.state, &address);
}

INSTRUCTION(instruction_balance) {
    struct state_account *account = access_account(evm, frame, top);
    if (account == NULL) return EVM_OUT_OF_GAS;
    *top = *state_use_balance(account);
    return EVM_SUCCESS;
}

INSTRUCTION(instruction_extcodesize) {
    struct state_account *account = access_account(evm, frame, top);
    if (account == NULL) return EVM_OUT_OF_GAS;
    *top = u256_from_u64(state_load_code(evm->context.state, account).len);
    return EVM_SUCCESS;
}

INSTRUCTION(instruction_extcodehash) {
    struct state_account *account = access_account(evm, frame, top);
    if (account == NULL) return EVM_OUT_OF_GAS;
    /* EIP-1052: zero for what EIP-161 calls dead. */
    const bool dead = !account->exists || state_account_is_empty(account);
    *top = dead ? U256_ZERO : u256_from_be(account->code_hash.bytes);
    return EVM_SUCCESS;
}

/* Copies to memory what source has from an offset on, with zeros after its end. */
static enum evm_status copy_padded(
    struct evm *evm, struct evm_frame *frame, const struct u256 *operands, struct bytes source
) {
    const struct u256 *to = operands, *from = operands - 1, *size = operands - 2;
    if (!evm_memory_reach(evm, frame, to, size)) return EVM_OUT_OF_GAS;
    if (!evm_charge(frame, GAS_COPY_WORD * evm_words(size->limb[0]))) return EVM_OUT_OF_GAS;
    const size_t len = (size_t)size->limb[0];
    if (len == 0) return EVM_SUCCESS;

    const uint64_t start = min_u64(saturated(from), source.len);
    const size_t there = (size_t)min_u64(source.len - start, len);
    uint8_t *out = frame->memory + to->limb[0];
    if (there > 0) memcpy(out, source.data + start, there);
    memset(out + there, 0, len - there);
    return EVM_SUCCESS;
}

INSTRUCTION(instruction_calldatacopy) {
    const struct bytes none = {NULL, 0};
    return copy_padded(evm, frame, top, frame->is_creation ? none : frame->message.input);
}

INSTRUCTION(instruction_codecopy) {
    return copy_padded(evm, frame, top, bytes_from(frame->code.bytes, frame->code.size));
}

INSTRUCTION(instruction_extcodecopy) {
    struct state_account *account = access_account(evm, frame, top);
    if (account == NULL) return EVM_OUT_OF_GAS;
    return copy_padded(evm, frame, top - 1, state_load_code(evm->context.state, account));
}

INSTRUCTION(instruction_returndatacopy) {
    const struct u256 *from = top - 1, *size = top - 2;
    uint64_t end;
    /* EIP-211: reading beyond the end is a failure, even of nothing. */
    if (!add_u64(&end, saturated(from), saturated(size)) || end > evm->return_size) {
        return EVM_RETURN_DATA_OUT_OF_BOUNDS;
    }
    return copy_padded(evm, frame, top, bytes_from(evm->return_buffer, evm->return_size));
}

INSTRUCTION(instruction_mcopy) {
    const struct u256 *to = top, *from = top - 1, *size = top - 2;
    const struct u256 *higher = u256_less(to, from) ? from : to;
    if (!evm_memory_reach(evm, frame, higher, size)) return EVM_OUT_OF_GAS;
    if (!evm_charge(frame, GAS_COPY_WORD * evm_words(size->limb[0]))) return EVM_OUT_OF_GAS;
    if (u256_is_zero(size)) return EVM_SUCCESS;
    memmove(frame->memory + to->limb[0], frame->memory + from->limb[0], (size_t)size->limb[0]);
    return EVM_SUCCESS;
}

INSTRUCTION(instruction_blockhash) {
    (void)frame;
    const uint64_t current = evm->context.block->number;
    const uint64_t number = saturated(top);
    *top = U256_ZERO;
    if (number >= current || current - number > BLOCK_HASHES) return EVM_SUCCESS;
    const struct state_reader *reader = evm->context.state->reader;
    struct hash hash = {{0}};
    reader->block_hash(reader->ctx, number, &hash);
    *top = u256_from_be(hash.bytes);
    return EVM_SUCCESS;
}

/* Storage. */

INSTRUCTION(instruction_sload) {
    struct state *state = evm->context.state;
    struct state_slot *slot = state_find_slot(state, frame->self, top);
    if (!state_warm_slot_record(state, slot) &&
        !evm_charge(frame, evm->context.rules->cold_slot_extra)) {
        return EVM_OUT_OF_GAS;
    }
    *top = state_load_found_slot(state, slot)->value;
    return EVM_SUCCESS;
}

/* Before net metering: by whether the slot is set, cleared or changed. */
static uint64_t sstore_plain(
    struct state *state,
    const struct evm_rules *rules,
    const struct u256 *current,
    const struct u256 *value
) {
    if (u256_is_zero(current) && !u256_is_zero(value)) return rules->sstore_set;
    if (!u256_is_zero(current) && u256_is_zero(value)) {
        state->refund += rules->sstore_clear_refund;
    }
    return rules->sstore_reset;
}

/* EIP-2200's table (EIP-1283 the same): by the value at the beginning of the transaction, the
 * current and the new one. */
static uint64_t sstore_net(
    struct state *state,
    const struct evm_rules *rules,
    const struct u256 *original,
    const struct u256 *current,
    const struct u256 *value
) {
    if (u256_equal(current, value)) return rules->sstore_noop;

    const int64_t clear_refund = rules->sstore_clear_refund;
    if (u256_equal(original, current)) {
        if (u256_is_zero(original)) return rules->sstore_set;
        if (u256_is_zero(value)) state->refund += clear_refund;
        return rules->sstore_reset;
    }
    if (!u256_is_zero(original)) {
        if (u256_is_zero(current)) state->refund -= clear_refund;
        if (u256_is_zero(value)) state->refund += clear_refund;
    }
    if (u256_equal(original, value)) {
        const uint32_t paid = u256_is_zero(original) ? rules->sstore_set : rules->sstore_reset;
        state->refund += paid - rules->sstore_noop;
    }
    return rules->sstore_noop;
}

INSTRUCTION(instruction_sstore) {
    const struct evm_rules *rules = evm->context.rules;
    struct state *state = evm->context.state;
    if (frame->message.is_static) return EVM_STATIC_VIOLATION;
    if (frame->gas <= (int64_t)rules->sstore_sentry && rules->sstore_sentry != 0) {
        return EVM_OUT_OF_GAS;
    }
    struct state_slot *slot = state_find_slot(state, frame->self, top);
    uint64_t cost = state_warm_slot_record(state, slot) ? 0 : rules->cold_slot_sstore;
    slot = state_load_found_slot(state, slot);
    const struct u256 *value = top - 1;
    cost += rules->sstore_net
        ? sstore_net(state, rules, state_slot_original(state, slot), &slot->value, value)
        : sstore_plain(state, rules, &slot->value, value);
    if (!evm_charge(frame, cost)) return EVM_OUT_OF_GAS;
    if (!u256_equal(&slot->value, value)) state_change_slot(state, slot, value);
    return EVM_SUCCESS;
}

INSTRUCTION(instruction_tload) {
    *top = state_transient_load(evm->context.state, frame->self, top);
    return EVM_SUCCESS;
}

INSTRUCTION(instruction_tstore) {
    if (frame->message.is_static) return EVM_STATIC_VIOLATION;
    state_transient_store(evm->context.state, frame->self, top, top - 1);
    return EVM_SUCCESS;
}

enum evm_status instruction_log(
    struct evm *evm, struct evm_frame *frame, struct u256 *top, uint32_t topic_count
) {
    if (frame->message.is_static) return EVM_STATIC_VIOLATION;
    const struct u256 *offset = top, *size = top - 1;
    if (!evm_memory_reach(evm, frame, offset, size)) return EVM_OUT_OF_GAS;
    if (!evm_charge(frame, GAS_LOG_BYTE * size->limb[0])) return EVM_OUT_OF_GAS;

    struct state_log log = {.address = frame->message.recipient, .topic_count = topic_count};
    for (uint32_t i = 0; i < topic_count; i++) {
        u256_to_be(log.topics[i].bytes, top - 2 - i);
    }
    const size_t len = (size_t)size->limb[0];
    log.data = bytes_from(len == 0 ? NULL : frame->memory + offset->limb[0], len);
    state_add_log(evm->context.state, &log);
    return EVM_SUCCESS;
}

INSTRUCTION(instruction_output) {
    const struct u256 *offset = top, *size = top - 1;
    if (!evm_memory_reach(evm, frame, offset, size)) return EVM_OUT_OF_GAS;
    const size_t len = (size_t)size->limb[0];
    frame->output = bytes_from(len == 0 ? NULL : frame->memory + offset->limb[0], len);
    return EVM_SUCCESS;
}

/* Making an account that does not exist, or is empty, costs extra (EIP-150, EIP-161). */
static bool makes_account(
    const struct evm_rules *rules, struct state_account *account, const struct u256 *value
) {
    if (!rules->new_account_needs_value) return !account->exists;
    return !u256_is_zero(value) && state_account_is_empty(account);
}

INSTRUCTION(instruction_selfdestruct) {
    const struct evm_rules *rules = evm->context.rules;
    struct state *state = evm->context.state;
    if (frame->message.is_static) return EVM_STATIC_VIOLATION;

    const struct address address = u256_to_address(top);
    struct state_account *heir = state_find_account(state, &address);
    uint64_t cost = state_warm_account_record(state, heir) ? 0 : rules->cold_selfdestruct;
    if (!evm_charge(frame, cost)) return EVM_OUT_OF_GAS;
    heir = state_load_account(state, &address);
    struct state_account *self = frame->self;
    const struct u256 balance = *state_use_balance(self);
    cost = makes_account(rules, heir, &balance) ? rules->selfdestruct_new : 0;
    if (!evm_charge(frame, cost)) return EVM_OUT_OF_GAS;

    const bool destroys = !rules->selfdestruct_same_tx || state_is_created(state, self);
    if (destroys && !state_is_destroyed(state, self)) {
        state->refund += rules->selfdestruct_refund;
    }
    /* To itself, a contract that goes burns its balance and one that stays keeps it. */
    if (heir != self || destroys) {
        struct u256 sum;
        const struct u256 zero = U256_ZERO;
        (void)u256_add_wrapping(&sum, state_use_balance(heir), &balance);
        if (u256_is_zero(&balance)) {
            state_touch(state, &address, rules);
        } else {
            state_change_balance(state, heir, &sum);
        }
        state_change_balance(state, self, &zero);
    }
    if (destroys) state_mark_destroyed(state, self);
    return EVM_SUCCESS;
}

/* Calls. */

/* Operands of the four kinds in one shape; DELEGATECALL and STATICCALL have no value. */
struct call_operands {
    const struct u256 *gas, *address, *value, *input, *input_size, *answer, *answer_size;
};

static struct call_operands call_operands(const struct u256 *top, bool has_value) {
    const struct u256 *rest = has_value ? top - 3 : top - 2;
    return (struct call_operands){top,      top - 1, has_value ? top - 2 : NULL, rest, rest - 1,
                                  rest - 2, rest - 3};
}

static bool call_memory(
    struct evm *evm, struct evm_frame *frame, const struct call_operands *operands
) {
    return evm_memory_reach(evm, frame, operands->input, operands->input_size) &&
        evm_memory_reach(evm, frame, operands->answer, operands->answer_size);
}

/* EIP-7702: the access of a delegation's target is paid for by the caller. */
static bool pay_delegation(
    struct evm *evm, struct evm_frame *frame, struct state_account *account
) {
    struct state *state = evm->context.state;
    struct address target;
    if (!evm->context.rules->delegation) return true;
    if (!evm_is_delegation(state_load_code(state, account), &target)) return true;
    const bool warm = state_warm_account(state, &target);
    const uint64_t extra = warm ? 0 : evm->context.rules->cold_account_extra;
    return evm_charge(frame, evm->context.rules->warm_access + extra);
}

/* What the callee gets of the frame's gas, before the stipend; false: out of gas. */
static bool call_gas(
    const struct evm_rules *rules, struct evm_frame *frame, const struct u256 *wanted, uint64_t *gas
) {
    *gas = saturated(wanted);
    const uint64_t available = (uint64_t)frame->gas;
    if (rules->keep_64th) *gas = min_u64(*gas, available - available / 64);
    return evm_charge(frame, *gas);
}

static void call_message(
    struct evm *evm,
    const struct evm_frame *frame,
    const struct call_operands *operands,
    uint8_t opcode,
    uint64_t gas
) {
    const struct evm_message *caller = &frame->message;
    struct evm_message *call = &evm->call;
    const struct address address = u256_to_address(operands->address);
    const size_t input_size = (size_t)operands->input_size->limb[0];
    *call = (struct evm_message){
        .kind = EVM_CALL,
        .is_static = caller->is_static,
        .depth = caller->depth + 1,
        .gas = gas,
        .sender = caller->recipient,
        .recipient = address,
        .code_address = address,
        .value = operands->value != NULL ? *operands->value : U256_ZERO,
        .input = bytes_from(
            input_size == 0 ? NULL : frame->memory + operands->input->limb[0], input_size
        ),
    };
    switch (opcode) {
    case OP_CALLCODE:
        call->kind = EVM_CALLCODE;
        call->recipient = caller->recipient;
        break;
    case OP_DELEGATECALL:
        call->kind = EVM_DELEGATECALL;
        call->sender = caller->sender;
        call->recipient = caller->recipient;
        call->value = caller->value;
        break;
    case OP_STATICCALL:
        call->kind = EVM_STATICCALL;
        call->is_static = true;
        break;
    default: break;
    }
}

/* Why the call that evm->call describes cannot begin; its gas then comes back. */
static enum evm_status refuse(
    const struct evm *evm, const struct evm_frame *frame, const struct u256 *value
) {
    if (evm->call.depth > EVM_DEPTH_MAX) return EVM_DEPTH_EXCEEDED;
    if (value == NULL || u256_is_zero(value)) return EVM_SUCCESS;
    if (u256_less(state_use_balance(frame->self), value)) return EVM_BALANCE_TOO_LOW;
    return EVM_SUCCESS;
}

enum evm_status instruction_call(
    struct evm *evm, struct evm_frame *frame, struct u256 *top, uint8_t opcode
) {
    const struct evm_rules *rules = evm->context.rules;
    const bool has_value = opcode == OP_CALL || opcode == OP_CALLCODE;
    const struct call_operands operands = call_operands(top, has_value);
    const bool sends = has_value && !u256_is_zero(operands.value);
    if (sends && opcode == OP_CALL && frame->message.is_static) return EVM_STATIC_VIOLATION;

    if (!call_memory(evm, frame, &operands)) return EVM_OUT_OF_GAS;
    if (sends && !evm_charge(frame, GAS_CALL_VALUE)) return EVM_OUT_OF_GAS;
    struct state_account *account = access_account(evm, frame, operands.address);
    if (account == NULL) return EVM_OUT_OF_GAS;
    if (opcode == OP_CALL && makes_account(rules, account, operands.value) &&
        !evm_charge(frame, GAS_NEW_ACCOUNT)) {
        return EVM_OUT_OF_GAS;
    }
    if (!pay_delegation(evm, frame, account)) return EVM_OUT_OF_GAS;
    uint64_t gas;
    if (!call_gas(rules, frame, operands.gas, &gas)) return EVM_OUT_OF_GAS;
    if (sends) gas += GAS_CALL_STIPEND;

    frame->answer_offset = (size_t)operands.answer->limb[0];
    frame->answer_size = (size_t)operands.answer_size->limb[0];
    call_message(evm, frame, &operands, opcode, gas);
    evm->call_refused = refuse(evm, frame, operands.value);
    return EVM_SUCCESS;
}

/* Creations. */

/* What initcode costs by its length: EIP-3860, and hashing it for CREATE2. */
static bool pay_initcode(
    const struct evm_rules *rules, struct evm_frame *frame, uint64_t size, uint8_t opcode
) {
    const uint64_t word_gas =
        rules->initcode_word + (opcode == OP_CREATE2 ? (uint64_t)GAS_KECCAK_WORD : 0);
    return evm_charge(frame, word_gas * evm_words(size));
}

enum evm_status instruction_create(
    struct evm *evm, struct evm_frame *frame, struct u256 *top, uint8_t opcode
) {
    const struct evm_rules *rules = evm->context.rules;
    struct state *state = evm->context.state;
    const struct u256 *value = top, *offset = top - 1, *size = top - 2;
    if (frame->message.is_static) return EVM_STATIC_VIOLATION;
    if (!u256_fits_u64(size) || size->limb[0] > rules->initcode_size_max) {
        return u256_fits_u64(size) ? EVM_INITCODE_TOO_LARGE : EVM_OUT_OF_GAS;
    }
    if (!evm_memory_reach(evm, frame, offset, size)) return EVM_OUT_OF_GAS;
    const size_t len = (size_t)size->limb[0];
    if (!pay_initcode(rules, frame, len, opcode)) return EVM_OUT_OF_GAS;

    const uint64_t nonce = frame->self->nonce;
    const struct bytes initcode =
        bytes_from(len == 0 ? NULL : frame->memory + offset->limb[0], len);
    const uint64_t available = (uint64_t)frame->gas;
    struct evm_message *call = &evm->call;
    *call = (struct evm_message){
        .kind = opcode == OP_CREATE2 ? EVM_CREATE2 : EVM_CREATE,
        .depth = frame->message.depth + 1,
        .gas = rules->keep_64th ? available - available / 64 : available,
        .sender = frame->message.recipient,
        .value = *value,
        .input = initcode,
    };
    frame->answer_size = 0;
    frame->gas -= (int64_t)call->gas;
    evm->call_refused = refuse(evm, frame, value);
    if (evm->call_refused == EVM_SUCCESS && nonce == UINT64_MAX) {
        evm->call_refused = EVM_NONCE_EXHAUSTED;
    }
    if (evm->call_refused != EVM_SUCCESS) return EVM_SUCCESS;

    if (opcode == OP_CREATE2) {
        struct hash initcode_hash;
        keccak256(&initcode_hash, initcode);
        call->salt = top[-3];
        call->recipient = evm_create2_address(&call->sender, &call->salt, &initcode_hash);
    } else {
        call->recipient = evm_create_address(&call->sender, nonce);
    }
    state_change_nonce(state, frame->self, nonce + 1);
    return EVM_SUCCESS;
}
