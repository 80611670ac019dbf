package dev.lora4j.nn.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
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
      names = {"Q4_0", "Q4_1", "Q6_K", "Q8_0"})
  void productsOfInterleavedRowsHaveTheSameBits(BlockType type) {
    for (int blocks : new int[] {1, 2, 39}) {
      for (int count = 1; count <= GroupProducts.GROUPS; count++) {
        productsHaveTheSameBits(RowGroups.of(type, (long) blocks * type.elements()), count);
      }
    }
  }

  private static void productsHaveTheSameBits(RowGroups groups, int count) {
    int at = 3 * Integer.BYTES;
    GroupMemory memory = randomGroups(groups, count, at);
    RoundedInput[] inputs = randomInputs(groups, GroupProducts.INPUTS + 1);
    GroupProducts plain = new GroupProducts(groups, Optional.empty());
    GroupProducts quick = new GroupProducts(groups);
    float[][] ofEach = new float[GroupProducts.INPUTS][GroupProducts.ROWS];

    quick.multiply(memory, at, count, inputs, 1, ofEach);
    for (int i = 0; i < GroupProducts.INPUTS; i++) {
      float[] expected = new float[GroupProducts.ROWS];
      float[] actual = new float[GroupProducts.ROWS];
      plain.multiply(memory, at, count, inputs[1 + i], expected);
      quick.multiply(memory, at, count, inputs[1 + i], actual);
      int rows = count * RowGroups.ROWS;
      assertThat(Arrays.copyOf(actual, rows)).isEqualTo(Arrays.copyOf(expected, rows));
      assertThat(Arrays.copyOf(ofEach[i], rows)).isEqualTo(Arrays.copyOf(expected, rows));
    }
  }

  private static GroupMemory randomGroups(RowGroups groups, int count, int at) {
    int size = groups.groupBytes();
    ByteBuffer bytes = ByteBuffer.allocateDirect(at + count * size);
    for (int i = 0; i < count; i++) {
      byte[] group = new byte[size];
      groups.pack(RandomBlocks.of(groups.type(), RowGroups.ROWS * groups.blocks(), i), group);
      bytes.put(at + i * size, group);
    }
    return new GroupMemory(bytes);
  }

  private static RoundedInput[] randomInputs(RowGroups groups, int count) {
    int columns = groups.blocks() * groups.type().elements();
    RoundedInput[] inputs = new RoundedInput[count];
    for (int i = 0; i < count; i++) {
      inputs[i] = new RoundedInput(groups.inputOrder());
      inputs[i].round(padded(new SplittableRandom(i), columns), columns);
    }
    return inputs;
  }

  private static float[] padded(SplittableRandom random, int count) {
    float[] values = new float[DotProduct.paddedSize(count)];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextDouble(-1, 1);
    }
    return values;
  }
}
