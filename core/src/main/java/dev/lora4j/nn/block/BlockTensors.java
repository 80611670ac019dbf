package dev.lora4j.nn.block;

import dev.lora4j.UserError;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Quantisation of whole tensors. */
public final class BlockTensors {
  private static final long VALUES_AT_ONCE = 1 << 18;

  private BlockTensors() {}

  /**
   * Quantises the rows of a tensor.
   *
   * @param tensor {@code [rows…, columns]} in any floating-point dtype, on any device
   * @return {@code [rows, bytes of a row]}, uint8
   * @throws UserError if the format can't be written, the rows are not whole blocks, or a value is
   *     NaN or too large for a half-precision scale
   */
  public static Tensor quantize(Tensor tensor, BlockType type) {
    BlockQuantizer quantizer = type.quantizer();
    long columns = tensor.size(-1);
    long rowBytes = type.rowBytes(columns);
    Tensor rows = tensor.detach().reshape(-1, columns);
    Tensor blocks =
        torch.empty(new long[] {rows.size(0), rowBytes}, torch.dtype(ScalarType.Byte), null);
    int atOnce = (int) Math.max(1, VALUES_AT_ONCE / columns);
    float[] in = new float[Math.toIntExact(atOnce * columns)];
    byte[] out = new byte[Math.toIntExact(atOnce * rowBytes)];
    for (long first = 0; first < rows.size(0); first += atOnce) {
      int count = (int) Math.min(atOnce, rows.size(0) - first);
      int values = (int) (count * columns);
      read(rows, first, count, in, type);
      quantizer.quantize(in, 0, out, 0, values / type.elements());
      try (BytePointer memory = new BytePointer(blocks.data_ptr())) {
        memory.position(first * rowBytes).put(out, 0, (int) (count * rowBytes));
      }
    }
    return blocks;
  }

  private static void read(Tensor rows, long first, int count, float[] to, BlockType type) {
    try (PointerScope scope = new PointerScope()) {
      Tensor some = rows.narrow(0, first, count).cpu().to(ScalarType.Float).contiguous();
      double largest = some.numel() == 0 ? 0 : some.abs().max().item_double();
      if (!(largest <= Halves.LARGEST)) {
        throw new UserError(
            "values that are NaN or above %.0f can't be quantised to %s; found %s in rows %d to %d"
                .formatted(Halves.LARGEST, type, largest, first, first + count - 1));
      }
      new FloatPointer(some.data_ptr()).get(to, 0, (int) some.numel());
    }
  }
}
