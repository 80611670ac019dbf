package dev.lora4j.nn.quant;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.TensorAssert;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.block.BlockType;
import dev.lora4j.nn.block.RandomBlocks;
import dev.lora4j.nn.kernel.BatchProduct;
import dev.lora4j.nn.kernel.FloatVector;
import dev.lora4j.nn.kernel.FusedLinear;
import dev.lora4j.nn.kernel.LinearWeights;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.kernel.RowBatch;
import dev.lora4j.nn.kernel.RowInput;
import dev.lora4j.nn.runtime.Bfloat16Products;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.nn.runtime.TeamBarrier;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Products of decoding with rows in blocks, with and without the Vector API. */
class CompactProductTest {
  private static final int OUT = 70;
  private static final int IN = 1280; // 40 small blocks, 5 large ones
  private static final int ROWS = 11;

  private static BlockWeights random(BlockType type) {
    byte[] bytes = RandomBlocks.of(type, OUT * IN / type.elements(), 7);
    Tensor blocks = HeapCopies.bytes(bytes).view(OUT, type.rowBytes(IN));
    return new BlockWeights(type, Parameter.frozen(blocks), IN);
  }

  private static FusedLinear layer(BlockWeights weight) {
    LinearWeights layer = weight.decodeWeights(Optional.empty()).orElseThrow();
    return new FusedLinear(List.of(layer));
  }

  /** Within 1e-6 of Σ|w x| of the product in float64. */
  @ParameterizedTest
  @EnumSource(BlockType.class)
  void aProductIsThatOfTheDequantisedWeight(BlockType type) {
    Engine.seed(1);
    try (PointerScope scope = new PointerScope();
        FloatVector y = FloatVector.of(OUT)) {
      BlockWeights weight = random(type);
      Tensor x = torch.randn(IN);
      RowInput input = new RowInput(FloatVector.over(x));
      layer(weight).compute(new TeamBarrier(1), input, FloatVector.over(x), y);

      Tensor dense = weight.dense().to(ScalarType.Double);
      double[] expected = doubles(torch.mv(dense, x.to(ScalarType.Double)));
      double[] exact = doubles(torch.mv(dense.abs(), x.abs().to(ScalarType.Double)));
      for (int i = 0; i < OUT; i++) {
        assertThat(Math.abs(y.get(i) - expected[i]))
            .as("%s row %d", type, i)
            .isLessThanOrEqualTo(1e-6 * exact[i]);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(BlockType.class)
  void aRowHasTheSameBitsAloneAndInABatch(BlockType type) {
    Engine.seed(2);
    try (PointerScope scope = new PointerScope();
        RowBatch x = new RowBatch(ROWS, IN);
        RowBatch y = new RowBatch(ROWS, OUT);
        RowBatch one = new RowBatch(1, IN);
        RowBatch alone = new RowBatch(1, OUT)) {
      BatchProduct product = new BatchProduct(layer(random(type)));
      for (int round = 0; round < 2; round++) { // the second has other inputs in the same memory
        x.first(ROWS).copy_(torch.randn(ROWS, IN));
        product.compute(new TeamBarrier(1), ROWS, x, y, row -> {});

        for (int row = 0; row < ROWS; row++) {
          one.first(1).copy_(x.first(ROWS).narrow(0, row, 1));
          product.compute(new TeamBarrier(1), 1, one, alone, i -> {});
          for (int i = 0; i < OUT; i++) {
            assertThat(y.row(row).get(i))
                .as("%s %d %d", type, row, i)
                .isEqualTo(alone.row(0).get(i));
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(BlockType.class)
  void aRowIsLookedUpAsTheEmbeddingDoes(BlockType type) {
    try (PointerScope scope = new PointerScope();
        FloatVector row = FloatVector.of(IN)) {
      BlockWeights weight = random(type);
      weight.decodeWeights(Optional.empty()).orElseThrow().weight().copyRow(OUT - 1, row);

      float[] expected = Ops.floats(weight.lookup(Ops.tensor(new long[] {OUT - 1}), -1));
      for (int i = 0; i < IN; i++) {
        assertThat(row.get(i)).isEqualTo(expected[i]);
      }
    }
  }

  /** In bfloat16, where the CPU has a unit for it, a prompt's product is within 1 % of its norm. */
  @Test
  void aPromptsProductIsNearTheOneInFloat32() {
    Engine.seed(4);
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      BlockWeights weight = random(BlockType.Q8_0);
      Tensor x = torch.randn(64, IN);
      Tensor expected = Ops.linear(x, weight.dense(), null);

      Tensor prompt = Bfloat16Products.allow(() -> weight.linear(x, null));

      double error = prompt.sub(expected).norm().item_double();
      assertThat(error).isLessThan(0.01 * expected.norm().item_double());
      TensorAssert.assertThat(weight.linear(x, null)).isCloseTo(expected, 1e-4);
    }
  }

  private static double[] doubles(Tensor values) {
    double[] result = new double[Math.toIntExact(values.numel())];
    for (int i = 0; i < result.length; i++) {
      result[i] = values.select(0, i).item_double();
    }
    return result;
  }
}
