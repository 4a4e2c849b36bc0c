#include "evm/evm.h"

#include "crypto/keccak.h"
#include "evm/evm_internal.h"
#include "evm/precompiles.h"

enum {
    SEGMENT_SIZE_FIRST = 256 * 1024,
    SEGMENT_ALIGN = 64,
    RETURN_ROOM_FIRST = 4096,
    GAS_MEMORY_WORD = 3,
    MEMORY_QUADRATIC_DIVISOR = 512,
    GAS_CODE_BYTE = 200,
    /* Decoding pays at the second call of a code, or at so many jumps back of the first: in loops. */
    DECODE_AT_CALL = 2,
    DECODE_AT_JUMP = 8,
    DECODE_AT_JUMP_BYTES = 64, /* of code: one jump more for so many */
};

/* Pools. */

static void *take(struct evm *evm, size_t size) {
    void *memory = evm->source->get(evm->source->ctx, size);
    ASSERT(memory != NULL && "out of memory");
    return memory;
}

static void give(struct evm *evm, void *memory, size_t size) {
    if (memory != NULL && evm->source->put != NULL) {
        evm->source->put(evm->source->ctx, memory, size);
    }
}

struct evm *evm_create(const struct arena_source *source, size_t code_cache_max) {
    struct evm *evm = source->get(source->ctx, sizeof *evm);
    ASSERT(evm != NULL && "out of memory");
    memset(evm, 0, sizeof *evm);
    evm->source = source;
    code_cache_init(&evm->codes, source, code_cache_max);
    arena_init(&evm->scratch, source);
    (void)arena_alloc(&evm->scratch, 1, 1); /* a first chunk, kept from call to call */
    evm->scratch_begin = arena_mark(&evm->scratch);
    evm->frames = take(evm, EVM_FRAMES_MAX * sizeof *evm->frames);
    for (size_t i = 0; i < EVM_FRAMES_MAX; i++) {
        evm->frames[i].evm = evm;
    }
    evm->return_room = RETURN_ROOM_FIRST;
    evm->return_buffer = take(evm, evm->return_room);
    return evm;
}

void evm_destroy(struct evm *evm) {
    if (evm == NULL) return;
    code_cache_clear(&evm->codes);
    arena_reset(&evm->scratch);
    for (size_t i = 0; i < EVM_SEGMENTS_MAX; i++) {
        give(evm, evm->segments[i].data, evm->segments[i].size);
    }
    for (size_t i = 0; i < EVM_STACK_CHUNKS_MAX; i++) {
        give(evm, evm->stack_chunks[i], EVM_STACK_CHUNK_WORDS * sizeof(struct u256));
    }
    give(evm, evm->return_buffer, evm->return_room);
    give(evm, evm->frames, EVM_FRAMES_MAX * sizeof *evm->frames);
    give(evm, evm, sizeof *evm);
}

void evm_drop_code_cache(struct evm *evm) {
    code_cache_clear(&evm->codes);
    hash_memo_clear(&evm->hashes);
}

void evm_set_engine(struct evm *evm, enum evm_engine engine) {
    evm->engine = engine;
}

bool evm_engine_from_name(enum evm_engine *engine, const char *name) {
    static const char *const names[] = {
        [EVM_ENGINE_AUTO] = "auto", [EVM_ENGINE_PLAIN] = "plain", [EVM_ENGINE_STREAM] = "stream"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const size_t len = strlen(names[i]);
        if (strlen(name) != len || memcmp(name, names[i], len) != 0) continue;
        *engine = (enum evm_engine)i;
        return true;
    }
    return false;
}

/* The segment at index has room for size bytes; nothing of it is in use. */
static struct evm_segment *segment(struct evm *evm, size_t index, size_t size) {
    ASSERT(index < EVM_SEGMENTS_MAX);
    struct evm_segment *at = &evm->segments[index];
    if (at->size >= size) return at;

    size_t wanted = index == 0 ? SEGMENT_SIZE_FIRST : 2 * evm->segments[index - 1].size;
    while (wanted < size) {
        wanted *= 2;
    }
    give(evm, at->data, at->size);
    at->data = take(evm, wanted);
    at->size = wanted;
    return at;
}

