package dev.lora4j.llm.gguf;

import dev.lora4j.io.gguf.GgufFile;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.quant.InterleavedWeights;
import java.nio.ByteBuffer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.global.torch;

/**
 * The rows of a quantised matrix in transformers' order, read from a GGUF file, which may have
 * another order.
 */
final class MatrixRows implements InterleavedWeights.FileRows {
  private final GgufFile file;
  private final String inFile;
  private final int rowBytes;
  private final long[] places;

  /**
   * @param name transformers' name of the matrix
   * @param inFile its name in the file
   */
  MatrixRows(GgufFile file, Layout layout, String name, String inFile) {
    this.file = file;
    this.inFile = inFile;
    rowBytes = Math.toIntExact(file.tensor(inFile).type().bytesOf(file.shape(inFile).get(1)));
    try (PointerScope scope = new PointerScope();
        Scalar rows = new Scalar(file.shape(inFile).get(0).longValue())) {
      places = Ops.longs(layout.rowsFromGguf(name, torch.arange(rows).view(-1, 1)));
    }
  }

  @Override
  public void read(long first, ByteBuffer to) {
    int count = to.remaining() / rowBytes;
    for (int done = 0; done < count; ) {
      int from = Math.toIntExact(first) + done;
      int run = 1;
      while (done + run < count && places[from + run] == places[from] + run) {
        run++;
      }
      to.limit(to.position() + run * rowBytes);
      file.readRows(inFile, places[from], to);
      done += run;
    }
  }
}
