/* The Ethereum namespaces over a node in memory. */
#include "base/test.h"
#include "chain/stateless.h"
#include "codec/hex.h"
#include "crypto/keccak.h"
#include "rpc/testing.h"
#include "trie/trie_proof.h"

#include <stdio.h>

struct exchange {
    const char *method;
    const char *params;
    const char *answer;
};

static void expect_all(struct test_node *node, const struct exchange *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const char *answer = test_call(node, cases[i].method, cases[i].params);
        if (strcmp(answer, cases[i].answer) != 0) {
            fail_msg(
                "%s%s\n  gave  %s\n  want  %s", cases[i].method, cases[i].params, answer,
                cases[i].answer
            );
        }
    }
}

/* The text value of the first member named key; good until the next. */
static const char *member(const char *answer, const char *key) {
    static char value[1 << 16];
    char name[80];
    (void)snprintf(name, sizeof name, "\"%s\":", key);
    const char *at = strstr(answer, name);
    if (at == NULL) fail_msg("no %s in %s", key, answer);
    at += strlen(name);
    const bool quoted = *at == '"';
    const size_t len = quoted ? strcspn(at + 1, "\"") : strcspn(at, ",}]");
    (void)snprintf(value, sizeof value, "%.*s", (int)len, at + quoted);
    return value;
}

static void expect_member(const char *answer, const char *key, const char *wanted) {
    assert_string_equal(member(answer, key), wanted);
}

#define RESULT(json)         "\"result\":" json "}"
#define ERROR(code, message) "\"error\":{\"code\":" code ",\"message\":\"" message "\"}}"
#define WORD(digit)          "000000000000000000000000000000000000000000000000000000000000000" digit

/* ---- Arguments ---- */

TEST(wrong_arguments_get_geths_words) {
    static const struct exchange cases[] = {
        {"eth_getBalance", "[]", ERROR("-32602", "missing value for required argument 0")},
        {"eth_getBalance", "[null]", ERROR("-32602", "missing value for required argument 0")},
        {"eth_getBalance", "[5]",
         ERROR(
             "-32602",
             "invalid argument 0: json: cannot unmarshal non-string into Go value of type "
             "common.Address"
         )},
        {"eth_getBalance", "[\"0x12\"]",
         ERROR(
             "-32602", "invalid argument 0: hex string has length 2, want 40 for common.Address"
         )},
        {"eth_getBalance", "[\"f39fd6e51aad88f6f4ce6ab8827279cfffb92266\"]",
         ERROR(
             "-32602",
             "invalid argument 0: json: cannot unmarshal hex string without 0x prefix into Go "
             "value of type common.Address"
         )},
        {"eth_getBalance", "[\"" TEST_SENDER "\",\"0x01\"]",
         ERROR("-32602", "invalid argument 1: hex number with leading zero digits")},
        {"eth_getBalance", "[\"" TEST_SENDER "\",\"5\"]",
         ERROR("-32602", "invalid argument 1: hex string without 0x prefix")},
        {"eth_getBalance", "[\"" TEST_SENDER "\",\"0xffffffffffffffff\"]",
         ERROR("-32602", "invalid argument 1: block number larger than int64")},
        {"eth_getBalance", "[\"" TEST_SENDER "\",\"0x10000000000000000\"]",
         ERROR("-32602", "invalid argument 1: hex number > 64 bits")},
        {"eth_getBalance", "[\"" TEST_SENDER "\",\"0x5\"]", ERROR("-32000", "header not found")},
        {"eth_getBalance", "[\"" TEST_SENDER "\",\"finalized\"]",
         ERROR("-32000", "finalized block not found")},
        {"eth_getBalance", "[\"" TEST_SENDER "\",{\"blockHash\":\"0x" WORD("1") "\"}]",
         ERROR("-32000", "header for hash not found")},
        {"eth_getBalance",
         "[\"" TEST_SENDER "\",{\"blockNumber\":\"0x0\",\"blockHash\":\"0x" WORD("1") "\"}]",
         ERROR(
             "-32602",
             "invalid argument 1: cannot specify both BlockHash and BlockNumber, choose one or the "
             "other"
         )},
        {"eth_getBalance", "[\"" TEST_SENDER "\",\"latest\",1]",
         ERROR("-32602", "too many arguments, want at most 2")},
        {"eth_getBlockByNumber", "[\"latest\",\"yes\"]",
         ERROR(
             "-32602",
             "invalid argument 1: json: cannot unmarshal string into Go value of type bool"
         )},
        {"eth_getTransactionByHash", "[\"0xzz" WORD("1") "\"]",
         ERROR("-32602", "invalid argument 0: hex string has length 66, want 64 for common.Hash")},
        {"eth_sendRawTransaction", "[\"0x1\"]",
         ERROR(
             "-32602",
             "invalid argument 0: json: cannot unmarshal hex string of odd length into Go value of "
             "type hexutil.Bytes"
         )},
        {"eth_call", "[{\"to\":\"0x1\"}]",
         ERROR(
             "-32602",
             "invalid argument 0: json: cannot unmarshal hex string of odd length into Go struct "
             "field TransactionArgs.to of type common.Address"
         )},
        {"eth_call", "[{\"data\":\"0x01\",\"input\":\"0x02\"}]",
         ERROR(
             "-32000",
             "both \\\"data\\\" and \\\"input\\\" are set and not equal. Please use \\\"input\\\" "
             "to pass transaction call data"
         )},
        {"eth_call", "[{\"gasPrice\":\"0x1\",\"maxFeePerGas\":\"0x2\"}]",
         ERROR("-32000", "both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified")},
        {"eth_getLogs", "[{\"fromBlock\":\"0x2\",\"toBlock\":\"0x1\"}]",
         ERROR("-32602", "invalid block range params")},
        {"eth_getLogs", "[{\"blockHash\":\"0x" WORD("1") "\"}]", ERROR("-32000", "unknown block")},
        {"eth_getFilterChanges", "[\"0x1\"]", ERROR("-32000", "filter not found")},
        {"eth_subscribe", "[\"newHeads\"]", ERROR("-32601", "notifications not supported")},
        {"eth_subscribe", "[\"x\"]", ERROR("-32601", "no \\\"x\\\" subscription in eth namespace")},
        {"eth_sendTransaction", "[{\"from\":\"" TEST_RECORDER "\",\"to\":\"" TEST_SENDER "\"}]",
         ERROR("-32000", "unknown account")},
    };
    struct test_node *node = test_node_open();
    expect_all(node, cases, ARRAY_LEN(cases));
    test_node_close(node);
}