/* Moves the memory of the topmost frame to a segment with room for size bytes. */
static void move_memory(struct evm *evm, struct evm_frame *frame, size_t size) {
    /* Room to spare: a memory that grows word by word moves seldom. */
    const struct evm_segment *to = segment(evm, frame->segment + 1, 2 * size);
    memcpy(to->data, frame->memory, frame->memory_size);
    frame->segment++;
    frame->memory = to->data;
    frame->memory_room = to->size;
}

uint8_t *evm_memory_reserve(struct evm *evm, struct evm_frame *frame, size_t size) {
    ASSERT(frame->memory_size == 0);
    const size_t need = (size + SEGMENT_ALIGN - 1) & ~(size_t)(SEGMENT_ALIGN - 1);
    if (need > frame->memory_room) move_memory(evm, frame, need);
    uint8_t *reserved = frame->memory;
    frame->memory += need;
    frame->memory_room -= need;
    return reserved;
}

bool evm_memory_grow(struct evm *evm, struct evm_frame *frame, uint64_t end) {
    if (end > EVM_MEMORY_MAX) return false;
    const uint64_t words = evm_words(end);
    const int64_t cost =
        (int64_t)(words * GAS_MEMORY_WORD + words * words / MEMORY_QUADRATIC_DIVISOR);
    if (cost - frame->memory_gas > frame->gas) return false;
    frame->gas -= cost - frame->memory_gas;
    frame->memory_gas = cost;

    const size_t size = (size_t)words * EVM_WORD;
    if (size > frame->memory_room) move_memory(evm, frame, size);
    memset(frame->memory + frame->memory_size, 0, size - frame->memory_size);
    frame->memory_size = size;
    frame->memory_word_end = size - EVM_WORD + 1;
    return true;
}

/* The place of a new frame's memory and stack: behind those of the frame that calls it. */
static void place_frame(struct evm *evm, struct evm_frame *frame, const struct evm_frame *caller) {
    frame->memory_size = 0;
    frame->memory_word_end = 0;
    frame->memory_gas = 0;
    if (caller == NULL) {
        const struct evm_segment *first = segment(evm, 0, SEGMENT_SIZE_FIRST);
        frame->segment = 0;
        frame->memory = first->data;
        frame->memory_room = first->size;
        frame->stack_chunk = 0;
        frame->stack_base = evm->stack_chunks[0];
    } else {
        const size_t used =
            (caller->memory_size + SEGMENT_ALIGN - 1) & ~(size_t)(SEGMENT_ALIGN - 1);
        const size_t skip = used < caller->memory_room ? used : caller->memory_room;
        frame->segment = caller->segment;
        frame->memory = caller->memory + skip;
        frame->memory_room = caller->memory_room - skip;

        frame->stack_chunk = caller->stack_chunk;
        frame->stack_base = caller->sp;
        const struct u256 *end = evm->stack_chunks[caller->stack_chunk] + EVM_STACK_CHUNK_WORDS;
        if ((size_t)(end - caller->sp) < EVM_STACK_MAX + 1) {
            frame->stack_chunk++;
            ASSERT(frame->stack_chunk < EVM_STACK_CHUNKS_MAX);
            frame->stack_base = evm->stack_chunks[frame->stack_chunk];
        }
    }
    if (frame->stack_base == NULL) {
        frame->stack_base = take(evm, EVM_STACK_CHUNK_WORDS * sizeof *frame->stack_base);
        evm->stack_chunks[frame->stack_chunk] = frame->stack_base;
    }
    frame->stack = frame->stack_base + 1;
    frame->sp = frame->stack;
}

/* Keeps output as the return data of whoever called. */
static void keep_output(struct evm *evm, struct bytes output) {
    if (output.len > evm->return_room) {
        size_t room = evm->return_room;
        while (room < output.len) {
            room *= 2;
        }
        uint8_t *larger = take(evm, room);
        give(evm, evm->return_buffer, evm->return_room);
        evm->return_buffer = larger;
        evm->return_room = room;
    }
    if (output.len > 0) memcpy(evm->return_buffer, output.data, output.len);
    evm->return_size = output.len;
}

/* Calls and creations. */

static bool is_creation(const struct evm_message *message) {
    return message->kind == EVM_CREATE || message->kind == EVM_CREATE2;
}

static void trace_exit(
    const struct evm *evm, const struct evm_message *message, const struct evm_result *result
) {
    const struct evm_tracer *tracer = evm->context.tracer;
    if (tracer == NULL || tracer->exit == NULL) return;
    tracer->exit(tracer->ctx, message, result);
}

