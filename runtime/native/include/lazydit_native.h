/*
 * The ready-made executor: runs a bundle's ExecuTorch programs (.pte files) for the scheduler of lazydit.h.
 *
 * Ownership. Everything that lazydit_native_create is given is copied: the caller may free it when create returns. The
 * executor struct belongs to its lazydit_native and lives as long as it does. Free a lazydit_native with
 * lazydit_native_free, exactly once, when no generation runs on it any more; the struct's own `release` is NULL.
 *
 * Copies. Inputs are read where they lie. An output is written where it lies if its program was exported without
 * planned outputs and its shape is fixed; any other is copied once.
 *
 * Memory. Files are mapped, not read. A program that is alone in its file is unloaded when a generation has done with
 * it (see done_with in lazydit.h) and loaded again when it is next run, which takes little time with a weight cache.
 *
 * Threads. Generations on several threads may use one executor: its programs run one at a time. All executors of a
 * process share one pool of threads, whose size the first one settles until the last is freed.
 *
 * Trust. ExecuTorch's loader is not made for hostile files: check a file's hash before you name it here.
 */
#ifndef LAZYDIT_NATIVE_H
#define LAZYDIT_NATIVE_H

#include "lazydit.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct lazydit_native_program {
  const char* file;   /* path of a .pte file; several programs may be in one */
  const char* method; /* which of the file's methods */
  const char* hash;   /* sha256 of the file in lower-case hexadecimal, which names its packed weights in the weight
                         cache; NULL: they are not kept */
  /* For reuse and extrapolate, where the model's norm is a layer norm without weights: its epsilon. The executor then
     computes them itself, in float32 and in one pass over the tokens, which takes a small part of the method's time.
     0, and where the method has another signature: the method runs. */
  double layer_norm_epsilon;
} lazydit_native_program;

/* Zeros are the defaults. */
typedef struct lazydit_native_options {
  /* Size of the process's pool of threads, 0 to 1024; 0 leaves it as it is, which is at first one per processor. More
     than there are fast cores makes every program wait for the slow ones. While there are other executors the pool
     stays as it is, whatever is asked for. */
  int32_t threads;
  /* Folder for the weights as the engine packs them for this processor, or NULL for none. The first load leaves them
     there, later loads map them: they are fast, and the weights need no memory of their own. The folder is made if need
     be; what was damaged or not used for 30 days is removed. Processes may share it. Where nothing can be kept, a full
     disk for one, loading takes longer and that is all. Keep it where only you write: damage is found out, malice is
     not. Linux and Android only. */
  const char* weight_cache;
} lazydit_native_options;

#define LAZYDIT_NATIVE_MAX_TENSORS 8

/* What a program takes and gives. `data` is NULL; a size that may change from run to run is the largest. */
typedef struct lazydit_native_signature {
  size_t num_inputs;
  size_t num_outputs;
  lazydit_tensor inputs[LAZYDIT_NATIVE_MAX_TENSORS];
  lazydit_tensor outputs[LAZYDIT_NATIVE_MAX_TENSORS];
} lazydit_native_signature;

typedef struct lazydit_native lazydit_native;

/* The ExecuTorch that the library was built with. */
LAZYDIT_API const char* lazydit_native_engine_version(void);

/* LAZYDIT_INVALID_ARGUMENT with a sentence that names the option to change, or LAZYDIT_OK. */
LAZYDIT_API lazydit_status lazydit_native_options_check(const lazydit_native_options* options, lazydit_error* error);

/* Writes the options as text ("threads=2 weight_cache=none"), zero-terminated and at most `size` bytes. Returns the
 * bytes that the whole text needs, the zero included. */
LAZYDIT_API size_t lazydit_native_options_print(const lazydit_native_options* options, char* text, size_t size);

/* Loads all programs. The number of a program is its place in `programs`. On failure *native is NULL. */
LAZYDIT_API lazydit_status lazydit_native_create(const lazydit_native_program* programs, size_t num_programs,
                                                 const lazydit_native_options* options, lazydit_native** native,
                                                 lazydit_error* error);

/* Of a loaded program, to hold against the manifest. */
LAZYDIT_API lazydit_status lazydit_native_program_signature(const lazydit_native* native, int32_t program,
                                                            lazydit_native_signature* signature, lazydit_error* error);

/* What lazydit_generation_run takes. */
LAZYDIT_API const lazydit_executor* lazydit_native_executor(const lazydit_native* native);

LAZYDIT_API void lazydit_native_free(lazydit_native* native); /* NULL is allowed */

#ifdef __cplusplus
}
#endif

#endif
