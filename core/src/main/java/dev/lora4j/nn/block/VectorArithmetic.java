package dev.lora4j.nn.block;

import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Arithmetic by the JDK's Vector API, in a JVM with {@code --add-modules jdk.incubator.vector} on a
 * CPU with vectors of eight floats or more. Without it the same is computed by plain loops.
 */
public interface VectorArithmetic {

  /** Returns a faster dequantisation of a format with the same bits; empty if there is none. */
  Optional<BlockDequantizer> dequantizer(BlockType type);

  /** Computes {@link DotProduct}'s sums, with the same bits. */
  void sums(float[] a, float[] b, int end);

  /** Returns a direct buffer in the form that {@link #multiply} reads. */
  Object memory(ByteBuffer buffer);

  /**
   * Computes {@link GroupProducts} with the same bits.
   *
   * @param at offset of the first group
   * @param count number of groups
   * @param y receives 16 products for each group
   */
  void multiply(RowGroups groups, GroupMemory memory, int at, int count, RoundedInput x, float[] y);

  /** Computes the same with {@link GroupProducts#INPUTS} inputs from one on, in less time. */
  void multiply(
      RowGroups groups,
      GroupMemory memory,
      int at,
      int count,
      RoundedInput[] x,
      int input,
      float[][] y);

  /**
   * Dequantises consecutive blocks of a group's rows, transposed: one after the other, the values
   * of a column in all 16 rows.
   *
   * @param words has the group, as integers
   * @param at index of the group's first word
   * @param from the first block of each row
   * @param end the block after the last
   * @param columns receives the values of block {@code from} on
   * @param place index of the first value
   * @param stride number of values from one column to the next
   */
  void dequantize(
      RowGroups groups,
      int[] words,
      int at,
      int from,
      int end,
      float[] columns,
      int place,
      int stride);

  /** The arithmetic of this JVM, empty without the module. */
  Optional<VectorArithmetic> PRESENT = find();

  private static Optional<VectorArithmetic> find() {
    if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
      return Optional.empty();
    }
    try {
      Class<?> type = Class.forName("dev.lora4j.nn.vector.IncubatorArithmetic");
      VectorArithmetic found =
          type.asSubclass(VectorArithmetic.class).getDeclaredConstructor().newInstance();
      return found.suitsCpu() ? Optional.of(found) : Optional.empty();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns whether the CPU has vectors of eight or sixteen floats. */
  boolean suitsCpu();
}