static void trace_enter(const struct evm *evm, const struct evm_message *message) {
    const struct evm_tracer *tracer = evm->context.tracer;
    if (tracer == NULL || tracer->enter == NULL) return;
    const int64_t kept = evm->frame_count == 0 ? 0 : evm->frames[evm->frame_count - 1].gas;
    tracer->enter(tracer->ctx, message, (uint64_t)kept);
}

/* The balance suffices: that has been checked. */
static void transfer(
    struct state *state,
    struct state_account *sender,
    struct state_account *recipient,
    const struct u256 *value
) {
    if (u256_is_zero(value)) return;
    struct u256 changed;
    const bool suffices = u256_sub(&changed, state_use_balance(sender), value);
    ASSERT(suffices);
    state_change_balance(state, sender, &changed);
    (void)u256_add_wrapping(&changed, state_use_balance(recipient), value);
    state_change_balance(state, recipient, &changed);
}

static void fail(struct evm_result *result, enum evm_status status, uint64_t gas_left) {
    *result = (struct evm_result){.status = status, .gas_left = gas_left};
}

/* Runs a precompile, whose value has been transferred. */
static void run_precompile(
    struct evm *evm,
    struct evm_result *result,
    const struct evm_precompile *precompile,
    const struct evm_message *message,
    struct state_checkpoint checkpoint
) {
    const uint64_t cost = precompile->gas(message->input);
    struct bytes output = {NULL, 0};
    enum evm_status status = EVM_OUT_OF_GAS;
    if (cost <= message->gas) {
        const bool accepted = precompile->run(&evm->scratch, &output, message->input);
        status = accepted ? EVM_SUCCESS : EVM_PRECOMPILE_FAILED;
    }
    if (status == EVM_SUCCESS) {
        keep_output(evm, output);
        *result = (struct evm_result){
            .gas_left = message->gas - cost,
            .output = {evm->return_buffer, evm->return_size},
        };
    } else {
        state_revert(evm->context.state, checkpoint);
        evm->return_size = 0;
        fail(result, status, 0);
    }
    arena_rewind(&evm->scratch, evm->scratch_begin);
}

static struct evm_frame *push_frame(struct evm *evm, const struct evm_message *message) {
    ASSERT(evm->frame_count < EVM_FRAMES_MAX);
    const struct evm_frame *caller =
        evm->frame_count == 0 ? NULL : &evm->frames[evm->frame_count - 1];
    struct evm_frame *frame = &evm->frames[evm->frame_count++];
    frame->message = *message;
    frame->is_creation = is_creation(message);
    frame->sender_word = u256_from_address(&message->sender);
    frame->recipient_word = u256_from_address(&message->recipient);
    frame->code_entry = NULL;
    frame->stream = NULL;
    frame->next_op = NULL;
    frame->jumps_left = EVM_JUMPS_NEVER_LEFT;
    frame->gas = (int64_t)message->gas;
    frame->output = (struct bytes){NULL, 0};
    place_frame(evm, frame, caller);
    return frame;
}

/* The stream of a frame's code, decoded now if need be; NULL: it has none. */
static const struct evm_stream *stream_of(struct evm *evm, struct evm_frame *frame) {
    const struct evm_stream *stream =
        code_cache_stream(&evm->codes, frame->code_entry, evm->context.rules, &evm->scratch);
    arena_rewind(&evm->scratch, evm->scratch_begin);
    return stream;
}

/* Chooses what a new frame, whose code is pinned, runs from. */
static void choose_engine(struct evm *evm, struct evm_frame *frame) {
    struct code_entry *entry = frame->code_entry;
    if (evm->engine == EVM_ENGINE_PLAIN || evm->context.tracer != NULL) return;
    /* Built without tail calls, a stream is no faster than the code as it is. */
    if (evm->engine == EVM_ENGINE_AUTO && !STREAM_TAIL_CALLS) return;
    if (entry->calls < DECODE_AT_CALL) entry->calls++;
    if (entry->calls < DECODE_AT_CALL && evm->engine == EVM_ENGINE_AUTO) {
        frame->jumps_left = DECODE_AT_JUMP + frame->code.size / DECODE_AT_JUMP_BYTES;
        return;
    }
    frame->stream = stream_of(evm, frame);
    if (frame->stream != NULL) frame->next_op = &frame->stream->ops[1];
}

