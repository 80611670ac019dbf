package dev.lora4j.nn.quant;

import dev.lora4j.UserError;
import dev.lora4j.nn.Checks;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A frozen weight in 8 bits, {@code w = q · absmax / 127} with the largest magnitude of each row
 * (Dettmers et al. 2022, <a href="https://arxiv.org/abs/2208.07339">arXiv:2208.07339</a>, §3.1),
 * named as bitsandbytes names them. A quarter of the memory of float32.
 *
 * @param quantized {@code [out, in]}, int8 in [−127, 127]
 * @param absmax {@code [out]}, float32
 */
public record Int8Weights(Parameter quantized, Parameter absmax) implements CompactWeights {
  private static final double LARGEST = 127;
  private static final Scalar FINITE = Ops.keepScalar(Float.MAX_VALUE);
  private static final Scalar STEP = Ops.keepScalar(1 / LARGEST);

  public Int8Weights {
    Checks.dimensions("weight", quantized.shape(), 2);
    Checks.dtype("an int8 weight's weight", quantized.value(), ScalarType.Char);
    Checks.vector("SCB", absmax.value(), quantized.shape()[0]);
    Checks.dtype("an int8 weight's SCB", absmax.value(), ScalarType.Float);
  }

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
      Tensor factors = absmax.reciprocal().mul_(new Scalar(LARGEST)).clamp_max_(FINITE);
      Tensor quantized = values.mul(factors.unsqueeze(1)).round().to(ScalarType.Char);
      return new Int8Weights(Parameter.frozen(quantized), Parameter.frozen(absmax));
    }
  }

  @Override
  public Int8Weights over(UnaryOperator<Parameter> replacement) {
    return new Int8Weights(replacement.apply(quantized), replacement.apply(absmax));
  }

  @Override
  public String describe() {
    return "int8";
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
  public void dequantize(long first, Tensor tile) {
    long count = tile.size(0);
    Tensor scales = absmax.value().narrow(0, first, count).unsqueeze(1);
    tile.copy_(quantized.value().narrow(0, first, count)).mul_(scales).mul_(STEP);
  }
}
