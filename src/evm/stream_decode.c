/* From code to a stream: block by block, first the instructions with constants folded, then the
 * operations that they make. */
#include "evm/evm_internal.h"
#include "evm/operands.h"
#include "evm/stream.h"

enum {
    BLOCK_ITEMS_MAX = 128, /* a longer block is cut */
    BLOCK_GAS_MAX = UINT16_MAX,
    WORD_SIZE = (int)sizeof(struct u256),
    WORD_OPS = 4,
    /* An instruction that ends a block, and the check of the next; or half of a word that NOT made of
     * a zero. Blocks that are cut add one for their items. */
    OPS_PER_BYTE = 2,
    OPS_EXTRA = 8,
};

/* An instruction, or a constant that several of them make. */
struct item {
    uint8_t opcode; /* PUSH1 for every constant */
    uint8_t role;
    uint8_t words; /* n of DUPn and SWAPn */
    uint16_t pc;
    uint16_t gas_before; /* of its block, without it */
    struct u256 value;   /* of a constant */
};

struct decoder {
    const struct evm_rules *rules;
    const struct evm_code *code;
    uint16_t *entries;
    struct stream_op *ops;
    size_t op_count;
    uint32_t *jumps; /* operations whose jump holds a place in the code as yet */
    size_t jump_count;

    struct item *items; /* of the block being read */
    size_t item_count;
    size_t pc; /* of the instruction being read */
    size_t block_pc;
    uint32_t gas;
    int height, need, growth; /* in words, from the begin of the block */
};

/* The families: indexes into their lists. */
enum {
    BINARY_NONE = -1,
#define BINARY_INDEX(name) BINARY_##name,
    STREAM_BINARY(BINARY_INDEX)
#undef BINARY_INDEX
};
enum {
    COMPARE_NONE = -1,
#define COMPARE_INDEX(name) COMPARE_##name,
    STREAM_COMPARE(COMPARE_INDEX)
#undef COMPARE_INDEX
};

/* What operations an instruction may begin. */
enum role {
    ROLE_OTHER,
    ROLE_CONSTANT, /* of items only */
    ROLE_DUP,
    ROLE_SWAP,
    ROLE_BINARY,
    ROLE_ISZERO
};

struct trait {
    uint16_t kind; /* of an instruction alone; 0: there is none */
    uint8_t pops, pushes;
    uint8_t role;
    uint8_t words;  /* n of DUPn and SWAPn */
    uint8_t binary; /* 1 + index in STREAM_BINARY */
    bool ends_block;
    /* Its operation has to know what the block costs after it, and where that is, rather than what it
     * costs from it on. */
    bool goes_on_after;
};

/* clang-format off */
static const struct trait traits[256] = {
#define EFFECT(R, opcode, name, takes, gives, since, gas) \
    [opcode].pops = (takes), [opcode].pushes = (gives),
    EVM_OPCODES(EFFECT, 0)
#undef EFFECT

#define KIND_OF(name) [OP_##name].kind = STREAM_##name,
    STREAM_VALUE(KIND_OF) STREAM_DELEGATED(KIND_OF) STREAM_CALLS(KIND_OF)
    STREAM_SIXTEEN(KIND_OF, DUP) STREAM_SIXTEEN(KIND_OF, SWAP)
    KIND_OF(STOP) KIND_OF(JUMP) KIND_OF(JUMPI) KIND_OF(POP) KIND_OF(SMOD) KIND_OF(SDIV)
    KIND_OF(SIGNEXTEND) KIND_OF(ISZERO) KIND_OF(NOT) KIND_OF(CLZ) KIND_OF(ADDMOD) KIND_OF(MULMOD)
    KIND_OF(CALLDATALOAD) KIND_OF(BLOBHASH) KIND_OF(GAS) KIND_OF(MLOAD) KIND_OF(MSTORE)
    KIND_OF(MSTORE8) KIND_OF(RETURN) KIND_OF(REVERT) KIND_OF(SELFDESTRUCT)
#undef KIND_OF

    [OP_ISZERO].role = ROLE_ISZERO,
#define IS_DUP(name) [OP_##name].role = ROLE_DUP, [OP_##name].words = OP_##name - OP_DUP1 + 1,
#define IS_SWAP(name) [OP_##name].role = ROLE_SWAP, [OP_##name].words = OP_##name - OP_SWAP1 + 1,
    STREAM_SIXTEEN(IS_DUP, DUP) STREAM_SIXTEEN(IS_SWAP, SWAP)
#undef IS_DUP
#undef IS_SWAP

#define IS_BINARY(name) [OP_##name].role = ROLE_BINARY, [OP_##name].binary = 1 + BINARY_##name,
    IS_BINARY(ADD) IS_BINARY(MUL) IS_BINARY(SUB) IS_BINARY(DIV) IS_BINARY(MOD) IS_BINARY(LT)
    IS_BINARY(GT) IS_BINARY(SLT) IS_BINARY(SGT) IS_BINARY(EQ) IS_BINARY(AND) IS_BINARY(OR)
    IS_BINARY(XOR) IS_BINARY(SHL) IS_BINARY(SHR) IS_BINARY(SAR) IS_BINARY(BYTE)
#undef IS_BINARY

#define ENDS(name) [OP_##name].ends_block = true,
    ENDS(STOP) ENDS(JUMP) ENDS(JUMPI) ENDS(RETURN) ENDS(REVERT) ENDS(SELFDESTRUCT)
    STREAM_CALLS(ENDS)
#undef ENDS
#define AFTER(name) [OP_##name].goes_on_after = true,
    AFTER(GAS) AFTER(RETURN) AFTER(REVERT) AFTER(SELFDESTRUCT)
    STREAM_DELEGATED(AFTER) STREAM_CALLS(AFTER)
#undef AFTER
};
/* clang-format on */

