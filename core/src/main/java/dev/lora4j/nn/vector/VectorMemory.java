package dev.lora4j.nn.vector;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Loads of whole vectors from native memory. The Vector API reads it from a {@link ByteBuffer} up
 * to JDK 20 and from a memory segment since; the method is found at run time, and compiled as a
 * direct call.
 */
final class VectorMemory {
  private static final int FIRST_WITH_SEGMENTS = 21;
  private static final VectorSpecies<Byte> BYTES =
      VectorLanes.COUNT == 16 ? ByteVector.SPECIES_512 : ByteVector.SPECIES_256;

  /**
   * Returns the bytes of a vector from an index on, which the caller has checked: {@code (Object
   * memory, int at) → ByteVector}. Called in the kernels themselves, since the optimising compiler
   * inlines handles, but not a method around them, where it has reached a number of nodes.
   */
  static final MethodHandle LOAD;

  private static final MethodHandle OPEN;

  static {
    try {
      boolean segments = Runtime.version().feature() >= FIRST_WITH_SEGMENTS;
      LOAD = segments ? fromSegment() : fromBuffer();
      OPEN = segments ? segmentOf() : MethodHandles.identity(Object.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private VectorMemory() {}

  private static MethodHandle fromBuffer() throws ReflectiveOperationException {
    return load("fromByteBuffer", ByteBuffer.class, int.class);
  }

  private static MethodHandle fromSegment() throws ReflectiveOperationException {
    return load("fromMemorySegment", segment(), long.class);
  }

  private static Class<?> segment() throws ClassNotFoundException {
    return Class.forName("java.lang.foreign.MemorySegment");
  }

  private static MethodHandle segmentOf() throws ReflectiveOperationException {
    return MethodHandles.publicLookup()
        .findStatic(segment(), "ofBuffer", MethodType.methodType(segment(), Buffer.class))
        .asType(MethodType.methodType(Object.class, Object.class));
  }

  private static MethodHandle load(String name, Class<?> memory, Class<?> offset)
      throws ReflectiveOperationException {
    MethodType type =
        MethodType.methodType(
            ByteVector.class, VectorSpecies.class, memory, offset, ByteOrder.class);
    MethodHandle load = MethodHandles.publicLookup().findStatic(ByteVector.class, name, type);
    load = MethodHandles.insertArguments(load, 3, ByteOrder.LITTLE_ENDIAN);
    load = MethodHandles.insertArguments(load, 0, BYTES);
    return load.asType(MethodType.methodType(ByteVector.class, Object.class, int.class));
  }

  /** Returns the form of a direct buffer that {@link #LOAD} reads. */
  static Object open(ByteBuffer buffer) {
    try {
      return OPEN.invokeExact((Object) buffer);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
