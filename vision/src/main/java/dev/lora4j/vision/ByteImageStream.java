package dev.lora4j.vision;

import javax.imageio.stream.ImageInputStreamImpl;

/** A reusable stream over a byte array; the platform's own copy the bytes and need a finalizer. */
final class ByteImageStream extends ImageInputStreamImpl {
  private byte[] bytes = new byte[0];

  /** Restarts the stream on other bytes, without copying them. */
  void reset(byte[] content) {
    bytes = content;
    streamPos = 0;
    flushedPos = 0;
    bitOffset = 0;
  }

  @Override
  public int read() {
    bitOffset = 0;
    return streamPos < bytes.length ? bytes[(int) streamPos++] & 0xff : -1;
  }

  @Override
  public int read(byte[] target, int offset, int length) {
    bitOffset = 0;
    if (streamPos >= bytes.length) {
      return -1;
    }
    int count = (int) Math.min(length, bytes.length - streamPos);
    System.arraycopy(bytes, (int) streamPos, target, offset, count);
    streamPos += count;
    return count;
  }

  @Override
  public long length() {
    return bytes.length;
  }
}
