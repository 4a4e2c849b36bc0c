#include "job/job_samples.h"

#include "codec/abi.h"
#include "job/predeploys.h"

enum { LIMITS_WORDS = 3 };

/* Selectors of requestSqrt(uint256,…), requestChain(bytes32,uint256,…) and requestMatch(…[],…[],…). */
static const struct job_sample samples[] = {
    {"sqrt", &sqrt_consumer_creation_code, {0xec, 0xdb, 0x6f, 0x36}, 1, false},
    {"sha256_chain", &hash_chain_consumer_creation_code, {0x26, 0xc1, 0x96, 0xd4}, 2, false},
    {"matching", &matching_consumer_creation_code, {0x70, 0xa3, 0x56, 0x2a}, 5, true},
};

const struct job_sample *job_sample_find(const char *program) {
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        const size_t len = strlen(samples[i].program);
        if (strlen(program) == len && memcmp(program, samples[i].program, len) == 0) {
            return &samples[i];
        }
    }
    return NULL;
}

struct bytes job_sample_creation(
    struct arena *arena, const struct job_sample *sample, const struct hash *program_id
) {
    const struct bytes code = *sample->creation_code;
    uint8_t *data = arena_alloc_raw(arena, code.len + sizeof program_id->bytes, 1);
    memcpy(data, code.data, code.len);
    memcpy(data + code.len, program_id->bytes, sizeof program_id->bytes);
    return bytes_from(data, code.len + sizeof program_id->bytes);
}

static void put_limits(uint8_t *words, const struct job_limits *limits) {
    memset(words, 0, LIMITS_WORDS * ABI_WORD);
    store_be64(words + ABI_WORD - 8, limits->max_cycles);
    store_be64(words + 2 * ABI_WORD - 8, limits->deadline);
    store_be64(words + 3 * ABI_WORD - 8, limits->callback_gas);
}

/* An offset in a head that has grown by `more` bytes. */
static bool move_offset(uint8_t *to, const uint8_t *from, size_t more) {
    struct u256 offset = u256_from_be(from);
    const struct u256 distance = u256_from_u64(more);
    if (!u256_add(&offset, &offset, &distance)) return false;
    u256_to_be(to, &offset);
    return true;
}

bool job_sample_request(
    struct arena *arena,
    struct bytes *calldata,
    const struct job_sample *sample,
    struct bytes onchain_input,
    const struct job_limits *limits
) {
    const size_t least = sample->input_words * ABI_WORD;
    if (onchain_input.len < least || onchain_input.len % ABI_WORD != 0) return false;
    if (!sample->is_matching && onchain_input.len != least) return false;

    /* The input's words and the limits behind them; of matching's (root, orders, book) the root goes,
     * and the offsets of the lists move as far as the head grows. */
    const size_t dropped = sample->is_matching ? ABI_WORD : 0;
    const size_t head = sample->is_matching ? 2 * ABI_WORD : onchain_input.len;
    const size_t len = ABI_SELECTOR_SIZE + onchain_input.len - dropped + LIMITS_WORDS * ABI_WORD;
    uint8_t *data = arena_alloc_raw(arena, len, 1);
    uint8_t *arguments = data + ABI_SELECTOR_SIZE;
    memcpy(data, sample->selector, ABI_SELECTOR_SIZE);
    memcpy(arguments, onchain_input.data + dropped, head);
    put_limits(arguments + head, limits);
    memcpy(
        arguments + head + LIMITS_WORDS * ABI_WORD, onchain_input.data + dropped + head,
        onchain_input.len - dropped - head
    );
    *calldata = bytes_from(data, len);
    if (!sample->is_matching) return true;

    const size_t more = LIMITS_WORDS * ABI_WORD - ABI_WORD;
    return move_offset(arguments, arguments, more) &&
        move_offset(arguments + ABI_WORD, arguments + ABI_WORD, more);
}
