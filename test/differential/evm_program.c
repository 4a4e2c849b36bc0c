#include "evm_program.h"

#include "evm/opcodes.h"

enum {
    CODE_ROOM = 16384,
    BLOBS_MAX = 24,
    HEIGHT_HIGH = 18, /* words on the stack, from which on they are taken off again */
    NEST_MAX = 3,     /* of blocks in blocks */
    INNER_MAX = 1000, /* bytes of a program in a program */
    RECORD_WORDS = 6, /* of the stack that a program shows at its end */
};

/* Bytes that stand behind the code, and where their offset has to be written. */
struct blob {
    size_t patch;
    struct bytes data;
};

struct program {
    struct arena *arena;
    struct draw *draw;
    const struct program_world *world;
    uint8_t code[CODE_ROOM];
    size_t len;
    uint32_t height; /* words on the stack here, on every way that leads here */
    uint32_t floor;  /* how many of them are not to be taken off */
    uint32_t nest;
    struct blob blobs[BLOBS_MAX];
    size_t blob_count;
};

static void draw_pieces(struct program *p, uint32_t count);

static void emit_byte(struct program *p, uint8_t byte) {
    ASSERT(p->len < CODE_ROOM);
    p->code[p->len++] = byte;
}

static bool is_defined(const struct program *p, uint8_t opcode) {
    return p->world->rules->defined[opcode] != 0;
}

static void emit(struct program *p, uint8_t opcode, uint32_t pops, uint32_t pushes) {
    ASSERT(p->height >= pops);
    emit_byte(p, opcode);
    p->height = p->height - pops + pushes;
}

/* Mostly in the shortest form. */
static void push_word(struct program *p, const struct u256 *word) {
    uint8_t bytes[32];
    u256_to_be(bytes, word);
    size_t size = u256_byte_length(word);
    if (size == 0 && is_defined(p, OP_PUSH0) && !draw_one_in(p->draw, 4)) {
        emit(p, OP_PUSH0, 0, 1);
        return;
    }
    if (size == 0) size = 1;
    if (draw_one_in(p->draw, 24)) size += draw_below(p->draw, (uint32_t)(33 - size));
    emit(p, (uint8_t)(OP_PUSH1 + size - 1), 0, 1);
    for (size_t i = 32 - size; i < 32; i++) {
        emit_byte(p, bytes[i]);
    }
}

static void push(struct program *p, uint64_t value) {
    const struct u256 word = u256_from_u64(value);
    push_word(p, &word);
}

static void push_drawn(struct program *p) {
    const struct u256 word = draw_word(p->draw);
    push_word(p, &word);
}

/* A place to write a 16-bit number into later. */
static size_t push_later(struct program *p) {
    emit(p, OP_PUSH2, 0, 1);
    emit_byte(p, 0);
    emit_byte(p, 0);
    return p->len - 2;
}

static void patch(struct program *p, size_t at, size_t value) {
    p->code[at] = (uint8_t)(value >> 8);
    p->code[at + 1] = (uint8_t)value;
}

/* A piece starts only where this much room is left. */
static bool has_room(const struct program *p) {
    size_t blobs = 0;
    for (size_t i = 0; i < p->blob_count; i++) {
        blobs += p->blobs[i].data.len;
    }
    return p->len + blobs < CODE_ROOM * 3 / 4 && p->blob_count < BLOBS_MAX - 4;
}

/* Words that a piece may take off; it pushes what is missing. */
static void need(struct program *p, uint32_t count) {
    while (p->height < p->floor + count) {
        push_drawn(p);
    }
}

/* Memory of a few hundred bytes; seldom far away, where gas ends. */
static uint64_t draw_offset(struct draw *draw) {
    if (draw_one_in(draw, 300)) return draw_spread(draw, 40);
    if (draw_one_in(draw, 10)) return draw_below(draw, 1100);
    return (uint64_t)32 * draw_below(draw, 10) + (draw_one_in(draw, 3) ? draw_below(draw, 32) : 0);
}

static uint64_t draw_size(struct draw *draw) {
    if (draw_one_in(draw, 400)) return draw_spread(draw, 36);
    if (draw_one_in(draw, 4)) return 0;
    return draw_one_in(draw, 2) ? 32 : draw_below(draw, 140);
}

