/*
 * LazyDiT scheduler: walks the gate graph of a bundle, runs programs or reuses cached outputs.
 *
 * Words. A *module* is a block's MHSA (attn) or feedforward (mlp); a model of depth L has 2L of them, in the order
 * attn 0, mlp 0, attn 1, mlp 1, ... A *program* is one lowered piece of the model, known here by a number that the
 * caller chose. Steps are counted in sampling order: step 0 is the first one sampled, the noisiest. Sample 0 is the
 * conditional one, sample 1 (with guidance only) the unconditional one.
 *
 * Ownership. A generation owns every tensor of its programs; they are allocated by lazydit_generation_plan and by
 * nothing afterwards. Everything that plan is given is copied: the caller may free it when plan returns. An executor
 * borrows the tensors of one run call until that call returns. Pointers returned by the accessors stay valid until the
 * generation is run again or freed. Free a generation with lazydit_generation_free, exactly once.
 *
 * Threads. Different generations may be planned, run and freed on different threads at the same time; they share
 * nothing. One generation belongs to one thread at a time, except for lazydit_generation_cancel, which any thread may
 * call at any time before the generation is freed. The executor and the step callback are called on the thread that
 * called lazydit_generation_run.
 *
 * Errors. A function that can fail returns a status and, where `error` is not NULL, fills it with the same status and
 * one sentence. No C++ exception ever crosses this interface, and none may cross the callbacks into it.
 */
#ifndef LAZYDIT_H
#define LAZYDIT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define LAZYDIT_API
#else
#define LAZYDIT_API __attribute__((visibility("default")))
#endif

#define LAZYDIT_MAX_RANK 4
/* Tensors start on this boundary where they are whole buffers, and may be read this many bytes past their end. */
#define LAZYDIT_ALIGNMENT 64

typedef enum lazydit_status {
  LAZYDIT_OK = 0,
  LAZYDIT_INVALID_ARGUMENT = 1,
  LAZYDIT_OUT_OF_MEMORY = 2,
  LAZYDIT_CANCELLED = 3,
  LAZYDIT_EXECUTOR_FAILED = 4
} lazydit_status;

typedef struct lazydit_error {
  lazydit_status status;
  char message[256]; /* zero-terminated */
} lazydit_error;

typedef enum lazydit_dtype {
  LAZYDIT_FLOAT32 = 0,
  LAZYDIT_FLOAT16 = 1,
  LAZYDIT_INT64 = 2
} lazydit_dtype;

/* A dense, row-major tensor. */
typedef struct lazydit_tensor {
  void *data;
  size_t size_bytes;
  lazydit_dtype dtype;
  int32_t rank;
  int64_t shape[LAZYDIT_MAX_RANK];
} lazydit_tensor;

/*
 * The adapter that runs programs on one engine.
 *
 * run: computes `program` from `inputs` and fills `outputs`, whose memory is the generation's own: an engine that can
 * write in place copies nothing. Inputs and outputs never overlap. Returns 0, or anything else after writing a
 * sentence (zero-terminated, at most message_size bytes) to `message`.
 * release: called by whoever owns the executor when it is no longer needed; the core never calls it. May be NULL.
 * done_with: this generation runs `program` no more, so that its memory may be freed; called for condition, whose
 * weights are a third of the model, after its last call. Others may run it still, and so may this generation the next
 * time: load it again then. May be NULL.
 */
typedef struct lazydit_executor {
  void *context;
  int32_t (*run)(void *context, int32_t program, const lazydit_tensor *inputs, size_t num_inputs,
                 const lazydit_tensor *outputs, size_t num_outputs, char *message, size_t message_size);
  void (*release)(void *context);
  void (*done_with)(void *context, int32_t program);
} lazydit_executor;

