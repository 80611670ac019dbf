package dev.lora4j.nn.vector;

import static dev.lora4j.nn.vector.VectorLanes.INTS;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Loads of vectors of integers from native memory. Up to JDK 18 they read a {@link ByteBuffer}, and
 * later a {@code MemorySegment}, so the method is looked up. A call of a constant handle is
 * compiled like any other.
 */
final class NativeWords {

  /** {@code (Object memory, int offset) -> IntVector}; the offset is in bytes. */
  static final MethodHandle LOAD;

  private static final MethodHandle MEMORY; // (Object buffer) -> Object

  static {
    try {
      boolean hasSegments = Runtime.version().feature() > 18;
      LOAD = hasSegments ? loadOfSegments() : loadOfBuffers();
      MEMORY = hasSegments ? segmentOfBuffer() : MethodHandles.identity(Object.class);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private NativeWords() {}

  private static MethodHandle loadOfBuffers() throws ReflectiveOperationException {
    return load("fromByteBuffer", ByteBuffer.class, int.class);
  }

  private static MethodHandle loadOfSegments() throws ReflectiveOperationException {
    return load("fromMemorySegment", segment(), long.class);
  }

  private static MethodHandle load(String name, Class<?> memory, Class<?> offset)
      throws ReflectiveOperationException {
    MethodType type =
        MethodType.methodType(
            IntVector.class, VectorSpecies.class, memory, offset, ByteOrder.class);
    MethodHandle load = MethodHandles.lookup().findStatic(IntVector.class, name, type);
    load = MethodHandles.insertArguments(load, 3, ByteOrder.LITTLE_ENDIAN);
    load = MethodHandles.insertArguments(load, 0, INTS);
    return load.asType(MethodType.methodType(IntVector.class, Object.class, int.class));
  }

  private static MethodHandle segmentOfBuffer() throws ReflectiveOperationException {
    MethodType type = MethodType.methodType(segment(), Buffer.class);
    return MethodHandles.lookup()
        .findStatic(segment(), "ofBuffer", type)
        .asType(MethodType.methodType(Object.class, Object.class));
  }

  private static Class<?> segment() throws ClassNotFoundException {
    return Class.forName("java.lang.foreign.MemorySegment");
  }

  /** Returns a direct buffer in the form that {@link #LOAD} reads. */
  static Object memory(ByteBuffer buffer) {
    try {
      return (Object) MEMORY.invokeExact((Object) buffer);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /**
   * Returns what to throw for a throwable of a handle: loads declare any, and throw no checked one.
   */
  static RuntimeException unexpected(Throwable e) {
    if (e instanceof Error error) {
      throw error;
    }
    return e instanceof RuntimeException unchecked ? unchecked : new IllegalStateException(e);
  }
}
