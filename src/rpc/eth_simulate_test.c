/* eth_simulateV1 over a node in memory: what it refuses, and what its blocks hold. The official
 * conversations are run by test/conformance/rpc_answers. */
#include "base/test.h"
#include "rpc/testing.h"

#define WORD(digits) "00000000000000000000000000000000000000000000000000000000000000" digits
#define ALICE        "0x00000000000000000000000000000000000a11ce"
#define BOB          "0x0000000000000000000000000000000000000b0b"
#define RICH_ALICE   "\"stateOverrides\":{\"" ALICE "\":{\"balance\":\"0xffffff\"}}"
#define SEND_7       "\"calls\":[{\"from\":\"" ALICE "\",\"to\":\"" BOB "\",\"value\":\"0x7\"}]"

static const char *simulate(struct test_node *node, const char *blocks, const char *options) {
    char params[2000];
    (void
    )snprintf(params, sizeof params, "[{\"blockStateCalls\":[%s]%s},\"latest\"]", blocks, options);
    return test_call(node, "eth_simulateV1", params);
}

static void expect(const char *answer, const char *wanted) {
    if (strstr(answer, wanted) == NULL) fail_msg("no %s in %s", wanted, answer);
}

TEST(each_fault_has_the_specifications_code) {
    struct test_node *node = test_node_open();
    static const struct {
        const char *blocks, *options, *code;
    } cases[] = {
        {"", "", "-32602"},
        {"5", "", "-32602"},
        {"{\"blockOverrides\":{\"number\":\"0x0\"}}", "", "-38020"},
        {"{\"blockOverrides\":{\"number\":\"0x5\"}},{\"blockOverrides\":{\"number\":\"0x5\"}}", "",
         "-38020"},
        {"{\"blockOverrides\":{\"time\":\"0x1\"}}", "", "-38021"},
        {"{\"blockOverrides\":{\"number\":\"0x101\"}}", "", "-38026"},
        {"{" SEND_7 "}", "", "-38014"},
        {"{" RICH_ALICE "," SEND_7 "}", ",\"validation\":true", "-38012"},
        {"{\"calls\":[{\"from\":\"" ALICE "\",\"nonce\":\"0x1\"}]}", ",\"validation\":true",
         "-38011"},
        {"{\"stateOverrides\":{\"" ALICE "\":{\"nonce\":\"0x2\"}},"
         "\"calls\":[{\"from\":\"" ALICE "\",\"nonce\":\"0x1\"}]}",
         ",\"validation\":true", "-38010"},
        {"{\"calls\":[{\"to\":\"" BOB "\",\"gas\":\"0x5207\"}]}", "", "-38013"},
        {"{\"blockOverrides\":{\"gasLimit\":\"0x5208\"},\"calls\":[{\"to\":\"" BOB
         "\",\"gas\":\"0x5209\"}]}",
         "", "-38015"},
        {"{\"stateOverrides\":{\"" BOB "\":{\"movePrecompileToAddress\":\"" ALICE "\"}}}", "",
         "-32000"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char wanted[40];
        (void)snprintf(wanted, sizeof wanted, "\"error\":{\"code\":%s,", cases[i].code);
        expect(simulate(node, cases[i].blocks, cases[i].options), wanted);
    }
    test_node_close(node);
}

TEST(gaps_between_numbers_are_filled) {
    struct test_node *node = test_node_open();
    const char *answer =
        simulate(node, "{\"blockOverrides\":{\"number\":\"0x3\",\"time\":\"0x70000000\"}},{}", "");
    static const char *const numbers[] = {"0x1", "0x2", "0x3", "0x4"};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        char wanted[40];
        (void)snprintf(wanted, sizeof wanted, "\"number\":\"%s\"", numbers[i]);
        expect(answer, wanted);
    }
    assert_null(strstr(answer, "\"number\":\"0x5\""));
    expect(answer, "\"timestamp\":\"0x7000000c\"");
    test_node_close(node);
}

TEST(transfers_of_ether_show_as_logs_on_request) {
    struct test_node *node = test_node_open();
    const char *answer = simulate(node, "{" RICH_ALICE "," SEND_7 "}", ",\"traceTransfers\":true");
    expect(answer, "\"address\":\"0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee\"");
    expect(answer, "\"data\":\"0x" WORD("07") "\"");
    expect(answer, "\"gasUsed\":\"0x5208\",\"maxUsedGas\":\"0x5208\",\"status\":\"0x1\"}]");
    answer = simulate(node, "{" RICH_ALICE "," SEND_7 "}", "");
    expect(answer, "\"logs\":[]");
    test_node_close(node);
}

TEST(calls_build_on_each_other_and_a_revert_is_an_answer) {
    struct test_node *node = test_node_open();
    const char *answer = simulate(
        node,
        "{" RICH_ALICE "," SEND_7 "},{\"calls\":[{\"from\":\"" BOB "\",\"to\":\"" ALICE
        "\",\"value\":\"0x7\"},{\"to\":\"" TEST_REVERTER "\",\"data\":\"0x1234\"}]}",
        ",\"returnFullTransactions\":true"
    );
    expect(answer, "\"from\":\"" BOB "\"");
    expect(
        answer,
        "\"status\":\"0x0\",\"error\":{\"message\":\"execution reverted\",\"code\":3,"
        "\"data\":\"0x1234\"}"
    );
    expect(test_call(node, "eth_blockNumber", "[]"), "\"0x0\"");
    test_node_close(node);
}

TEST(a_moved_precompile_answers_where_it_is) {
    struct test_node *node = test_node_open();
    static const char override[] = ",\"latest\",{\"0x0000000000000000000000000000000000000004\":"
                                   "{\"movePrecompileToAddress\":\"" BOB "\"}}]";
    char params[400];
    (void)snprintf(params, sizeof params, "[{\"to\":\"" BOB "\",\"data\":\"0xabcd\"}%s", override);
    expect(test_call(node, "eth_call", params), "\"result\":\"0xabcd\"");
    (void)snprintf(
        params, sizeof params,
        "[{\"to\":\"0x0000000000000000000000000000000000000004\",\"data\":\"0xabcd\"}%s", override
    );
    expect(test_call(node, "eth_call", params), "\"result\":\"0x\"");
    test_node_close(node);
}

TEST(the_configuration_names_the_rules_that_hold) {
    struct test_node *node = test_node_open();
    const char *answer = test_call(node, "eth_config", "[]");
    expect(answer, "\"result\":{\"current\":{\"activationTime\":0,");
    expect(answer, "\"P256VERIFY\":\"0x0000000000000000000000000000000000000100\"");
    expect(answer, "\"BEACON_ROOTS_ADDRESS\":\"0x000f3df6d732807ef1319fb7b8bb8522d0beac02\"");
    expect(answer, "\"next\":null,\"last\":null}");
    test_node_close(node);
}

TEST_MAIN(
    TEST_CASE(each_fault_has_the_specifications_code),
    TEST_CASE(gaps_between_numbers_are_filled),
    TEST_CASE(transfers_of_ether_show_as_logs_on_request),
    TEST_CASE(calls_build_on_each_other_and_a_revert_is_an_answer),
    TEST_CASE(a_moved_precompile_answers_where_it_is),
    TEST_CASE(the_configuration_names_the_rules_that_hold)
)
