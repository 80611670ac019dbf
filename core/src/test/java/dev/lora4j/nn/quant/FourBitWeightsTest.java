package dev.lora4j.nn.quant;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The fixtures are bitsandbytes' own, made by {@code tools/quant_fixtures.py}. */
class FourBitWeightsTest {
  private final PointerScope scope = new PointerScope();

  @AfterEach
  void close() {
    scope.close();
  }

  static Stream<Arguments> cases() {
    return Stream.of("nf4", "fp4")
        .flatMap(
            type ->
                Stream.concat(
                    Stream.of(32, 64, 128, 256, 512, 1024, 2048, 4096)
                        .map(size -> Arguments.of(type, Integer.toString(size), size, false)),
                    Stream.of(
                        Arguments.of(type, "odd", 64, false),
                        Arguments.of(type, "whole", 64, false),
                        Arguments.of(type, "double", 32, true),
                        Arguments.of(type, "double.small", 64, true))));
  }

  private static Tensor tensor(String name) {
    return Fixture.read("quant/bitsandbytes.safetensors").tensor(name);
  }

  private static Parameter parameter(String name) {
    return Parameter.frozen(tensor(name));
  }

  private static FourBitWeights read(String type, String key, int blockSize, boolean nested) {
    String weight = type + "." + key + ".weight";
    Tensor original = tensor(type + "." + key + ".original");
    Absmax absmax =
        nested
            ? new Absmax.Nested(
                parameter(weight + ".absmax"),
                parameter(weight + ".nested_absmax"),
                parameter(weight + ".nested_quant_map"),
                Parameter.frozen(Ops.tensor(new float[] {offset(type, weight)}, 1)),
                256)
            : new Absmax.Plain(parameter(weight + ".absmax"));
    return new FourBitWeights(
        FourBitType.of(type),
        blockSize,
        original.size(0),
        original.size(1),
        parameter(weight),
        parameter(weight + ".quant_map"),
        absmax);
  }