/* ---- The node and its state ---- */

TEST(a_fresh_chain_answers_the_first_questions) {
    static const struct exchange cases[] = {
        {"eth_chainId", "[]", RESULT("\"0x7a69\"")},
        {"eth_blockNumber", "[]", RESULT("\"0x0\"")},
        {"eth_syncing", "[]", RESULT("false")},
        {"eth_accounts", "[]", RESULT("[\"" TEST_SENDER "\"]")},
        {"net_version", "[]", RESULT("\"31337\"")},
        {"web3_clientVersion", "[]", RESULT("\"Infinity/test\"")},
        {"web3_sha3", "[\"0x\"]",
         RESULT("\"0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470\"")},
        {"rpc_modules", "[]",
         RESULT("{\"debug\":\"1.0\",\"eth\":\"1.0\",\"net\":\"1.0\",\"personal\":\"1.0\",\"rpc\":"
                "\"1.0\",\"txpool\":\"1.0\",\"web3\":\"1.0\"}")},
        {"eth_getBalance", "[\"" TEST_SENDER "\"]", RESULT("\"0x3e80000000000000000\"")},
        {"eth_getBalance", "[\"0x0000000000000000000000000000000000000bad\",\"earliest\"]",
         RESULT("\"0x0\"")},
        {"eth_getCode", "[\"" TEST_REVERTER "\",\"latest\"]", RESULT("\"0x365f5f37365ffd\"")},
        {"eth_getCode", "[\"" TEST_SENDER "\",\"0x0\"]", RESULT("\"0x\"")},
        {"eth_getStorageAt", "[\"" TEST_RECORDER "\",\"0x0\",\"latest\"]",
         RESULT("\"0x" WORD("0") "\"")},
        {"eth_getStorageAt", "[\"" TEST_RECORDER "\",\"0x0" WORD("0") "\",\"latest\"]",
         ERROR("-32602", "storage key too long (want at most 32 bytes): \\\"0x0" WORD("0") "\\\"")},
        {"eth_getTransactionCount", "[\"" TEST_RECORDER "\",\"latest\"]", RESULT("\"0x1\"")},
        {"eth_getTransactionCount", "[\"" TEST_SENDER "\",\"pending\"]", RESULT("\"0x0\"")},
        {"eth_gasPrice", "[]", RESULT("\"0x6fc23ac0\"")},
        {"eth_maxPriorityFeePerGas", "[]", RESULT("\"0x3b9aca00\"")},
        {"eth_getBlockByNumber", "[\"0x1\",true]", RESULT("null")},
        {"eth_getBlockByHash", "[\"0x" WORD("1") "\",true]", RESULT("null")},
        {"eth_getTransactionByHash", "[\"0x" WORD("1") "\"]", RESULT("null")},
        {"eth_getTransactionReceipt", "[\"0x" WORD("1") "\"]", RESULT("null")},
        {"eth_getBlockReceipts", "[\"0x0\"]", RESULT("[]")},
        {"eth_getBlockReceipts", "[\"0x1\"]", RESULT("null")},
        {"eth_getBlockTransactionCountByNumber", "[\"0x0\"]", RESULT("\"0x0\"")},
        {"eth_getUncleCountByBlockNumber", "[\"latest\"]", RESULT("\"0x0\"")},
        {"txpool_status", "[]", RESULT("{\"pending\":\"0x0\",\"queued\":\"0x0\"}")},
        {"txpool_content", "[]", RESULT("{\"pending\":{},\"queued\":{}}")},
        {"eth_feeHistory", "[\"0x1\",\"latest\",[50]]",
         RESULT("{\"oldestBlock\":\"0x0\",\"reward\":[[\"0x0\"]],\"baseFeePerGas\":[\"0x3b9aca00\","
                "\"0x342770c0\"],\"gasUsedRatio\":[0],"
                "\"baseFeePerBlobGas\":[\"0x1\",\"0x1\"],\"blobGasUsedRatio\":[0]}")},
        {"eth_feeHistory", "[1,\"0x5\"]",
         ERROR("-32000", "request beyond head block: requested 5, head 0")},
        {"eth_feeHistory", "[1,\"latest\",[50,20]]",
         ERROR("-32000", "invalid reward percentile: #0:50.000000 >= #1:20.000000")},
    };
    struct test_node *node = test_node_open();
    expect_all(node, cases, ARRAY_LEN(cases));
    test_node_close(node);
}

