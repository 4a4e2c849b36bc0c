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

    struct item items[BLOCK_ITEMS_MAX];
    size_t item_count;
    size_t pc; /* of the instruction being read */
    size_t block_pc;
    uint32_t gas;
    int height, need, growth; /* in words, from the begin of the block */
};

struct stack_effect {
    uint8_t pops, pushes;
};
static const struct stack_effect effects[256] = {
#define EFFECT(R, opcode, name, takes, gives, since, gas) [opcode] = {takes, gives},
    EVM_OPCODES(EFFECT, 0)
#undef EFFECT
};

static bool is_constant(const struct item *item) {
    return item->opcode == OP_PUSH1;
}

static bool is_small(const struct item *item) {
    return is_constant(item) && u256_fits_u64(&item->value);
}

/* n of DUPn; 0 for others. */
static unsigned dup_of(const struct item *item) {
    const unsigned n = (unsigned)item->opcode - OP_DUP1 + 1;
    return item->opcode >= OP_DUP1 && item->opcode <= OP_DUP16 ? n : 0;
}

static unsigned swap_of(const struct item *item) {
    const unsigned n = (unsigned)item->opcode - OP_SWAP1 + 1;
    return item->opcode >= OP_SWAP1 && item->opcode <= OP_SWAP16 ? n : 0;
}

/* Folding. */

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
    if (opcode == OP_POP && (is_constant(last) || dup_of(last) != 0)) {
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
    const struct stack_effect effect = effects[opcode];
    const int need = effect.pops - decoder->height;
    if (need > decoder->need) decoder->need = need;
    decoder->height += effect.pushes - effect.pops;
    if (decoder->height > decoder->growth) decoder->growth = decoder->height;

    const uint32_t gas_before = decoder->gas;
    decoder->gas += decoder->rules->gas[opcode];
    if (constant == NULL && fold(decoder, opcode)) return;
    decoder->items[decoder->item_count++] = (struct item){
        .opcode = constant != NULL ? OP_PUSH1 : opcode,
        .pc = (uint16_t)decoder->pc,
        .gas_before = (uint16_t)gas_before,
        .value = constant != NULL ? *constant : U256_ZERO,
    };
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
    const size_t at = (size_t)item->value.limb[0];
    return (decoder->code->jump_map[at / 8] >> at % 8 & 1) != 0;
}

static struct stream_op *emit_jump(
    struct decoder *decoder, enum stream_kind kind, const struct item *target
) {
    decoder->jumps[decoder->jump_count++] = (uint32_t)decoder->op_count;
    struct stream_op *op = emit(decoder, kind);
    op->branch.jump = (int32_t)target->value.limb[0];
    return op;
}

/* The families: indexes into their lists. */
enum {
#define BINARY_INDEX(name) BINARY_##name,
    STREAM_BINARY(BINARY_INDEX) BINARY_NONE,
#undef BINARY_INDEX
};
enum {
#define COMPARE_INDEX(name) COMPARE_##name,
    STREAM_COMPARE(COMPARE_INDEX) COMPARE_NONE,
#undef COMPARE_INDEX
};

