package dev.lora4j.llm.plan;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.gguf.GgmlType;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * The ways to store the weights of a base model.
 *
 * <p>bitsandbytes' stores quantise the linear layers of the decoder blocks; embeddings, head, norms
 * and biases keep 16 bits. llama.cpp's stores quantise the embeddings and the head too ({@link
 * GgufTypes}), and keep vectors in 32 bits.
 */
public enum BaseStore {
  /** Four bytes a weight. */
  FLOAT32,
  /** Two bytes a weight, as most checkpoints have it. */
  BF16,
  /** bitsandbytes' LLM.int8: a byte a weight, and a scale for each output. */
  INT8,
  /** bitsandbytes' NF4: four bits a weight, and a scale in float32 for 64 weights. */
  NF4,
  /** NF4 with double quantisation: scales of 8 bits (QLoRA, arXiv:2305.14314, §3). */
  NF4_DOUBLE,
  /** GGUF with 32 weights of 8 bits and a scale in a block. */
  Q8_0,
  /** GGUF with 32 weights of 4 bits and a scale in a block. */
  Q4_0,
  /** llama.cpp's mixture of Q4_K and Q6_K, 4.5 and 6.6 bits a weight. */
  Q4_K_M;

  private static final long NF4_BLOCK = 64;
  private static final long NESTED_BLOCK = 256;
  private static final long BOOK = 16L * Float.BYTES;
  private static final long NESTED_BOOK = 256L * Float.BYTES + Float.BYTES;

  /**
   * Returns the store of a name such as {@code nf4-double}.
   *
   * @throws UserError listing the names
   */
  public static BaseStore named(String name) {
    return Arrays.stream(values())
        .filter(store -> store.word().equalsIgnoreCase(name))
        .findFirst()
        .orElseThrow(
            () ->
                new UserError(
                    "unknown store '%s'%s".formatted(name, NearMiss.hint(name, words()))));
  }

  public static List<String> words() {
    return Arrays.stream(values()).map(BaseStore::word).toList();
  }

  /** Returns its name on the command line. */
  public String word() {
    return name().startsWith("Q")
        ? name().toLowerCase(Locale.ROOT)
        : name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Returns whether a product needs the weight dequantised first. */
  boolean isQuantized() {
    return this != FLOAT32;
  }

  /** Returns the size of a tensor in this store, in bytes; {@code layers} decoder layers. */
  long bytes(BaseTensor tensor, int layers) {
    return switch (this) {
      case FLOAT32 -> Float.BYTES * tensor.elements();
      case BF16 -> Short.BYTES * tensor.elements();
      case INT8, NF4, NF4_DOUBLE ->
          tensor.role() == BaseTensor.Role.LAYER
              ? bitsandbytes(tensor)
              : Short.BYTES * tensor.elements();
      case Q8_0, Q4_0, Q4_K_M ->
          tensor.rows() * GgufTypes.of(this, tensor, layers).rowBytes(tensor.columns());
    };
  }

  private long bitsandbytes(BaseTensor tensor) {
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

  /** Returns llama.cpp's type for most matrices of this store. */
  GgmlType ggmlType() {
    return switch (this) {
      case Q8_0 -> GgmlType.Q8_0;
      case Q4_0 -> GgmlType.Q4_0;
      case Q4_K_M -> GgmlType.Q4_K;
      default -> throw new IllegalStateException(this + " is no GGUF type");
    };
  }
}
