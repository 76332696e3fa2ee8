/* The library does not look at the environment, neither when it is loaded nor later: environment LIBRARY. The environment lies on
 * a page that nobody may read while that goes on, and whoever asks for it by name is told of. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>
#include <plat.h>
#include "check.h"

static int asked;

/* In place of libc's, for every library that is loaded late as well. */
char *getenv(const char *name) {
  if (asked >= 0) {
    asked++;
    fprintf(stderr, "asked for %s\n", name);
  }
  return NULL;
}
char *secure_getenv(const char *name) { return getenv(name); }

static char **page;

static void trap(int number, siginfo_t *info, void *context) {
  (void)number, (void)context;
  const char *at = info->si_addr, *begin = (char *)page;
  const int isOfEnvironment = at >= begin && at < begin + 4096;
  const char *text = isOfEnvironment ? "the environment was read\n" : "a fault of another kind\n";
  (void)!write(2, text, strlen(text));
  _exit(3);
}

static void close_environment(int isClosed) { CHECK(mprotect(page, 4096, isClosed ? PROT_NONE : PROT_READ) == 0); }

int main(int count, char **words) {
  CHECK(count > 1);
  page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(page != MAP_FAILED);
  page[0] = (char *)(page + 64);
  strcpy(page[0], "SWIFT_DETERMINISTIC_HASHING=1");
  environ = page;
  struct sigaction action = {0};
  action.sa_sigaction = trap;
  action.sa_flags = SA_SIGINFO;
  CHECK(sigaction(SIGSEGV, &action, NULL) == 0);

  /* The loader may look at what is its own (LD_LIBRARY_PATH …), which it has read when the process began. */
  close_environment(1);
  void *library = dlopen(words[1], RTLD_NOW | RTLD_LOCAL);
  if (!library) fprintf(stderr, "%s\n", dlerror());
  CHECK(library);
  __typeof__(&plat_options_make) options_make;
  __typeof__(&plat_options_set) options_set;
  __typeof__(&plat_generate) generate;
  __typeof__(&plat_document_plan) document_plan;
  __typeof__(&plat_document_verify) document_verify;
  __typeof__(&plat_bytes_data) bytes_data;
  __typeof__(&plat_bytes_length) bytes_length;
#define LOAD(name) CHECK((*(void **)&name = dlsym(library, "plat_" #name)))
  LOAD(options_make); LOAD(options_set); LOAD(generate); LOAD(document_plan); LOAD(document_verify); LOAD(bytes_data); LOAD(bytes_length);
  plat_options *options = NULL;
  plat_bytes *cluster = NULL, *plan = NULL, *report = NULL;
  plat_document given = PLAT_DOCUMENT_INIT, made = PLAT_DOCUMENT_INIT;
  CHECK(options_make(&options, NULL) == PLAT_OK && options_set(options, "generate.map", "drifted", NULL) == PLAT_OK);
  CHECK(options_set(options, "threads", "4", NULL) == PLAT_OK);
  CHECK(generate(options, NULL, &cluster, NULL) == PLAT_OK);
  given.bytes = bytes_data(cluster);
  given.length = bytes_length(cluster);
  CHECK(document_plan(&given, options, NULL, &plan, NULL) == PLAT_OK);
  made.bytes = bytes_data(plan);
  made.length = bytes_length(plan);
  CHECK(document_verify(&given, &made, options, NULL, &report, NULL) == PLAT_OK);
  given.length /= 2;
  CHECK(document_plan(&given, options, NULL, &plan, NULL) == PLAT_INVALID_INPUT);
  close_environment(0);
  CHECK(asked == 0);

  /* And this is how it would be seen. */
  CHECK(getenv("anything") == NULL && asked == 1);
  if (count > 2) {
    close_environment(1);
    for (char **variable = environ; *variable; variable++) puts(*variable);
  }
  puts("all is so");
  return 0;
}
