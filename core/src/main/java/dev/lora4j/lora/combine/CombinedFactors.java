package dev.lora4j.lora.combine;

import dev.lora4j.lora.layer.FactoredDelta;
import org.bytedeco.pytorch.Tensor;

/**
 * What a combined update is made of, with a scaling of one.
 *
 * @param a {@code [rank, in…]}
 * @param b {@code [out, rank…]}
 */
public record CombinedFactors(Tensor a, Tensor b) {

  /** Copies the factors in; of a convolution the window may be folded into the inputs. */
  public void copyInto(FactoredDelta update) {
    update.a().copyFrom(a.reshape(update.a().shape()));
    update.b().copyFrom(b.reshape(update.b().shape()));
  }
}
