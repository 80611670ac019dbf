package dev.lora4j.data;

import org.bytedeco.pytorch.Tensor;

/** A finite set of examples with random access by index. Safe for use by many threads. */
public interface Dataset {

  long size();

  /** Returns the examples of indices {@code [batch]}, int64, in the caller's pointer scope. */
  Batch gather(Tensor indices);
}
