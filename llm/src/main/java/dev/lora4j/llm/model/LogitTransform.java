package dev.lora4j.llm.model;

import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.kernel.SoftCap;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * The element-wise step from the output projection to the logits: identity, scaling, a soft cap.
 * Generation applies it to the logits; the chunked cross-entropy applies it too, with its gradient.
 */
public interface LogitTransform {

  /**
   * Applies the transform, recording gradients.
   *
   * @param projected output of the projection, {@code [rows…, vocabulary]}
   * @return the logits, of the same shape
   */
  Tensor apply(Tensor projected);

  /**
   * Overwrites the output of the projection with the logits, without recording gradients.
   *
   * @param projected {@code [rows, vocabulary]}
   * @return the backward pass: overwrites the gradient of the logits, a tensor of the same shape,
   *     with the gradient of the projection's output
   */
  Consumer<Tensor> applyInPlace(Tensor projected);

  /** Leaves the output of the projection as it is. */
  static LogitTransform identity() {
    return new LogitTransform() {
      @Override
      public Tensor apply(Tensor projected) {
        return projected;
      }

      @Override
      public Consumer<Tensor> applyInPlace(Tensor projected) {
        return gradient -> {};
      }
    };
  }

  /** Divides by a constant, as Granite's {@code logits_scaling}: {@code y = x / divisor}. */
  static LogitTransform dividedBy(double divisor) {
    return new LogitTransform() {
      @Override
      public Tensor apply(Tensor projected) {
        return projected.div(new Scalar(divisor));
      }

      @Override
      public Consumer<Tensor> applyInPlace(Tensor projected) {
        projected.div_(new Scalar(divisor));
        return gradient -> gradient.div_(new Scalar(divisor));
      }
    };
  }

  /** Caps softly, as Gemma 2's {@code final_logit_softcapping}: {@code y = cap · tanh(x / cap)}. */
  static LogitTransform softCap(double cap) {
    return new LogitTransform() {
      @Override
      public Tensor apply(Tensor projected) {
        return new SoftCap(cap).of(projected);
      }

      @Override
      public Consumer<Tensor> applyInPlace(Tensor projected) {
        Tensor tanh = projected.div(new Scalar(cap)).tanh_();
        projected.copy_(tanh.mul(new Scalar(cap)));
        return gradient -> gradient.mul_(tanh.square().neg_().add_(Ops.ONE));
      }
    };
  }
}