static bool is_constant(const struct item *item) {
    return item->role == ROLE_CONSTANT;
}

static bool is_small(const struct item *item) {
    return is_constant(item) && u256_fits_u64(&item->value);
}

/* n of DUPn; 0 for others. */
static unsigned dup_of(const struct item *item) {
    return item->role == ROLE_DUP ? item->words : 0;
}

static unsigned swap_of(const struct item *item) {
    return item->role == ROLE_SWAP ? item->words : 0;
}

static int binary_of(const struct item *item) {
    return (int)traits[item->opcode].binary - 1;
}

/* Folding. */

/* That SELFBALANCE has read the state is noted. */
static bool only_pushes(const struct item *item) {
    const struct trait *trait = &traits[item->opcode];
    return trait->pushes == trait->pops + 1 && (trait->pops == 0 || dup_of(item) != 0) &&
        item->opcode != OP_SELFBALANCE;
}

static bool fold_unary(struct u256 *a, uint8_t opcode) {
    switch (opcode) {
    case OP_NOT:
        *a = (struct u256){{~a->limb[0], ~a->limb[1], ~a->limb[2], ~a->limb[3]}};
        return true;
    case OP_ISZERO: *a = word_of_bool(u256_is_zero(a)); return true;
    default: return false;
    }
}

/* *b = a opcode *b. */
static bool fold_binary(struct u256 *b, uint8_t opcode, const struct u256 *a) {
    switch (opcode) {
    case OP_ADD: (void)u256_add_wrapping(b, a, b); return true;
    case OP_SUB: (void)u256_sub_wrapping(b, a, b); return true;
    case OP_MUL: u256_mul_wrapping(b, a, b); return true;
    case OP_SHL: u256_shl(b, b, shift_of(a)); return true;
    case OP_SHR: u256_shr(b, b, shift_of(a)); return true;
    case OP_AND:
        for (int i = 0; i < 4; i++) {
            b->limb[i] &= a->limb[i];
        }
        return true;
    case OP_OR:
        for (int i = 0; i < 4; i++) {
            b->limb[i] |= a->limb[i];
        }
        return true;
    default: return false;
    }
}

/* Takes opcode into the constants before it; false where there are none. */
static bool fold(struct decoder *decoder, uint8_t opcode) {
    if (decoder->item_count == 0) return false;
    struct item *last = &decoder->items[decoder->item_count - 1];
    if (opcode == OP_POP && only_pushes(last)) {
        decoder->item_count--;
        return true;
    }
    if (!is_constant(last)) return false;
    if (fold_unary(&last->value, opcode)) return true;
    if (decoder->item_count < 2 || !is_constant(last - 1)) return false;
    if (!fold_binary(&last[-1].value, opcode, &last->value)) return false;
    decoder->item_count--;
    return true;
}

static void collect(struct decoder *decoder, uint8_t opcode, const struct u256 *constant) {
    const struct trait *trait = &traits[opcode];
    const int need = trait->pops - decoder->height;
    if (need > decoder->need) decoder->need = need;
    decoder->height += trait->pushes - trait->pops;
    if (decoder->height > decoder->growth) decoder->growth = decoder->height;

    const uint32_t gas_before = decoder->gas;
    decoder->gas += decoder->rules->gas[opcode];
    if (constant == NULL && fold(decoder, opcode)) return;
    struct item *item = &decoder->items[decoder->item_count++];
    item->opcode = constant != NULL ? OP_PUSH1 : opcode;
    item->role = constant != NULL ? ROLE_CONSTANT : trait->role;
    item->words = trait->words;
    item->pc = (uint16_t)decoder->pc;
    item->gas_before = (uint16_t)gas_before;
    if (constant != NULL) item->value = *constant;
}

