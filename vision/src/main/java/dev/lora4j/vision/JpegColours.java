package dev.lora4j.vision;

import java.awt.image.DataBufferByte;
import java.awt.image.Raster;

/** Conversion from JPEG's YCbCr to RGB in the fixed-point arithmetic of libjpeg, bit for bit. */
final class JpegColours {
  private static final int[] CR_RED = table(1.40200, 1 << 15, 16);
  private static final int[] CB_BLUE = table(1.77200, 1 << 15, 16);
  private static final int[] CR_GREEN = table(-0.71414, 0, 0);
  private static final int[] CB_GREEN = table(-0.34414, 1 << 15, 0);

  private JpegColours() {}

  private static int[] table(double factor, int half, int shift) {
    int[] table = new int[256];
    int fixed = (int) Math.round(Math.abs(factor) * (1 << 16)) * (factor < 0 ? -1 : 1);
    for (int i = 0; i < 256; i++) {
      table[i] = (fixed * (i - 128) + half) >> shift;
    }
    return table;
  }

  /** Returns whether it is certain to use YCbCr: a JFIF header, and no marker to the contrary. */
  static boolean isPlain(byte[] file) {
    boolean jfif = false;
    int at = 2;
    while (at + 4 <= file.length && (file[at] & 0xff) == 0xff) {
      int marker = file[at + 1] & 0xff;
      if (marker == 0xda) { // start of scan
        return jfif;
      }
      if (marker == 0xe2 || marker == 0xee) { // colour profile, Adobe marker
        return false;
      }
      jfif |= marker == 0xe0 && at + 8 <= file.length && file[at + 4] == 'J' && file[at + 5] == 'F';
      at += 2 + (((file[at + 2] & 0xff) << 8) | (file[at + 3] & 0xff));
    }
    return false;
  }

  /** Converts a raster of one band (grey) or three bands (Y, Cb, Cr). */
  static RgbImage toRgb(Raster raster) {
    int bands = raster.getNumBands();
    if (bands != 1 && bands != 3) {
      throw new IllegalArgumentException(bands + " colour channels");
    }
    byte[] in = ((DataBufferByte) raster.getDataBuffer()).getData();
    int pixels = raster.getWidth() * raster.getHeight();
    byte[] planes = new byte[3 * pixels];
    if (bands == 1) {
      for (int c = 0; c < 3; c++) {
        System.arraycopy(in, 0, planes, c * pixels, pixels);
      }
    } else {
      convert(in, planes, pixels);
    }
    return new RgbImage(raster.getWidth(), raster.getHeight(), planes);
  }

  private static void convert(byte[] in, byte[] planes, int pixels) {
    // Local copies, so that the JIT need not reload the tables after each write.
    int[] crRed = CR_RED;
    int[] cbBlue = CB_BLUE;
    int[] crGreen = CR_GREEN;
    int[] cbGreen = CB_GREEN;
    int green = pixels;
    int blue = 2 * pixels;
    for (int i = 0, at = 0; i < pixels; i++, at += 3) {
      int y = in[at] & 0xff;
      int cb = in[at + 1] & 0xff;
      int cr = in[at + 2] & 0xff;
      planes[i] = clamp(y + crRed[cr]);
      planes[green + i] = clamp(y + ((cbGreen[cb] + crGreen[cr]) >> 16));
      planes[blue + i] = clamp(y + cbBlue[cb]);
    }
  }

  private static byte clamp(int value) {
    // Nearly all values are already in range: a single test covers them.
    return (byte) ((value & ~0xff) == 0 ? value : value < 0 ? 0 : 255);
  }
}
