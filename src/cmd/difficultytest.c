/* infinity evm difficulty: the difficulty of a block behind a parent, under the rules of a fork. */
#include "cmd/command.h"
#include "cmd/suite.h"

#include <inttypes.h>
#include <stdio.h>

/* What a case gives of parent and block. */
struct given {
    struct header parent;
    uint64_t timestamp;
    struct u256 expected;
};

static bool read_case(struct given *out, const struct json *json) {
    uint64_t number;
    uint64_t ommers;
    *out = (struct given){.parent = {.ommers_hash = header_empty_ommers_hash}};
    if (!json_read_u64(json_get(json, "currentBlockNumber"), &number) || number == 0 ||
        !json_read_u64(json_get(json, "currentTimestamp"), &out->timestamp) ||
        !json_read_u256(json_get(json, "currentDifficulty"), &out->expected) ||
        !json_read_u64(json_get(json, "parentTimestamp"), &out->parent.timestamp) ||
        !json_read_u256(json_get(json, "parentDifficulty"), &out->parent.difficulty) ||
        !json_read_u64(json_get(json, "parentUncles"), &ommers)) {
        return false;
    }
    out->parent.number = number - 1;
    if (ommers != 0) out->parent.ommers_hash = (struct hash){{0}};
    return out->timestamp > out->parent.timestamp;
}

static void judge(char *detail, const struct json *json, enum fork fork) {
    struct given given;
    if (!read_case(&given, json)) {
        (void)snprintf(detail, SUITE_DETAIL_MAX, "case not understood");
        return;
    }
    const struct chain_config config = chain_config_at(1, fork);
    const struct chain_rules rules =
        chain_rules_at(&config, given.parent.number + 1, given.timestamp);
    const struct u256 actual = header_next_difficulty(&given.parent, given.timestamp, &rules);
    if (u256_equal(&actual, &given.expected)) return;
    (void)snprintf(
        detail, SUITE_DETAIL_MAX, "low 64 bits 0x%" PRIx64 ", expected 0x%" PRIx64, actual.limb[0],
        given.expected.limb[0]
    );
}

static void run_fork(struct suite_worker *worker, const struct json *cases) {
    char name[64];
    const struct bytes key = json_key(cases);
    const enum fork fork = fork_from_name(key);
    (void)snprintf(name, sizeof name, "%.*s", (int)key.len, (const char *)key.data);
    if (fork == FORK_COUNT) return; /* "_info" */
    for (const struct json *json = json_first(cases); json != NULL; json = json->next) {
        const struct suite_case one = {json_key(json), name, -1};
        if (!suite_wants(worker, &one)) continue;
        char detail[SUITE_DETAIL_MAX] = "";
        judge(detail, json, fork);
        suite_report(worker, &one, NULL, detail[0] == '\0' ? NULL : detail);
    }
}

static void run_file(struct suite_worker *worker, const struct json *root) {
    for (const struct json *test = json_first(root); test != NULL; test = test->next) {
        for (const struct json *fork = json_first(test); fork != NULL; fork = fork->next) {
            run_fork(worker, fork);
        }
    }
}

int cmd_difficulty(int argc, char **argv) {
    static const struct suite suite = {
        .command = "evm difficulty",
        .summary = "Runs difficulty tests: what proof of work a block owes under a fork's rules. A "
                   "case is\n"
                   "one block and its parent.",
        .format = "difficulty",
        .run_file = run_file,
    };
    return suite_main(&suite, argc, argv);
}