/* Operations. */

static struct stream_op *emit(struct decoder *decoder, enum stream_kind kind) {
    struct stream_op *op = &decoder->ops[decoder->op_count++];
    *op = (struct stream_op){.run = stream_runs[kind]};
    return op;
}

/* One that may go to the plain loop at its first instruction. */
static struct stream_op *emit_at(
    struct decoder *decoder, enum stream_kind kind, const struct item *first
) {
    struct stream_op *op = emit(decoder, kind);
    op->at.rest = (uint16_t)(decoder->gas - first->gas_before);
    op->at.pc = first->pc;
    return op;
}

static void emit_word(struct decoder *decoder, enum stream_kind kind, const struct u256 *word) {
    for (int i = 0; i < WORD_OPS; i++) {
        struct stream_op *op = emit(decoder, kind);
        op->value = word->limb[i];
    }
}

static bool valid_target(const struct decoder *decoder, const struct item *item) {
    if (!is_small(item) || item->value.limb[0] >= decoder->code->size) return false;
    return code_is_target(decoder->code, (size_t)item->value.limb[0]);
}

static struct stream_op *emit_jump(
    struct decoder *decoder, enum stream_kind kind, const struct item *target
) {
    decoder->jumps[decoder->jump_count++] = (uint32_t)decoder->op_count;
    struct stream_op *op = emit(decoder, kind);
    op->branch.jump = (int32_t)target->value.limb[0];
    return op;
}

/* The instruction with its operands the other way round. */
static int reversed(int binary) {
    switch (binary) {
    case BINARY_ADD:
    case BINARY_MUL:
    case BINARY_EQ:
    case BINARY_AND:
    case BINARY_OR:
    case BINARY_XOR: return binary;
    case BINARY_SUB: return BINARY_RSUB;
    case BINARY_DIV: return BINARY_RDIV;
    case BINARY_LT: return BINARY_GT;
    case BINARY_GT: return BINARY_LT;
    case BINARY_SLT: return BINARY_SGT;
    case BINARY_SGT: return BINARY_SLT;
    default: return BINARY_NONE;
    }
}

static int compare_of(int binary) {
    switch (binary) {
    case BINARY_LT: return COMPARE_LT;
    case BINARY_GT: return COMPARE_GT;
    case BINARY_SLT: return COMPARE_SLT;
    case BINARY_SGT: return COMPARE_SGT;
    case BINARY_EQ: return COMPARE_EQ;
    default: return COMPARE_NONE;
    }
}

/* Where the operands of an instruction come from: up to two items before it, and whether a SWAP1
 * stands between. */
struct sources {
    enum { NO_SOURCE, ONE_DUP, ONE_PUSH, DUP_AND_DUP, DUP_AND_PUSH } shape;
    bool swapped;  /* operands are the other way round */
    uint16_t a, b; /* of DUPs: bytes below sp before all of it */
    const struct u256 *push;
    size_t count; /* of items, without the SWAP1 */
};

static uint16_t distance(unsigned words) {
    return (uint16_t)(words * WORD_SIZE);
}

/* The sources at items, of which there are count, before an instruction at items[sources.count]. */
static struct sources one_source(const struct item *items) {
    struct sources sources = {.shape = NO_SOURCE};
    const unsigned n = dup_of(items);
    if (n > 1) {
        sources = (struct sources){.shape = ONE_DUP, .a = distance(n - 1), .count = 1};
    } else if (is_constant(items)) {
        sources = (struct sources){.shape = ONE_PUSH, .push = &items->value, .count = 1};
    }
    return sources;
}

static struct sources two_sources(const struct item *items) {
    struct sources sources = {.shape = NO_SOURCE};
    const unsigned n = dup_of(&items[0]), m = dup_of(&items[1]);
    if (n > 0 && m > 1) {
        sources = (struct sources
        ){.shape = DUP_AND_DUP, .a = distance(n - 1), .b = distance(m - 2), .count = 2};
    } else if (n > 0 && is_constant(&items[1])) {
        sources = (struct sources
        ){.shape = DUP_AND_PUSH, .a = distance(n - 1), .push = &items[1].value, .count = 2};
    } else if (is_constant(&items[0]) && m > 1) {
        sources = (struct sources
        ){.shape = DUP_AND_PUSH,
          .swapped = true,
          .a = distance(m - 2),
          .push = &items[0].value,
          .count = 2};
    }
    return sources;
}

static bool word_fits_u32(const struct u256 *word) {
    return u256_fits_u64(word) && word->limb[0] <= UINT32_MAX;
}

