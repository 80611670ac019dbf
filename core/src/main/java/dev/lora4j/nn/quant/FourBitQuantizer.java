package dev.lora4j.nn.quant;

import dev.lora4j.UserError;
import dev.lora4j.nn.Checks;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Quantisation to 4 bits, equal to bitsandbytes' on the CPU bit for bit: a value divided by its
 * block's largest magnitude gets the nearest code, and the lower of two as near.
 */
final class FourBitQuantizer {
  private static final float SMALLEST = 1e-38f;
  private static final int CHUNK = 1 << 20; // a multiple of every block size

  private final int blockSize;
  private final int[] order; // codes by value
  private final float[] bounds; // between neighbours

  private FourBitQuantizer(FourBitType type, int blockSize) {
    this.blockSize = blockSize;
    float[] book = type.codeBook();
    order =
        IntStream.range(0, book.length)
            .boxed()
            .sorted(Comparator.comparingDouble(code -> book[code]))
            .mapToInt(Integer::intValue)
            .toArray();
    bounds = new float[book.length - 1];
    for (int i = 0; i < bounds.length; i++) {
      bounds[i] = (book[order[i]] + book[order[i + 1]]) / 2;
    }
  }

  static FourBitWeights quantize(
      Tensor weight, FourBitType type, int blockSize, boolean doubleQuant) {
    Checks.dimensions("weight", Ops.shape(weight), 2);
    FourBitWeights.requireBlockSize("block size", blockSize);
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Tensor values = weight.detach().cpu().contiguous().flatten();
      long count = values.numel();
      Tensor codes =
          torch.empty(new long[] {(count + 1) / 2, 1}, torch.dtype(ScalarType.Byte), null);
      Tensor absmax = torch.empty((count + blockSize - 1) / blockSize);
      new FourBitQuantizer(type, blockSize).quantize(values, codes, absmax);
      return new FourBitWeights(
          type,
          blockSize,
          weight.size(0),
          weight.size(1),
          Parameter.frozen(codes),
          Parameter.frozen(Ops.tensor(type.codeBook(), type.codeBook().length)),
          doubleQuant ? DynamicMap.nested(absmax) : new Absmax.Plain(Parameter.frozen(absmax)));
    }
  }

  private void quantize(Tensor values, Tensor codes, Tensor absmax) {
    float[] in = new float[CHUNK];
    byte[] out = new byte[CHUNK / 2];
    float[] largest = new float[CHUNK / blockSize];
    for (long from = 0; from < values.numel(); from += CHUNK) {
      int count = (int) Math.min(CHUNK, values.numel() - from);
      try (PointerScope scope = new PointerScope()) {
        Tensor some = values.narrow(0, from, count).to(ScalarType.Float);
        new FloatPointer(some.data_ptr()).get(in, 0, count);
      }
      Arrays.fill(out, (byte) 0);
      int blocks = (count + blockSize - 1) / blockSize;
      for (int block = 0; block < blocks; block++) {
        int first = block * blockSize;
        largest[block] = block(in, first, Math.min(blockSize, count - first), out);
      }
      if (count % 2 == 1) {
        out[count / 2] |= (byte) code(0);
      }
      HeapCopies.write(largest, blocks, absmax, from / blockSize);
      try (BytePointer memory = new BytePointer(codes.data_ptr())) {
        memory.position(from / 2).put(out, 0, (count + 1) / 2);
      }
    }
  }

  /** Quantises a block and returns its largest magnitude. */
  private float block(float[] in, int first, int count, byte[] out) {
    float largest = 0;
    for (int i = first; i < first + count; i++) {
      if (!Float.isFinite(in[i])) {
        throw new UserError("a weight with NaN or infinite values can't be quantised to 4 bits");
      }
      largest = Math.max(largest, Math.abs(in[i]));
    }
    boolean whole = count == blockSize;
    float divisor = Math.max(largest, SMALLEST);
    float factor = 1 / divisor;
    for (int i = first; i < first + count; i++) {
      float scaled = whole ? in[i] * factor : in[i] / divisor;
      int code = code(Math.max(-1, Math.min(1, scaled)));
      out[i / 2] |= (byte) (i % 2 == 0 ? code << 4 : code);
    }
    return whole ? largest : divisor;
  }

  private int code(float scaled) {
    int place = 0;
    for (float bound : bounds) {
      place += scaled > bound ? 1 : 0;
    }
    return order[place];
  }
}
