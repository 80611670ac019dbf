package dev.lora4j.nn;

import dev.lora4j.UserError;
import dev.lora4j.nn.kernel.AutogradContext;
import dev.lora4j.nn.kernel.Ops;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * A frozen weight in 8 bits, {@code w = q · absmax / 127} with the largest magnitude of each row
 * (Dettmers et al. 2022, <a href="https://arxiv.org/abs/2208.07339">arXiv:2208.07339</a>, §3.1),
 * named as bitsandbytes names them. A quarter of the memory of float32.
 *
 * <p>A product dequantises the weight and frees it again. In an {@link AutogradContext} so does the
 * backward; elsewhere libtorch keeps the dequantised weight for it.
 *
 * @param quantized {@code [out, in]}, int8 in [−127, 127]
 * @param absmax {@code [out]}, float32
 */
public record Int8Weights(Parameter quantized, Parameter absmax) implements WeightStore {
  private static final double LARGEST = 127;
  private static final Scalar ZERO = Ops.keepScalar(0);

  /**
   * Quantises a weight.
   *
   * @param weight {@code [out, in]}, finite; stays the caller's
   */
  public static Int8Weights quantize(Tensor weight) {
    Checks.dimensions("weight", Ops.shape(weight), 2);
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Tensor values = weight.detach().to(ScalarType.Float);
      if (!values.isfinite().all().item_bool()) {
        throw new UserError("a weight with NaN or infinite values can't be quantised to int8");
      }
      Tensor absmax = values.abs().amax(new long[] {1}, false);
      Tensor steps = absmax.clamp_min(new Scalar(Float.MIN_NORMAL)).div(new Scalar(LARGEST));
      Tensor quantized = values.div(steps.unsqueeze(1)).round().to(ScalarType.Char);
      return new Int8Weights(Parameter.frozen(quantized), Parameter.frozen(absmax));
    }
  }

  @Override
  public Map<String, Parameter> parameters() {
    Map<String, Parameter> parameters = new LinkedHashMap<>();
    parameters.put("weight", quantized);
    parameters.put("SCB", absmax);
    return parameters;
  }

  @Override
  public long[] shape() {
    return quantized.shape();
  }

  @Override
  public Tensor linear(Tensor x, @Nullable Tensor bias) {
    AutogradContext pass = AutogradContext.current();
    if (!x.requires_grad()) {
      return Ops.inScope(() -> Ops.linear(x, dense(), bias));
    }
    if (pass == null) {
      return Ops.linear(x, dense(), bias);
    }
    Tensor y = linear(x, pass);
    return bias == null ? y : y.add(bias);
  }

  /**
   * Computes the product outside of the graph. In the graph it is a sum with zero times a column of
   * x, whose gradient is replaced by {@code g W}.
   */
  private Tensor linear(Tensor x, AutogradContext pass) {
    Tensor alias = torch.alias(x);
    Tensor product;
    try (NoGradGuard guard = new NoGradGuard()) {
      product = Ops.inScope(() -> Ops.linear(x.detach(), dense(), null));
    }
    Tensor y = torch.add(product, alias.narrow(-1, 0, 1), ZERO);
    AtomicReference<Tensor> gradient = new AtomicReference<>();
    pass.onBackward(
        y,
        List.of(),
        g -> {
          gradient.set(Ops.keep(g.detach()));
          return g;
        });
    pass.onBackward(alias, List.of(), ignored -> timesWeight(gradient.getAndSet(null)));
    return torch.alias(y); // so that a caller's hook runs before these
  }

  private Tensor timesWeight(Tensor gradient) {
    Tensor result = gradient.matmul(dense());
    gradient.deallocate();
    return result;
  }

  @Override
  public Tensor lookup(Tensor indices, long paddingIndex) {
    return Ops.inScope(
        () -> {
          Tensor flat = indices.flatten();
          Tensor rows =
              dequantized(
                  quantized.value().index_select(0, flat), absmax.value().index_select(0, flat));
          long[] shape = Ops.shape(indices.unsqueeze(-1));
          shape[shape.length - 1] = rows.size(1);
          return rows.view(shape);
        });
  }

  @Override
  public Tensor dense() {
    return Ops.inScope(() -> dequantized(quantized.value(), absmax.value()));
  }

  private static Tensor dequantized(Tensor rows, Tensor absmax) {
    return rows.to(ScalarType.Float).mul_(absmax.div(new Scalar(LARGEST)).unsqueeze(1));
  }
}