/* 2^k as k; -1 for other words. */
static int power_of_two(const struct u256 *word) {
    int bits = 0, at = -1;
    for (int i = 0; i < 4; i++) {
        bits += __builtin_popcountll(word->limb[i]);
        if (word->limb[i] != 0) at = 64 * i + __builtin_ctzll(word->limb[i]);
    }
    return bits == 1 ? at : -1;
}

static void emit_shift(struct decoder *decoder, enum stream_kind by_limbs, unsigned bits) {
    struct stream_op *op = emit(decoder, (enum stream_kind)(by_limbs + bits / 64));
    op->value = bits % 64;
}

/* A constant and an instruction that is cheaper as another one. */
static bool emit_reduced(struct decoder *decoder, int binary, const struct u256 *push) {
    const bool multiplies = binary == BINARY_MUL || binary == BINARY_RDIV;
    const int power = multiplies ? power_of_two(push) : -1;
    if (power >= 0) {
        emit_shift(
            decoder, binary == BINARY_MUL ? STREAM_P_SHL_0 : STREAM_P_SHR_0, (unsigned)power
        );
        return true;
    }
    const bool shifts = binary == BINARY_SHL || binary == BINARY_SHR;
    if (shifts && u256_fits_u64(push) && push->limb[0] < 256) {
        emit_shift(
            decoder, binary == BINARY_SHL ? STREAM_P_SHL_0 : STREAM_P_SHR_0, (unsigned)push->limb[0]
        );
        return true;
    }
    if (binary == BINARY_AND && !u256_fits_u64(push)) {
        emit_word(decoder, STREAM_P_AND_WORD, push);
        return true;
    }
    return false;
}

/* False where no operation has these sources. */
static bool emit_binary(struct decoder *decoder, int binary, const struct sources *sources) {
    if (sources->swapped) binary = reversed(binary);
    if (binary == BINARY_NONE) return false;
    struct stream_op *op;
    switch (sources->shape) {
    case ONE_DUP:
        op = emit(decoder, (enum stream_kind)(STREAM_D_ADD + binary));
        op->stack.a = sources->a;
        return true;
    case ONE_PUSH:
        if (emit_reduced(decoder, binary, sources->push)) return true;
        if (!u256_fits_u64(sources->push)) return false;
        op = emit(decoder, (enum stream_kind)(STREAM_P_ADD + binary));
        op->value = sources->push->limb[0];
        return true;
    case DUP_AND_DUP:
        op = emit(decoder, (enum stream_kind)(STREAM_DD_ADD + binary));
        op->stack.a = sources->a;
        op->stack.b = sources->b;
        return true;
    case DUP_AND_PUSH:
        if (!word_fits_u32(sources->push)) return false;
        if (binary == BINARY_SHL || binary == BINARY_SHR) return false; /* by a constant: two */
        op = emit(decoder, (enum stream_kind)(STREAM_DP_ADD + binary));
        op->mixed.a = sources->a;
        op->mixed.value = (uint32_t)sources->push->limb[0];
        return true;
    default: (void)emit(decoder, (enum stream_kind)(STREAM_ADD + binary)); return true;
    }
}

/* A comparison, and a jump on it to target; false where no operation has these sources. */
static bool emit_compare(
    struct decoder *decoder,
    int binary,
    const struct sources *sources,
    bool unless,
    const struct item *target
) {
    if (sources->swapped) binary = reversed(binary);
    const int compare = compare_of(binary);
    if (compare == COMPARE_NONE) return false;
    const bool fits_u32 = sources->push != NULL && word_fits_u32(sources->push);
    const uint32_t push = fits_u32 ? (uint32_t)sources->push->limb[0] : 0;
    enum stream_kind first;
    struct stream_op *op;
    switch (sources->shape) {
    case NO_SOURCE:
        first = unless ? STREAM_IFN_LT : STREAM_IF_LT;
        (void)emit_jump(decoder, (enum stream_kind)((int)first + compare), target);
        return true;
    case ONE_DUP:
        first = unless ? STREAM_D_IFN_LT : STREAM_D_IF_LT;
        op = emit_jump(decoder, (enum stream_kind)((int)first + compare), target);
        op->branch.a = sources->a;
        return true;
    case ONE_PUSH:
        if (!fits_u32) return false;
        first = unless ? STREAM_P_IFN_LT : STREAM_P_IF_LT;
        op = emit_jump(decoder, (enum stream_kind)((int)first + compare), target);
        op->branch_value.value = push;
        return true;
    case DUP_AND_DUP:
        first = unless ? STREAM_DD_IFN_LT : STREAM_DD_IF_LT;
        op = emit_jump(decoder, (enum stream_kind)((int)first + compare), target);
        op->branch.a = sources->a;
        op->branch.b = sources->b;
        return true;
    default:
        if (fits_u32 && compare == COMPARE_EQ && sources->a == 0 && !unless) {
            op = emit_jump(decoder, STREAM_DUP1_P_IF_EQ, target);
            op->branch_value.value = push;
            return true;
        }
        if (!fits_u32 || push > UINT16_MAX) return false;
        first = unless ? STREAM_DP_IFN_LT : STREAM_DP_IF_LT;
        op = emit_jump(decoder, (enum stream_kind)((int)first + compare), target);
        op->branch.a = sources->a;
        op->branch.b = (uint16_t)push;
        return true;
    }
}

