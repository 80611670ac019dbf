package dev.lora4j.nn.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.block.BlockType;
import dev.lora4j.nn.block.GroupProducts;
import dev.lora4j.nn.block.RandomBlocks;
import dev.lora4j.nn.kernel.BatchProduct;
import dev.lora4j.nn.kernel.FloatVector;
import dev.lora4j.nn.kernel.FusedLinear;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.kernel.RowBatch;
import dev.lora4j.nn.kernel.RowInput;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.nn.runtime.TeamBarrier;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Interleaved rows against the same blocks in the order of a file. */
class InterleavedWeightsTest {
  private static final int ROWS = 11;

  /** A format and a shape: whole groups of rows and not, an even and an odd number of blocks. */
  private record Case(BlockType type, int rows, int columns) {
    BlockWeights inFileOrder() {
      byte[] bytes = RandomBlocks.of(type, rows * columns / type.elements(), 7);
      Tensor blocks = HeapCopies.bytes(bytes).view(rows, type.rowBytes(columns));
      return new BlockWeights(type, Parameter.frozen(blocks), columns);
    }

    InterleavedWeights interleaved() {
      return rearranged(type, inFileOrder().bytes().value(), columns);
    }
  }

  private static InterleavedWeights rearranged(BlockType type, Tensor rows, int columns) {
    int rowBytes = Math.toIntExact(rows.size(1));
    byte[] bytes = new byte[Math.toIntExact(rows.numel())];
    HeapCopies.read(rows, 0, bytes, bytes.length);
    return InterleavedWeights.of(
        type,
        rows.size(0),
        columns,
        (first, to) -> to.put(bytes, Math.toIntExact(first) * rowBytes, to.remaining()));
  }

  private static Stream<Case> cases() {
    return Stream.of(BlockType.Q4_0, BlockType.Q4_1, BlockType.Q6_K, BlockType.Q8_0)
        .flatMap(
            type ->
                Stream.of(
                    new Case(type, 80, 256),
                    new Case(type, 75, type == BlockType.Q6_K ? 1280 : 1248),
                    new Case(type, 7, 256)));
  }

