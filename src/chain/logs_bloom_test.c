#include "chain/logs_bloom.h"

#include "base/test.h"
#include "chain/receipt.h"

/* Logs of few addresses and topics, so that they come again, meet in one place, and share bytes. */
TEST(every_bloom_is_the_plain_one) {
    static struct logs_bloom_memo memo;
    uint64_t seed = 3;
    for (int round = 0; round < 2000; round++) {
        struct state_log logs[12] = {{.topic_count = 0}};
        const size_t count = (size_t)round % (ARRAY_LEN(logs) + 1);
        for (size_t i = 0; i < count; i++) {
            seed = seed * 6364136223846793005 + 1442695040888963407;
            logs[i].topic_count = (uint32_t)(seed >> 60) % 5;
            logs[i].address.bytes[19] = (uint8_t)(seed >> 58 & 3);
            logs[i].address.bytes[2] = (uint8_t)(seed >> 56 & 3);
            for (uint32_t k = 0; k < logs[i].topic_count; k++) {
                logs[i].topics[k].bytes[31] = (uint8_t)(seed >> (50 - k));
                logs[i].topics[k].bytes[12 + k] = (uint8_t)(seed >> (30 - k) & 3);
            }
        }
        const struct bloom expected = receipt_logs_bloom(logs, count);
        const struct bloom actual = logs_bloom(&memo, logs, count);
        assert_memory_equal(&actual, &expected, sizeof actual);
    }
}

TEST_MAIN(TEST_CASE(every_bloom_is_the_plain_one))
