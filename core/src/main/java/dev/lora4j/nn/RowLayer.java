package dev.lora4j.nn;

import dev.lora4j.row.RowLinear;
import java.util.Optional;

/** A layer that decoding may compute by matrix-vector products in plain memory. */
public interface RowLayer {

  /**
   * Returns the layer's present weight, bias and low-rank terms on the calling thread, without a
   * gradient; empty unless all are float32 in plain CPU memory. The memory lives at least as long
   * as the open pointer scope.
   */
  Optional<RowLinear> ofRows();
}