/* An operand that is an offset or size; once in a while as wide as words are. */
static void push_offset(struct program *p) {
    if (draw_one_in(p->draw, 600)) {
        push_drawn(p);
    } else {
        push(p, draw_offset(p->draw));
    }
}

static void push_size(struct program *p) {
    if (draw_one_in(p->draw, 800)) {
        push_drawn(p);
    } else {
        push(p, draw_size(p->draw));
    }
}

struct u256 program_draw_slot(struct draw *draw) {
    if (draw_one_in(draw, 12)) return draw_word(draw);
    return u256_from_u64(draw_below(draw, PROGRAM_SLOTS));
}

struct address program_draw_address(struct draw *draw, const struct program_world *world) {
    struct address address = {{0}};
    if (draw_one_in(draw, 16)) { /* precompiles, of forks to come too */
        address.bytes[19] = (uint8_t)draw_below(draw, 0x14);
        return address;
    }
    if (draw_one_in(draw, 30)) {
        address.bytes[18] = 1; /* 0x100 and what lies beside it */
        address.bytes[19] = (uint8_t)draw_below(draw, 2);
        return address;
    }
    if (draw_one_in(draw, 30)) {
        draw_bytes(draw, address.bytes, 1); /* nobody's */
        address.bytes[0] |= 0x80;
        return address;
    }
    const uint32_t first = draw_one_in(draw, 12) ? 0 : (uint32_t)world->first;
    return world->addresses[first + draw_below(draw, (uint32_t)world->address_count - first)];
}

static void push_address(struct program *p) {
    const struct address address = program_draw_address(p->draw, p->world);
    struct u256 word = u256_from_address(&address);
    switch (draw_below(p->draw, 40)) {
    case 0: emit(p, OP_ADDRESS, 0, 1); return;
    case 1: emit(p, OP_CALLER, 0, 1); return;
    case 2: emit(p, OP_ORIGIN, 0, 1); return;
    case 3: emit(p, OP_COINBASE, 0, 1); return;
    case 4: word.limb[3] = draw_u64(p->draw); break; /* what stands above an address is ignored */
    default: break;
    }
    push_word(p, &word);
}

/* Mixes words into one, so that a wrong one among them is still seen in the end. */
static void mix_down(struct program *p, uint32_t height) {
    while (p->height > height) {
        emit(p, draw_one_in(p->draw, 2) ? OP_XOR : OP_ADD, 2, 1);
    }
}

static void take_off(struct program *p, uint32_t height) {
    if (p->height > height) {
        mix_down(p, height + 1);
        push(p, 32 * (uint64_t)draw_below(p->draw, 10));
        emit(p, OP_MSTORE, 2, 0);
    }
    while (p->height < height) {
        push_drawn(p);
    }
}

/* Data behind the code, copied to memory at offset. */
static void emit_data(struct program *p, uint64_t offset, struct bytes data) {
    push(p, data.len);
    const size_t at = push_later(p);
    push(p, offset);
    emit(p, OP_CODECOPY, 3, 0);
    p->blobs[p->blob_count++] = (struct blob){at, data};
}

static void piece_compute(struct program *p) {
    static const struct {
        uint8_t opcode, pops;
    } list[] = {
        {OP_ADD, 2}, {OP_MUL, 2},        {OP_SUB, 2},        {OP_DIV, 2},    {OP_SDIV, 2},
        {OP_MOD, 2}, {OP_SMOD, 2},       {OP_ADDMOD, 3},     {OP_MULMOD, 3}, {OP_EXP, 2},
        {OP_LT, 2},  {OP_SIGNEXTEND, 2}, {OP_GT, 2},         {OP_SLT, 2},    {OP_SGT, 2},
        {OP_EQ, 2},  {OP_ISZERO, 1},     {OP_AND, 2},        {OP_OR, 2},     {OP_XOR, 2},
        {OP_NOT, 1}, {OP_BYTE, 2},       {OP_SHL, 2},        {OP_SHR, 2},    {OP_SAR, 2},
        {OP_CLZ, 1}, {OP_BYTE, 2},       {OP_SIGNEXTEND, 2}, {OP_SAR, 2},    {OP_SDIV, 2},
    };
    const uint32_t choice = draw_below(p->draw, ARRAY_LEN(list));
    const uint8_t opcode = list[choice].opcode;
    if (!is_defined(p, opcode) && !draw_one_in(p->draw, 100)) return;
    if (draw_one_in(p->draw, 2)) {
        for (uint32_t i = 0; i < list[choice].pops; i++) {
            push_drawn(p);
        }
    }
    need(p, list[choice].pops);
    const bool bits = opcode == OP_SHL || opcode == OP_SHR || opcode == OP_SAR;
    const bool bytes = opcode == OP_BYTE || opcode == OP_SIGNEXTEND;
    if ((bits || bytes) && draw_one_in(p->draw, 2)) push(p, draw_below(p->draw, bits ? 270 : 35));
    emit(p, opcode, list[choice].pops, 1);
}