/* ISZEROs, a constant target and JUMPI at items; answers how many items that is, 0 if something
 * else stands there. */
static size_t match_branch(
    const struct decoder *decoder, const struct item *items, const struct item *end, bool *unless
) {
    const struct item *at = items;
    *unless = false;
    while (at < end && at->opcode == OP_ISZERO) {
        *unless = !*unless;
        at++;
    }
    if (end - at < 2 || at[1].opcode != OP_JUMPI || !valid_target(decoder, at)) return 0;
    return (size_t)(at + 2 - items);
}

/* A binary instruction at items + sources->count, with its jump if one follows. Answers how many
 * items it took: 0 for none. */
static size_t match_binary(
    struct decoder *decoder,
    const struct item *items,
    const struct item *end,
    struct sources *sources
) {
    const struct item *at = items + sources->count;
    if (at < end && at->opcode == OP_SWAP1) {
        sources->swapped = !sources->swapped;
        at++;
    }
    if (at >= end) return 0;
    const int binary = binary_of(at);
    if (binary == BINARY_NONE) return 0;
    at++;
    bool unless;
    const size_t branch = match_branch(decoder, at, end, &unless);
    if (branch > 0 && emit_compare(decoder, binary, sources, unless, at + branch - 2)) {
        return (size_t)(at - items) + branch;
    }
    return emit_binary(decoder, binary, sources) ? (size_t)(at - items) : 0;
}

/* Jumps on a word as it is. */
static size_t match_test(
    struct decoder *decoder, const struct item *items, const struct item *end
) {
    const unsigned n = dup_of(items);
    const size_t first = n > 0 ? 1 : 0;
    bool unless;
    const size_t branch = match_branch(decoder, items + first, end, &unless);
    if (branch == 0) return 0;
    const struct item *target = items + first + branch - 2;
    if (n == 0) {
        (void)emit_jump(decoder, unless ? STREAM_IFN : STREAM_IF, target);
    } else if (n == 1) {
        (void)emit_jump(decoder, unless ? STREAM_DUP1_IFN : STREAM_DUP1_IF, target);
    } else {
        struct stream_op *op = emit_jump(decoder, unless ? STREAM_D_IFN : STREAM_D_IF, target);
        op->branch.a = distance(n - 1);
    }
    return first + branch;
}

/* MSTORE and MLOAD with what names their place. */
static size_t match_memory(
    struct decoder *decoder, const struct item *items, const struct item *end
) {
    const size_t left = (size_t)(end - items);
    const bool near = is_small(items) && items->value.limb[0] <= UINT32_MAX;
    const unsigned n = dup_of(items);
    struct stream_op *op;
    if (left >= 2 && items[1].opcode == OP_MLOAD && (near || n > 0)) {
        op = emit_at(decoder, near ? STREAM_P_MLOAD : STREAM_D_MLOAD, items);
        if (near) {
            op->memory.offset = (uint32_t)items->value.limb[0];
        } else {
            op->at.a = distance(n - 1);
        }
        return 2;
    }
    if (left >= 2 && items[1].opcode == OP_MSTORE && (near || n > 1)) {
        op = emit_at(decoder, near ? STREAM_P_MSTORE : STREAM_D_MSTORE, items);
        if (near) {
            op->memory.offset = (uint32_t)items->value.limb[0];
        } else {
            op->at.a = distance(n - 1);
        }
        return 2;
    }
    if (left >= 2 && items[0].opcode == OP_SWAP1 && items[1].opcode == OP_MSTORE) {
        (void)emit_at(decoder, STREAM_R_MSTORE, items);
        return 2;
    }
    if (left < 3 || items[2].opcode != OP_MSTORE || n == 0) return 0;
    if (items[1].opcode == OP_SWAP1 && n > 1) {
        op = emit_at(decoder, STREAM_D_R_MSTORE, items);
        op->at.a = distance(n - 1);
        return 3;
    }
    const unsigned m = dup_of(&items[1]);
    const bool at_small = is_small(&items[1]) && items[1].value.limb[0] <= UINT16_MAX;
    if (m <= 1 && !at_small) return 0;
    op = emit_at(decoder, at_small ? STREAM_DP_MSTORE : STREAM_DD_MSTORE, items);
    op->at.a = distance(n - 1);
    op->at.b = at_small ? (uint16_t)items[1].value.limb[0] : distance(m - 2);
    return 3;
}

