package dev.lora4j.vision;

/** The common size of a set of images, in pixels. */
public record ImageShape(int channels, int height, int width) {

  /** Returns the bytes of one image, at one byte per channel and pixel. */
  public int bytes() {
    return Math.multiplyExact(channels, Math.multiplyExact(height, width));
  }

  @Override
  public String toString() {
    return channels + "×" + height + "×" + width;
  }
}
