package dev.lora4j.nn.quant;

import dev.lora4j.UserError;
import dev.lora4j.nn.Checks;
import dev.lora4j.nn.Parameter;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A frozen weight in bfloat16 or float16, perhaps mapped from its file: two bytes a value. Products
 * are in float32.
 *
 * @param weight {@code [out, in]}
 */
public record HalfWeights(Parameter weight) implements CompactWeights {

  public HalfWeights {
    Checks.dimensions("weight", weight.shape(), 2);
    ScalarType dtype = weight.value().scalar_type().intern();
    if (dtype != ScalarType.BFloat16 && dtype != ScalarType.Half) {
      throw new UserError("a half-precision weight must be BFloat16 or Half, found " + dtype);
    }
  }

  @Override
  public HalfWeights over(UnaryOperator<Parameter> replacement) {
    return new HalfWeights(replacement.apply(weight));
  }

  @Override
  public String describe() {
    return weight.value().scalar_type().intern() == ScalarType.Half ? "float16" : "bfloat16";
  }

  @Override
  public Map<String, Parameter> parameters() {
    return Map.of("weight", weight);
  }

  @Override
  public long[] shape() {
    return weight.shape();
  }

  @Override
  public void dequantize(long first, Tensor tile) {
    tile.copy_(weight.value().detach().narrow(0, first, tile.size(0)));
  }
}
