package dev.lora4j.data;

/** The common size of a set of images, in pixels. */
public record ImageShape(int channels, int height, int width) {

  /** Bytes of one image at a byte a channel. */
  public int bytes() {
    return Math.multiplyExact(channels, Math.multiplyExact(height, width));
  }

  @Override
  public String toString() {
    return channels + "×" + height + "×" + width;
  }
}
