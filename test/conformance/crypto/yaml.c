#include "yaml.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *scalar(const char *text) {
    const size_t len = strlen(text);
    if (len >= 2 && (text[0] == '\'' || text[0] == '"') && text[len - 1] == text[0]) {
        return json_stringn(text + 1, len - 2);
    }
    if (strcmp(text, "null") == 0) return json_null();
    if (strcmp(text, "true") == 0) return json_true();
    if (strcmp(text, "false") == 0) return json_false();
    char *end = NULL;
    const long long number = strtoll(text, &end, 10);
    return len > 0 && *end == '\0' ? json_integer(number) : json_string(text);
}

/* "[a, b, c]" */
static json_t *flow_list(char *text) {
    json_t *const list = json_array();
    char *state = NULL;
    for (char *item = strtok_r(text, "[], \n", &state); item != NULL;
         item = strtok_r(NULL, "[], \n", &state)) {
        (void)json_array_append_new(list, scalar(item));
    }
    return list;
}

/* Where the next "- " goes: the member `key` of `parent`, made into a list by its first item. */
struct place {
    json_t *parent;
    char key[64];
};

static json_t *list_at(const struct place *place) {
    json_t *list = json_object_get(place->parent, place->key);
    if (!json_is_array(list)) {
        list = json_array();
        (void)json_object_set_new(place->parent, place->key, list);
    }
    return list;
}

/* "- x", "- - x" (the first of an inner list) and "  - x" (the next of an inner list). */
static void add_item(const struct place *place, char *item, bool is_inner) {
    json_t *list = list_at(place);
    const bool starts_inner = strncmp(item, "- - ", 4) == 0;
    if (starts_inner) (void)json_array_append_new(list, json_array());
    if (starts_inner || is_inner) list = json_array_get(list, json_array_size(list) - 1);
    (void)json_array_append_new(list, scalar(item + (starts_inner ? 4 : 2)));
}

/* "key: value", "key:"; a flow list may run over several lines of file. */
static bool add_member(struct place *place, char *text, FILE *file) {
    char *const colon = strchr(text, ':');
    if (colon == NULL || (size_t)(colon - text) >= sizeof place->key) return false;
    *colon = '\0';
    (void)snprintf(place->key, sizeof place->key, "%s", text);
    char *const value = colon + 1 + strspn(colon + 1, " ");
    json_t *member = NULL;
    if (value[0] == '[') {
        char whole[4096];
        char more[512];
        (void)snprintf(whole, sizeof whole, "%s", value);
        while (strchr(whole, ']') == NULL && fgets(more, sizeof more, file) != NULL) {
            strncat(whole, more, sizeof whole - strlen(whole) - 1);
        }
        member = flow_list(whole);
    } else {
        member = value[0] == '\0' ? json_object() : scalar(value);
    }
    return json_object_set_new(place->parent, place->key, member) == 0;
}

json_t *yaml_load(const char *path) {
    FILE *const file = fopen(path, "r");
    if (file == NULL) return NULL;
    json_t *const root = json_object();
    struct place outer = {root, ""};
    struct place inner = {NULL, ""};
    char *line = NULL;
    size_t room = 0;
    bool is_good = true;
    while (is_good && getline(&line, &room, file) > 0) {
        line[strcspn(line, "\r\n")] = '\0';
        const size_t indent = strspn(line, " ");
        char *const text = line + indent;
        const bool is_item = strncmp(text, "- ", 2) == 0;
        if (text[0] == '\0') continue;
        if (is_item) {
            const bool belongs_to_inner = inner.parent != NULL;
            add_item(belongs_to_inner ? &inner : &outer, text, !belongs_to_inner && indent > 0);
        } else if (indent == 0) {
            is_good = add_member(&outer, text, file);
            inner.parent = NULL;
        } else {
            inner.parent = json_object_get(root, outer.key);
            is_good = json_is_object(inner.parent) && add_member(&inner, text, file);
        }
    }
    free(line);
    (void)fclose(file);
    if (is_good) return root;
    json_decref(root);
    return NULL;
}
