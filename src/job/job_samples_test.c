#include "base/test.h"
#include "codec/abi.h"
#include "job/test_chain.h"

#include <stdio.h>

/* The committed programs and the committed sample consumers, from request to callback, in our EVM. */

/* What a sample's consumer wants to be asked: the words of the input in the head of the call, without
 * the state root that the consumer itself puts in front, then the limits, then the lists. */
struct sample {
    const char *program;
    const struct bytes *creation_code;
    const char *request; /* signature */
    size_t dropped;      /* words of the input that the consumer puts in itself */
    size_t head;         /* words of the input behind those, before the limits */
    bool has_lists;      /* these words are offsets */
};

static const struct sample sqrt_sample = {
    "sqrt", &sqrt_consumer_creation_code, "requestSqrt(uint256,(uint64,uint64,uint64))", 0, 1,
    false};
static const struct sample hash_chain_sample = {
    "sha256_chain",
    &hash_chain_consumer_creation_code,
    "requestChain(bytes32,uint256,(uint64,uint64,uint64))",
    0,
    2,
    false};
static const struct sample matching_sample = {
    "matching",
    &matching_consumer_creation_code,
    "requestMatch((uint64,uint8,uint64,uint64)[],(uint64,uint8,uint64,uint64)[],(uint64,uint64,"
    "uint64))",
    1,
    2,
    true};

static struct test_chain chain;
static uint8_t image[IMAGE_MAX];
static size_t image_len;
static struct address consumer;
static const struct sample *sample;