  /** Returns the offset in the JSON beside the weight. */
  private static float offset(String type, String weight) {
    Tensor bytes = tensor(weight + ".quant_state.bitsandbytes__" + type);
    StringBuilder json = new StringBuilder();
    for (float character : Ops.floats(bytes)) {
      json.append((char) character);
    }
    String after = json.substring(json.indexOf("\"nested_offset\":") + 16);
    return Float.parseFloat(after.replaceAll("[,}].*", "").strip());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void valuesEqualBitsandbytesBitForBit(String type, String key, int blockSize, boolean nested) {
    FourBitWeights store = read(type, key, blockSize, nested);
    Tensor expected = tensor(type + "." + key + ".expected");
    TensorAssert.assertThat(withoutNegativeZeros(store.dense()))
        .isExactly(withoutNegativeZeros(expected));
  }

  /**
   * FP4's code 8 is 0 in quant_map, but −0 in bitsandbytes' kernel for an even number of inputs.
   */
  private static Tensor withoutNegativeZeros(Tensor values) {
    return values.add(new Scalar(0));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void quantisationEqualsBitsandbytesBitForBit(
      String type, String key, int blockSize, boolean nested) {
    FourBitWeights expected = read(type, key, blockSize, nested);
    Tensor original = tensor(type + "." + key + ".original");
    FourBitWeights found =
        FourBitWeights.quantize(original, FourBitType.of(type), blockSize, nested);

    assertThat(found.parameters().keySet()).isEqualTo(expected.parameters().keySet());
    found
        .parameters()
        .forEach(
            (name, own) ->
                TensorAssert.assertThat(own.value())
                    .as(name)
                    .isExactly(requireNonNull(expected.parameters().get(name)).value()));
  }

  @Test
  void handSetWeightCanBeCheckedByEye() {
    Tensor weight = Ops.tensor(new float[] {2, -2, 0, 1.4458f}, 2, 2);
    FourBitWeights store = FourBitWeights.quantize(weight, FourBitType.NF4, 64, false);
    assertThat(Ops.floats(store.codes().value())).containsExactly(0xf0, 0x7e);
    TensorAssert.assertThat(store.dense()).isCloseTo(weight, 1e-4);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 16, 48, 8192})
  void blockSizeThatBitsandbytesHasNotIsNamed(int size) {
    Tensor weight = Ops.zeros(2, 64);
    assertThatThrownBy(() -> FourBitWeights.quantize(weight, FourBitType.NF4, size, false))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("power of two from 32 to 4096, found " + size);
  }

  @ParameterizedTest
  @CsvSource({"nf5, nf4", "fp8, fp4"})
  void unknownTypeIsNamedWithTheNearest(String key, String near) {
    assertThatThrownBy(() -> FourBitType.of(key))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("unknown 4-bit type " + key)
        .hasMessageContaining(near);
  }

  @Test
  void tensorsThatDoNotFitAreRefused() {
    Parameter codes = Parameter.frozen(HeapCopies.bytes(new byte[64]));
    Parameter book = Parameter.frozen(Ops.zeros(16));
    Absmax two = new Absmax.Plain(Parameter.frozen(Ops.ones(2)));
    Absmax three = new Absmax.Plain(Parameter.frozen(Ops.ones(3)));
    assertThat(new FourBitWeights(FourBitType.NF4, 64, 2, 64, codes, book, two).shape())
        .containsExactly(2, 64);
    assertRefused(() -> four(2, codes, book, three), "absmax must have 2 values", "found 3");
    assertRefused(() -> four(3, codes, book, three), "96 bytes, found 64");
    assertRefused(() -> four(2, codes, Parameter.frozen(Ops.zeros(15)), two), "quant_map", "15");
    assertRefused(() -> new Absmax.Plain(codes), "absmax must be Float, found Byte");
  }

  private static FourBitWeights four(long rows, Parameter codes, Parameter book, Absmax absmax) {
    return new FourBitWeights(FourBitType.NF4, 64, rows, 64, codes, book, absmax);
  }

  @Test
  void nestedTensorsThatDoNotFitAreRefused() {
    Parameter codes = Parameter.frozen(HeapCopies.bytes(new byte[300]));
    Parameter map = Parameter.frozen(Ops.zeros(256));
    Parameter one = Parameter.frozen(Ops.zeros(1));
    Parameter two = Parameter.frozen(Ops.zeros(2));
    assertThat(new Absmax.Nested(codes, two, map, one, 256).blocks()).isEqualTo(300);
    assertRefused(
        () -> new Absmax.Nested(codes, one, map, one, 256), "nested_absmax must have 2 values");
    assertRefused(() -> new Absmax.Nested(codes, two, two, one, 256), "nested_quant_map");
    assertRefused(() -> new Absmax.Nested(codes, two, map, two, 256), "nested_offset");
    assertRefused(() -> new Absmax.Nested(codes, two, map, one, 100), "nested block size");
  }

  private static void assertRefused(Runnable made, String... messages) {
    assertThatThrownBy(made::run).isInstanceOf(UserError.class).hasMessageContainingAll(messages);
  }

  @Test
  void valuesThatAreNotFiniteAreRefused() {
    Tensor weight = Ops.tensor(new float[] {1, Float.NaN}, 1, 2);
    assertThatThrownBy(() -> FourBitWeights.quantize(weight, FourBitType.FP4, 64, false))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("NaN");
  }

  @Test
  void codesStoredAsAnotherDtypeAreReadAsBytes() {
    Tensor weight = torch.randn(4, 64);
    FourBitWeights store = FourBitWeights.quantize(weight, FourBitType.NF4, 64, false);
    Tensor asHalf = store.codes().value().flatten().view(ScalarType.BFloat16);
    FourBitWeights other =
        new FourBitWeights(
            FourBitType.NF4, 64, 4, 64, Parameter.frozen(asHalf), store.codeBook(), store.absmax());
    TensorAssert.assertThat(other.dense()).isExactly(store.dense());
  }

  @Test
  void stateDictHasBitsandbytesNamesAndLoadsAgain() {
    Linear layer = linear(torch.randn(12, 64));
    Map<String, Tensor> state = layer.stateDict();
    assertThat(state.keySet())
        .containsExactly(
            "weight",
            "weight.absmax",
            "weight.nested_absmax",
            "weight.nested_quant_map",
            "weight.nested_offset",
            "weight.quant_map");

    Linear other = linear(torch.zeros(12, 64));
    other.loadStateDict(state);
    TensorAssert.assertThat(other.store().dense()).isExactly(layer.store().dense());
    assertThat(layer.trainableParameters()).isEmpty();
  }

  private static Linear linear(Tensor weight) {
    return Linear.sharing(
        FourBitWeights.quantize(weight, FourBitType.NF4, 64, true), Optional.empty());
  }
}
