/* infinity evm txtest: one raw transaction, judged under the rules of each fork. */
#include "cmd/command.h"
#include "cmd/suite.h"

#include <stdio.h>

enum { TX_BYTES_MAX = 16 << 20 };

struct judged {
    enum tx_verdict verdict;
    enum tx_verdict type_verdict; /* does the fork know the type: some cases have two faults */
    struct hash hash;
    struct address sender;
    uint64_t intrinsic_gas;
};

static void judge(struct arena *arena, struct judged *out, struct bytes encoded, enum fork fork) {
    const struct chain_config config = chain_config_at(1, fork);
    const struct chain_rules rules = chain_rules_at(&config, 0, 0);
    struct tx tx;
    *out = (struct judged){.verdict = tx_decode(arena, &tx, encoded)};
    if (encoded.len > 0 && encoded.data[0] < 0x80) {
        out->type_verdict = tx_check_type(encoded.data[0], &rules);
    }
    if (out->verdict != TX_VALID) return;
    tx_hash_of(&out->hash, encoded);
    out->intrinsic_gas = tx_intrinsic_gas(&tx, &rules);
    out->verdict = tx_sender(arena, &out->sender, &tx, &rules);
    if (out->verdict == TX_VALID) out->verdict = tx_check(&tx, &rules);
}

static void compare(char *detail, const struct judged *judged, const struct json *expected) {
    struct hash hash;
    struct address sender;
    uint64_t gas;
    const struct bytes exception = json_text(json_get(expected, "exception"));
    const char *const name = tx_verdict_name(judged->verdict);
    if (exception.len != 0) {
        if (!suite_exception_matches(exception, name) &&
            !suite_exception_matches(exception, tx_verdict_name(judged->type_verdict))) {
            (void)snprintf(
                detail, SUITE_DETAIL_MAX, "%s, expected %.*s",
                judged->verdict == TX_VALID ? "accepted" : name, (int)exception.len,
                (const char *)exception.data
            );
        }
    } else if (judged->verdict != TX_VALID) {
        (void)snprintf(detail, SUITE_DETAIL_MAX, "rejected with %s", name);
    } else if (!json_read_hash(json_get(expected, "hash"), &hash) || !hash_equal(&hash, &judged->hash)) {
        (void)snprintf(detail, SUITE_DETAIL_MAX, "hash differs");
    } else if (!json_read_address(json_get(expected, "sender"), &sender) || !address_equal(&sender, &judged->sender)) {
        (void)snprintf(detail, SUITE_DETAIL_MAX, "sender differs");
    } else if (!json_read_u64(json_get(expected, "intrinsicGas"), &gas) || gas != judged->intrinsic_gas) {
        (void)snprintf(detail, SUITE_DETAIL_MAX, "intrinsic gas differs");
    }
}

static void one_case(
    struct suite_worker *worker,
    const struct suite_case *one,
    struct bytes encoded,
    const struct json *expected
) {
    char detail[SUITE_DETAIL_MAX] = "";
    struct judged judged;
    const enum fork fork = fork_from_name(bytes_from(one->fork, strlen(one->fork)));
    const struct arena_mark mark = arena_mark(&worker->arena);
    if (fork == FORK_COUNT) {
        (void)snprintf(detail, sizeof detail, "fork not understood");
    } else {
        judge(&worker->arena, &judged, encoded, fork);
        compare(detail, &judged, expected);
    }
    suite_report(worker, one, NULL, detail[0] == '\0' ? NULL : detail);
    arena_rewind(&worker->arena, mark);
}

static void run_file(struct suite_worker *worker, const struct json *root) {
    for (const struct json *test = json_first(root); test != NULL; test = test->next) {
        const struct json *const result = json_get(test, "result");
        struct bytes encoded;
        if (result == NULL) continue; /* a test of another kind */
        if (!json_read_bytes(&worker->arena, json_get(test, "txbytes"), &encoded, TX_BYTES_MAX)) {
            suite_broken(worker, "txbytes is not hex");
            continue;
        }
        for (const struct json *fork = json_first(result); fork != NULL; fork = fork->next) {
            char name[64];
            const struct bytes key = json_key(fork);
            (void)snprintf(name, sizeof name, "%.*s", (int)key.len, (const char *)key.data);
            const struct suite_case one = {json_key(test), name, -1};
            if (suite_wants(worker, &one)) one_case(worker, &one, encoded, fork);
        }
    }
}

int cmd_txtest(int argc, char **argv) {
    static const struct suite suite = {
        .command = "evm txtest",
        .summary =
            "Runs transaction tests: decodes and judges one raw transaction. A case is one fork's\n"
            "`result`.",
        .format = "transaction",
        .run_file = run_file,
    };
    return suite_main(&suite, argc, argv);
}
