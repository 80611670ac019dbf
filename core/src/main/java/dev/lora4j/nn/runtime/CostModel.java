package dev.lora4j.nn.runtime;

/**
 * The thresholds at which a kernel, a division among threads or prefix sharing becomes worthwhile.
 * Measured on 2 cores of an AMD EPYC (Zen 3, AVX2) with a Llama of 134.5 M parameters unless noted
 * otherwise; {@code bench/run layers} and {@code lora bench} measure them again.
 */
public final class CostModel {
  // ---- products ----

  /**
   * Maximum number of rows of x for {@code (W xᵀ)ᵀ} in OpenBLAS, whose general product copies W
   * first.
   */
  public static final long SKINNY_MAX_ROWS = 64;

  /** Minimum number of elements of W for that product: smaller weights stay in the cache. */
  public static final long SKINNY_MIN_WEIGHT = 1 << 16;

  /**
   * Minimum number of multiplications for a matrix-vector product on several threads; fewer take 50
   * µs.
   */
  public static final long SHARED_GEMV_MIN = 1 << 17;

  /** Multiplications in the smallest piece that a thread takes of a product: 10 µs. */
  public static final int GEMV_PIECE = 1 << 15;

  /**
   * Multiplications of 8 rows in a piece of a batch's product. OpenBLAS multiplies without copying
   * the weights up to a million: with 1,536 inputs, 89 ms instead of 176 for all weights on one
   * thread of a Xeon with AVX-512. The piece also fits the L2 cache.
   */
  private static final long BATCH_PRODUCT_PIECE = 1_000_000;

  /** Returns the number of outputs in a piece of a batch's product. */
  public static long batchProductPiece(long inputs) {
    long outputs = BATCH_PRODUCT_PIECE / (8 * inputs);
    return Math.max(16, Math.min(128, outputs / 16 * 16));
  }

  // ---- convolutions ----

  /**
   * Maximum number of multiplications of a convolution as a matrix product of windows. Two images
   * of 3 × 32 × 32 with six kernels of 5 × 5 have 0.7 million: 110 µs instead of oneDNN's 170, and
   * 182 instead of 424 for the gradients of the next layer (one core, AVX2); from 3 million on,
   * oneDNN is as fast.
   */
  public static final long COLUMN_CONVOLUTION_MAX = 2_000_000;

  // ---- quantised weights ----

  /**
   * Values of a quantised weight that are in float32 at once, 2 MB, about a core's L2 cache. The
   * product of 512 rows with 2048 × 2048 values takes 1.11 times as long as with float32; with 1 MB
   * 1.20, because BLAS copies the rows of x for each tile; with 8 MB 1.25 (Xeon, AVX-512).
   */
  public static final long DEQUANTIZED_TILE = 1 << 19;

  /** Minimum number of rows of such a tile, for weights with many columns. */
  public static final long DEQUANTIZED_MIN_ROWS = 128;

  /**
   * Minimum number of rows of a prompt for products in bfloat16: 0.34 ms instead of 0.43 for 32
   * rows and a tile of 256 × 2048, with its conversion, and 0.6 instead of 1.8 for 256.
   */
  public static final long BFLOAT16_MIN_ROWS = 32;

  // ---- LoRA ----

  /**
   * Minimum number of rows of x for {@code A xᵀ} in MKL: 20 µs instead of 42 for 90 rows of 384
   * inputs and rank 8.
   */
  public static final long LOW_RANK_MANY_ROWS = 32;

  /** Minimum number of outputs per thread for computing DoRA norms. */
  public static final long DORA_NORM_MIN_OUTPUTS = 256;

  /**
   * Tokens of a step's only micro-batch for which operators are split over the workers' threads:
   * 252 tokens/s instead of 150 for one example of 256 tokens (Zen 4).
   */
  public static final long SPLIT_OPERATORS_MIN_TOKENS = 64;

  // ---- attention ----

  /**
   * Queries in a block of causal attention, which reads only the keys that its last query attends
   * to. Forward and backward take 10.7 ms instead of 14.2 for 2 × 256 tokens and 18.1 instead of
   * 28.4 for 512: libtorch computes whole squares of up to 512 tokens and masks half.
   */
  public static final long ATTENTION_QUERY_BLOCK = 64;

  /** Tokens to which attending costs as much, in training, as all other work on one token. */
  public static final long ATTENTION_TOKENS_IN_TRAINING = 4096;

  /** Tokens to which attending costs as much, in prefill, as all other work on one token. */
  public static final double ATTENTION_TOKENS_IN_PREFILL = 1024;

  /** Minimum number of prompt tokens per thread in prefill. */
  public static final int PREFILL_MIN_TOKENS = 8;

  /**
   * Maximum number of tokens of a prompt whose products share dequantised tiles: 0.66 s instead of
   * 0.94 for 16 tokens, 4.9 instead of 5.2 for 512 (TinyLlama's shape in Q4_0, two cores of a Xeon
   * with AVX-512). The other operators then run on one thread, which costs more in longer ones.
   */
  public static final int SHARED_TILES_MAX_TOKENS = 512;

  /**
   * A prefix is computed once for several examples unless the rest is longer by more than this
   * factor: attending to a prefix elsewhere in the row has a cost too.
   */
  public static final int SHARED_PREFIX_MAX_RATIO = 64;

  // ---- encoders ----

  /**
   * Tokens of an encoder's batch on one thread: a layer of MiniLM takes 32 µs a token with 128 to
   * 1024 (a core of a Xeon, MKL), and small batches end at the same time.
   */
  public static final long ENCODER_BATCH_TOKENS = 512;

  /** Minimum number of tokens of a batch for which a second thread pays. */
  public static final long ENCODER_BATCH_MIN_TOKENS = 128;

  /**
   * Multiplications that take as long as a product of its own for a run of rows with the same
   * adapter: about 20 µs.
   */
  public static final long ADAPTER_RUN_MULTIPLICATIONS = 500_000;

  // ---- chunked cross-entropy ----

  /**
   * Logits computed at once, 32 MB: as fast as all at once, and peak memory falls from 3.44 to 2.45
   * GB.
   */
  public static final long LOGITS_CHUNK = 1 << 23;

  /** Minimum number of logit rows computed at once, for any vocabulary. */
  public static final long LOGITS_MIN_ROWS = 16;

  /** Vocabulary entries in one product: 56 ms instead of 71 for 75 rows (Zen 4, MKL). */
  public static final long LOGITS_WORDS = 1024;

  // ---- waiting ----

  /** Checks of a flag before a waiting thread yields its core. */
  public static final int SPINS_BEFORE_YIELD = 1_000;

  /** Checks before a waiting worker sleeps: a small network's step is shorter than a wake-up. */
  public static final int SPINS_BEFORE_PARK = 2_000;

  /** Checks before a thread blocks on joint work: about 0.1 ms, as long as a wake-up takes. */
  public static final int SPINS_BEFORE_BLOCK = 10_000;

  private CostModel() {}
}
