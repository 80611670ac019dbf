package dev.lora4j.nn.quant;

import dev.lora4j.UserError;
import dev.lora4j.nn.Checks;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.block.BlockTensors;
import dev.lora4j.nn.block.BlockType;
import dev.lora4j.nn.kernel.CompactMatrix;
import dev.lora4j.nn.kernel.LinearWeights;
import dev.lora4j.nn.kernel.Ops;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A frozen weight in GGUF's blocks, perhaps mapped from its file.
 *
 * @param type the format of the blocks
 * @param bytes {@code [out, bytes of a row]}, uint8, contiguous
 * @param columns number of inputs
 */
public record BlockWeights(BlockType type, Parameter bytes, long columns)
    implements CompactWeights {

  public BlockWeights {
    Checks.dimensions("weight", bytes.shape(), 2);
    ScalarType dtype = bytes.value().scalar_type().intern();
    if (dtype != ScalarType.Byte || !bytes.value().is_contiguous()) {
      throw new UserError(type + " blocks must be contiguous bytes, found " + dtype);
    }
    long expected = type.rowBytes(columns);
    if (bytes.shape()[1] != expected) {
      throw new UserError(
          "a row of %d values in %s blocks has %d bytes, found %d"
              .formatted(columns, type, expected, bytes.shape()[1]));
    }
  }

  /**
   * Quantises a weight.
   *
   * @param weight {@code [out, in]}, finite; stays the caller's
   * @throws UserError if the format can't be written, the rows are not whole blocks, or a value is
   *     not finite
   */
  public static BlockWeights quantize(Tensor weight, BlockType type) {
    Checks.dimensions("weight", Ops.shape(weight), 2);
    try (PointerScope scope = new PointerScope()) {
      Tensor blocks = BlockTensors.quantize(weight, type);
      return new BlockWeights(type, Parameter.frozen(blocks), weight.size(1));
    }
  }

  @Override
  public BlockWeights over(UnaryOperator<Parameter> replacement) {
    return new BlockWeights(type, replacement.apply(bytes), columns);
  }

  @Override
  public String describe() {
    return type.name();
  }

  @Override
  public Map<String, Parameter> parameters() {
    return Map.of("weight", bytes);
  }

  @Override
  public long[] shape() {
    return new long[] {bytes.shape()[0], columns};
  }

  @Override
  public void dequantize(long first, Tensor tile) {
    long rowBytes = bytes.shape()[1];
    int atOnce = (int) Math.max(1, HeapCopies.CHUNK / columns);
    Tensor memory = bytes.value().cpu();
    try (HeapScratch scratch = HeapScratch.take()) {
      byte[] in = scratch.bytes(Math.toIntExact(atOnce * rowBytes));
      float[] out = scratch.values(Math.toIntExact(atOnce * columns));
      for (long row = 0; row < tile.size(0); row += atOnce) {
        int rows = (int) Math.min(atOnce, tile.size(0) - row);
        int blocks = (int) (rows * columns / type.elements());
        HeapCopies.read(memory, (first + row) * rowBytes, in, (int) (rows * rowBytes));
        type.dequantizer().dequantize(in, 0, out, 0, blocks);
        HeapCopies.write(out, (int) (rows * columns), tile, row * columns);
      }
    }
  }

  @Override
  public Optional<LinearWeights> decodeWeights(Optional<Tensor> bias) {
    return bytes.value().is_cpu()
        ? LinearWeights.of(new CompactMatrix(new BlockRows(this)), bias)
        : Optional.empty();
  }
}
