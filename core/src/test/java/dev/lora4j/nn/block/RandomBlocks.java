package dev.lora4j.nn.block;

import static java.util.Objects.requireNonNull;

import java.util.Map;
import java.util.SplittableRandom;

/** Blocks of any format with random codes, and scales of about 0.01. */
public final class RandomBlocks {
  private static final Map<BlockType, int[]> HALVES =
      Map.ofEntries(
          Map.entry(BlockType.Q4_0, new int[] {0}),
          Map.entry(BlockType.Q4_1, new int[] {0, 2}),
          Map.entry(BlockType.Q5_0, new int[] {0}),
          Map.entry(BlockType.Q5_1, new int[] {0, 2}),
          Map.entry(BlockType.Q8_0, new int[] {0}),
          Map.entry(BlockType.Q2_K, new int[] {80, 82}),
          Map.entry(BlockType.Q3_K, new int[] {108}),
          Map.entry(BlockType.Q4_K, new int[] {0, 2}),
          Map.entry(BlockType.Q5_K, new int[] {0, 2}),
          Map.entry(BlockType.Q6_K, new int[] {208}),
          Map.entry(BlockType.IQ4_NL, new int[] {0}),
          Map.entry(BlockType.IQ4_XS, new int[] {0}));

  private RandomBlocks() {}

  /** Returns the bytes of so many blocks; every eighth scale is subnormal, zero or negative. */
  public static byte[] of(BlockType type, int blocks, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    byte[] bytes = new byte[blocks * type.bytes()];
    random.nextBytes(bytes);
    for (int block = 0; block < blocks; block++) {
      for (int at : requireNonNull(HALVES.get(type))) {
        Halves.put(scale(random), bytes, block * type.bytes() + at);
      }
    }
    return bytes;
  }

  private static float scale(SplittableRandom random) {
    float usual = (float) random.nextDouble(0.005, 0.02);
    return switch (random.nextInt(24)) {
      case 0 -> 0;
      case 1 -> -usual;
      case 2 -> 0x1p-20f;
      default -> usual;
    };
  }
}
