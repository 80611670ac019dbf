package dev.lora4j.nn;

import dev.lora4j.row.RowLinear;
import java.util.Optional;

/** A layer that may be a linear one of single rows in plain memory. */
public interface RowLayer {

  /**
   * What the layer computes of a single row, as the calling thread sees it now, without a gradient;
   * empty if that is not a matrix of floats in the CPU's memory with low-rank updates. The memory
   * stays at least until the pointer scope closes that is open, whatever becomes of the layer.
   */
  Optional<RowLinear> ofRows();
}
