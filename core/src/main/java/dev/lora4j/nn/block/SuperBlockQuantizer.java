package dev.lora4j.nn.block;

/**
 * Quantisation to Q4_K: each group of 32 values is {@code scale · q − minimum} with q from 0 to 15,
 * and the eight scales and minima of a block have 6 bits each.
 *
 * <p>A group's scale and minimum are searched: from several roundings of the values, each with the
 * scale and minimum of least squares, the one with the smallest squared error is taken.
 */
final class SuperBlockQuantizer {
  private static final int VALUES = 256;
  private static final int GROUPS = 8;
  private static final int GROUP = 32;
  private static final int BYTES = 144;
  private static final int LARGEST = 15;
  private static final int LARGEST_SCALE = 63;

  private final float[] in;
  private final int at;
  private final float[] scales = new float[GROUPS];
  private final float[] minima = new float[GROUPS];

  private SuperBlockQuantizer(float[] in, int at) {
    this.in = in;
    this.at = at;
  }

  static void q4(float[] in, int at, byte[] out, int to, int blocks) {
    for (int block = 0; block < blocks; block++) {
      new SuperBlockQuantizer(in, at + block * VALUES).write(out, to + block * BYTES);
    }
  }

  private void write(byte[] out, int to) {
    for (int group = 0; group < GROUPS; group++) {
      GroupFit fit = GroupFit.best(in, at + group * GROUP, GROUP, LARGEST);
      scales[group] = fit.scale();
      minima[group] = fit.minimum();
    }
    Halves.put(largest(scales) / LARGEST_SCALE, out, to);
    Halves.put(largest(minima) / LARGEST_SCALE, out, to + 2);
    float blockScale = Halves.at(out, to);
    float blockMinimum = Halves.at(out, to + 2);
    for (int group = 0; group < GROUPS; group++) {
      int scale = step(scales[group], blockScale);
      int minimum = step(minima[group], blockMinimum);
      writeScales(out, to + 4, group, scale, minimum);
      writeValues(out, to + 16, group, blockScale * scale, blockMinimum * minimum);
    }
  }

  private static float largest(float[] values) {
    float largest = 0;
    for (float value : values) {
      largest = Math.max(largest, value);
    }
    return largest;
  }

  private static int step(float value, float unit) {
    return unit == 0 ? 0 : Math.min(LARGEST_SCALE, Math.round(value / unit));
  }

  /** Writes 6 bits each, as {@link SuperBlocks#scale} and {@link SuperBlocks#minimum} read them. */
  private static void writeScales(byte[] out, int to, int group, int scale, int minimum) {
    if (group < 4) {
      out[to + group] = (byte) scale;
      out[to + group + 4] = (byte) minimum;
    } else {
      out[to + group + 4] = (byte) ((scale & 0xf) | ((minimum & 0xf) << 4));
      out[to + group - 4] |= (byte) ((scale >> 4) << 6);
      out[to + group] |= (byte) ((minimum >> 4) << 6);
    }
  }

  private void writeValues(byte[] out, int to, int group, float scale, float minimum) {
    int first = to + group / 2 * GROUP;
    for (int i = 0; i < GROUP; i++) {
      int q = GroupFit.nearest(in[at + group * GROUP + i], scale, minimum, LARGEST);
      out[first + i] = (byte) (group % 2 == 0 ? q : out[first + i] | q << 4);
    }
  }
}