/* A word that is pushed, alone. */
static void emit_push(struct decoder *decoder, const struct u256 *word) {
    if (u256_fits_u64(word)) {
        emit(decoder, STREAM_PUSH)->value = word->limb[0];
    } else {
        emit_word(decoder, STREAM_PUSH_WORD, word);
    }
}

static bool fits_u32(const struct item *item) {
    return is_constant(item) && word_fits_u32(&item->value);
}

/* Jumps to constants. */
static size_t match_jump(
    struct decoder *decoder, const struct item *items, const struct item *end
) {
    const size_t left = (size_t)(end - items);
    if (left >= 2 && items[1].opcode == OP_JUMP && valid_target(decoder, items)) {
        (void)emit_jump(decoder, STREAM_JUMP_TO, items);
        return 2;
    }
    if (left >= 3 && items[2].opcode == OP_JUMP && fits_u32(items) &&
        valid_target(decoder, items + 1)) {
        struct stream_op *op = emit_jump(decoder, STREAM_P_JUMP_TO, items + 1);
        op->branch_value.value = (uint32_t)items->value.limb[0];
        return 3;
    }
    return 0;
}

/* Two things pushed at once, or one below the topmost. */
static size_t match_pushes(
    struct decoder *decoder, const struct item *items, const struct item *end
) {
    const unsigned n = dup_of(items);
    if (n == 0 && !is_constant(items)) return 0;
    if (end - items < 2) return 0;
    struct stream_op *op;
    if (items[1].opcode == OP_SWAP1 && n > 1) {
        emit(decoder, STREAM_DUP_SWAP1)->stack.a = distance(n - 1);
        return 2;
    }
    if (items[1].opcode == OP_SWAP1 && is_small(items)) {
        emit(decoder, STREAM_PUSH_SWAP1)->value = items->value.limb[0];
        return 2;
    }
    const unsigned m = dup_of(&items[1]);
    if (n > 0 && m > 1) {
        op = emit(decoder, STREAM_DUP_DUP);
        op->stack.a = distance(n - 1);
        op->stack.b = distance(m - 2);
        return 2;
    }
    if (n > 0 && fits_u32(&items[1])) {
        op = emit(decoder, STREAM_DUP_PUSH);
        op->mixed.a = distance(n - 1);
        op->mixed.value = (uint32_t)items[1].value.limb[0];
        return 2;
    }
    if (fits_u32(&items[0]) && m > 1) {
        op = emit(decoder, STREAM_PUSH_DUP);
        op->mixed.a = distance(m - 2);
        op->mixed.value = (uint32_t)items[0].value.limb[0];
        return 2;
    }
    if (fits_u32(&items[0]) && fits_u32(&items[1])) {
        op = emit(decoder, STREAM_PUSH_PUSH);
        op->pair.first = (uint32_t)items[0].value.limb[0];
        op->pair.second = (uint32_t)items[1].value.limb[0];
        return 2;
    }
    return 0;
}

static size_t count_pops(const struct item *items, const struct item *end) {
    size_t count = 0;
    while (items + count < end && items[count].opcode == OP_POP) {
        count++;
    }
    return count;
}

/* SWAPs and POPs in a row, as functions end. */
static size_t match_swaps(
    struct decoder *decoder, const struct item *items, const struct item *end
) {
    struct stream_op *op;
    const unsigned n = swap_of(items);
    if (n == 0) {
        const size_t pops = count_pops(items, end);
        if (pops < 2) return 0;
        emit(decoder, STREAM_POPS)->stack.a = distance((unsigned)pops);
        return pops;
    }
    size_t pops = count_pops(items + 1, end);
    if (pops > 0) {
        op = emit(decoder, STREAM_SWAP_POPS);
        op->stack.a = distance(n);
        op->stack.b = distance((unsigned)pops);
        return 1 + pops;
    }
    const unsigned m = end - items >= 2 ? swap_of(&items[1]) : 0;
    if (m == 0 || m == n) return 0;
    pops = count_pops(items + 2, end);
    op = emit(decoder, pops > 0 ? STREAM_SWAP_SWAP_POPS : STREAM_SWAP_SWAP);
    op->stack.a = distance(n);
    op->stack.b = distance(m);
    op->stack.c = distance((unsigned)pops);
    return 2 + pops;
}

