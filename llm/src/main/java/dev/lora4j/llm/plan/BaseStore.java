package dev.lora4j.llm.plan;

import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.llm.weights.Quantization;
import java.util.List;
import java.util.Optional;

/**
 * The ways to store the weights of a base model.
 *
 * <p>bitsandbytes' stores quantise the linear layers of the decoder blocks; embeddings, head, norms
 * and biases stay as in the checkpoint, in 16 bits mostly. GGUF's quantise the token embedding and
 * the head too, and keep vectors in 32 bits. {@code --quantize} gives embedding and head Q8_0; a
 * file written by llama.cpp's {@code llama-quantize} follows the rules in {@link GgufTypes}.
 */
public enum BaseStore {
  /** Four bytes a weight. */
  FLOAT32("float32", ""),
  /** Two bytes a weight, as most checkpoints have it. */
  BF16("bf16", "--dtype auto"),
  /** bitsandbytes' LLM.int8: a byte a weight, and a scale for each output. */
  INT8("int8", "--quantize int8"),
  /** bitsandbytes' NF4: four bits a weight, and a scale in float32 for 64 weights. */
  NF4("nf4", "--quantize nf4"),
  /** NF4 with double quantisation: scales of 8 bits (QLoRA, arXiv:2305.14314, §3). */
  NF4_DOUBLE("nf4-double", "--quantize nf4 --double-quant"),
  /** Blocks of 32 weights of 8 bits and a scale. */
  Q8_0("q8_0", "--quantize q8_0"),
  /** Blocks of 32 weights of 4 bits and a scale. */
  Q4_0("q4_0", "--quantize q4_0"),
  /** Blocks of 256 weights of 4 bits, in eight groups with a scale and a minimum. */
  Q4_K("q4_k", "--quantize q4_k"),
  /** A file of {@code llama-quantize} in Q8_0. */
  GGUF_Q8_0("q8_0.gguf", "its file"),
  /** A file of {@code llama-quantize} in Q4_0. */
  GGUF_Q4_0("q4_0.gguf", "its file"),
  /** A file of {@code llama-quantize} in its mixture of Q4_K and Q6_K. */
  GGUF_Q4_K_M("q4_k_m.gguf", "its file");

  private static final long NF4_BLOCK = 64;
  private static final long NESTED_BLOCK = 256;
  private static final long BOOK = 16L * Float.BYTES;
  private static final long NESTED_BOOK = 256L * Float.BYTES + Float.BYTES;

  private final String word;
  private final String options;

  BaseStore(String word, String options) {
    this.word = word;
    this.options = options;
  }

  /** Returns the store of a quantisation while loading. */
  static BaseStore of(Quantization quantization) {
    return switch (quantization.type()) {
      case NF4, FP4 -> quantization.doubleQuant() ? NF4_DOUBLE : NF4;
      case INT8 -> INT8;
      case Q8_0 -> Q8_0;
      case Q4_0 -> Q4_0;
      case Q4_K -> Q4_K;
    };
  }

  /** Returns its name in reports, such as {@code nf4-double}. */
  public String word() {
    return word;
  }

  /** Returns the options of {@code lora train} that choose it; empty for the default. */
  public String options() {
    return options;
  }

  boolean isDense() {
    return this == FLOAT32;
  }

  /**
   * Returns the size of a tensor in this store, in bytes.
   *
   * @param layers number of decoder layers
   * @param plainBytes of a value that is not quantised: 2 or 4, as in the checkpoint
   */
  long bytes(PlannedTensor tensor, int layers, int plainBytes) {
    return switch (this) {
      case FLOAT32 -> Float.BYTES * tensor.elements();
      case BF16 -> Short.BYTES * tensor.elements();
      case INT8, NF4, NF4_DOUBLE ->
          tensor.role() == PlannedTensor.Role.LAYER
              ? bitsandbytes(tensor)
              : plainBytes * tensor.elements();
      case Q8_0, Q4_0, Q4_K -> tensor.rows() * blocks(tensor).bytesOf(tensor.columns());
      case GGUF_Q8_0, GGUF_Q4_0, GGUF_Q4_K_M ->
          tensor.rows() * GgufTypes.of(this, tensor, layers).bytesOf(tensor.columns());
    };
  }

  private long bitsandbytes(PlannedTensor tensor) {
    long blocks = ceil(tensor.elements(), NF4_BLOCK);
    long packed = ceil(tensor.elements(), 2) + BOOK;
    return switch (this) {
      case INT8 -> tensor.elements() + Float.BYTES * tensor.rows();
      case NF4 -> packed + Float.BYTES * blocks;
      default -> packed + blocks + Float.BYTES * ceil(blocks, NESTED_BLOCK) + NESTED_BOOK;
    };
  }

  private static long ceil(long size, long block) {
    return (size + block - 1) / block;
  }

  private GgmlType blocks(PlannedTensor tensor) {
    return switch (tensor.role()) {
      case OTHER -> GgmlType.F32;
      case LAYER -> ggmlType();
      default -> GgmlType.Q8_0;
    };
  }

  /**
   * Returns the first of a model's matrices whose rows are no whole blocks of this store, which
   * {@code --quantize} refuses; empty if all fit.
   */
  Optional<String> misfit(List<PlannedTensor> tensors) {
    boolean hasBlocks = this == Q8_0 || this == Q4_0 || this == Q4_K;
    return tensors.stream()
        .filter(t -> hasBlocks && t.columns() % blocks(t).blockElements() != 0)
        .findFirst()
        .map(
            t ->
                "%s: a row of %d values is no multiple of a block of %d"
                    .formatted(t.name(), t.columns(), blocks(t).blockElements()));
  }

  /** Returns the GGUF type of most matrices of this store. */
  GgmlType ggmlType() {
    return switch (this) {
      case Q8_0, GGUF_Q8_0 -> GgmlType.Q8_0;
      case Q4_0, GGUF_Q4_0 -> GgmlType.Q4_0;
      case Q4_K, GGUF_Q4_K_M -> GgmlType.Q4_K;
      default -> throw new IllegalStateException(this + " is no GGUF type");
    };
  }
}
