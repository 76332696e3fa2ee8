/* Runs a target on every file of a folder, and then on mutations of them: driver TARGET FOLDER MUTATIONS [SEED]. The bounded
 * run of the tests, on the library as it is; the coverage-guided one is `make fuzz`. Should an input end the process, it
 * is in the file `last-input`. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>

int run_target(const char *name, const uint8_t *bytes, size_t length);

typedef struct input { uint8_t *bytes; size_t length; } input;
static input corpus[4096];
static size_t corpus_count;
static uint64_t state;

static uint64_t next(void) { /* SplitMix64 */
  uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static input at_hand;

static void keep(int signal) {
  const int file = open("last-input", O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file >= 0 && write(file, at_hand.bytes, at_hand.length) < 0) _exit(70);
  _exit(128 + signal);
}

static void run(const char *target, const uint8_t *bytes, size_t length) {
  uint8_t *exact = malloc(length ? length : 1); /* so that reading beyond the end shows under a sanitizer or valgrind */
  memcpy(exact, bytes, length);
  at_hand = (input){exact, length};
  alarm(30); /* what takes longer hangs */
  if (!run_target(target, exact, length)) exit(64);
  free(exact);
}

/* What fuzzers do: bits, bytes, numbers of interest, pieces cut out, doubled, or taken from another input. */
static size_t mutate(uint8_t *bytes, size_t length, size_t most) {
  static const char *const words[] = {"0", "-1", "4294967295", "1e200", "\"1/0\"", "{}", "[]", "null", "\"", ",", "268435456", "\"\\u0000\""};
  for (uint64_t turns = 1 + next() % 4; turns > 0; turns--) {
    const size_t at = length ? next() % length : 0, size = length ? 1 + next() % (length - at < 32 ? length - at : 32) : 0;
    switch (next() % 7) {
      case 0: if (length) bytes[at] ^= (uint8_t)(1u << next() % 8); break;
      case 1: if (length) bytes[at] = (uint8_t)next(); break;
      case 2: if (length) memset(bytes + at, next() % 2 ? 0xff : 0, size > 4 ? 4 : size); break;
      case 3: memmove(bytes + at, bytes + at + size, length - at - size); length -= size; break;
      case 4: if (length + size <= most) { memmove(bytes + at + size, bytes + at, length - at); length += size; } break;
      case 5: {
        const char *word = words[next() % (sizeof words / sizeof words[0])];
        const size_t extra = strlen(word);
        if (length + extra > most) break;
        memmove(bytes + at + extra, bytes + at, length - at);
        memcpy(bytes + at, word, extra);
        length += extra;
        break;
      }
      default: {
        const input other = corpus[next() % corpus_count];
        if (!other.length) break;
        const size_t from = next() % other.length;
        size_t piece = 1 + next() % (other.length - from);
        if (piece > most - at) piece = most - at;
        memcpy(bytes + at, other.bytes + from, piece);
        if (at + piece > length) length = at + piece;
      }
    }
  }
  return length;
}

int main(int count, char **words) {
  if (count < 4) return 64;
  const int fatal[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGALRM};
  for (size_t at = 0; at < sizeof fatal / sizeof fatal[0]; at++) signal(fatal[at], keep);
  DIR *folder = opendir(words[2]);
  if (!folder) return 66;
  for (struct dirent *entry; (entry = readdir(folder)) && corpus_count < 4096;) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", words[2], entry->d_name);
    FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "rb");
    if (!file) continue;
    input *read = &corpus[corpus_count++];
    read->bytes = malloc(1 << 16);
    read->length = fread(read->bytes, 1, 1 << 16, file);
    fclose(file);
    run(words[1], read->bytes, read->length);
  }
  closedir(folder);
  if (!corpus_count) return 66;
  state = count > 4 ? strtoull(words[4], NULL, 10) : 1;
  static uint8_t bytes[1 << 16];
  const long mutations = atol(words[3]);
  for (long turn = 0; turn < mutations; turn++) {
    const input base = corpus[next() % corpus_count];
    memcpy(bytes, base.bytes, base.length);
    run(words[1], bytes, mutate(bytes, base.length, sizeof bytes));
  }
  for (size_t at = 0; at < corpus_count; at++) free(corpus[at].bytes);
  printf("%s: %zu inputs and %ld mutations of them\n", words[1], corpus_count, mutations);
  return 0;
}