static void emit_single(struct decoder *decoder, const struct item *item, size_t pc_after) {
    if (is_constant(item)) {
        emit_push(decoder, &item->value);
        return;
    }
    const struct sources none = {.shape = NO_SOURCE};
    const int binary = binary_of(item);
    if (binary != BINARY_NONE) {
        (void)emit_binary(decoder, binary, &none);
        return;
    }
    const struct trait *trait = &traits[item->opcode];
    struct stream_op *op = emit_at(decoder, (enum stream_kind)trait->kind, item);
    if (!trait->goes_on_after) return;
    op->at.rest = (uint16_t)(op->at.rest - decoder->rules->gas[item->opcode]);
    op->at.pc = (uint16_t)pc_after;
}

/* The same for what begins with a DUP or a constant. */
static size_t emit_operand(
    struct decoder *decoder, const struct item *items, const struct item *end
) {
    struct sources sources;
    size_t taken = 0;
    switch ((enum role)items[1].role) {
    case ROLE_ISZERO: return match_test(decoder, items, end);
    case ROLE_SWAP:
        if (items[1].words != 1) return 0;
        taken = match_memory(decoder, items, end);
        if (taken > 0) return taken;
        sources = one_source(items);
        break;
    case ROLE_BINARY: sources = one_source(items); break;
    default:
        taken = match_test(decoder, items, end);
        if (taken == 0) taken = match_jump(decoder, items, end);
        if (taken == 0) taken = match_memory(decoder, items, end);
        if (taken > 0 || end - items < 3) return taken;
        sources = two_sources(items);
    }
    return sources.shape != NO_SOURCE ? match_binary(decoder, items, end, &sources) : 0;
}

/* The longest operation for what stands at items; answers how many of them it is, 0 for none that
 * computes something. */
static size_t emit_next(struct decoder *decoder, const struct item *items, const struct item *end) {
    struct sources none = {.shape = NO_SOURCE};
    if (end - items < 2) return 0;
    switch ((enum role)items->role) {
    case ROLE_CONSTANT:
    case ROLE_DUP: return emit_operand(decoder, items, end);
    case ROLE_SWAP:
        if (items->words != 1) return 0;
        if (items[1].opcode == OP_MSTORE) return match_memory(decoder, items, end);
        return match_binary(decoder, items, end, &none);
    case ROLE_BINARY: return match_binary(decoder, items, end, &none);
    case ROLE_ISZERO: return match_test(decoder, items, end);
    default: return 0;
    }
}

/* Whether a better operation begins at the next item than a pair of pushes could be. */
static bool next_is_better(const struct item *items, const struct item *end) {
    if (end - items < 3) return false;
    const struct item *second = items + 1, *third = items + 2;
    const bool source = is_constant(second) || dup_of(second) != 0;
    if (!source) return false;
    const uint8_t opcode = third->opcode;
    if (third->role == ROLE_BINARY || opcode == OP_JUMP || opcode == OP_JUMPI) return true;
    if (opcode == OP_MSTORE || opcode == OP_MLOAD || opcode == OP_SWAP1) return true;
    if (end - items < 4 || !(is_constant(third) || dup_of(third) != 0)) return false;
    const struct item *fourth = items + 3;
    return fourth->role == ROLE_BINARY || fourth->opcode == OP_MSTORE || fourth->opcode == OP_JUMP;
}

static void emit_items(struct decoder *decoder) {
    const struct item *item = decoder->items, *end = item + decoder->item_count;
    while (item < end) {
        size_t taken = emit_next(decoder, item, end);
        if (taken == 0 && (is_constant(item) || dup_of(item) != 0)) {
            if (!next_is_better(item, end)) taken = match_pushes(decoder, item, end);
        } else if (taken == 0) {
            taken = match_swaps(decoder, item, end);
        }
        if (taken == 0) {
            /* What follows an instruction of one byte follows it at once. */
            emit_single(decoder, item, (size_t)item->pc + 1);
            taken = 1;
        }
        item += taken;
    }
}

/* Ends the block before the instruction at pc. */
static void end_block(struct decoder *decoder, size_t pc) {
    struct stream_op *block = emit(decoder, STREAM_BLOCK);
    const int room = EVM_STACK_MAX - decoder->growth - decoder->need;
    block->block.gas = (uint16_t)decoder->gas;
    block->block.pc = (uint16_t)decoder->block_pc;
    /* No height suits a block that needs more than the stack holds. */
    block->block.need = room < 0 ? UINT16_MAX : distance((unsigned)decoder->need);
    block->block.span = room < 0 ? 0 : distance((unsigned)room);
    emit_items(decoder);
    decoder->item_count = 0;
    decoder->gas = 0;
    decoder->height = decoder->need = decoder->growth = 0;
    decoder->block_pc = pc;
}

