package dev.lora4j.nn.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class BlockDotTest {
  private static final int BLOCKS = 5;
  private static final int COLUMNS = BLOCKS * BlockDot.VALUES;

  private final byte[] row = RandomBlocks.of(BlockType.Q8_0, BLOCKS, 1);
  private final float[] x = new float[COLUMNS];
  private final float[] transposed = new float[COLUMNS];

  BlockDotTest() {
    SplittableRandom random = new SplittableRandom(2);
    for (int i = 0; i < COLUMNS; i++) {
      x[i] = (float) random.nextDouble(-1, 1);
    }
    BlockDot.transpose(x, COLUMNS, transposed);
  }

  @Test
  void isTheProductOfTheDequantisedRow() {
    float[] values = new float[COLUMNS];
    BlockType.Q8_0.dequantizer().dequantize(row, 0, values, 0, BLOCKS);
    double expected = 0;
    double size = 0;
    for (int i = 0; i < COLUMNS; i++) {
      expected += (double) values[i] * x[i];
      size += Math.abs((double) values[i] * x[i]);
    }
    float[] totals = new float[BlockDot.SUMS];

    BlockDot.plainTotals(row, 0, BLOCKS, transposed, totals);
    float found = BlockDot.sum(totals);

    assertThat((double) found).isCloseTo(expected, within(1e-6 * size));
  }

  @Test
  void vectorsGiveTheSameBits() {
    Optional<BlockDot> dot = BlockDot.of(BlockType.Q8_0);
    assumeThat(dot).as("products by vectors").isPresent();
    float[] found = new float[BlockDot.SUMS];
    float[] expected = new float[BlockDot.SUMS];

    dot.orElseThrow().totals(row, 0, BLOCKS, transposed, found);
    BlockDot.plainTotals(row, 0, BLOCKS, transposed, expected);

    assertThat(found).isEqualTo(expected);

    float[][] each = {new float[COLUMNS], transposed, new float[COLUMNS], transposed, transposed};
    float[][] ofEach = new float[GroupProducts.INPUTS][BlockDot.SUMS];
    dot.orElseThrow().totals(row, 0, BLOCKS, each, 1, ofEach);
    assertThat(ofEach[0]).isEqualTo(expected);
    assertThat(ofEach[1]).containsOnly(0);
    assertThat(ofEach[2]).isEqualTo(expected);
    assertThat(ofEach[3]).isEqualTo(expected);
  }
}
