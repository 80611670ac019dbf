package dev.lora4j.nn.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.block.BlockType;
import dev.lora4j.nn.kernel.Ops;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The fixtures are the gguf package's own, made by {@code tools/quant_fixtures.py}. */
class BlockWeightsTest {
  private final PointerScope scope = new PointerScope();

  @AfterEach
  void close() {
    scope.close();
  }

  private static Tensor tensor(String name) {
    return Fixture.read("quant/blocks.safetensors").tensor(name);
  }

  @ParameterizedTest
  @EnumSource
  void valuesEqualGgmlsBitForBit(BlockType type) {
    Tensor expected = tensor(type.name() + ".expected");
    Parameter blocks = Parameter.frozen(tensor(type.name() + ".blocks"));
    BlockWeights store = new BlockWeights(type, blocks, expected.size(1));
    TensorAssert.assertThat(store.dense()).isExactly(expected);
    TensorAssert.assertThat(store.rows(1, 2)).isExactly(expected.narrow(0, 1, 2));
  }

  @ParameterizedTest
  @EnumSource(names = {"Q4_0", "Q8_0"})
  void quantisationEqualsGgmlsBitForBit(BlockType type) {
    Tensor original = tensor(type.name() + ".original");
    BlockWeights store = BlockWeights.quantize(original, type);
    TensorAssert.assertThat(store.bytes().value()).isExactly(tensor(type.name() + ".quantised"));
  }

  /**
   * Rounding to 16 even steps between a group's extremes has an error of 1/12 of a step squared.
   */
  @Test
  void searchedScalesAreBetterThanEvenStepsBetweenTheExtremes() {
    torch.manual_seed(3);
    Tensor weight = torch.randn(20, 512);
    Tensor groups = weight.view(-1, 32);
    Tensor low = groups.amin(new long[] {1}, true).clamp_max_(new Scalar(0));
    Tensor high = groups.amax(new long[] {1}, true).clamp_min_(new Scalar(0));
    Tensor steps = high.sub(low).div(new Scalar(15));
    Tensor even = groups.sub(low).div(steps).round().mul(steps).add(low);
    double plain = even.sub(groups).square().mean().item_double();

    Tensor found = BlockWeights.quantize(weight, BlockType.Q4_K).dense();
    double searched = found.sub(weight).square().mean().item_double();
    assertThat(searched).isLessThan(0.97 * plain);
  }

  @ParameterizedTest
  @EnumSource(names = {"Q4_0", "Q8_0", "Q4_K"})
  void zerosStayZeros(BlockType type) {
    Tensor found = BlockWeights.quantize(Ops.zeros(2, 256), type).dense();
    assertThat(found.count_nonzero().item_long()).isZero();
  }

  @Test
  void unfitBytesAreRefused() {
    Parameter bytes = Parameter.frozen(HeapCopies.bytes(new byte[36]).view(2, 18));
    assertThat(new BlockWeights(BlockType.Q4_0, bytes, 32).shape()).containsExactly(2, 32);
    assertRefused(
        () -> new BlockWeights(BlockType.Q4_0, bytes, 33),
        "a row of 33 values is not a whole number of Q4_0 blocks, which have 32 values each");
    assertRefused(() -> new BlockWeights(BlockType.Q4_0, bytes, 64), "has 36 bytes, found 18");
    Parameter floats = Parameter.frozen(Ops.zeros(2, 18));
    assertRefused(() -> new BlockWeights(BlockType.Q4_0, floats, 32), "bytes, found Float");
  }

  @Test
  void formatThatCanNotBeWrittenIsRefused() {
    assertRefused(
        () -> BlockWeights.quantize(Ops.zeros(1, 256), BlockType.Q3_K),
        "Q3_K can be read but not written; use Q4_0 or Q8_0 or Q4_K");
  }

  @Test
  void valuesThatAreNotFiniteAreRefused() {
    Tensor weight = Ops.zeros(3, 32);
    weight.select(0, 1).fill_(new Scalar(Float.NaN));
    assertRefused(() -> BlockWeights.quantize(weight, BlockType.Q8_0), "NaN", "rows 0 to 2");
    weight.select(0, 1).fill_(new Scalar(1e9));
    assertRefused(() -> BlockWeights.quantize(weight, BlockType.Q8_0), "above 65504");
  }

  private static void assertRefused(Runnable made, String... messages) {
    assertThatThrownBy(made::run).isInstanceOf(UserError.class).hasMessageContainingAll(messages);
  }
}
