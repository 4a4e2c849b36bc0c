/* Lines of cases that two threads ran. */
#include "cmd/suite_lines.h"

#include "base/test.h"

static void add(struct suite_lines *lines, size_t case_index, const char *text) {
    suite_lines_add(lines, case_index, text, strlen(text));
}

static void assert_text(const struct suite_lines *lines, const char *text) {
    assert_int_equal(lines->len, strlen(text));
    assert_memory_equal(lines->text, text, lines->len);
}

TEST(lines_of_cases_come_in_the_order_of_the_cases) {
    struct suite_lines mine = {0}, yours = {0};
    add(&mine, 0, "a\n");
    add(&mine, 3, "d1\n");
    add(&mine, 3, "d2\n");
    add(&mine, 4, "");
    add(&mine, 9, "j\n");
    add(&yours, 1, "b\n");
    add(&yours, 2, "c\n");
    add(&yours, 5, "f\n");
    suite_lines_merge(&mine, &yours);
    assert_text(&mine, "a\nb\nc\nd1\nd2\nf\nj\n");
    assert_null(yours.text);
    add(&yours, 4, "e\n");
    add(&yours, 10, "k\n");
    suite_lines_merge(&mine, &yours);
    assert_text(&mine, "a\nb\nc\nd1\nd2\ne\nf\nj\nk\n");
    suite_lines_free(&mine);
}

TEST(what_is_merged_with_nothing_stays_as_it_is) {
    struct suite_lines mine = {0}, yours = {0};
    suite_lines_merge(&mine, &yours);
    assert_int_equal(mine.len, 0);
    add(&yours, 7, "seven\n");
    suite_lines_merge(&mine, &yours);
    assert_text(&mine, "seven\n");
    suite_lines_merge(&mine, &yours);
    assert_text(&mine, "seven\n");
    add(&yours, 2, "two\n");
    suite_lines_merge(&mine, &yours);
    assert_text(&mine, "two\nseven\n");
    suite_lines_free(&mine);
}

TEST(a_case_out_of_its_order_is_a_bug) {
    struct suite_lines lines = {0};
    add(&lines, 7, "seven\n");
    expect_assert_failure(add(&lines, 6, "six\n"));
    suite_lines_free(&lines);
}

TEST_MAIN(
    TEST_CASE(lines_of_cases_come_in_the_order_of_the_cases),
    TEST_CASE(what_is_merged_with_nothing_stays_as_it_is),
    TEST_CASE(a_case_out_of_its_order_is_a_bug)
)