/*
 * The gate graph of a model. N tokens, D width, L depth, C channels, T steps:
 *
 *   condition  label [1] int64, timesteps [T] float32        -> modulation [T, L, 6D], final_modulation [T, 2D]
 *   embed      latent [1, C, h, w]                           -> x [1, N, D], norm [1, N, D], norm_sum [1, D]
 *   modules[i] x, norm, shift, scale, gate ([1, 1, D] each)  -> x', norm', norm_sum', output [1, N, D]
 *   blocks[b]  x, norm, shift, scale, gate of its MHSA,      -> x', norm', norm_sum', output of its MHSA,
 *              shift, scale, gate of its feedforward            output of its feedforward
 *   reuse      x, output, gate                               -> x', norm', norm_sum'
 *   extrapolate  x, output, previous, weight [1, 1, 1], gate -> x', norm', norm_sum'
 *   final      norm, shift, scale                            -> model output [1, output_channels, h, w]
 *   decode     latent [1, C, h, w]                           -> image [1, image_channels, image_height, image_width]
 *
 * modulation holds, for every block, shift, scale, gate of the MHSA and then of the feedforward; final_modulation
 * holds shift, scale. condition is called with at most condition_max_steps timesteps at a time.
 *
 * A block's program does what its two modules' programs do one after the other. It is called in their place where both
 * run whatever any gate says: one larger call instead of two. A graph without such programs has NULL for them.
 *
 * extrapolate does what reuse does, of output + weight * (output - previous): it goes on along the straight line through
 * the last two outputs of a module. Where these are of steps a > b and the present step is t, weight is (t - a) / (a - b).
 *
 * x, norm, output and previous have the element type activation_type: the core keeps them and never looks inside. All
 * else is float32 but the label.
 */
typedef struct lazydit_model {
  int64_t depth;
  int64_t width;
  int64_t tokens;
  int64_t channels; /* C, latent_height h, latent_width w */
  int64_t latent_height;
  int64_t latent_width;
  int64_t output_channels; /* channels, or twice as many for models that learn sigma: the rest is not used */
  int64_t num_classes;     /* labels are 0 .. num_classes - 1; the unconditional sample has label num_classes */
  int64_t condition_max_steps;
  int32_t condition_program;
  int32_t embed_program;
  const int32_t *module_programs; /* [2 * depth] */
  const int32_t *block_programs;  /* [depth], or NULL */
  int32_t reuse_program;
  int32_t extrapolate_program; /* negative where there is none: policies then cannot extrapolate */
  int32_t final_program;
  int32_t decode_program; /* negative where the latent is the image */
  int64_t image_channels; /* of decode; not read without it */
  int64_t image_height;
  int64_t image_width;
  lazydit_dtype activation_type; /* LAZYDIT_FLOAT32 or LAZYDIT_FLOAT16 */
} lazydit_model;

typedef enum lazydit_policy_kind {
  LAZYDIT_ALWAYS = 0,   /* run every module: plain DDIM */
  LAZYDIT_LAZY = 1,     /* the gates decide, per module, step and sample */
  LAZYDIT_EVERY_N = 2,  /* run every module at steps 0, n, 2n, ...; reuse at all others */
  LAZYDIT_SCHEDULE = 3  /* a fixed mask decides, per module and step */
} lazydit_policy_kind;

/* Step 0 runs every module whatever the policy says, since nothing is cached. Pointers that the kind does not use are
 * not read. */
typedef struct lazydit_policy {
  lazydit_policy_kind kind;
  const float *gates;      /* lazy: [steps, 2 * depth, width] */
  float threshold_attn;    /* lazy: run the module iff score >= threshold */
  float threshold_mlp;
  int32_t every_n;         /* every-n: at least 1 */
  const uint8_t *schedule; /* schedule: [steps, 2 * depth], 1 = run, 0 = reuse */
  int32_t max_reuse;       /* most steps in a row that one module may be reused; 0 = no limit */
  int32_t extrapolate;     /* 1: what is reused is extrapolated once the module has run twice; 0: it is held */
} lazydit_policy;

typedef struct lazydit_plan {
  int32_t steps;
  const int64_t *timesteps;      /* [steps], descending */
  const double *alphas_cumprod;  /* [steps], of the same timesteps, in (0, 1), ascending */
  int32_t guided;                /* 1: conditional and unconditional sample; 0: conditional only */
  int64_t guidance_channels;     /* how many of the first channels are guided: 1 .. channels; read where guided */
  lazydit_policy policy;
} lazydit_plan;

/* Bytes that a generation allocates. */
typedef struct lazydit_memory {
  size_t total;       /* all of the following and the small rest */
  size_t cache;       /* outputs of modules kept for reuse; where a policy extrapolates, two of each */
  size_t modulation;  /* of all steps */
  size_t activations;
  size_t gates;       /* the gates or the schedule of the policy */
  size_t trace;
} lazydit_memory;

typedef struct lazydit_step {
  int32_t step;    /* the step that ended, from 0 */
  int32_t steps;
  int32_t reached; /* modules reached in this step, over all samples */
  int32_t reused;  /* of them reused */
  double step_ms;
} lazydit_step;

