package dev.lora4j.nn.quant;

import dev.lora4j.UserError;
import dev.lora4j.nn.Parameter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A frozen weight in 4 bits, {@code w = book[code] · absmax} of its block, named as bitsandbytes
 * names them. The blocks run over the values in row order; the last one may be short.
 *
 * @param type what the codes mean; the code book of the file takes precedence
 * @param blockSize values of a block, a power of two from 32 to 4096
 * @param rows number of outputs
 * @param columns number of inputs
 * @param codes two codes a byte, the first value in the high half: {@code ⌈rows · columns / 2⌉}
 *     bytes, of any shape and dtype
 * @param codeBook {@code [16]}, float32
 * @param absmax the largest magnitude of each block
 */
public record FourBitWeights(
    FourBitType type,
    int blockSize,
    long rows,
    long columns,
    Parameter codes,
    Parameter codeBook,
    Absmax absmax)
    implements CompactWeights {
  private static final int CODES = 16;
  private static final int SMALLEST_BLOCK = 32;
  private static final int LARGEST_BLOCK = 4096;

  public FourBitWeights {
    requireBlockSize("block size", blockSize);
    long values = rows * columns;
    if (codes.value().nbytes() != (values + 1) / 2 || !codes.value().is_contiguous()) {
      throw new UserError(
          "%d × %d values in 4 bits have %d bytes, found %d"
              .formatted(rows, columns, (values + 1) / 2, codes.value().nbytes()));
    }
    if (codeBook.numel() != CODES || codeBook.value().scalar_type().intern() != ScalarType.Float) {
      throw new UserError(
          "quant_map must have %d values in Float, found %d in %s"
              .formatted(CODES, codeBook.numel(), codeBook.value().scalar_type().intern()));
    }
    long blocks = (values + blockSize - 1) / blockSize;
    if (absmax.blocks() != blocks) {
      throw new UserError(
          "absmax must have %d values, one for each block of %d; found %d"
              .formatted(blocks, blockSize, absmax.blocks()));
    }
  }

  static void requireBlockSize(String name, int size) {
    if (size < SMALLEST_BLOCK || size > LARGEST_BLOCK || Integer.bitCount(size) != 1) {
      throw new UserError(
          "the %s must be a power of two from %d to %d, found %d"
              .formatted(name, SMALLEST_BLOCK, LARGEST_BLOCK, size));
    }
  }

  /**
   * Quantises a weight.
   *
   * @param weight {@code [out, in]}, finite; stays the caller's
   * @param blockSize values of a block; bitsandbytes' default is 64
   * @param doubleQuant whether the blocks' largest magnitudes are quantised to 8 bits
   */
  public static FourBitWeights quantize(
      Tensor weight, FourBitType type, int blockSize, boolean doubleQuant) {
    return FourBitQuantizer.quantize(weight, type, blockSize, doubleQuant);
  }

  @Override
  public FourBitWeights over(UnaryOperator<Parameter> replacement) {
    return new FourBitWeights(
        type,
        blockSize,
        rows,
        columns,
        replacement.apply(codes),
        replacement.apply(codeBook),
        absmax.over(replacement));
  }

  @Override
  public String describe() {
    return type.key();
  }

  @Override
  public Map<String, Parameter> parameters() {
    Map<String, Parameter> parameters = new LinkedHashMap<>();
    parameters.put("weight", codes);
    absmax.parameters().forEach((name, own) -> parameters.put("weight." + name, own));
    parameters.put("weight.quant_map", codeBook);
    return parameters;
  }

  @Override
  public long[] shape() {
    return new long[] {rows, columns};
  }

  @Override
  public void dequantize(long first, Tensor tile) {
    try (FourBitReader reader = new FourBitReader(this)) {
      long from = first * columns;
      for (long done = 0; done < tile.numel(); done += HeapCopies.CHUNK) {
        int count = (int) Math.min(HeapCopies.CHUNK, tile.numel() - done);
        HeapCopies.write(reader.read(from + done, count), count, tile, done);
      }
    }
  }
}
