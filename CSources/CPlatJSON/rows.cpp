// Rows of a map in the shape that documents mostly have, straight from the structural characters into the map's slots.
//
//   "17" : { "master" : [ "a" ] , "slave" : [ "f" , "g" ] } ,
//
// Whatever is not plain (an escape, an unknown name, too many nodes, anything wrong) is left to the reader of tokens, which
// knows what to say: the row counts as not begun.
#include <cstring>

#include "reader.hpp"

using namespace plat;

namespace {

uint64_t load64(const uint8_t *at) {
  uint64_t word;
  memcpy(&word, at, 8);
  return word;
}

uint64_t load32(const uint8_t *at) {
  uint32_t word;
  memcpy(&word, at, 4);
  return word;
}

// The hash of NameTable.swift, to the bit: the table is its own.
uint64_t mix(uint64_t value) {
  unsigned __int128 product = (unsigned __int128)value * 0xe7037ed1a0b428dbull;
  return uint64_t(product >> 64) ^ uint64_t(product);
}

uint64_t last_word(const uint8_t *bytes, size_t count) {
  if (count >= 8) return load64(bytes + count - 8);
  if (count >= 4) return load32(bytes) << 32 | load32(bytes + count - 4);
  return count == 0 ? 0 : uint64_t(bytes[0]) << 16 | uint64_t(bytes[count / 2]) << 8 | bytes[count - 1];
}

uint64_t hash_of(const uint8_t *bytes, size_t count, uint64_t seed) {
  uint64_t hash = seed ^ count;
  for (size_t at = 0; at + 8 < count; at += 8) hash = mix(hash ^ load64(bytes + at));
  return mix(mix(hash ^ last_word(bytes, count)) ^ 0xa0761d6478bd642full);
}

/// The index of a name; -1 if it is not there.
int64_t find_name(const plat_json_names &names, const uint8_t *bytes, size_t count) {
  uint64_t hash = hash_of(bytes, count, names.seed), mask = names.slot_count - 1;
  for (uint64_t place = hash & mask; names.slots[place] != 0; place = (place + 1) & mask) {
    if (names.slots[place] >> 32 != hash >> 32) continue;
    int64_t index = int64_t(uint32_t(names.slots[place])) - 1;
    const uint8_t *name = names.text + names.ends[index];
    if (size_t(names.ends[index + 1] - names.ends[index]) == count && memcmp(name, bytes, count) == 0) return index;
  }
  return -1;
}

/// Walks over structural characters; false means that the row is not plain.
struct walker {
  plat_json_reader &reader;
  const uint8_t *bytes;
  const uint32_t *indexes;
  uint32_t next, count;

  bool take(char c) {
    if (next >= count || bytes[indexes[next]] != uint8_t(c)) return false;
    next++;
    return true;
  }

  /// A string without escapes, behind which something follows.
  bool text(const uint8_t **begin, size_t *size) {
    if (next + 1 >= count || bytes[indexes[next]] != '"') return false;
    size_t first = indexes[next] + 1, end = indexes[next + 1] - 1;
    next++;
    while (is_whitespace(bytes[end])) end--;
    if (end < first || bytes[end] != '"') return false;
    if (reader.backslash < first) reader.backslash = reader.find_backslash(first);
    if (reader.backslash < end) return false;
    *begin = bytes + first;
    *size = end - first;
    return true;
  }
};

bool is_number(const uint8_t *text, size_t size, uint64_t *value) {
  if (size == 0 || size > 10 || (text[0] == '0' && size > 1)) return false;
  uint64_t number = 0;
  for (size_t at = 0; at < size; at++) {
    uint8_t digit = uint8_t(text[at] - '0');
    if (digit > 9) return false;
    number = number * 10 + digit;
  }
  *value = number;
  return true;
}

/// The nodes of one state, into its slots; the rest of these are emptied.
bool read_nodes(walker &at, const plat_json_rows &rows, const plat_json_row_state &state, uint32_t *row, uint32_t *held) {
  uint32_t *slots = row + state.first_slot;
  uint32_t count = 0;
  if (!at.take('[')) return false;
  if (!at.take(']')) {
    do {
      const uint8_t *name;
      size_t size;
      if (count == state.slot_count || !at.text(&name, &size)) return false;
      int64_t node = find_name(rows.names, name, size);
      if (node < 0) return false;
      for (uint32_t other = 0; other < *held; other++)
        if (rows.held[other] == uint32_t(node)) return false;
      rows.held[(*held)++] = uint32_t(node);
      slots[count++] = uint32_t(node);
    } while (at.take(','));
    if (!at.take(']')) return false;
  }
  for (uint32_t slot = count; slot < state.slot_count; slot++) slots[slot] = UINT32_MAX;
  if (count > *state.used) *state.used = count;
  return true;
}

bool read_row(walker &at, const plat_json_rows &rows) {
  const uint8_t *text;
  size_t size;
  uint64_t partition;
  if (!at.text(&text, &size) || !is_number(text, size, &partition) || partition >= rows.partition_count) return false;
  uint64_t bit = uint64_t(1) << (partition & 63);
  if (rows.taken[partition >> 6] & bit) return false;
  if (!at.take(':') || !at.take('{')) return false;
  uint32_t *row = rows.slots + partition * rows.width;
  uint64_t seen = 0;
  uint32_t held = 0;
  if (!at.take('}')) {
    do {
      if (!at.text(&text, &size) || !at.take(':')) return false;
      uint32_t state = 0;
      while (state < rows.state_count &&
             (rows.states[state].name_length != size || memcmp(rows.states[state].name, text, size) != 0))
        state++;
      if (state == rows.state_count || (seen >> state & 1)) return false;
      seen |= uint64_t(1) << state;
      if (!read_nodes(at, rows, rows.states[state], row, &held)) return false;
    } while (at.take(','));
    if (!at.take('}')) return false;
  }
  rows.taken[partition >> 6] |= bit;
  return true;
}

}  // namespace

int64_t plat_json_read_rows(plat_json_reader *reader, uint64_t offset, uint32_t depth, const plat_json_rows *rows) {
  reader->seek(offset, depth, expects::key);
  walker at{*reader, reader->bytes, reader->stage->structural_indexes.get(), reader->next, reader->count};
  int64_t count = 0;
  while (uint64_t(count) < rows->most && read_row(at, *rows)) {
    count++;
    reader->next = at.next;
    reader->state = expects::comma_or_end;
    if (!at.take(',')) break;
    // A key has to follow: the reader stands before it.
    reader->next = at.next;
    reader->state = expects::key;
  }
  return count;
}