typedef struct lazydit_request {
  int64_t label;
  uint64_t seed;      /* of the starting noise, drawn as lazydit_randn does */
  const float *noise; /* [C, h, w] in place of the seed's noise, or NULL */
  double guidance;    /* scale; not read where the plan is not guided */
  /* Called after every step, or NULL; anything but 0 cancels. */
  int32_t (*on_step)(void *user, const lazydit_step *step);
  void *user;
} lazydit_request;

/* Wall time of one run, in milliseconds. Whatever is not inside a program is the scheduler's own. */
typedef struct lazydit_timings {
  double total_ms;
  double condition_ms;
  double embed_ms;
  double attn_ms;
  double mlp_ms;
  double block_ms; /* whole blocks; the trace shares each one's time evenly between its modules */
  double reuse_ms; /* extrapolate too */
  double final_ms;
  double decode_ms;
  double scheduler_ms;
} lazydit_timings;

typedef struct lazydit_generation lazydit_generation;

/* What lazydit_generation_plan would allocate, without allocating it. */
LAZYDIT_API lazydit_status lazydit_generation_memory(const lazydit_model *model, const lazydit_plan *plan,
                                                     lazydit_memory *memory, lazydit_error *error);

/* Checks everything, allocates everything. On failure *generation is NULL. */
LAZYDIT_API lazydit_status lazydit_generation_plan(const lazydit_model *model, const lazydit_plan *plan,
                                                   lazydit_generation **generation, lazydit_error *error);

/*
 * Generates one image. May be called again, with the same or another request: caches, trace and timings start anew.
 * After anything but LAZYDIT_OK there is no latent and no image.
 */
LAZYDIT_API lazydit_status lazydit_generation_run(lazydit_generation *generation, const lazydit_request *request,
                                                  const lazydit_executor *executor, lazydit_error *error);

/* Stops a run before its next program, from any thread; between two runs, the next one. Calls that come before the run
 * has stopped stop that one run only. */
LAZYDIT_API void lazydit_generation_cancel(lazydit_generation *generation);

LAZYDIT_API void lazydit_generation_free(lazydit_generation *generation); /* NULL is allowed */

/* NULL unless the last run returned LAZYDIT_OK. */
LAZYDIT_API const float *lazydit_generation_latent(const lazydit_generation *generation); /* [C, h, w] */
LAZYDIT_API const float *lazydit_generation_image(const lazydit_generation *generation);  /* of decode; else NULL */

/* Trace of the last run, [steps, samples, 2 * depth]; steps not reached by a cancelled run hold NaN and 0. */
LAZYDIT_API int32_t lazydit_generation_samples(const lazydit_generation *generation);
LAZYDIT_API const float *lazydit_generation_scores(const lazydit_generation *generation);     /* NaN: no gate decided */
LAZYDIT_API const uint8_t *lazydit_generation_ran(const lazydit_generation *generation);      /* 1: run, 0: reused */
LAZYDIT_API const uint8_t *lazydit_generation_extrapolated(const lazydit_generation *generation); /* 1: so reused */
LAZYDIT_API const double *lazydit_generation_module_ms(const lazydit_generation *generation); /* run or reuse */
LAZYDIT_API const double *lazydit_generation_step_ms(const lazydit_generation *generation);   /* [steps] */
LAZYDIT_API void lazydit_generation_timings(const lazydit_generation *generation, lazydit_timings *timings);

/* size numbers as torch.randn(size, generator=torch.Generator().manual_seed(seed)) draws them on a CPU. */
LAZYDIT_API void lazydit_randn(uint64_t seed, float *out, size_t size);

/* The published respacing of train_steps timesteps to `steps`, descending; 1 <= steps <= train_steps. */
LAZYDIT_API lazydit_status lazydit_spaced_timesteps(int32_t train_steps, int32_t steps, int64_t *out,
                                                    lazydit_error *error);

/* Cumulative products of 1 - beta for betas that rise linearly over train_steps, from beta_start to beta_end. */
LAZYDIT_API lazydit_status lazydit_alphas_cumprod(int32_t train_steps, double beta_start, double beta_end, double *out,
                                                  lazydit_error *error);

LAZYDIT_API const char *lazydit_version(void);
LAZYDIT_API const char *lazydit_status_name(lazydit_status status);

#ifdef __cplusplus
}
#endif

#endif