/* ---- Transactions ---- */

/* Sends from the unlocked account; the hash, which stays good. */
static const char *send_tx(struct test_node *node, const char *members) {
    static char hash[4][80];
    static size_t next;
    char params[2048];
    (void)snprintf(params, sizeof params, "[{\"from\":\"" TEST_SENDER "\",%s}]", members);
    char *out = hash[next++ % ARRAY_LEN(hash)];
    const char *answer = test_call(node, "eth_sendTransaction", params);
    (void)snprintf(out, sizeof hash[0], "%s", member(answer, "result"));
    assert_int_equal(strlen(out), 66);
    return out;
}

static const char *call_with(struct test_node *node, const char *method, const char *text) {
    char params[256];
    (void)snprintf(params, sizeof params, "[\"%s\"]", text);
    return test_call(node, method, params);
}

TEST(a_transaction_is_seen_pending_then_mined_with_its_logs) {
    struct test_node *node = test_node_open();
    char filter[80], blocks[80], txs[80];
    (void)strcpy(
        filter,
        member(test_call(node, "eth_newFilter", "[{\"address\":\"" TEST_RECORDER "\"}]"), "result")
    );
    (void)strcpy(blocks, member(test_call(node, "eth_newBlockFilter", "[]"), "result"));
    (void)strcpy(txs, member(test_call(node, "eth_newPendingTransactionFilter", "[]"), "result"));

    const char *hash = send_tx(node, "\"to\":\"" TEST_RECORDER "\",\"data\":\"0x" WORD("7") "\"");
    const char *answer = call_with(node, "eth_getTransactionByHash", hash);
    expect_member(answer, "blockHash", "null");
    expect_member(answer, "from", TEST_SENDER);
    expect_member(answer, "type", "0x2");
    expect_member(answer, "maxFeePerGas", "0xa3e9ab80"); /* tip and twice the next base fee */
    answer = test_call(node, "eth_getTransactionCount", "[\"" TEST_SENDER "\",\"pending\"]");
    assert_string_equal(answer, RESULT("\"0x1\""));
    assert_non_null(strstr(test_call(node, "txpool_content", "[]"), hash));
    assert_non_null(strstr(call_with(node, "eth_getFilterChanges", txs), hash));
    assert_string_equal(call_with(node, "eth_getFilterChanges", filter), RESULT("[]"));
    assert_string_equal(call_with(node, "eth_getTransactionReceipt", hash), RESULT("null"));

    test_mine(node);
    answer = call_with(node, "eth_getTransactionReceipt", hash);
    expect_member(answer, "status", "0x1");
    expect_member(answer, "blockNumber", "0x1");
    expect_member(answer, "contractAddress", "null");
    expect_member(answer, "effectiveGasPrice", "0x6fc23ac0");
    expect_member(answer, "logIndex", "0x0");
    expect_member(answer, "data", "0x" WORD("7"));
    answer = call_with(node, "eth_getTransactionByHash", hash);
    expect_member(answer, "blockNumber", "0x1");
    expect_member(answer, "gasPrice", "0x6fc23ac0");
    assert_non_null(strstr(call_with(node, "eth_getFilterChanges", filter), hash));
    assert_string_equal(call_with(node, "eth_getFilterChanges", filter), RESULT("[]"));
    assert_non_null(strstr(call_with(node, "eth_getFilterLogs", filter), hash));
    assert_int_equal(
        strlen(member(call_with(node, "eth_getFilterChanges", blocks), "result")),
        strlen("[\"\"") + 66
    );
    assert_string_equal(call_with(node, "eth_uninstallFilter", blocks), RESULT("true"));
    assert_string_equal(call_with(node, "eth_uninstallFilter", blocks), RESULT("false"));

    static const struct exchange cases[] = {
        {"eth_getStorageAt", "[\"" TEST_RECORDER "\",\"0x0\",\"latest\"]",
         RESULT("\"0x" WORD("7") "\"")},
        {"eth_getStorageAt", "[\"" TEST_RECORDER "\",\"0x0\",\"0x0\"]",
         RESULT("\"0x" WORD("0") "\"")},
        {"eth_getStorageValues", "[{\"" TEST_RECORDER "\":[\"0x" WORD("0") "\"]}]",
         RESULT("{\"" TEST_RECORDER "\":[\"0x" WORD("7") "\"]}")},
        {"eth_getBlockTransactionCountByNumber", "[\"0x1\"]", RESULT("\"0x1\"")},
        {"eth_getLogs", "[{\"topics\":[\"0x" WORD("8") "\"]}]", RESULT("[]")},
        {"eth_getLogs", "[{\"fromBlock\":\"0x0\",\"topics\":[null,null]}]", RESULT("[]")},
        {"eth_getLogs", "[{\"address\":\"" TEST_REVERTER "\",\"fromBlock\":\"0x0\"}]",
         RESULT("[]")},
        {"txpool_status", "[]", RESULT("{\"pending\":\"0x0\",\"queued\":\"0x0\"}")},
    };
    expect_all(node, cases, ARRAY_LEN(cases));
    answer = test_call(
        node, "eth_getLogs",
        "[{\"fromBlock\":\"earliest\",\"topics\":[[\"0x" WORD("8") "\",\"0x" WORD("7") "\"]]}]"
    );
    expect_member(answer, "transactionHash", hash);
    expect_member(answer, "removed", "false");
    answer = test_call(node, "eth_getBlockByNumber", "[\"latest\",false]");
    assert_non_null(strstr(answer, hash));
    expect_member(answer, "baseFeePerGas", "0x342770c0");
    answer = test_call(node, "eth_getBlockByNumber", "[\"0x1\",true]");
    expect_member(answer, "from", TEST_SENDER);
    test_node_close(node);
}