static void piece_stack(struct program *p) {
    const uint32_t choice = draw_below(p->draw, 5);
    if (choice == 0) {
        push_drawn(p);
    } else if (choice <= 2 && p->height > 0) {
        const uint32_t n = draw_below(p->draw, p->height < 16 ? p->height : 16);
        emit(p, (uint8_t)(OP_DUP1 + n), n + 1, n + 2);
    } else if (choice == 3 && p->height > p->floor + 1) {
        const uint32_t room = p->height - p->floor - 1;
        const uint32_t n = draw_below(p->draw, room < 16 ? room : 16);
        emit(p, (uint8_t)(OP_SWAP1 + n), n + 2, n + 2);
    } else if (p->height > p->floor) {
        emit(p, OP_POP, 1, 0);
    }
}

static void piece_environment(struct program *p) {
    static const uint8_t list[] = {
        OP_ADDRESS, OP_ORIGIN,      OP_CALLER,   OP_CALLVALUE,   OP_CALLDATASIZE,   OP_CODESIZE,
        OP_GAS,     OP_GASPRICE,    OP_COINBASE, OP_TIMESTAMP,   OP_NUMBER,         OP_PREVRANDAO,
        OP_CHAINID, OP_SELFBALANCE, OP_BASEFEE,  OP_BLOBBASEFEE, OP_RETURNDATASIZE, OP_PC,
        OP_MSIZE,   OP_GASLIMIT,    OP_GAS,      OP_MSIZE,
    };
    const uint8_t opcode = list[draw_below(p->draw, ARRAY_LEN(list))];
    if (!is_defined(p, opcode) && !draw_one_in(p->draw, 100)) return;
    emit(p, opcode, 0, 1);
}

/* One word for another, from the block, the input or an account. */
static void piece_query(struct program *p) {
    switch (draw_below(p->draw, 7)) {
    case 0:
        push(p, draw_one_in(p->draw, 4) ? draw_spread(p->draw, 64) : draw_below(p->draw, 70));
        emit(p, OP_CALLDATALOAD, 1, 1);
        return;
    case 1: {
        const uint64_t back =
            draw_one_in(p->draw, 2) ? draw_below(p->draw, 3) : 254 + draw_below(p->draw, 5);
        push(p, p->world->block_number - back); /* may wrap: a number that no block has */
        emit(p, OP_BLOCKHASH, 1, 1);
        return;
    }
    case 2:
        if (!is_defined(p, OP_BLOBHASH)) return;
        push(p, draw_below(p->draw, 4));
        emit(p, OP_BLOBHASH, 1, 1);
        return;
    case 3:
    case 4:
        push_address(p);
        emit(p, OP_BALANCE, 1, 1);
        return;
    case 5:
        push_address(p);
        emit(p, OP_EXTCODESIZE, 1, 1);
        return;
    default:
        if (!is_defined(p, OP_EXTCODEHASH)) return;
        push_address(p);
        emit(p, OP_EXTCODEHASH, 1, 1);
        return;
    }
}