/* The other loop takes a frame over: at a jump that the plain one has just made, or where the stream
 * cannot go on. */
static void change_engine(struct evm *evm, struct evm_frame *frame) {
    if (frame->next_op != NULL) {
        frame->next_op = NULL;
        return;
    }
    frame->stream = stream_of(evm, frame);
    if (frame->stream == NULL) return;
    const size_t block = frame->stream->entries[frame->pc - frame->code.bytes];
    ASSERT(block != 0);
    frame->next_op = &frame->stream->ops[block];
}

/* The code that a call of account runs: its own, or that of whom it delegates to (EIP-7702). The
 * target is warm already where an instruction calls. */
static struct state_account *code_owner(
    struct evm *evm, struct state_account *account, bool *delegated
) {
    struct state *state = evm->context.state;
    struct address target;
    *delegated = evm->context.rules->delegation &&
        evm_is_delegation(state_load_code(state, account), &target);
    if (!*delegated) return account;
    (void)state_warm_account(state, &target);
    return state_load_account(state, &target);
}

static const struct evm_precompile *find_precompile(
    const struct evm *evm, const struct address *address
) {
    const struct evm_context *context = &evm->context;
    for (size_t i = 0; i < context->move_count; i++) {
        const struct evm_precompile_move *move = &context->moves[i];
        if (!address_equal(&move->address, address)) continue;
        return move->is_precompile ? precompile_at(context->rules, &move->runs) : NULL;
    }
    return precompile_at(context->rules, address);
}

/* True: a frame was pushed. False: it is over already, and *result says how. */
static bool begin_call(
    struct evm *evm, const struct evm_message *message, struct evm_result *result
) {
    struct state *state = evm->context.state;
    const struct state_checkpoint checkpoint = state_checkpoint(state);
    struct state_account *recipient = state_load_account(state, &message->recipient);
    if (message->kind == EVM_CALL) {
        transfer(state, state_load_account(state, &message->sender), recipient, &message->value);
    }
    if (message->kind == EVM_CALL || message->kind == EVM_STATICCALL) {
        state_touch(state, &message->recipient, evm->context.rules);
    }
    evm->return_size = 0;

    const struct evm_precompile *precompile = find_precompile(evm, &message->code_address);
    if (precompile != NULL) {
        run_precompile(evm, result, precompile, message, checkpoint);
        return false;
    }
    bool delegated;
    struct state_account *owner =
        code_owner(evm, state_load_account(state, &message->code_address), &delegated);
    const struct bytes code = state_load_code(state, owner);
    const bool to_precompile = delegated && evm_is_precompile(evm->context.rules, &owner->address);
    if (code.len == 0 || to_precompile) {
        *result = (struct evm_result){.gas_left = message->gas};
        return false;
    }
    struct evm_frame *frame = push_frame(evm, message);
    frame->checkpoint = checkpoint;
    frame->self = recipient;
    frame->code_entry = code_cache_pin(&evm->codes, &owner->code_hash, code);
    frame->code = frame->code_entry->code;
    frame->pc = frame->code.bytes;
    choose_engine(evm, frame);
    return true;
}

static bool begin_creation(
    struct evm *evm, const struct evm_message *message, struct evm_result *result
) {
    const struct evm_rules *rules = evm->context.rules;
    struct state *state = evm->context.state;
    struct state_account *account = state_load_account(state, &message->recipient);
    (void)state_warm_account_record(state, account);
    evm->return_size = 0;
    if (state_account_collides(account)) {
        fail(result, EVM_ADDRESS_COLLISION, 0);
        return false;
    }
    const struct state_checkpoint checkpoint = state_checkpoint(state);
    state_mark_created(state, account);
    if (rules->created_nonce_one) state_change_nonce(state, account, 1);
    transfer(state, state_load_account(state, &message->sender), account, &message->value);

    struct evm_frame *frame = push_frame(evm, message);
    frame->checkpoint = checkpoint;
    frame->self = account;
    uint8_t *memory = evm_memory_reserve(evm, frame, code_prepared_size(message->input.len));
    code_prepare(&frame->code, memory, message->input);
    frame->pc = frame->code.bytes;
    return true;
}

