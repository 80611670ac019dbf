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

  /** Returns whether the CPU has vectors of 512 bits, which {@link Q4Products} need. */
  boolean multipliesQ4();

  /** Returns the form of a direct buffer that {@link #q4Product} reads. */
  Object open(ByteBuffer buffer);

  /**
   * Returns the product of a row of Q4_0 blocks.
   *
   * @param memory the opened buffer
   * @param at first byte of the row, from which on whole windows can be read
   * @param ahead distance to the memory to load into the cache
   */
  float q4Product(Object memory, ByteBuffer buffer, int at, int ahead, Q4Input x);

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
