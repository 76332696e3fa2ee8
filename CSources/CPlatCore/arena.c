#include "plat_arena.h"
#include <stdlib.h>
#include <string.h>
struct plat_arena { uint64_t current, peak, limit; struct block *blocks; };
struct block { struct block *next, *previous; void *memory; };
plat_arena *plat_arena_create(uint64_t limit) { plat_arena *a = calloc(1, sizeof *a); if (a) a->limit = limit; return a; }
void plat_arena_destroy(plat_arena *a) { if (!a) return; while (a->blocks) { struct block *n = a->blocks->next; free(a->blocks->memory); free(a->blocks); a->blocks = n; } free(a); }
void *plat_arena_allocate(plat_arena *a, size_t n) {
  void *p = NULL; if (posix_memalign(&p, 64, n ? n : 1)) return NULL; memset(p, 0, n);
  struct block *b = calloc(1, sizeof *b); b->memory = p; b->next = a->blocks; if (b->next) b->next->previous = b; a->blocks = b;
  a->current += n; if (a->current > a->peak) a->peak = a->current; return p;
}
void plat_arena_free(plat_arena *a, void *p, size_t n) { for (struct block *b = a->blocks; b; b = b->next) if (b->memory == p) {
  if (b->previous) b->previous->next = b->next; else a->blocks = b->next; if (b->next) b->next->previous = b->previous; free(p); free(b); a->current -= n; return; } }
uint64_t plat_arena_current_bytes(const plat_arena *a) { return a->current; }
uint64_t plat_arena_peak_bytes(const plat_arena *a) { return a->peak; }
