package dev.lora4j.data;

import org.bytedeco.pytorch.Tensor;

/** A finite set of examples, handed out in any order. Safe for use by many threads. */
public interface Dataset {

  /** Number of examples. */
  long size();

  /**
   * The examples of these indices, as new tensors that belong to the caller's pointer scope.
   *
   * @param indices {@code [batch]}, int64, each in {@code [0, size)}
   */
  Batch gather(Tensor indices);
}