TEST(the_pools_refusals_reach_the_client) {
    struct test_node *node = test_node_open();
    static const struct exchange cases[] = {
        {"eth_sendRawTransaction", "[\"0x\"]", NULL},
        {"eth_sendRawTransaction", "[\"0x02\"]", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        expect_member(test_call(node, cases[i].method, cases[i].params), "code", "-32000");
    }
    (void)send_tx(node, "\"to\":\"" TEST_SENDER "\",\"nonce\":\"0x0\"");
    const char *answer = test_call(
        node, "eth_sendTransaction",
        "[{\"from\":\"" TEST_SENDER "\",\"to\":\"" TEST_SENDER
        "\",\"nonce\":\"0x0\",\"value\":\"0x1\"}]"
    );
    assert_string_equal(answer, ERROR("-32000", "replacement transaction underpriced"));
    test_mine(node);
    answer = test_call(
        node, "eth_sendTransaction",
        "[{\"from\":\"" TEST_SENDER "\",\"to\":\"" TEST_SENDER
        "\",\"nonce\":\"0x0\",\"gas\":\"0x5208\"}]"
    );
    assert_non_null(strstr(answer, "nonce too low"));
    test_node_close(node);
}

/* ---- Calls ---- */

#define ERROR_NOPE                                                     \
    "0x08c379a0"                                                       \
    "0000000000000000000000000000000000000000000000000000000000000020" \
    "0000000000000000000000000000000000000000000000000000000000000004" \
    "6e6f706500000000000000000000000000000000000000000000000000000000"
#define REVERTED(message, data) \
    "\"error\":{\"code\":3,\"message\":\"" message "\",\"data\":\"" data "\"}}"

TEST(calls_run_on_the_state_and_change_nothing) {
    static const struct exchange cases[] = {
        {"eth_call",
         "[{\"to\":\"" TEST_RECORDER
         "\",\"data\":\"0x" WORD("5") "\",\"input\":\"0x" WORD("5") "\"},\"latest\"]",
         RESULT("\"0x" WORD("5") "\"")},
        {"eth_getStorageAt", "[\"" TEST_RECORDER "\",\"0x0\",\"latest\"]",
         RESULT("\"0x" WORD("0") "\"")},
        {"eth_call", "[{\"to\":\"" TEST_SENDER "\"}]", RESULT("\"0x\"")},
        {"eth_call", "[{\"to\":\"" TEST_REVERTER "\"}]", REVERTED("execution reverted", "0x")},
        {"eth_call", "[{\"to\":\"" TEST_REVERTER "\",\"data\":\"" ERROR_NOPE "\"}]",
         REVERTED("execution reverted: nope", ERROR_NOPE)},
        {"eth_call",
         "[{\"to\":\"" TEST_REVERTER "\",\"data\":\"0x4e487b71"
         "0000000000000000000000000000000000000000000000000000000000000011\"}]",
         REVERTED(
             "execution reverted: arithmetic underflow or overflow",
             "0x4e487b710000000000000000000000000000000000000000000000000000000000000011"
         )},
        {"eth_call", "[{\"to\":\"" TEST_REVERTER "\",\"data\":\"0x08c379a0ff\"}]",
         REVERTED("execution reverted", "0x08c379a0ff")},
        {"eth_estimateGas", "[{\"to\":\"" TEST_REVERTER "\",\"data\":\"" ERROR_NOPE "\"}]",
         REVERTED("execution reverted: nope", ERROR_NOPE)},
        {"eth_call", "[{\"data\":\"0xfe\"}]", ERROR("-32000", "invalid opcode")},
        {"eth_call", "[{\"to\":\"" TEST_SENDER "\",\"gas\":\"0x5207\"}]",
         ERROR(
             "-32000", "err: intrinsic gas too low: have 20999, want 21000 (supplied gas 20999)"
         )},
        {"eth_call",
         "[{\"from\":\"" TEST_REVERTER "\",\"to\":\"" TEST_SENDER
         "\",\"value\":\"0x1\",\"gas\":\"0x5208\"}]",
         ERROR(
             "-32000",
             "err: insufficient funds for gas * price + value: address "
             "0x000000000000000000000000000000000000aA02 have 0 want 1 (supplied gas 21000)"
         )},
        {"eth_call", "[{\"to\":\"" TEST_SENDER "\",\"gasPrice\":\"0x1\",\"gas\":\"0x5208\"}]",
         ERROR(
             "-32000",
             "err: max fee per gas less than block base fee: address "
             "0x0000000000000000000000000000000000000000, maxFeePerGas: 1, baseFee: 1000000000 "
             "(supplied gas 21000)"
         )},
        {"eth_estimateGas", "[{\"to\":\"" TEST_SENDER "\"}]", RESULT("\"0x5208\"")},
        {"eth_estimateGas",
         "[{\"to\":\"" TEST_RECORDER "\",\"data\":\"0x" WORD("5") "\",\"gas\":\"0x6000\"}]",
         ERROR("-32000", "gas required exceeds allowance (24576)")},
        {"eth_createAccessList", "[{\"from\":\"" TEST_SENDER "\",\"to\":\"" TEST_SENDER "\"}]",
         RESULT("{\"accessList\":[],\"gasUsed\":\"0x5208\"}")},
        {"eth_call",
         "[{\"to\":\"" TEST_SENDER "\"},\"latest\",{\"" TEST_SENDER
         "\":{\"code\":\"0x5f545f5260205ff3\",\"stateDiff\":{\"0x" WORD("0") "\":\"0x" WORD("9"
         ) "\"}}}]",
         RESULT("\"0x" WORD("9") "\"")},
        {"eth_call",
         "[{\"to\":\"" TEST_SENDER "\"},\"latest\",{\"" TEST_SENDER
         "\":{\"code\":\"0x435f5260205ff3\"}},{\"number\":\"0x5\"}]",
         RESULT("\"0x" WORD("5") "\"")},
        {"eth_call",
         "[{\"to\":\"" TEST_SENDER "\"},\"latest\",{\"" TEST_SENDER
         "\":{\"state\":{},\"stateDiff\":{}}}]",
         ERROR("-32000", "account " TEST_SENDER " has both 'state' and 'stateDiff'")},
    };
    struct test_node *node = test_node_open();
    expect_all(node, cases, ARRAY_LEN(cases));
    const char *answer = test_call(
        node, "eth_createAccessList",
        "[{\"from\":\"" TEST_SENDER "\",\"to\":\"" TEST_RECORDER "\",\"data\":\"0x" WORD("5") "\"}]"
    );
    assert_non_null(strstr(
        answer,
        "{\"accessList\":[{\"address\":\"" TEST_RECORDER
        "\",\"storageKeys\":[\"0x" WORD("0") "\"]}]"
    ));
    test_node_close(node);
}

TEST(an_estimate_is_enough_and_not_much_more) {
    struct test_node *node = test_node_open();
    const char *call = "[{\"from\":\"" TEST_SENDER "\",\"to\":\"" TEST_RECORDER
                       "\",\"data\":\"0x" WORD("5") "\"}]";
    const unsigned long gas =
        strtoul(member(test_call(node, "eth_estimateGas", call), "result"), NULL, 16);
    char params[300];
    (void)snprintf(
        params, sizeof params,
        "\"to\":\"" TEST_RECORDER "\",\"data\":\"0x" WORD("5") "\",\"gas\":\"0x%lx\"", gas
    );
    const char *hash = send_tx(node, params);
    test_mine(node);
    const char *answer = call_with(node, "eth_getTransactionReceipt", hash);
    expect_member(answer, "status", "0x1");
    const unsigned long used = strtoul(member(answer, "gasUsed"), NULL, 16);
    assert_true(gas >= used && gas < used + used / 60);
    test_node_close(node);
}

/* ---- Traces ---- */

TEST(a_trace_shows_what_a_transaction_did) {
    struct test_node *node = test_node_open();
    const char *hash = send_tx(
        node, "\"to\":\"" TEST_RECORDER "\",\"data\":\"0x" WORD("7") "\",\"gas\":\"0x186a0\""
    );
    (void)send_tx(node, "\"to\":\"" TEST_RECORDER "\",\"data\":\"0x" WORD("8") "\"");
    test_mine(node);
    char params[400];
    const char *answer = call_with(node, "debug_traceTransaction", hash);
    static const char steps[] = "\"result\":{\"structLogs\":[{\"pc\":0,\"op\":\"PUSH0\",\"gas\":"
                                "78860,\"depth\":1,\"stack\":[],"
                                "\"gasCost\":2},{\"pc\":1,\"op\":\"CALLDATALOAD\",\"gas\":78858,"
                                "\"depth\":1,\"stack\":[\"0x0\"],"
                                "\"gasCost\":3},{\"pc\":2,\"op\":\"PUSH0\",\"gas\":78855,\"depth\":"
                                "1,\"stack\":[\"0x7\"],\"gasCost\":2},"
                                "{\"pc\":3,\"op\":\"SSTORE\",\"gas\":78853,\"depth\":1,\"stack\":["
                                "\"0x7\",\"0x0\"],\"storage\":{"
                                "\"0x" WORD("0") "\":\"0x" WORD("7") "\"},\"gasCost\":22100},";
    assert_memory_equal(answer, steps, sizeof steps - 1);
    expect_member(answer, "failed", "false");
    expect_member(answer, "returnValue", "0x" WORD("7"));

    (void)snprintf(
        params, sizeof params,
        "[\"%s\",{\"tracer\":\"callTracer\",\"tracerConfig\":{\"withLog\":true}}]", hash
    );
    answer = test_call(node, "debug_traceTransaction", params);
    expect_member(answer, "type", "CALL");
    expect_member(answer, "gas", "0x186a0");
    expect_member(answer, "to", TEST_RECORDER);
    expect_member(answer, "output", "0x" WORD("7"));
    expect_member(answer, "position", "0x0");
    assert_non_null(strstr(
        answer, "\"topics\":[\"0x" WORD("7") "\"],\"data\":\"0x" WORD("7") "\",\"index\":\"0x0\""
    ));

    answer = test_call(node, "debug_traceBlockByNumber", "[\"0x1\",{\"tracer\":\"callTracer\"}]");
    assert_non_null(strstr(answer, hash));
    assert_non_null(strstr(answer, "\"output\":\"0x" WORD("8") "\""));
    static const struct exchange cases[] = {
        {"debug_traceTransaction", "[\"0x" WORD("1") "\"]",
         ERROR("-32000", "transaction not found")},
        {"debug_traceBlockByNumber", "[\"0x0\"]", ERROR("-32000", "genesis is not traceable")},
        {"debug_traceBlockByHash", "[\"0x" WORD("1") "\"]",
         ERROR("-32000", "block 0x" WORD("1") " not found")},
        {"debug_traceCall",
         "[{\"to\":\"" TEST_REVERTER "\",\"data\":\"" ERROR_NOPE
         "\",\"gas\":\"0xffff\"},\"latest\",{\"tracer\":\"callTracer\"}]",
         RESULT("{\"type\":\"CALL\",\"from\":\"0x0000000000000000000000000000000000000000\","
                "\"gas\":\"0xffff\",\"gasUsed\":\"0x571c\","
                "\"to\":\"" TEST_REVERTER "\",\"input\":\"" ERROR_NOPE "\",\"output\":\"" ERROR_NOPE
                "\","
                "\"error\":\"execution reverted\",\"revertReason\":\"nope\",\"value\":\"0x0\"}")},
    };
    expect_all(node, cases, ARRAY_LEN(cases));
    test_node_close(node);
}

/* What debug_traceTransaction answers for hash, where options name a tracer. */
static const char *traced(struct test_node *node, const char *hash, const char *options) {
    char params[400];
    (void)snprintf(params, sizeof params, "[\"%s\",{%s}]", hash, options);
    return test_call(node, "debug_traceTransaction", params);
}

TEST(each_tracer_answers_in_its_shape) {
    struct test_node *node = test_node_open();
    const char *hash = send_tx(node, "\"to\":\"" TEST_RECORDER "\",\"data\":\"0x" WORD("7") "\"");
    test_mine(node);
    const char *answer = traced(node, hash, "\"tracer\":\"4byteTracer\"");
    assert_non_null(strstr(answer, RESULT("{\"0x00000000-28\":1}")));
    answer = traced(node, hash, "\"tracer\":\"noopTracer\"");
    assert_non_null(strstr(answer, RESULT("{}")));

    answer = traced(node, hash, "\"tracer\":\"prestateTracer\"");
    assert_non_null(strstr(answer, "\"storage\":{\"0x" WORD("0") "\":\"0x" WORD("0") "\"}"));
    answer =
        traced(node, hash, "\"tracer\":\"prestateTracer\",\"tracerConfig\":{\"diffMode\":true}");
    const char *post = strstr(answer, "\"post\":{"), *pre = strstr(answer, "\"pre\":{");
    assert_true(post != NULL && pre != NULL && post < pre);
    const char *slot = strstr(answer, "\"storage\":{\"0x" WORD("0") "\":\"0x" WORD("7") "\"}");
    assert_true(slot > post && slot < pre);
    assert_null(strstr(pre, "storage"));

    answer = traced(node, hash, "\"tracer\":\"flatCallTracer\"");
    expect_member(answer, "callType", "call");
    expect_member(answer, "transactionHash", hash);
    expect_member(answer, "blockNumber", "1");
    answer = traced(node, hash, "\"tracer\":\"erc7562Tracer\"");
    assert_non_null(strstr(answer, "\"writes\":{\"0x" WORD("0") "\":1}"));

    answer = traced(
        node, hash,
        "\"tracer\":\"muxTracer\",\"tracerConfig\":{\"4byteTracer\":{},"
        "\"callTracer\":{\"withLog\":true}}"
    );
    assert_non_null(strstr(answer, "{\"4byteTracer\":{\"0x00000000-28\":1},\"callTracer\":{"));
    expect_member(answer, "position", "0x0");
    test_node_close(node);
}

TEST(a_tracer_that_is_not_there_or_asked_for_wrongly_is_refused) {
    struct test_node *node = test_node_open();
    const char *hash = send_tx(node, "\"to\":\"" TEST_RECORDER "\",\"data\":\"0x" WORD("7") "\"");
    test_mine(node);
    static const struct {
        const char *options, *error;
    } cases[] = {
        {"\"tracer\":\"{step: function() {}}\"", "tracer not found"},
        {"\"tracer\":\"callTracer\",\"tracerConfig\":[]", "tracerConfig is no object"},
        {"\"tracer\":\"callTracer\",\"timeout\":\"soon\"", "timeout is no duration"},
        {"\"timeout\":5", "timeout is no duration"},
        {"\"tracer\":\"muxTracer\",\"tracerConfig\":{\"muxTracer\":{}}", "tracer not found"},
        {"\"tracer\":\"prestateTracer\",\"tracerConfig\":{\"diffMode\":true,"
         "\"includeEmpty\":true}",
         "cannot use diffMode with includeEmpty"},
        {"\"tracer\":\"erc7562Tracer\",\"tracerConfig\":{\"ignoredOpcodes\":[\"0x100\"]}",
         "ignoredOpcodes holds what is no opcode"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *answer = traced(node, hash, cases[i].options);
        if (strstr(answer, cases[i].error) == NULL) {
            fail_msg("%s gave %s", cases[i].options, answer);
        }
        expect_member(answer, "code", "-32000");
    }
    test_node_close(node);
}

TEST(a_call_is_traced_within_a_block_too) {
    struct test_node *node = test_node_open();
    (void)send_tx(node, "\"to\":\"" TEST_RECORDER "\",\"data\":\"0x" WORD("7") "\"");
    (void)send_tx(node, "\"to\":\"" TEST_RECORDER "\",\"data\":\"0x" WORD("8") "\"");
    test_mine(node);
    static const char *const values[] = {WORD("0"), WORD("7"), WORD("8")};
    for (unsigned i = 0; i < ARRAY_LEN(values); i++) {
        char params[400], wanted[200];
        (void)snprintf(
            params, sizeof params,
            "[{\"to\":\"" TEST_RECORDER "\",\"gas\":\"0xffff\"},\"0x1\",{\"txIndex\":\"0x%x\","
            "\"tracer\":\"prestateTracer\"}]",
            i
        );
        (void
        )snprintf(wanted, sizeof wanted, "\"storage\":{\"0x" WORD("0") "\":\"0x%s\"}", values[i]);
        const char *answer = test_call(node, "debug_traceCall", params);
        if (strstr(answer, wanted) == NULL) fail_msg("%s gave %s", params, answer);
    }
    const char *answer = test_call(
        node, "debug_traceCall", "[{\"to\":\"" TEST_RECORDER "\"},\"0x1\",{\"txIndex\":\"0x3\"}]"
    );
    expect_member(answer, "message", "transaction index 3 out of range");
    test_node_close(node);
}

/* ---- Proofs and signatures ---- */

TEST(a_proof_verifies_against_the_blocks_state_root) {
    struct test_node *node = test_node_open();
    (void)send_tx(node, "\"to\":\"" TEST_RECORDER "\",\"data\":\"0x" WORD("7") "\"");
    test_mine(node);
    test_mine(node);
    static const char *const blocks[] = {"latest", "0x1", "0x0"};
    static const char *const values[] = {"0x7", "0x7", "0x0"};
    for (size_t i = 0; i < ARRAY_LEN(blocks); i++) {
        char params[300];
        struct arena arena;
        const struct json *root;
        struct hash state_root, key;
        struct bytes nodes[TRIE_PROOF_NODES_MAX], value;
        size_t count = 0;
        arena_init(&arena, &test_heap);
        (void)snprintf(params, sizeof params, "[\"%s\",false]", blocks[i]);
        assert_int_equal(
            hex_decode_hash(
                &state_root,
                bytes_from(member(test_call(node, "eth_getBlockByNumber", params), "stateRoot"), 66)
            ),
            HEX_VALID
        );
        (void)snprintf(
            params, sizeof params, "[\"" TEST_RECORDER "\",[\"0x0\",\"0x" WORD("1") "\"],\"%s\"]",
            blocks[i]
        );
        char *answer = strdup(test_call(node, "eth_getProof", params));
        assert_int_equal(
            json_parse(
                &arena, &root,
                bytes_from(strchr(answer, ':') + 1, strlen(answer) - strlen("\"result\":") - 1),
                &json_limits_file
            ),
            JSON_VALID
        );
        for (const struct json *item = json_first(json_get(root, "accountProof")); item != NULL;
             item = item->next) {
            assert_true(json_read_bytes(&arena, item, &nodes[count++], 1000));
        }
        const struct address address = {{[18] = 0xaa, [19] = 1}};
        keccak256(&key, BYTES_OF(address));
        assert_int_equal(
            trie_proof_verify(&value, &state_root, BYTES_OF(key), nodes, count), TRIE_PROOF_VALID
        );
        assert_true(value.len > 0);
        const struct json *slots = json_get(root, "storageProof");
        assert_true(json_text_is(json_get(json_at(slots, 0), "key"), "0x0"));
        assert_true(json_text_is(json_get(json_at(slots, 0), "value"), values[i]));
        assert_true(json_text_is(json_get(json_at(slots, 1), "key"), "0x" WORD("1")));
        free(answer);
        arena_reset(&arena);
    }
    test_node_close(node);
}

/* The list under name of an answer; the bytes are the arena's. */
static struct witness_list read_list(
    struct arena *arena, const struct json *root, const char *name
) {
    const struct json *const list = json_get(root, name);
    struct bytes *const items = ARENA_ARRAY(arena, struct bytes, json_count(list));
    size_t count = 0;
    for (const struct json *item = json_first(list); item != NULL; item = item->next) {
        assert_true(json_read_bytes(arena, item, &items[count++], 1 << 20));
    }
    return (struct witness_list){items, count};
}

/* The result of a call, in the arena. */
static const struct json *result_of(
    struct test_node *node, struct arena *arena, const char *method, const char *params
) {
    const struct json *root;
    const char *const answer = test_call(node, method, params);
    const struct bytes text =
        arena_copy(arena, bytes_from(strchr(answer, ':') + 1, strlen(answer) - 10));
    assert_memory_equal(answer, "\"result\":", 9);
    assert_int_equal(json_parse(arena, &root, text, &json_limits_file), JSON_VALID);
    return root;
}

TEST(a_block_runs_on_the_witness_that_the_node_gives) {
    struct test_node *node = test_node_open();
    (void)send_tx(node, "\"to\":\"" TEST_RECORDER "\",\"data\":\"0x" WORD("7") "\"");
    test_mine(node);
    (void)send_tx(node, "\"to\":\"" TEST_RECORDER "\",\"data\":\"0x" WORD("0") "\"");
    test_mine(node);
    struct arena arena;
    arena_init(&arena, &test_heap);
    const struct chain_vm vm = {.evm = evm_create(&test_heap, 0)};
    static const char *const blocks[] = {"[\"0x1\"]", "[\"latest\"]"};
    for (size_t i = 0; i < ARRAY_LEN(blocks); i++) {
        const struct json *const answer =
            result_of(node, &arena, "debug_executionWitness", blocks[i]);
        const struct witness witness = {
            .nodes = read_list(&arena, answer, "state"),
            .codes = read_list(&arena, answer, "codes"),
            .headers = read_list(&arena, answer, "headers"),
        };
        struct bytes block, config, input;
        struct stateless_result result;
        uint8_t output[STATELESS_OUTPUT_SIZE];
        assert_true(json_count(json_get(answer, "keys")) > 0);
        assert_true(json_read_bytes(
            &arena, result_of(node, &arena, "debug_getRawBlock", blocks[i]), &block, 1 << 20
        ));
        assert_int_equal(
            stateless_verify(&arena, &result, &vm, &node->config, block, &witness), STATELESS_VALID
        );
        assert_true(result.gas_used > 21000);
        const struct json *const job = result_of(node, &arena, "debug_statelessJob", blocks[i]);
        assert_true(json_read_bytes(&arena, json_get(job, "onchain"), &config, 1 << 20));
        assert_true(json_read_bytes(&arena, json_get(job, "offchain"), &input, 1 << 20));
        assert_int_equal(
            stateless_run(&arena, output, &result, &vm, config, input), STATELESS_VALID
        );
        assert_memory_equal(output + 32, &result.state_root, sizeof result.state_root);
    }
    assert_non_null(strstr(
        test_call(node, "debug_executionWitness", "[\"0x0\"]"), "behind its genesis have a witness"
    ));
    evm_destroy(vm.evm);
    arena_reset(&arena);
    test_node_close(node);
}

TEST(a_message_is_signed_by_the_account_it_names) {
    struct test_node *node = test_node_open();
    struct hash digest;
    uint8_t signature[65];
    struct address signer;
    const char *text = member(
        test_call(node, "personal_sign", "[\"0x68656c6c6f\",\"" TEST_SENDER "\"]"), "result"
    );
    assert_int_equal(
        hex_decode_exact(signature, sizeof signature, bytes_from(text, strlen(text))), HEX_VALID
    );
    keccak256(
        &digest,
        BYTES_LITERAL("\x19"
                      "Ethereum Signed Message:\n5hello")
    );
    const struct u256 r = u256_from_be(signature), s = u256_from_be(signature + 32);
    assert_int_equal(
        ecdsa_recover_address(&signer, &digest, &r, &s, (uint8_t)(signature[64] - 27)), ECDSA_VALID
    );
    assert_true(address_equal(&signer, &test_account.address));
    expect_member(
        test_call(node, "eth_sign", "[\"" TEST_RECORDER "\",\"0x\"]"), "message", "unknown account"
    );
    test_node_close(node);
}

TEST_MAIN(
    TEST_CASE(wrong_arguments_get_geths_words),
    TEST_CASE(a_fresh_chain_answers_the_first_questions),
    TEST_CASE(a_transaction_is_seen_pending_then_mined_with_its_logs),
    TEST_CASE(the_pools_refusals_reach_the_client),
    TEST_CASE(calls_run_on_the_state_and_change_nothing),
    TEST_CASE(an_estimate_is_enough_and_not_much_more),
    TEST_CASE(a_trace_shows_what_a_transaction_did),
    TEST_CASE(each_tracer_answers_in_its_shape),
    TEST_CASE(a_tracer_that_is_not_there_or_asked_for_wrongly_is_refused),
    TEST_CASE(a_call_is_traced_within_a_block_too),
    TEST_CASE(a_proof_verifies_against_the_blocks_state_root),
    TEST_CASE(a_block_runs_on_the_witness_that_the_node_gives),
    TEST_CASE(a_message_is_signed_by_the_account_it_names)
)
