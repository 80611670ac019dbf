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

  /** Returns the form of a direct buffer that {@link #multiply} reads. */
  Object open(ByteBuffer buffer);

  /**
   * Computes {@link GroupProducts} with the same bits.
   *
   * @param memory the opened buffer
   * @param at first byte of the group
   * @param y receives the 16 products
   */
  void multiply(RowGroups groups, Object memory, int at, RoundedInput x, float[] y);

  /** Computes the same with two inputs, in less time. */
  void multiply(
      RowGroups groups,
      Object memory,
      int at,
      RoundedInput x,
      RoundedInput other,
      float[] y,
      float[] ofOther);

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
