package dev.lora4j.nn.block;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Native memory that holds {@link RowGroups}, in the forms that plain loops and vectors read. */
public final class GroupMemory {
  private final ByteBuffer bytes;
  private final Object forVectors;

  /**
   * Views some memory, which must outlive this.
   *
   * @param bytes direct buffer
   */
  public GroupMemory(ByteBuffer bytes) {
    this.bytes = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    forVectors = VectorArithmetic.PRESENT.<Object>map(v -> v.memory(this.bytes)).orElse(bytes);
  }

  ByteBuffer bytes() {
    return bytes;
  }

  /** Returns what {@link VectorArithmetic#memory} returned. */
  public Object forVectors() {
    return forVectors;
  }

  /** Copies bytes to an array. */
  public void read(int at, byte[] to) {
    bytes.get(at, to);
  }
}