static void piece_memory(struct program *p) {
    switch (draw_below(p->draw, 5)) {
    case 0:
        push_offset(p);
        emit(p, OP_MLOAD, 1, 1);
        return;
    case 1:
        need(p, 1);
        push_offset(p);
        emit(p, OP_MSTORE8, 2, 0);
        return;
    case 2:
        if (is_defined(p, OP_MCOPY)) {
            push_size(p);
            push_offset(p);
            push_offset(p);
            emit(p, OP_MCOPY, 3, 0);
            return;
        }
        push_size(p);
        push_offset(p);
        emit(p, OP_KECCAK256, 2, 1);
        return;
    default:
        need(p, 1);
        push_offset(p);
        emit(p, OP_MSTORE, 2, 0);
    }
}

static void piece_copy(struct program *p) {
    const uint32_t choice = draw_below(p->draw, 5);
    if (choice == 4 && is_defined(p, OP_RETURNDATACOPY)) {
        if (draw_one_in(p->draw, 6)) { /* may reach too far, which fails */
            push(p, draw_below(p->draw, 64));
            push(p, draw_below(p->draw, 40));
        } else {
            emit(p, OP_RETURNDATASIZE, 0, 1);
            push(p, 0);
        }
        push_offset(p);
        emit(p, OP_RETURNDATACOPY, 3, 0);
        return;
    }
    push_size(p);
    if (draw_one_in(p->draw, 12)) {
        push_drawn(p);
    } else {
        push(p, draw_below(p->draw, 200));
    }
    push_offset(p);
    if (choice <= 1) {
        emit(p, choice == 0 ? OP_CALLDATACOPY : OP_CODECOPY, 3, 0);
        return;
    }
    push_address(p);
    emit(p, OP_EXTCODECOPY, 4, 0);
}

static void piece_hash(struct program *p) {
    push_size(p);
    push_offset(p);
    emit(p, OP_KECCAK256, 2, 1);
}

static void piece_storage(struct program *p) {
    const struct u256 slot = program_draw_slot(p->draw);
    const bool transient = is_defined(p, OP_TLOAD) && draw_one_in(p->draw, 3);
    if (draw_one_in(p->draw, 3)) {
        push_word(p, &slot);
        emit(p, transient ? OP_TLOAD : OP_SLOAD, 1, 1);
        return;
    }
    if (draw_one_in(p->draw, 4)) {
        need(p, 1);
    } else {
        push(p, draw_below(p->draw, 3));
    }
    push_word(p, &slot);
    emit(p, transient ? OP_TSTORE : OP_SSTORE, 2, 0);
}

static void piece_log(struct program *p) {
    const uint32_t topics = draw_below(p->draw, 5);
    need(p, topics);
    push_size(p);
    push_offset(p);
    emit(p, (uint8_t)(OP_LOG0 + topics), topics + 2, 0);
}

/* A block that is jumped over or not, by whatever a word says. */
static void piece_skip(struct program *p) {
    if (draw_one_in(p->draw, 2)) push(p, draw_below(p->draw, 2));
    need(p, 1);
    const size_t target = push_later(p);
    emit(p, OP_JUMPI, 2, 0);
    const uint32_t height = p->height;
    const uint32_t floor = p->floor;
    p->floor = height;
    draw_pieces(p, 1 + draw_below(p->draw, 5));
    take_off(p, height);
    p->floor = floor;
    patch(p, target, p->len);
    emit(p, OP_JUMPDEST, 0, 0);
}

static void piece_loop(struct program *p) {
    push(p, 1 + draw_below(p->draw, draw_one_in(p->draw, 12) ? 60 : 4));
    const size_t head = p->len;
    const uint32_t height = p->height;
    const uint32_t floor = p->floor;
    emit(p, OP_JUMPDEST, 0, 0);
    p->floor = height;
    draw_pieces(p, 1 + draw_below(p->draw, 4));
    take_off(p, height);
    p->floor = floor;
    push(p, 1);
    emit(p, OP_SWAP1, 2, 2);
    emit(p, OP_SUB, 2, 1);
    emit(p, OP_DUP1, 1, 2);
    patch(p, push_later(p), head);
    emit(p, OP_JUMPI, 2, 0);
}