/* Takes the instruction at decoder->pc into its block; answers where the next one is. */
static size_t decode_one(struct decoder *decoder) {
    const struct evm_code *code = decoder->code;
    const size_t pc = decoder->pc;
    const uint8_t opcode = code->bytes[pc];
    const struct trait *trait = &traits[opcode];
    const struct evm_rules *rules = decoder->rules;
    const bool full =
        decoder->item_count == BLOCK_ITEMS_MAX || decoder->gas + rules->gas[opcode] > BLOCK_GAS_MAX;
    if (pc > decoder->block_pc && (opcode == OP_JUMPDEST || full)) end_block(decoder, pc);
    if (opcode == OP_JUMPDEST) {
        decoder->entries[pc] = (uint16_t)decoder->op_count;
        decoder->gas += rules->gas[opcode];
        return pc + 1;
    }
    const bool push = opcode >= OP_PUSH0 && opcode <= OP_PUSH32;
    const bool constant = push || opcode == OP_PC || opcode == OP_CODESIZE;
    const bool has_operation = constant || trait->role == ROLE_BINARY || trait->kind != 0;
    if (!rules->defined[opcode] || !has_operation) {
        end_block(decoder, pc + 1);
        struct stream_op *op = emit(decoder, STREAM_PLAIN);
        op->at.pc = (uint16_t)pc;
        return pc + 1;
    }
    size_t next = pc + 1;
    if (push) {
        const unsigned len = (unsigned)opcode - OP_PUSH0;
        const struct u256 word = push_word(code->bytes + next, len);
        collect(decoder, opcode, &word);
        next += len;
    } else if (constant) {
        const struct u256 word = u256_from_u64(opcode == OP_PC ? pc : code->size);
        collect(decoder, opcode, &word);
    } else {
        collect(decoder, opcode, NULL);
    }
    if (trait->ends_block) end_block(decoder, next);
    return next;
}

/* Jumps hold where their block is in the code; now that is known in the stream. */
static void resolve_jumps(struct decoder *decoder) {
    for (size_t i = 0; i < decoder->jump_count; i++) {
        const size_t at = decoder->jumps[i];
        struct stream_op *op = &decoder->ops[at];
        const int64_t target = decoder->entries[op->branch.jump];
        op->branch.jump = (int32_t)((target - (int64_t)at) * (int64_t)sizeof *op);
    }
}

struct evm_stream *stream_decode(
    const struct arena_source *source,
    struct arena *scratch,
    const struct evm_rules *rules,
    const struct evm_code *code
) {
    if (code->size > STREAM_CODE_MAX) return NULL;
    const size_t ops_max = OPS_PER_BYTE * code->size + code->size / BLOCK_ITEMS_MAX + OPS_EXTRA;
    ASSERT(ops_max <= UINT16_MAX);
    struct decoder *decoder = ARENA_NEW(scratch, struct decoder);
    decoder->rules = rules;
    decoder->code = code;
    decoder->items =
        arena_alloc_raw(scratch, BLOCK_ITEMS_MAX * sizeof *decoder->items, _Alignof(struct item));
    decoder->entries = ARENA_ARRAY(scratch, uint16_t, code->size + 1);
    decoder->ops = arena_alloc_raw(scratch, ops_max * sizeof *decoder->ops, _Alignof(struct u256));
    decoder->jumps = arena_alloc_raw(scratch, ops_max * sizeof *decoder->jumps, 8);
    (void)emit(decoder, STREAM_PLAIN); /* no block is operation 0 */

    /* The padding of the code is a STOP, which ends the last block. */
    while (decoder->pc <= code->size) {
        decoder->pc = decode_one(decoder);
    }
    if (decoder->block_pc != decoder->pc) { /* unless a PUSH reaches beyond it */
        collect(decoder, OP_STOP, NULL);
        end_block(decoder, decoder->pc);
    }
    ASSERT(decoder->op_count <= ops_max);
    resolve_jumps(decoder);

    const size_t ops_size = decoder->op_count * sizeof(struct stream_op);
    const size_t entries_size = code->size * sizeof(uint16_t);
    const size_t size = sizeof(struct evm_stream) + ops_size + entries_size;
    struct evm_stream *stream = source->get(source->ctx, size);
    ASSERT(stream != NULL && "out of memory");
    uint16_t *entries = (uint16_t *)(void *)(stream->ops + decoder->op_count);
    *stream = (struct evm_stream){.rules = rules, .size = size, .entries = entries};
    memcpy(stream->ops, decoder->ops, ops_size);
    if (entries_size > 0) memcpy(entries, decoder->entries, entries_size);
    return stream;
}
