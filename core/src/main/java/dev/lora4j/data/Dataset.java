package dev.lora4j.data;

import org.bytedeco.pytorch.Tensor;

/** A finite set of examples with random access by index. Safe for use by many threads. */
public interface Dataset {

  long size();

  /**
   * Returns the examples with these indices as new tensors, which belong to the caller's pointer
   * scope.
   *
   * @param indices {@code [batch]}, int64, each in {@code [0, size)}
   */
  Batch gather(Tensor indices);
}