static bool begin(
    struct evm *evm,
    const struct evm_message *message,
    enum evm_status refused,
    struct evm_result *result
) {
    trace_enter(evm, message);
    bool pushed = false;
    if (refused != EVM_SUCCESS) {
        evm->return_size = 0;
        fail(result, refused, message->gas);
    } else if (is_creation(message)) {
        pushed = begin_creation(evm, message, result);
    } else {
        pushed = begin_call(evm, message, result);
    }
    if (!pushed) trace_exit(evm, message, result);
    return pushed;
}

/* Stores what initcode returned; answers why it cannot be. */
static enum evm_status deposit_code(struct evm *evm, struct evm_frame *frame) {
    const struct evm_rules *rules = evm->context.rules;
    const struct bytes code = frame->output;
    if (code.len > rules->code_size_max) return EVM_CODE_TOO_LARGE;
    if (rules->refuse_code_ef && code.len > 0 && code.data[0] == 0xef) {
        return EVM_CODE_STARTS_WITH_EF;
    }
    if (!evm_charge(frame, GAS_CODE_BYTE * (uint64_t)code.len)) {
        /* Frontier kept the account, without code. */
        return rules->create_fails_without_deposit_gas ? EVM_CODE_DEPOSIT_OUT_OF_GAS : EVM_SUCCESS;
    }
    if (code.len > 0) {
        struct hash code_hash;
        keccak256(&code_hash, code);
        struct state *state = evm->context.state;
        state_change_code(state, frame->self, &code_hash, arena_copy(state->arena, code));
    }
    return EVM_SUCCESS;
}

/* Takes the topmost frame away, which ended with status. */
static void end_frame(struct evm *evm, enum evm_status status, struct evm_result *result) {
    struct evm_frame *frame = &evm->frames[evm->frame_count - 1];
    *result = (struct evm_result){0};
    if (frame->is_creation && status == EVM_SUCCESS) {
        status = deposit_code(evm, frame);
        if (status == EVM_SUCCESS) result->create_address = frame->message.recipient;
    }
    if (status != EVM_SUCCESS) state_revert(evm->context.state, frame->checkpoint);
    if (status > EVM_REVERT) {
        frame->gas = 0;
        frame->output = (struct bytes){NULL, 0};
    }
    keep_output(evm, frame->output);
    result->status = status;
    result->gas_left = (uint64_t)frame->gas;
    result->output = bytes_from(evm->return_buffer, evm->return_size);
    if (frame->code_entry != NULL) code_cache_release(&evm->codes, frame->code_entry);
    evm->frame_count--;
    trace_exit(evm, &frame->message, result);
}

/* Hands the answer of a call to the frame that made it. */
static void deliver(struct evm *evm, const struct evm_result *result, bool creation) {
    struct evm_frame *frame = &evm->frames[evm->frame_count - 1];
    const bool success = result->status == EVM_SUCCESS;
    struct u256 *answer = frame->sp++;
    *answer = u256_from_u64(success);
    if (creation && success) {
        *answer = u256_from_address(&result->create_address);
        evm->return_size = 0; /* what was returned is code now */
    }
    const size_t len =
        evm->return_size < frame->answer_size ? evm->return_size : frame->answer_size;
    if (len > 0) memcpy(frame->memory + frame->answer_offset, evm->return_buffer, len);
    frame->gas += (int64_t)result->gas_left;
}

void evm_execute(
    struct evm *evm,
    const struct evm_context *context,
    const struct evm_message *message,
    struct evm_result *result
) {
    ASSERT(message->gas <= INT64_MAX);
    evm->context = *context;
    evm->frame_count = 0;
    const struct u256 balance = state_balance(context->state, &message->sender);
    const bool moves_value = message->kind == EVM_CALL || is_creation(message);
    const bool short_of = moves_value && u256_less(&balance, &message->value);
    if (!begin(evm, message, short_of ? EVM_BALANCE_TOO_LOW : EVM_SUCCESS, result)) return;

    for (;;) {
        struct evm_frame *frame = &evm->frames[evm->frame_count - 1];
        const bool streams = frame->next_op != NULL;
        const int run = streams ? stream_run_frame(frame) : interpreter_run(evm, frame);
        if (run == RUN_OTHERWISE) {
            change_engine(evm, frame);
            continue;
        }
        bool creation;
        if (run == RUN_CALLS) {
            if (begin(evm, &evm->call, evm->call_refused, result)) continue;
            creation = is_creation(&evm->call);
        } else {
            creation = frame->is_creation;
            end_frame(evm, (enum evm_status)run, result);
            if (evm->frame_count == 0) return;
        }
        deliver(evm, result, creation);
    }
}

