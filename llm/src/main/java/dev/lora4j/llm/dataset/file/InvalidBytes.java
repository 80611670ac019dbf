package dev.lora4j.llm.dataset.file;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;

/**
 * The first byte of a file that is not text of an encoding.
 *
 * @param offset its position in the decompressed file, from 0
 * @param line its line, from 1
 */
record InvalidBytes(long offset, long line, int value) {
  private static final int BUFFER = 1 << 16;

  /**
   * Finds the first invalid byte.
   *
   * @param bytes the file past its byte order mark
   * @param from offset of the first of these bytes
   */
  static InvalidBytes find(InputStream bytes, long from, Charset charset) throws IOException {
    CharsetDecoder decoder = charset.newDecoder();
    ByteBuffer in = ByteBuffer.allocate(BUFFER);
    CharBuffer out = CharBuffer.allocate(BUFFER);
    long offset = from;
    long line = 1;
    char last = 0;
    while (true) {
      int read = bytes.read(in.array(), in.position(), in.remaining());
      in.position(in.position() + Math.max(0, read)).flip();
      CoderResult result = decoder.decode(in, out, read < 0);
      offset += in.position();
      out.flip();
      while (out.hasRemaining()) {
        char c = out.get();
        line += (c == '\n' && last != '\r') || c == '\r' ? 1 : 0;
        last = c;
      }
      out.clear();
      if (result.isError()) {
        return new InvalidBytes(offset, line, in.get() & 0xFF);
      } else if (read < 0) {
        throw new IOException("the file changed while it was read");
      }
      in.compact();
    }
  }
}
