/* test: the unit tests' one header over cmocka.
 *
 *   TEST(a_sentence_that_is_true_of_the_module) { assert_int_equal(…); }
 *   TEST_MAIN(TEST_CASE(a_sentence_that_is_true_of_the_module), …)
 *
 * A test program is one file: this header defines assert_fail for it, so that
 * expect_assert_failure(call) sees an ASSERT.
 */
#ifndef BASE_TEST_H
#define BASE_TEST_H

#include "base/test_heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* clang-format off */
#include <cmocka.h> /* needs the types of the headers above, so it stands after them */
/* clang-format on */

#define TEST(name)      static void name(void **test_state __attribute__((unused)))
#define TEST_CASE(name) cmocka_unit_test(name)
#define TEST_MAIN(...)                                         \
    int main(void) {                                           \
        const struct CMUnitTest test_cases[] = {__VA_ARGS__};  \
        return cmocka_run_group_tests(test_cases, NULL, NULL); \
    }

NORETURN void assert_fail(const char *condition, const char *file, int line) {
    mock_assert(0, condition, file, line);
    abort();
}

#define assert_bytes_equal(actual, expected)                                                  \
    do {                                                                                      \
        const struct bytes actual_ = (actual), expected_ = (expected);                        \
        assert_int_equal(actual_.len, expected_.len);                                         \
        if (actual_.len != 0) assert_memory_equal(actual_.data, expected_.data, actual_.len); \
    } while (0)

#endif