/* A jump by a computed target, and seldom to where no target is. */
static void piece_jump(struct program *p) {
    if (draw_one_in(p->draw, 8)) {
        push(p, draw_below(p->draw, (uint32_t)p->len + 3));
        if (draw_one_in(p->draw, 2)) {
            emit(p, OP_JUMP, 1, 0);
        } else {
            push(p, draw_below(p->draw, 2));
            emit(p, OP_SWAP1, 2, 2);
            emit(p, OP_JUMPI, 2, 0);
        }
        return;
    }
    const uint32_t garbage = draw_below(p->draw, 6);
    emit(p, OP_PC, 0, 1); /* at len - 1; the target is 5 + garbage behind it */
    emit(p, OP_PUSH1, 0, 1);
    emit_byte(p, (uint8_t)(5 + garbage));
    emit(p, OP_ADD, 2, 1);
    emit(p, OP_JUMP, 1, 0);
    for (uint32_t i = 0; i < garbage; i++) {
        emit_byte(p, (uint8_t)draw_below(p->draw, OP_PUSH1)); /* nothing that hides the target */
    }
    emit(p, OP_JUMPDEST, 0, 0);
}

static void push_call_gas(struct program *p) {
    switch (draw_below(p->draw, 12)) {
    case 0: push(p, 0); return;
    case 1: push(p, draw_below(p->draw, 3000)); return;
    case 2: push(p, draw_spread(p->draw, 20)); return;
    case 3: push_drawn(p); return;
    case 4: push(p, 20000 + draw_below(p->draw, 60000)); return;
    default:
        if (p->nest > 1 && !draw_one_in(p->draw, 6)) {
            push(p, draw_below(p->draw, 9000)); /* calls in loops would make trees of frames */
        } else if (p->world->rules->keep_64th || draw_one_in(p->draw, 4)) {
            emit(p, OP_GAS, 0, 1);
        } else { /* all of it would be too much: the call costs some too */
            push(p, 1000 + draw_below(p->draw, 30000));
        }
    }
}

static void push_value(struct program *p) {
    if (draw_one_in(p->draw, 30)) {
        push_drawn(p);
    } else {
        push(p, draw_one_in(p->draw, 3) ? draw_below(p->draw, 4) : 0);
    }
}

static uint8_t draw_call_kind(struct program *p) {
    static const uint8_t list[] = {OP_CALL,         OP_CALL,       OP_CALL,      OP_CALLCODE,
                                   OP_DELEGATECALL, OP_STATICCALL, OP_STATICCALL};
    const uint8_t opcode = list[draw_below(p->draw, ARRAY_LEN(list))];
    return is_defined(p, opcode) ? opcode : OP_CALL;
}

/* Takes up what a call gave back. */
static void use_return_data(struct program *p) {
    if (!is_defined(p, OP_RETURNDATACOPY)) return;
    switch (draw_below(p->draw, 4)) {
    case 0: emit(p, OP_RETURNDATASIZE, 0, 1); return;
    case 1:
        emit(p, OP_RETURNDATASIZE, 0, 1);
        push(p, 0);
        push_offset(p);
        emit(p, OP_RETURNDATACOPY, 3, 0);
        return;
    default: return;
    }
}

static void emit_call(struct program *p, uint8_t opcode) {
    const bool has_value = opcode == OP_CALL || opcode == OP_CALLCODE;
    emit(p, opcode, has_value ? 7 : 6, 1);
    use_return_data(p);
}

static void piece_call(struct program *p) {
    const uint8_t opcode = draw_call_kind(p);
    push_size(p);
    push_offset(p);
    push_size(p);
    push_offset(p);
    if (opcode == OP_CALL || opcode == OP_CALLCODE) push_value(p);
    push_address(p);
    push_call_gas(p);
    emit_call(p, opcode);
}

/* Those on curves take milliseconds on the other side, pairings tens of them: seldom, not in loops. */
static struct u256 draw_precompile(struct program *p) {
    const struct evm_rules *const rules = p->world->rules;
    for (;;) {
        const uint32_t index = draw_below(p->draw, (uint32_t)rules->precompile_count);
        const struct address address = evm_precompile_address(rules, index);
        const struct u256 word = u256_from_address(&address);
        const uint64_t number = word.limb[0];
        const bool pairs = number == 0x08 || number == 0x0a || number == 0x0f;
        const bool cheap = (number > 0x01 && number < 0x06) || number == 0x09;
        if (cheap || (p->nest == 1 && draw_one_in(p->draw, pairs ? 900 : 40))) return word;
    }
}

