package dev.lora4j.llm.weights;

import java.util.OptionalInt;

/**
 * The storage of a weight that bitsandbytes has quantised.
 *
 * @param type NF4, FP4 or INT8
 * @param blockSize the number of values with one scale; empty for INT8, which has one for each row
 * @param nestedBlockSize the number of scales with one scale of their own, with double quantisation
 */
public record BitsAndBytesLayout(
    QuantType type, OptionalInt blockSize, OptionalInt nestedBlockSize) {

  static final BitsAndBytesLayout INT8 =
      new BitsAndBytesLayout(QuantType.INT8, OptionalInt.empty(), OptionalInt.empty());

  static BitsAndBytesLayout of(FourBitState state) {
    return new BitsAndBytesLayout(
        state.type(),
        OptionalInt.of(state.blockSize()),
        state.nested().stream().mapToInt(FourBitState.Nested::blockSize).findFirst());
  }

  /** Returns it in words, such as {@code nf4, blocks of 64}. */
  public String describe() {
    if (blockSize.isEmpty()) {
      return type.word() + ", a scale for each row";
    }
    String blocks = "%s, blocks of %d".formatted(type.word(), blockSize.getAsInt());
    return nestedBlockSize.isPresent()
        ? "%s, double quantisation with blocks of %d scales"
            .formatted(blocks, nestedBlockSize.getAsInt())
        : blocks;
  }
}
