package dev.lora4j.io.gguf;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Q8_0 quantisation: each 32 values have a 16-bit scale, their largest magnitude divided by 127,
 * and 32 signed bytes, the values divided by the scale and rounded half away from zero.
 */
final class Q8Blocks {
  private static final long BLOCK = 32;
  private static final double LARGEST = 127;

  private Q8Blocks() {}

  /** Returns the blocks of a tensor, as bytes {@code [blocks, 34]}. */
  static Tensor of(Tensor tensor) {
    Tensor numbers = tensor.cpu().to(ScalarType.Float).contiguous().view(-1, BLOCK);
    Tensor scales = numbers.abs().amax(new long[] {1}, true).div(new Scalar(LARGEST));
    Tensor inverse = scales.reciprocal().masked_fill(scales.eq(new Scalar(0)), new Scalar(0));
    Tensor magnitudes = numbers.mul(inverse);
    Tensor rounded = magnitudes.abs().add(new Scalar(0.5)).floor().mul(magnitudes.sign());
    return torch.cat(
        new TensorVector(
            scales.to(ScalarType.Half).view(ScalarType.Byte),
            rounded.to(ScalarType.Char).view(ScalarType.Byte)),
        1);
  }
}