static void piece_precompile(struct program *p) {
    const struct evm_rules *const rules = p->world->rules;
    const struct u256 word = draw_precompile(p);
    const struct bytes input =
        precompile_input_draw(p->arena, p->draw, rules, (uint32_t)word.limb[0]);
    const uint64_t at = draw_below(p->draw, 40);
    const uint8_t opcode = draw_call_kind(p);
    emit_data(p, at, input);
    push(p, draw_one_in(p->draw, 4) ? draw_size(p->draw) : 256);
    push(p, draw_below(p->draw, 300));
    push(p, input.len);
    push(p, at);
    if (opcode == OP_CALL || opcode == OP_CALLCODE) push(p, draw_one_in(p->draw, 12));
    push_word(p, &word);
    if (draw_one_in(p->draw, 8)) {
        push_call_gas(p);
    } else {
        push(p, 400000);
    }
    emit_call(p, opcode);
    push(p, 64);
    push(p, 0);
    emit(p, OP_KECCAK256, 2, 1);
}

/* Deploys; often calls what came of it. */
static void piece_create(struct program *p) {
    const bool salted = is_defined(p, OP_CREATE2) && draw_one_in(p->draw, 2);
    struct bytes init = {NULL, 0};
    if (!draw_one_in(p->draw, 16)) {
        struct draw inner = {draw_u64(p->draw)};
        init = program_draw(p->arena, &inner, p->world, 1 + draw_below(p->draw, 5), true);
    }
    if (init.len > INNER_MAX) return;
    const uint64_t at = 32 * (uint64_t)draw_below(p->draw, 4);
    emit_data(p, at, init);
    if (salted) push(p, draw_below(p->draw, 2));
    push(p, draw_one_in(p->draw, 20) ? draw_size(p->draw) : init.len);
    push(p, at);
    push(p, draw_one_in(p->draw, 4));
    emit(p, salted ? OP_CREATE2 : OP_CREATE, salted ? 4 : 3, 1);
    if (draw_one_in(p->draw, 3)) return;
    const uint8_t opcode = draw_call_kind(p);
    const bool has_value = opcode == OP_CALL || opcode == OP_CALLCODE;
    push_size(p);
    push_offset(p);
    push_size(p);
    push_offset(p);
    if (has_value) push_value(p);
    emit(p, has_value ? OP_DUP6 : OP_DUP5, has_value ? 6 : 5, has_value ? 7 : 6);
    push_call_gas(p);
    emit_call(p, opcode);
}

/* Grows the stack without end: overflow, or the end of gas. */
static void piece_overflow(struct program *p) {
    const size_t head = p->len;
    emit(p, OP_JUMPDEST, 0, 0);
    push(p, 1);
    patch(p, push_later(p), head);
    emit(p, OP_JUMP, 1, 0);
}

static void piece_garbage(struct program *p) {
    for (uint32_t i = 1 + draw_below(p->draw, 4); i > 0; i--) {
        emit_byte(p, (uint8_t)draw_u64(p->draw));
    }
}

static void draw_piece(struct program *p) {
    const uint32_t choice = draw_below(p->draw, 200);
    const bool deep = p->nest >= NEST_MAX;
    if (choice < 50) { /* several: they are cheap on both sides */
        for (uint32_t i = 1 + draw_below(p->draw, 8); i > 0; i--) {
            piece_compute(p);
        }
    } else if (choice < 68) {
        piece_stack(p);
    } else if (choice < 82) {
        piece_environment(p);
    } else if (choice < 94) {
        piece_query(p);
    } else if (choice < 112) {
        for (uint32_t i = 1 + draw_below(p->draw, 3); i > 0; i--) {
            piece_memory(p);
        }
    } else if (choice < 122) {
        piece_copy(p);
    } else if (choice < 127) {
        piece_hash(p);
    } else if (choice < 145) {
        piece_storage(p);
    } else if (choice < 151) {
        piece_log(p);
    } else if (choice < 160) {
        if (!deep) piece_skip(p);
    } else if (choice < 165) {
        if (!deep) piece_loop(p);
    } else if (choice < 169) {
        piece_jump(p);
    } else if (choice < 185) {
        piece_call(p);
    } else if (choice < 191) {
        piece_precompile(p);
    } else if (choice < 198) {
        piece_create(p);
    } else if (draw_one_in(p->draw, 12)) {
        piece_overflow(p);
    } else if (draw_one_in(p->draw, 3)) {
        piece_garbage(p);
    }
}

