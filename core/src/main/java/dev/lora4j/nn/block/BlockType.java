package dev.lora4j.nn.block;

import dev.lora4j.UserError;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The block formats, named as in ggml. */
public enum BlockType {
  Q4_0(32, 18, SmallBlocks::q4WithoutMinimum, BlockQuantizers::q4),
  Q4_1(32, 20, SmallBlocks::q4WithMinimum),
  Q5_0(32, 22, SmallBlocks::q5WithoutMinimum),
  Q5_1(32, 24, SmallBlocks::q5WithMinimum),
  Q8_0(32, 34, SmallBlocks::q8, BlockQuantizers::q8),
  Q2_K(256, 84, LowBitBlocks::q2),
  Q3_K(256, 110, LowBitBlocks::q3),
  Q4_K(256, 144, SuperBlocks::q4, SuperBlockQuantizer::q4),
  Q5_K(256, 176, SuperBlocks::q5),
  Q6_K(256, 210, SuperBlocks::q6),
  IQ4_NL(32, 18, CodeBookBlocks::small),
  IQ4_XS(256, 136, CodeBookBlocks::large);

  private final int elements;
  private final int bytes;

  @SuppressWarnings("ImmutableEnumChecker") // a function without state
  private final BlockDequantizer dequantizer;

  @SuppressWarnings("ImmutableEnumChecker") // a function without state
  private final @Nullable BlockQuantizer quantizer;

  BlockType(int elements, int bytes, BlockDequantizer dequantizer) {
    this(elements, bytes, dequantizer, null);
  }

  BlockType(
      int elements, int bytes, BlockDequantizer dequantizer, @Nullable BlockQuantizer quantizer) {
    this.elements = elements;
    this.bytes = bytes;
    this.dequantizer = dequantizer;
    this.quantizer = quantizer;
  }

  /** Returns the number of values in a block. */
  public int elements() {
    return elements;
  }

  /** Returns the number of bytes of a block. */
  public int bytes() {
    return bytes;
  }

  /**
   * Returns the number of bytes of a row.
   *
   * @throws UserError if the row is not a whole number of blocks
   */
  public long rowBytes(long columns) {
    if (columns % elements != 0) {
      throw new UserError(
          "a row of %d values is not a whole number of %s blocks, which have %d values each"
              .formatted(columns, this, elements));
    }
    return columns / elements * bytes;
  }

  /** Returns the fastest dequantisation that this JVM has; all give the same values. */
  public BlockDequantizer dequantizer() {
    return VectorArithmetic.PRESENT
        .flatMap(vectors -> vectors.dequantizer(this))
        .orElse(dequantizer);
  }

  /** Returns the dequantisation without the Vector API. */
  BlockDequantizer plainDequantizer() {
    return dequantizer;
  }

  /** Returns whether {@link #quantizer} has one. */
  public boolean canQuantize() {
    return quantizer != null;
  }

  /**
   * Returns the quantisation to this format.
   *
   * @throws UserError naming the formats that have one
   */
  public BlockQuantizer quantizer() {
    if (quantizer == null) {
      throw new UserError(
          this
              + " can be read but not written; use "
              + Arrays.stream(values())
                  .filter(BlockType::canQuantize)
                  .map(BlockType::name)
                  .collect(Collectors.joining(" or ")));
    }
    return quantizer;
  }
}
