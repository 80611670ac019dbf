package dev.lora4j.cli.embed;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * NumPy's {@code .npy} format, version 1.0: a matrix {@code [texts, dimensions]} of float32, which
 * {@code numpy.load} reads, memory-mapped too.
 */
public final class NpyMatrix implements EmbeddingSink {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
  private static final int ALIGNMENT = 64;

  private final OutputStream out;

  /**
   * Writes the header.
   *
   * @param out where to write; stays open
   * @param texts number of rows that follow
   */
  public NpyMatrix(OutputStream out, long texts, int dimensions) throws IOException {
    this.out = new BufferedOutputStream(out, 1 << 16);
    String fields =
        "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }"
            .formatted(texts, dimensions);
    int bare = MAGIC.length + Short.BYTES + fields.length() + 1;
    String header = fields + " ".repeat(Math.floorMod(-bare, ALIGNMENT)) + "\n";
    this.out.write(MAGIC);
    this.out.write(header.length() & 0xff);
    this.out.write(header.length() >> Byte.SIZE);
    this.out.write(header.getBytes(US_ASCII));
  }

  @Override
  public void write(TextRow row, float... embedding) throws IOException {
    ByteBuffer bytes =
        ByteBuffer.allocate(Float.BYTES * embedding.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(embedding);
    out.write(bytes.array());
  }

  @Override
  public void finish() throws IOException {
    out.flush();
  }
}
