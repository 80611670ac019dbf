package dev.lora4j.nn.kernel;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The activation of a gated feed-forward, {@code f(gate) · up} (Shazeer 2020, arXiv:2002.05202).
 */
public enum GatedActivation {
  /** SwiGLU: {@code f(x) = x σ(x)}. */
  SILU {
    @Override
    Tensor of(Tensor gate) {
      return torch.silu(gate);
    }

    @Override
    Tensor inPlace(Tensor gate) {
      return torch.silu_(gate);
    }

    @Override
    Tensor into(Tensor result, Tensor gate) {
      return torch.silu_out(result, gate);
    }

    @Override
    Tensor backward(Tensor gradient, Tensor gate) {
      return torch.silu_backward(gradient, gate);
    }

    @Override
    float of(float gate) {
      return gate / (1 + FastExp.of(-gate));
    }
  },

  /**
   * GeGLU with the approximation of GELU by tanh (Hendrycks and Gimpel 2016, arXiv:1606.08415, §2):
   * {@code f(x) = x σ(2 √(2/π) (x + 0.044715 x³))}.
   */
  GELU_TANH {
    @Override
    Tensor of(Tensor gate) {
      return torch.gelu(gate, TANH);
    }

    @Override
    Tensor inPlace(Tensor gate) {
      return torch.gelu_(gate, TANH);
    }

    @Override
    Tensor into(Tensor result, Tensor gate) {
      return torch.gelu_out(result, gate, TANH);
    }

    @Override
    Tensor backward(Tensor gradient, Tensor gate) {
      return torch.gelu_backward(gradient, gate, TANH);
    }

    @Override
    float of(float gate) {
      float inner = TWICE_ROOT_OF_2_OVER_PI * (gate + CUBIC * gate * gate * gate);
      return gate / (1 + FastExp.of(-inner));
    }
  };

  private static final String TANH = "tanh";
  private static final float TWICE_ROOT_OF_2_OVER_PI = (float) (2 * Math.sqrt(2 / Math.PI));
  private static final float CUBIC = 0.044715f;

  abstract Tensor of(Tensor gate);

  abstract Tensor inPlace(Tensor gate);

  /** Writes the activation into another tensor, and returns that. */
  abstract Tensor into(Tensor result, Tensor gate);

  /** Returns the gradient of the gate from that of the activation. */
  abstract Tensor backward(Tensor gradient, Tensor gate);

  abstract float of(float gate);
}