static void draw_pieces(struct program *p, uint32_t count) {
    p->nest++;
    for (uint32_t i = 0; i < count && has_room(p); i++) {
        draw_piece(p);
        if (p->height > p->floor + HEIGHT_HIGH) mix_down(p, p->floor + HEIGHT_HIGH / 2);
    }
    p->nest--;
}

/* Shows the stack in memory, sometimes in storage too. */
static void record(struct program *p) {
    if (p->height > RECORD_WORDS) mix_down(p, RECORD_WORDS);
    for (uint32_t i = 0; i < RECORD_WORDS && p->height > 0; i++) {
        push(p, 32 * (uint64_t)i);
        emit(p, OP_MSTORE, 2, 0);
    }
    if (p->height > 0 && draw_one_in(p->draw, 4)) {
        push(p, draw_below(p->draw, PROGRAM_SLOTS));
        emit(p, OP_SSTORE, 2, 0);
    }
}

static void end_run(struct program *p) {
    const uint32_t choice = draw_below(p->draw, 24);
    record(p);
    if (choice < 13) {
        push(p, draw_one_in(p->draw, 4) ? draw_size(p->draw) : 32 * RECORD_WORDS);
        push(p, draw_one_in(p->draw, 8) ? draw_offset(p->draw) : 0);
        emit(p, OP_RETURN, 2, 0);
    } else if (choice < 16) {
        push(p, 32 * RECORD_WORDS);
        push(p, 0);
        emit(p, OP_REVERT, 2, 0); /* undefined before Byzantium: fails, as it should */
    } else if (choice < 19) {
        push_address(p);
        emit(p, OP_SELFDESTRUCT, 1, 0);
    } else if (choice < 20) {
        emit(p, 0xfe, 0, 0);
    } else if (choice < 22) {
        emit(p, OP_STOP, 0, 0);
    } else if (p->blob_count != 0) {
        emit(p, OP_STOP, 0, 0); /* data must not run */
    }
}

/* Returns code for a contract: a program, a few bytes, something that is refused. */
static void end_init(struct program *p) {
    struct draw inner = {draw_u64(p->draw)};
    uint8_t few[40];
    struct bytes code;
    if (draw_one_in(p->draw, 12)) {
        end_run(p);
        return;
    }
    if (draw_one_in(p->draw, 3)) {
        draw_bytes(p->draw, few, sizeof few);
        if (draw_one_in(p->draw, 3)) few[0] = 0xef;
        code = arena_copy(p->arena, bytes_from(few, draw_below(p->draw, sizeof few)));
    } else {
        code = program_draw(p->arena, &inner, p->world, 1 + draw_below(p->draw, 6), false);
    }
    if (code.len > INNER_MAX) code.len = INNER_MAX;
    emit_data(p, 0, code);
    push(p, draw_one_in(p->draw, 40) ? 24570 + draw_below(p->draw, 12) : code.len);
    push(p, 0);
    emit(p, OP_RETURN, 2, 0);
}

struct bytes program_draw(
    struct arena *arena,
    struct draw *draw,
    const struct program_world *world,
    uint32_t piece_count,
    bool is_init
) {
    struct program *const p = ARENA_NEW(arena, struct program);
    p->arena = arena;
    p->draw = draw;
    p->world = world;
    draw_pieces(p, piece_count);
    if (is_init) {
        end_init(p);
    } else {
        end_run(p);
    }
    for (size_t i = 0; i < p->blob_count; i++) {
        const struct blob *const blob = &p->blobs[i];
        ASSERT(p->len + blob->data.len <= CODE_ROOM);
        patch(p, blob->patch, p->len);
        if (blob->data.len != 0) memcpy(p->code + p->len, blob->data.data, blob->data.len);
        p->len += blob->data.len;
    }
    return bytes_from(p->code, p->len);
}