static void load_image(const char *name) {
    char path[64];
    (void)snprintf(path, sizeof path, "guest/programs/%s.elf", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    image_len = fread(image, 1, sizeof image, file);
    assert_true(image_len > 0 && feof(file));
    assert_int_equal(fclose(file), 0);
}

static struct bytes joined(struct bytes first, struct bytes second) {
    uint8_t *data = arena_alloc(&chain.arena, first.len + second.len, 1);
    memcpy(data, first.data, first.len);
    if (second.len > 0) memcpy(data + first.len, second.data, second.len);
    return bytes_from(data, first.len + second.len);
}

static void start(const struct sample *wanted) {
    sample = wanted;
    load_image(sample->program);
    const struct job_genesis_program program =
        test_chain_start(&chain, &test_heap, bytes_from(image, image_len));
    const struct bytes creation = joined(*sample->creation_code, BYTES_OF(program.program_id));
    const struct evm_result created = test_chain_send(&chain, NULL, 0, creation);
    assert_int_equal(created.status, EVM_SUCCESS);
    consumer = created.create_address;
}

static struct bytes request_calldata(struct bytes input, const struct job_limits *limits) {
    struct hash selector;
    keccak256(&selector, bytes_from(sample->request, strlen(sample->request)));
    uint8_t head[ABI_SELECTOR_SIZE + 5 * ABI_WORD] = {0};
    uint8_t *next = head + ABI_SELECTOR_SIZE;
    memcpy(head, selector.bytes, ABI_SELECTOR_SIZE);
    for (size_t i = 0; i < sample->head; i++, next += ABI_WORD) {
        const uint8_t *word = input.data + (sample->dropped + i) * ABI_WORD;
        memcpy(next, word, ABI_WORD);
        if (!sample->has_lists) continue;
        store_be64(next + 24, load_be64(word + 24) + (3 - sample->dropped) * ABI_WORD);
    }
    store_be64(next + 24, limits->max_cycles);
    store_be64(next + ABI_WORD + 24, limits->deadline);
    store_be64(next + 2 * ABI_WORD + 24, limits->callback_gas);
    const size_t taken = (sample->dropped + sample->head) * ABI_WORD;
    return joined(
        bytes_from(head, (size_t)(next - head) + 3 * ABI_WORD),
        bytes_slice(input, taken, input.len - taken)
    );
}

static struct job_request request_job(struct bytes input) {
    const struct job_limits limits = {5000000, chain.block.number + 100, 500000};
    const struct evm_result sent =
        test_chain_send(&chain, &consumer, 1000, request_calldata(input, &limits));
    assert_int_equal(sent.status, EVM_SUCCESS);
    const struct job_event event = test_chain_event(&chain, 0);
    assert_int_equal(event.kind, JOB_EVENT_REQUESTED);
    assert_bytes_equal(BYTES_OF(event.request.consumer), BYTES_OF(consumer));
    assert_bytes_equal(event.request.onchain_input, input);
    return event.request;
}

/* Runs, posts; the callback has worked and logged count logs behind JobCompleted. */
static struct job_run_result complete(const struct job_request *request, size_t count) {
    chain.block.number = request->ready_at;
    const struct job_call call = {
        request->program_id, bytes_from(image, image_len), request->onchain_input,
        bytes_from(NULL, 0), request->limits.max_cycles};
    struct job_run_result run;
    assert_int_equal(test_chain_run(&chain, &run, &call).code, STATUS_OK);
    const struct evm_result sent =
        test_chain_submit(&chain, request, &run, TEST_CHAIN_ID, &test_key);
    assert_int_equal(sent.status, EVM_SUCCESS);
    const struct job_event event = test_chain_event(&chain, 0);
    assert_int_equal(event.kind, JOB_EVENT_COMPLETED);
    assert_bytes_equal(event.completion.run.output, run.output);
    size_t log_count;
    const struct state_log *logs = state_logs(&chain.state, &log_count);
    assert_int_equal(log_count, 1 + count);
    for (size_t i = 1; i < log_count; i++) {
        assert_bytes_equal(BYTES_OF(logs[i].address), BYTES_OF(consumer));
    }
    return run;
}

static struct state_log last_log(void) {
    size_t count;
    const struct state_log *logs = state_logs(&chain.state, &count);
    return logs[count - 1];
}

static void put_word(uint8_t *word, uint64_t value) {
    memset(word, 0, ABI_WORD);
    store_be64(word + ABI_WORD - 8, value);
}

TEST(sqrt_finds_a_root_for_its_consumer) {
    start(&sqrt_sample);
    uint8_t number[32], root[32];
    put_word(number, 1764);
    put_word(root, 42);
    const struct job_request request = request_job(BYTES_OF(number));
    const struct job_run_result run = complete(&request, 1);
    assert_int_equal(run.code, 0);
    assert_bytes_equal(run.output, BYTES_OF(root));
    const struct state_log log = last_log(); /* RootFound(jobID; number, root) */
    assert_bytes_equal(BYTES_OF(log.topics[1]), BYTES_OF(request.job_id));
    assert_bytes_equal(bytes_slice(log.data, 0, 32), BYTES_OF(number));
    assert_bytes_equal(bytes_slice(log.data, 32, 32), BYTES_OF(root));
    test_chain_stop(&chain);
}

TEST(sha256_chain_hashes_for_its_consumer) {
    start(&hash_chain_sample);
    uint8_t input[64];
    memset(input, 0x5e, 32);
    put_word(input + 32, 10);
    const struct job_request request = request_job(BYTES_OF(input));
    const struct job_run_result run = complete(&request, 1);
    assert_int_equal(run.code, 0);
    assert_bytes_equal(last_log().data, run.output); /* ChainComputed(jobID; digest) */
    test_chain_stop(&chain);
}

struct order {
    uint64_t id, side, price, quantity;
};

static void put_orders(
    struct abi_writer *writer, struct abi_tuple *tuple, const struct order *orders, size_t count
) {
    struct abi_tuple list = abi_begin_array(writer, tuple, count, 4);
    for (size_t i = 0; i < count; i++) {
        abi_put_u64(writer, &list, orders[i].id);
        abi_put_u64(writer, &list, orders[i].side);
        abi_put_u64(writer, &list, orders[i].price);
        abi_put_u64(writer, &list, orders[i].quantity);
    }
    abi_end(writer, &list);
}

static struct hash root_of(const struct order *book, size_t count) {
    struct abi_writer writer = abi_writer_in(&chain.arena, 1024);
    struct abi_tuple tuple = abi_begin(&writer, 1);
    put_orders(&writer, &tuple, book, count);
    struct hash root;
    keccak256(&root, abi_written(&writer));
    return root;
}

static struct bytes matching_input(
    const struct hash *root,
    const struct order *orders,
    size_t order_count,
    const struct order *book,
    size_t book_count
) {
    struct abi_writer writer = abi_writer_in(&chain.arena, 1024);
    struct abi_tuple tuple = abi_begin(&writer, 3);
    abi_put_hash(&writer, &tuple, root);
    put_orders(&writer, &tuple, orders, order_count);
    put_orders(&writer, &tuple, book, book_count);
    return abi_written(&writer);
}

TEST(matching_moves_the_state_root_of_its_consumer) {
    start(&matching_sample);
    static const struct order first[] = {{1, 1, 100, 5}, {2, 0, 90, 1}};
    static const struct order first_book[] = {{2, 0, 90, 1}, {1, 1, 100, 5}}; /* bids first */
    static const struct order second[] = {{3, 0, 110, 2}};
    static const struct order second_book[] = {{2, 0, 90, 1}, {1, 1, 100, 3}};

    struct hash root = root_of(NULL, 0);
    struct job_request request = request_job(matching_input(&root, first, 2, NULL, 0));
    (void)complete(&request, 1); /* StateChanged */
    root = root_of(first_book, 2);
    assert_bytes_equal(bytes_slice(last_log().data, 32, 32), BYTES_OF(root));

    request = request_job(matching_input(&root, second, 1, first_book, 2));
    (void)complete(&request, 2); /* StateChanged, Matched(jobID; maker, taker, price, quantity) */
    const struct state_log matched = last_log();
    static const uint64_t expected[] = {1, 3, 100, 2};
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        assert_int_equal(load_be64(matched.data.data + i * ABI_WORD + 24), expected[i]);
    }

    /* A book that is not the one committed to is refused by the program, and the root stays. */
    root = root_of(second_book, 2);
    request = request_job(matching_input(&root, second, 1, first_book, 2));
    const struct job_run_result run = complete(&request, 1); /* JobFailed */
    assert_int_equal(run.code, 3);
    request = request_job(matching_input(&root, first, 2, second_book, 2));
    assert_int_equal(complete(&request, 1).code, 0);
    test_chain_stop(&chain);
}

TEST_MAIN(
    TEST_CASE(sqrt_finds_a_root_for_its_consumer),
    TEST_CASE(sha256_chain_hashes_for_its_consumer),
    TEST_CASE(matching_moves_the_state_root_of_its_consumer)
)