  private static FusedLinear layer(InterleavedWeights weight) {
    return new FusedLinear(List.of(weight.decodeWeights(Optional.empty()).orElseThrow()));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void theValuesAreThoseOfTheFile(Case of) {
    try (PointerScope scope = new PointerScope()) {
      Tensor expected = of.inFileOrder().dense();
      InterleavedWeights weight = of.interleaved();

      assertThat(weight.shape()).containsExactly(of.rows(), of.columns());
      TensorAssert.assertThat(weight.dense()).isCloseTo(expected, 0);
      TensorAssert.assertThat(weight.rows(3, of.rows() - 5))
          .isCloseTo(expected.narrow(0, 3, of.rows() - 5), 0);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aTileHasTheValuesOfItsRows(Case of) {
    try (PointerScope scope = new PointerScope()) {
      Tensor expected = of.inFileOrder().dense();
      InterleavedWeights weight = of.interleaved();

      int first = of.rows() > 16 ? 16 : 0;
      int count = of.rows() - first;
      Tensor tile = weight.tile(first, count, Ops.empty((long) count * of.columns()));
      TensorAssert.assertThat(tile).isCloseTo(expected.narrow(0, first, count), 0);
    }
  }

  /**
   * The rounding of an element to -n … n adds up to 1/2n of the largest of its block, so 1/2n of
   * Σ|w| · max|x| in all, and the arithmetic 1e-6 of Σ|w x|. n is 255, and 127 for codes of 6 bits.
   */
  @ParameterizedTest
  @MethodSource("cases")
  void aProductIsThatOfTheValuesWithinTheRounding(Case of) {
    Engine.seed(1);
    try (PointerScope scope = new PointerScope();
        FloatVector y = FloatVector.of(of.rows())) {
      InterleavedWeights weight = of.interleaved();
      Tensor x = torch.randn(of.columns());
      layer(weight)
          .compute(new TeamBarrier(1), new RowInput(FloatVector.over(x)), FloatVector.over(x), y);

      Tensor dense = weight.dense().to(ScalarType.Double);
      Tensor expected = torch.mv(dense, x.to(ScalarType.Double));
      Tensor tolerance =
          dense
              .abs()
              .sum(1)
              .mul(x.abs().max().to(ScalarType.Double))
              .div(Ops.keepScalar(of.type() == BlockType.Q6_K ? 254 : 510))
              .add(torch.mv(dense.abs(), x.abs().to(ScalarType.Double)).mul(Ops.keepScalar(1e-6)));
      for (int i = 0; i < of.rows(); i++) {
        assertThat(Math.abs(y.get(i) - expected.select(0, i).item_double()))
            .as("row %d", i)
            .isLessThanOrEqualTo(tolerance.select(0, i).item_double());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aRowHasTheSameBitsAloneAndInABatch(Case of) {
    Engine.seed(2);
    try (PointerScope scope = new PointerScope();
        RowBatch x = new RowBatch(ROWS, of.columns());
        RowBatch y = new RowBatch(ROWS, of.rows());
        FloatVector alone = FloatVector.of(of.rows())) {
      FusedLinear layer = layer(of.interleaved());
      x.first(ROWS).copy_(torch.randn(ROWS, of.columns()));
      new BatchProduct(layer).compute(new TeamBarrier(1), ROWS, x, y, row -> {});

      for (int row = 0; row < ROWS; row++) {
        layer.compute(new TeamBarrier(1), new RowInput(x.row(row)), x.row(row), alone);
        for (int i = 0; i < of.rows(); i++) {
          assertThat(y.row(row).get(i)).as("%d %d", row, i).isEqualTo(alone.get(i));
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aRowIsLookedUpAsTheEmbeddingDoes(Case of) {
    try (PointerScope scope = new PointerScope();
        FloatVector row = FloatVector.of(of.columns())) {
      InterleavedWeights weight = of.interleaved();
      weight.decodeWeights(Optional.empty()).orElseThrow().weight().copyRow(of.rows() - 3, row);

      float[] expected = Ops.floats(weight.lookup(Ops.tensor(new long[] {of.rows() - 3}), -1));
      for (int i = 0; i < of.columns(); i++) {
        assertThat(row.get(i)).isEqualTo(expected[i]);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = BlockType.class,
      names = {"Q4_0", "Q8_0"})
  void aQuantisedWeightHasTheValuesOfItsBlocks(BlockType type) {
    Engine.seed(3);
    try (PointerScope scope = new PointerScope()) {
      Tensor weight = torch.randn(75, 96);

      TensorAssert.assertThat(InterleavedWeights.quantize(weight, type).dense())
          .isCloseTo(BlockWeights.quantize(weight, type).dense(), 0);
    }
  }

  @Test
  void aScaleThatIsNotFiniteIsRefused() {
    byte[] bytes = RandomBlocks.of(BlockType.Q4_0, 16, 3);
    bytes[18] = 0;
    bytes[19] = 0x7c; // infinite
    try (PointerScope scope = new PointerScope()) {
      Tensor rows = HeapCopies.bytes(bytes).view(16, 18);
      assertThatThrownBy(() -> rearranged(BlockType.Q4_0, rows, 32))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("not finite: Infinity");
    }
  }

  @ParameterizedTest
  @EnumSource(BlockType.class)
  void onlyWholeBlocksOfTheFormatsWithALayoutAreRearranged(BlockType type) {
    boolean has =
        EnumSet.of(BlockType.Q4_0, BlockType.Q4_1, BlockType.Q6_K, BlockType.Q8_0).contains(type);
    assertThat(InterleavedWeights.suit(type, 32, 256)).isEqualTo(has && GroupProducts.areFast());
    assertThat(InterleavedWeights.suit(type, 32, 250)).isFalse();
    assertThat(InterleavedWeights.suit(type, 0, 256)).isFalse();
  }
}
