/* Requests as strangers send them, to a node in memory with all methods: text, or a method's name with
 * parameters of likely shapes. Every answer is JSON, and none is too long. */
#include "base/fuzz.h"
#include "json/fuzz_json.h"

/* What rpc/testing.h asks of the unit tests' library. */
#define fail_msg(...)                     abort()
#define assert_true(condition)            ASSERT(condition)
#define assert_non_null(pointer)          ASSERT((pointer) != NULL)
#define assert_int_equal(a, b)            ASSERT((a) == (b))
#define assert_memory_equal(a, b, length) ASSERT(memcmp(a, b, length) == 0)
#include "rpc/testing.h"

enum { METHODS_MAX = 512, PARAMS_MAX = 5 };

static const char *const word_list[] = {
    "latest",
    "pending",
    "earliest",
    "safe",
    "finalized",
    "from",
    "to",
    "data",
    "input",
    "value",
    "gas",
    "gasPrice",
    "maxFeePerGas",
    "maxPriorityFeePerGas",
    "maxFeePerBlobGas",
    "nonce",
    "accessList",
    "address",
    "storageKeys",
    "topics",
    "fromBlock",
    "toBlock",
    "blockHash",
    "blockNumber",
    "authorizationList",
    "chainId",
    "yParity",
    "r",
    "s",
    "balance",
    "code",
    "state",
    "stateDiff",
    "movePrecompileToAddress",
    "number",
    "time",
    "gasLimit",
    "feeRecipient",
    "prevRandao",
    "baseFeePerGas",
    "blobBaseFee",
    "tracer",
    "tracerConfig",
    "callTracer",
    "prestateTracer",
    "4byteTracer",
    "muxTracer",
    "flatCallTracer",
    "erc7562Tracer",
    "noopTracer",
    "diffMode",
    "onlyTopCall",
    "withLog",
    "enableMemory",
    "enableReturnData",
    "disableStack",
    "disableStorage",
    "limit",
    "stateOverrides",
    "blockOverrides",
    "blockStateCalls",
    "calls",
    "validation",
    "traceTransfers",
    "returnFullTransactions",
    "blobs",
    "commitments",
    "proofs",
    "blobVersionedHashes",
    "type",
    "types",
    "domain",
    "message",
    "primaryType",
    "EIP712Domain",
    "name",
    "timeout",
    "reexec",
    "txIndex",
    "0x",
    "",
    "newHeads",
    "logs",
    TEST_SENDER,
    TEST_RECORDER,
    TEST_REVERTER,
};
static const struct fuzz_words words = {word_list, ARRAY_LEN(word_list)};

static struct test_node *node;
static const char *methods[METHODS_MAX];
static size_t method_count;

static void open_node(void) {
    struct rpc_table tables[RPC_ETH_TABLES_MAX];
    node = test_node_open();
    const size_t count = rpc_eth_tables(node->eth, tables);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < tables[i].method_count; j++) {
            ASSERT(method_count < METHODS_MAX);
            methods[method_count++] = tables[i].methods[j].name;
        }
    }
}

static void write_call(struct json_writer *out, struct fuzz_bytes *in) {
    const size_t choice = fuzz_byte(in) | (size_t)fuzz_byte(in) << 8;
    json_begin_object(out);
    json_name(out, "jsonrpc");
    json_write_cstring(out, "2.0");
    json_name(out, "id");
    json_write_number(out, 1);
    json_name(out, "method");
    json_write_cstring(out, methods[choice % method_count]);
    json_name(out, "params");
    json_begin_array(out);
    for (unsigned i = fuzz_byte(in) % PARAMS_MAX; i > 0; i--) {
        fuzz_json_value(out, in, &words, 0);
    }
    json_end_array(out);
    json_end_object(out);
}

static void ask(struct bytes request) {
    struct arena arena;
    const struct json *answer;
    arena_init(&arena, &heap_source);
    json_writer_reset(&node->writer, 1 << 20);
    if (rpc_dispatch(node->dispatcher, &node->writer, request, NULL)) {
        ASSERT(!node->writer.overflowed);
        ASSERT(
            json_parse(&arena, &answer, json_writer_text(&node->writer), &json_limits_file) ==
            JSON_VALID
        );
    } else {
        ASSERT(json_writer_text(&node->writer).len == 0);
    }
    arena_reset(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (node == NULL) open_node();
    if (size == 0) return 0;
    if (data[0] == '{' || data[0] == '[') {
        ask(bytes_from(data, size));
        return 0;
    }
    struct fuzz_bytes in = {data + 1, data + size};
    struct json_writer request;
    json_writer_init(&request, RPC_REQUEST_SIZE_MAX);
    if (data[0] % 4 == 0) {
        json_begin_array(&request);
        write_call(&request, &in);
        write_call(&request, &in);
        json_end_array(&request);
    } else {
        write_call(&request, &in);
    }
    ask(json_writer_text(&request));
    json_writer_free(&request);
    return 0;
}