static int binary_of(uint8_t opcode) {
    switch (opcode) {
    case OP_ADD: return BINARY_ADD;
    case OP_MUL: return BINARY_MUL;
    case OP_SUB: return BINARY_SUB;
    case OP_DIV: return BINARY_DIV;
    case OP_MOD: return BINARY_MOD;
    case OP_LT: return BINARY_LT;
    case OP_GT: return BINARY_GT;
    case OP_SLT: return BINARY_SLT;
    case OP_SGT: return BINARY_SGT;
    case OP_EQ: return BINARY_EQ;
    case OP_AND: return BINARY_AND;
    case OP_OR: return BINARY_OR;
    case OP_XOR: return BINARY_XOR;
    case OP_SHL: return BINARY_SHL;
    case OP_SHR: return BINARY_SHR;
    case OP_SAR: return BINARY_SAR;
    case OP_BYTE: return BINARY_BYTE;
    default: return BINARY_NONE;
    }
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
    struct u256 push;
    size_t count; /* of items, with the SWAP1 */
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
        sources = (struct sources){.shape = ONE_PUSH, .push = items->value, .count = 1};
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
        ){.shape = DUP_AND_PUSH, .a = distance(n - 1), .push = items[1].value, .count = 2};
    } else if (is_constant(&items[0]) && m > 1) {
        sources = (struct sources
        ){.shape = DUP_AND_PUSH,
          .swapped = true,
          .a = distance(m - 2),
          .push = items[0].value,
          .count = 2};
    }
    return sources;
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
    const int power = power_of_two(push);
    if (power >= 0 && (binary == BINARY_MUL || binary == BINARY_RDIV)) {
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
        if (emit_reduced(decoder, binary, &sources->push)) return true;
        if (!u256_fits_u64(&sources->push)) return false;
        op = emit(decoder, (enum stream_kind)(STREAM_P_ADD + binary));
        op->value = sources->push.limb[0];
        return true;
    case DUP_AND_DUP:
        op = emit(decoder, (enum stream_kind)(STREAM_DD_ADD + binary));
        op->stack.a = sources->a;
        op->stack.b = sources->b;
        return true;
    case DUP_AND_PUSH:
        if (!u256_fits_u64(&sources->push) || sources->push.limb[0] > UINT32_MAX) return false;
        if (binary == BINARY_SHL || binary == BINARY_SHR) return false; /* by a constant: two */
        op = emit(decoder, (enum stream_kind)(STREAM_DP_ADD + binary));
        op->mixed.a = sources->a;
        op->mixed.value = (uint32_t)sources->push.limb[0];
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
    const bool fits_u32 = u256_fits_u64(&sources->push) && sources->push.limb[0] <= UINT32_MAX;
    const uint64_t push = sources->push.limb[0];
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
        op->branch_value.value = (uint32_t)push;
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
            op->branch_value.value = (uint32_t)push;
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
    struct sources sources
) {
    const struct item *at = items + sources.count;
    if (at < end && at->opcode == OP_SWAP1) {
        sources.swapped = !sources.swapped;
        at++;
    }
    if (at >= end) return 0;
    const int binary = binary_of(at->opcode);
    if (binary == BINARY_NONE) return 0;
    at++;
    bool unless;
    const size_t branch = match_branch(decoder, at, end, &unless);
    if (branch > 0 && emit_compare(decoder, binary, &sources, unless, at + branch - 2)) {
        return (size_t)(at - items) + branch;
    }
    return emit_binary(decoder, binary, &sources) ? (size_t)(at - items) : 0;
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
    return is_small(item) && item->value.limb[0] <= UINT32_MAX;
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

/* The kind of an instruction alone. */
static enum stream_kind kind_of(uint8_t opcode) {
    /* clang-format off */
    static const uint16_t kinds[256] = {
#define OWN_KIND(name) [OP_##name] = STREAM_##name,
        STREAM_VALUE(OWN_KIND) STREAM_DELEGATED(OWN_KIND) STREAM_CALLS(OWN_KIND)
        STREAM_SIXTEEN(OWN_KIND, DUP) STREAM_SIXTEEN(OWN_KIND, SWAP)
        OWN_KIND(STOP) OWN_KIND(JUMP) OWN_KIND(JUMPI) OWN_KIND(POP) OWN_KIND(SMOD) OWN_KIND(SDIV)
        OWN_KIND(SIGNEXTEND) OWN_KIND(ISZERO) OWN_KIND(NOT) OWN_KIND(CLZ) OWN_KIND(ADDMOD)
        OWN_KIND(MULMOD) OWN_KIND(CALLDATALOAD) OWN_KIND(BLOBHASH) OWN_KIND(GAS) OWN_KIND(MLOAD)
        OWN_KIND(MSTORE) OWN_KIND(MSTORE8) OWN_KIND(RETURN) OWN_KIND(REVERT)
        OWN_KIND(SELFDESTRUCT)
#undef OWN_KIND
    };
    /* clang-format on */
    return (enum stream_kind)kinds[opcode];
}

static bool has_operation(uint8_t opcode) {
    const bool is_push = opcode >= OP_PUSH0 && opcode <= OP_PUSH32;
    const bool is_constant_too = opcode == OP_PC || opcode == OP_CODESIZE;
    return is_push || is_constant_too || binary_of(opcode) != BINARY_NONE ||
        kind_of(opcode) != STREAM_BLOCK;
}

/* Whether an operation needs to know what the block costs after its instruction, and where that is,
 * rather than what it costs from it on. */
static bool goes_on_after(uint8_t opcode) {
    switch (opcode) {
#define AFTER(name) case OP_##name:
        STREAM_DELEGATED(AFTER)
        STREAM_CALLS(AFTER)
        AFTER(GAS)
        AFTER(RETURN)
        AFTER(REVERT)
        AFTER(SELFDESTRUCT)
#undef AFTER
        return true;
    default: return false;
    }
}

static void emit_single(struct decoder *decoder, const struct item *item, size_t pc_after) {
    if (is_constant(item)) {
        emit_push(decoder, &item->value);
        return;
    }
    const struct sources none = {.shape = NO_SOURCE};
    const int binary = binary_of(item->opcode);
    if (binary != BINARY_NONE) {
        (void)emit_binary(decoder, binary, &none);
        return;
    }
    struct stream_op *op = emit_at(decoder, kind_of(item->opcode), item);
    if (!goes_on_after(item->opcode)) return;
    op->at.rest = (uint16_t)(op->at.rest - decoder->rules->gas[item->opcode]);
    op->at.pc = (uint16_t)pc_after;
}

/* The longest operation for what stands at items; answers how many of them it is. */
static size_t emit_next(struct decoder *decoder, const struct item *items, const struct item *end) {
    const size_t left = (size_t)(end - items);
    const struct sources none = {.shape = NO_SOURCE};
    size_t taken = match_test(decoder, items, end);
    if (taken == 0) taken = match_jump(decoder, items, end);
    if (taken == 0) taken = match_memory(decoder, items, end);
    if (taken == 0 && left >= 3) {
        const struct sources two = two_sources(items);
        if (two.shape != NO_SOURCE) taken = match_binary(decoder, items, end, two);
    }
    if (taken == 0 && left >= 2) {
        const struct sources one = one_source(items);
        if (one.shape != NO_SOURCE) taken = match_binary(decoder, items, end, one);
    }
    if (taken == 0 && left >= 2) taken = match_binary(decoder, items, end, none);
    return taken;
}

/* Whether a better operation begins at the next item than a pair of pushes could be. */
static bool next_is_better(const struct item *items, const struct item *end) {
    if (end - items < 3) return false;
    const struct item *second = items + 1, *third = items + 2;
    const bool source = is_constant(second) || dup_of(second) != 0;
    if (!source) return false;
    const uint8_t opcode = third->opcode;
    if (binary_of(opcode) != BINARY_NONE || opcode == OP_JUMP || opcode == OP_JUMPI) return true;
    if (opcode == OP_MSTORE || opcode == OP_MLOAD || opcode == OP_SWAP1) return true;
    if (end - items < 4 || !(is_constant(third) || dup_of(third) != 0)) return false;
    const uint8_t fourth = items[3].opcode;
    return binary_of(fourth) != BINARY_NONE || fourth == OP_MSTORE || fourth == OP_JUMP;
}

static void emit_items(struct decoder *decoder) {
    const struct item *item = decoder->items, *end = item + decoder->item_count;
    while (item < end) {
        size_t taken = emit_next(decoder, item, end);
        if (taken == 0 && !next_is_better(item, end)) taken = match_pushes(decoder, item, end);
        if (taken == 0) taken = match_swaps(decoder, item, end);
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

static bool ends_block(uint8_t opcode) {
    switch (opcode) {
    case OP_STOP:
    case OP_JUMP:
    case OP_JUMPI:
    case OP_RETURN:
    case OP_REVERT:
    case OP_SELFDESTRUCT:
#define ENDS(name) case OP_##name:
        STREAM_CALLS(ENDS)
#undef ENDS
        return true;
    default: return false;
    }
}

/* Takes the instruction at decoder->pc into its block; answers where the next one is. */
static size_t decode_one(struct decoder *decoder) {
    const struct evm_code *code = decoder->code;
    const size_t pc = decoder->pc;
    const uint8_t opcode = code->bytes[pc];
    const struct evm_rules *rules = decoder->rules;
    const bool full =
        decoder->item_count == BLOCK_ITEMS_MAX || decoder->gas + rules->gas[opcode] > BLOCK_GAS_MAX;
    if (pc > decoder->block_pc && (opcode == OP_JUMPDEST || full)) end_block(decoder, pc);
    if (opcode == OP_JUMPDEST) {
        decoder->entries[pc] = (uint16_t)decoder->op_count;
        decoder->gas += rules->gas[opcode];
        return pc + 1;
    }
    if (!rules->defined[opcode] || !has_operation(opcode)) {
        end_block(decoder, pc + 1);
        struct stream_op *op = emit(decoder, STREAM_PLAIN);
        op->at.pc = (uint16_t)pc;
        return pc + 1;
    }
    size_t next = pc + 1;
    if (opcode >= OP_PUSH0 && opcode <= OP_PUSH32) {
        const unsigned len = (unsigned)opcode - OP_PUSH0;
        const struct u256 word = push_word(code->bytes + next, len);
        collect(decoder, opcode, &word);
        next += len;
    } else if (opcode == OP_PC || opcode == OP_CODESIZE) {
        const struct u256 word = u256_from_u64(opcode == OP_PC ? pc : code->size);
        collect(decoder, opcode, &word);
    } else {
        collect(decoder, opcode, NULL);
    }
    if (ends_block(opcode)) end_block(decoder, next);
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
