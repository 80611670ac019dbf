package dev.lora4j.nn.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The Vector API gives the results of the plain loops; without the module nothing is tested. */
class VectorBlocksTest {
  private static final int BLOCKS = 12;

  @BeforeEach
  void moduleIsPresent() {
    assumeTrue(
        VectorArithmetic.PRESENT.isPresent(), "the JVM has no --add-modules jdk.incubator.vector");
  }

  @ParameterizedTest
  @EnumSource(BlockType.class)
  void blocksAreDequantisedToTheSameValues(BlockType type) {
    byte[] blocks = RandomBlocks.of(type, BLOCKS, 1);
    int values = BLOCKS * type.elements();
    float[] expected = new float[values + 3];
    float[] actual = new float[values + 3];

    type.plainDequantizer().dequantize(blocks, 0, expected, 3, BLOCKS);
    type.dequantizer().dequantize(blocks, 0, actual, 3, BLOCKS);

    assertThat(actual).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(ints = {32, 64, 96, 576, 2048, 5632})
  void dotProductsHaveTheSameBits(int count) {
    SplittableRandom random = new SplittableRandom(count);
    float[] a = padded(random, count);
    float[] b = padded(random, count);
    float[] c = a.clone();
    int end = DotProduct.padded(count);

    DotProduct.sums(a, b, end);
    VectorArithmetic.PRESENT.orElseThrow().sums(c, b, end);

    assertThat(c).isEqualTo(a);
  }

  @ParameterizedTest
  @EnumSource(
      value = BlockType.class,
      names = {"Q4_0", "Q4_1", "Q6_K"})
  void productsOfInterleavedRowsHaveTheSameBits(BlockType type) {
    for (int blocks : new int[] {1, 2, 39}) {
      RowGroups groups = RowGroups.of(type, (long) blocks * type.elements());
      byte[] group = new byte[groups.groupBytes()];
      groups.pack(RandomBlocks.of(type, RowGroups.ROWS * blocks, blocks), group);
      int[] words = new int[group.length / Integer.BYTES];
      ByteBuffer.wrap(group).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(words);
      GroupProducts plain = new GroupProducts(groups, Optional.empty());
      GroupProducts quick = new GroupProducts(groups);
      int columns = blocks * type.elements();
      RoundedInput[] inputs = new RoundedInput[GroupProducts.TOGETHER + 1];
      for (int i = 0; i < inputs.length; i++) {
        inputs[i] = new RoundedInput(groups.inputOrder());
        inputs[i].round(padded(new SplittableRandom(blocks + i), columns), columns);
      }
      float[] expected = new float[RowGroups.ROWS];
      float[] actual = new float[RowGroups.ROWS];
      float[][] ofEach = new float[GroupProducts.TOGETHER][RowGroups.ROWS];

      quick.multiply(words, inputs, 1, ofEach);
      for (int i = 0; i < GroupProducts.TOGETHER; i++) {
        plain.multiply(words, inputs[1 + i], expected);
        quick.multiply(words, inputs[1 + i], actual);
        assertThat(actual).isEqualTo(expected);
        assertThat(ofEach[i]).isEqualTo(expected);
      }
    }
  }

  private static float[] padded(SplittableRandom random, int count) {
    float[] values = new float[DotProduct.paddedSize(count)];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextDouble(-1, 1);
    }
    return values;
  }
}
