/* yaml: as much of YAML as the vectors of consensus-specs use, read into a JSON value: two levels of
 * keys by indentation, lists of scalars (block or [flow]), lists of such lists, quoted strings,
 * plain numbers, true, false and null. */
#ifndef TEST_CONFORMANCE_CRYPTO_YAML_H
#define TEST_CONFORMANCE_CRYPTO_YAML_H

#include <jansson.h>

/* The caller decrefs. NULL where the file cannot be read or is not of that kind. */
json_t *yaml_load(const char *path);

#endif
