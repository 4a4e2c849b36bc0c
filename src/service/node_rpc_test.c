/* JSON-RPC on a whole node: what takes its chain, its pool and the block in the making together. */
#include "base/test.h"
#include "codec/hex.h"
#include "rpc/dispatch.h"
#include "service/testing.h"

static struct test_world world;

/* The answer to a call: good until the world ends. */
static const char *call(const char *method, const char *params) {
    char request[4000];
    struct json_writer answer;
    const int len = snprintf(
        request, sizeof request, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}",
        method, params
    );
    assert_true(len > 0 && (size_t)len < sizeof request);
    json_writer_init(&answer, RPC_ANSWER_SIZE_MAX);
    const struct bytes text = bytes_from(request, (size_t)len);
    assert_true(rpc_dispatch(world.node->dispatcher, &answer, text, NULL));
    const struct bytes given = json_writer_text(&answer);
    char *copy = arena_alloc(&world.arena, given.len + 1, 1);
    memcpy(copy, given.data, given.len);
    json_writer_free(&answer);
    return copy;
}

/* Two blocks. The first sends Ether on from an account that got it in the block below, and asks code for
 * BLOCKHASH of that block's number, which is in the input. */
static const char *simulate(const char *block) {
    char params[2000];
    (void)snprintf(
        params, sizeof params,
        "[{\"blockStateCalls\":[{\"stateOverrides\":{"
        "\"0x00000000000000000000000000000000000000c1\":{\"code\":\"0x5f35405f5260205ff3\"}},"
        "\"calls\":["
        "{\"from\":\"0x7100000000000000000000000000000000000000\","
        "\"to\":\"0x0000000000000000000000000000000000000b0b\",\"value\":\"0x1\"},"
        "{\"to\":\"0x00000000000000000000000000000000000000c1\",\"data\":"
        "\"0x0000000000000000000000000000000000000000000000000000000000000002\"}]},{}],"
        "\"returnFullTransactions\":true},\"%s\"]",
        block
    );
    return call("eth_simulateV1", params);
}

TEST(a_simulation_on_pending_is_one_on_the_block_that_pending_becomes) {
    static const struct address to = {{0x71}};
    static const struct hash randao = {{0x05}};
    struct node_options options = test_options();
    const char *refusal;
    options.serves = true;
    options.port = 0;
    test_open(&world, &options);
    struct rpc_backend *backend = world.node->backend;
    assert_ok(solo_propose(world.node->solo));
    for (size_t i = 0; i < 3; i++) {
        struct tx tx = test_call(&to, 0, 5, BYTES_LITERAL(""));
        test_submit(&world, test_sign(&world, &tx, i));
    }
    const struct u256 balance =
        u256_from_u64(77); /* the head's state is not its header's any more */
    const struct rpc_account_change change = {.balance = &balance};
    const struct address rich = {{0x72}};
    assert_true(backend->set_account(backend->ctx, &rich, &change, &refusal));
    const uint64_t time = execution_head(world.node->execution)->timestamp + 7;
    assert_true(backend->set(backend->ctx, RPC_NEXT_TIMESTAMP, time, &refusal));
    backend->set_prevrandao(backend->ctx, &randao);

    const char *before = simulate("latest");
    const char *pending = simulate("pending");
    assert_non_null(strstr(pending, "\"number\":\"0x3\""));
    assert_non_null(strstr(pending, "\"number\":\"0x4\""));
    assert_int_equal(test_head(&world), 1);
    assert_string_not_equal(pending, before);
    assert_ok(solo_propose(world.node->solo));
    assert_int_equal(test_head(&world), 2);
    assert_string_equal(simulate("latest"), pending);
    char hash[67];
    hash[hex_encode(hash, BYTES_OF(execution_head_hash(world.node->execution)->bytes))] = '\0';
    assert_non_null(strstr(strstr(pending, "\"calls\""), hash)); /* what BLOCKHASH gave */
    test_close(&world);
}

TEST_MAIN(TEST_CASE(a_simulation_on_pending_is_one_on_the_block_that_pending_becomes))