/* Addresses. */

struct address evm_create_address(const struct address *sender, uint64_t nonce) {
    /* RLP of the pair (Yellow Paper, 7). */
    uint8_t rlp[2 + sizeof sender->bytes + 9];
    size_t len = 1;
    rlp[len++] = 0x80 + sizeof sender->bytes;
    memcpy(rlp + len, sender->bytes, sizeof sender->bytes);
    len += sizeof sender->bytes;
    const struct u256 word = u256_from_u64(nonce);
    const size_t nonce_size = u256_byte_length(&word);
    if (nonce != 0 && nonce < 0x80) {
        rlp[len++] = (uint8_t)nonce;
    } else {
        rlp[len++] = (uint8_t)(0x80 + nonce_size);
        for (size_t i = nonce_size; i-- > 0;) {
            rlp[len++] = (uint8_t)(nonce >> (8 * i));
        }
    }
    rlp[0] = (uint8_t)(0xc0 + len - 1);
    struct hash hash;
    keccak256(&hash, bytes_from(rlp, len));
    struct address address;
    memcpy(address.bytes, hash.bytes + 12, sizeof address.bytes);
    return address;
}

struct address evm_create2_address(
    const struct address *sender, const struct u256 *salt, const struct hash *initcode_hash
) {
    /* EIP-1014. */
    uint8_t text[1 + sizeof sender->bytes + 2 * EVM_WORD] = {0xff};
    memcpy(text + 1, sender->bytes, sizeof sender->bytes);
    u256_to_be(text + 1 + sizeof sender->bytes, salt);
    memcpy(text + 1 + sizeof sender->bytes + EVM_WORD, initcode_hash->bytes, EVM_WORD);
    struct hash hash;
    keccak256(&hash, BYTES_OF(text));
    struct address address;
    memcpy(address.bytes, hash.bytes + 12, sizeof address.bytes);
    return address;
}

bool evm_is_delegation(struct bytes code, struct address *target) {
    static const uint8_t prefix[3] = {0xef, 0x01, 0x00};
    if (code.len != EVM_DELEGATION_SIZE) return false;
    if (memcmp(code.data, prefix, sizeof prefix) != 0) return false;
    memcpy(target->bytes, code.data + sizeof prefix, sizeof target->bytes);
    return true;
}

const char *evm_status_text(enum evm_status status) {
    static const char *const texts[] = {
        [EVM_SUCCESS] = "success",
        [EVM_REVERT] = "execution reverted",
        [EVM_OUT_OF_GAS] = "out of gas",
        [EVM_STACK_UNDERFLOW] = "stack underflow",
        [EVM_STACK_OVERFLOW] = "stack limit reached",
        [EVM_UNDEFINED_OPCODE] = "invalid opcode",
        [EVM_BAD_JUMP] = "invalid jump destination",
        [EVM_STATIC_VIOLATION] = "write protection",
        [EVM_RETURN_DATA_OUT_OF_BOUNDS] = "return data out of bounds",
        [EVM_INITCODE_TOO_LARGE] = "max initcode size exceeded",
        [EVM_CODE_TOO_LARGE] = "max code size exceeded",
        [EVM_CODE_STARTS_WITH_EF] = "invalid code: must not begin with 0xef",
        [EVM_CODE_DEPOSIT_OUT_OF_GAS] = "contract creation code storage out of gas",
        [EVM_ADDRESS_COLLISION] = "contract address collision",
        [EVM_PRECOMPILE_FAILED] = "precompile failed",
        [EVM_DEPTH_EXCEEDED] = "max call depth exceeded",
        [EVM_BALANCE_TOO_LOW] = "insufficient balance for transfer",
        [EVM_NONCE_EXHAUSTED] = "nonce uint64 overflow",
    };
    ASSERT((size_t)status < ARRAY_LEN(texts));
    return texts[status];
}

const char *evm_call_kind_name(enum evm_call_kind kind) {
    static const char *const types[] = {
        [EVM_CALL] = "CALL",
        [EVM_STATICCALL] = "STATICCALL",
        [EVM_DELEGATECALL] = "DELEGATECALL",
        [EVM_CALLCODE] = "CALLCODE",
        [EVM_CREATE] = "CREATE",
        [EVM_CREATE2] = "CREATE2",
    };
    return types[kind];
}
