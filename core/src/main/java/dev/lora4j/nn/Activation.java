package dev.lora4j.nn;

import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** An element-wise activation as a module: PyTorch's {@code nn.ReLU}, {@code nn.GELU} and so on. */
public final class Activation extends Module {
  private final UnaryOperator<Tensor> function;

  private Activation(UnaryOperator<Tensor> function) {
    this.function = function;
  }

  /** {@code max(x, 0)}. */
  public static Activation relu() {
    return new Activation(torch::relu);
  }

  /** {@code x · Φ(x)} (Hendrycks and Gimpel 2016, arXiv:1606.08415). */
  public static Activation gelu() {
    return new Activation(torch::gelu);
  }

  /** GELU in its tanh approximation. */
  public static Activation geluTanh() {
    return new Activation(x -> torch.gelu(x, "tanh"));
  }

  /** {@code x · σ(x)}. */
  public static Activation silu() {
    return new Activation(torch::silu);
  }

  /** {@code tanh(x)}. */
  public static Activation tanh() {
    return new Activation(torch::tanh);
  }

  /** {@code 1 / (1 + e⁻ˣ)}. */
  public static Activation sigmoid() {
    return new Activation(torch::sigmoid);
  }

  @Override
  public Tensor forward(Tensor input) {
    return function.apply(input);
  }
}
