package dev.lora4j.lora.combine;

import dev.lora4j.lora.layer.FactoredDelta;
import org.bytedeco.pytorch.Tensor;

/** The factors of a combined delta, with a scaling of one. */
public record CombinedFactors(Tensor a, Tensor b) {

  /** Copies the factors into a delta; a convolution's kernel may be flattened into the inputs. */
  public void copyInto(FactoredDelta delta) {
    delta.a().copyFrom(a.reshape(delta.a().shape()));
    delta.b().copyFrom(b.reshape(delta.b().shape()));
  }
}
