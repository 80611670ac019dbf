package dev.lora4j.nn;

import dev.lora4j.nn.kernel.LinearWeights;
import dev.lora4j.nn.kernel.Ops;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * A weight in floating point, trainable or frozen: one {@link Parameter}.
 *
 * @param parameter {@code [out, in…]}
 */
public record DenseWeights(Parameter parameter) implements WeightStore {

  @Override
  public DenseWeights over(UnaryOperator<Parameter> replacement) {
    return new DenseWeights(replacement.apply(parameter));
  }

  @Override
  public String describe() {
    return switch (parameter.value().scalar_type().intern()) {
      case Float -> "float32";
      case Double -> "float64";
      case Half -> "float16";
      default -> parameter.value().scalar_type().intern().name().toLowerCase(Locale.ROOT);
    };
  }

  @Override
  public Map<String, Parameter> parameters() {
    return Map.of("weight", parameter);
  }

  @Override
  public long[] shape() {
    return parameter.shape();
  }

  @Override
  public Tensor linear(Tensor x, @Nullable Tensor bias) {
    return Ops.linear(x, dense(), bias);
  }

  @Override
  public Tensor lookup(Tensor indices, long paddingIndex) {
    return torch.embedding(dense(), indices, paddingIndex, false, false);
  }

  /** Returns the parameter as the calling thread sees it, with its gradient. */
  @Override
  public Tensor dense() {
    return parameter.tensor();
  }

  @Override
  public Optional<LinearWeights> decodeWeights(Optional<Tensor> bias) {
    return parameter.memory().flatMap(own -> LinearWeights.of(own.detach(), bias));
  }
}
