/* Starts that fail half way: a line that says why, and nothing left behind. */
#include "base/test.h"
#include "service/testing.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

static void assert_refused(const struct node_options *options, const char *text) {
    uv_loop_t loop;
    struct node *node;
    char message[NODE_MESSAGE_SIZE];
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_true(failed(node_create(&node, message, &loop, options)));
    assert_null(node);
    if (strstr(message, text) == NULL) fail_msg("'%s' does not say '%s'", message, text);
    assert_null(strchr(message, '\n'));
    assert_int_equal(uv_loop_close(&loop), 0); /* no handle is left on it */
}

TEST(a_port_in_use_is_refused) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    const int taken = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(taken >= 0);
    assert_int_equal(bind(taken, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(taken, 1), 0);
    assert_int_equal(getsockname(taken, (struct sockaddr *)&address, &size), 0);
    struct node_options options = test_options();
    options.serves = true;
    options.interval_ms = 1; /* timers and workers are there already */
    options.port = ntohs(address.sin_port);
    assert_refused(&options, "is in use");
    options.host = "not an address";
    assert_refused(&options, "cannot listen");
    (void)close(taken);
}

TEST(a_directory_that_cannot_be_used_is_refused) {
    char path[64], file[128];
    struct test_world world;
    struct node_options options = test_options();
    test_make_directory(path);
    options.data_dir = path;
    test_open(&world, &options);
    assert_ok(solo_propose(world.node->solo));
    assert_refused(&options, path); /* another node has it */
    test_close(&world);
    options.chain_id = 99;
    assert_refused(&options, "holds a chain with id 31337");
    options.chain_id = DEV_CHAIN_ID;

    (void)snprintf(file, sizeof file, "%s/chain.json", path);
    FILE *damaged = fopen(file, "w");
    assert_non_null(damaged);
    (void)fputs("{", damaged);
    assert_int_equal(fclose(damaged), 0);
    assert_refused(&options, "is damaged");
    options.data_dir = file; /* a file */
    assert_refused(&options, "cannot use");
    test_remove_directory(path);
}

TEST(a_chain_goes_on_where_it_ended) {
    char path[64];
    struct test_world world;
    struct node_options options = test_options();
    test_make_directory(path);
    options.data_dir = path;
    test_open(&world, &options);
    test_submit(&world, test_transfer(&world, 0, 0));
    assert_ok(solo_propose(world.node->solo));
    const struct hash head = *execution_head_hash(world.node->execution);
    const struct hash genesis = world.node->genesis;
    test_close(&world);
    options.gas_limit = 20000000; /* of a new chain only */
    test_open(&world, &options);
    assert_memory_equal(execution_head_hash(world.node->execution), &head, 32);
    assert_memory_equal(&world.node->genesis, &genesis, 32);
    assert_int_equal(test_next_nonce(&world, 0), 1);
    assert_ok(solo_propose(world.node->solo));
    assert_int_equal(test_head(&world), 2);
    test_close(&world);
    test_remove_directory(path);
}

TEST(the_samples_have_the_ids_that_are_frozen_beside_them) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    assert_true(sample_programs_count > 0);
    for (size_t i = 0; i < sample_programs_count; i++) {
        const struct frozen_id *frozen = &sample_programs_ids[i];
        const struct bytes image = sample_programs[i].data;
        struct hash id;
        uint32_t pages;
        assert_int_equal(machine_program_id(&id, &pages, &arena, image), ELF_VALID);
        assert_memory_equal(&id, &frozen->program_id, sizeof id);
        assert_int_equal(pages, frozen->pages);
    }
    arena_reset(&arena);
}

TEST_MAIN(
    TEST_CASE(the_samples_have_the_ids_that_are_frozen_beside_them),
    TEST_CASE(a_port_in_use_is_refused),
    TEST_CASE(a_directory_that_cannot_be_used_is_refused),
    TEST_CASE(a_chain_goes_on_where_it_ended)
)
