package dev.lora4j.lora;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.TensorMemory;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.format.BaseCheck;
import dev.lora4j.lora.format.SavedForm;
import dev.lora4j.lora.init.OriginalWeights;
import dev.lora4j.lora.layer.FactoredDelta;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Sequential;
import dev.lora4j.nn.WeightStore;
import dev.lora4j.nn.WeightedLayer;
import dev.lora4j.nn.block.BlockType;
import dev.lora4j.nn.block.RandomBlocks;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.quant.BlockWeights;
import dev.lora4j.nn.quant.FourBitType;
import dev.lora4j.nn.quant.FourBitWeights;
import dev.lora4j.nn.quant.Int8Weights;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** LoftQ against PEFT with bitsandbytes (tools/loftq_fixtures.py). */
class LoftqTest {
  private static final int RANK = 4;
  private static final Scalar STEP = new Scalar(0.01);

  private final PointerScope scope = new PointerScope();
  private final Fixture fixture = Fixture.read("loftq/linear.safetensors");
  private final Tensor original = fixture.tensor("weight");
  private final OriginalWeights originals = path -> original;

  @AfterEach
  void close() {
    scope.close();
  }

  private Module quantized(int bits) {
    WeightStore store =
        bits == 8
            ? Int8Weights.quantize(original)
            : FourBitWeights.quantize(original, FourBitType.NF4, 64, false);
    return new Sequential(Linear.sharing(store, Optional.empty()));
  }

  private Module dense() {
    return new Sequential(Linear.sharing(Parameter.frozen(original.clone()), Optional.empty()));
  }

  private static LoraConfig config(int bits, int iterations, double alpha) {
    return LoraConfig.rank(RANK)
        .alpha(alpha)
        .initialization(new Initialization.Loftq(bits, iterations));
  }

  private static FactoredDelta delta(LoraModel model) {
    return requireNonNull(model.adapter("default").deltas(model.layers()).get("0"))
        .factored()
        .get();
  }

  private static Tensor base(LoraModel model) {
    return ((WeightedLayer) requireNonNull(model.layers().get("0")).pretrained()).store().dense();
  }

  private static double norm(Tensor difference) {
    return difference.norm().item_double();
  }

  private double error(Tensor base, Tensor delta) {
    return norm(original.sub(base).sub(delta));
  }

  /** In the first iteration the quantised weight is bitsandbytes' bit for bit. */
  @Test
  void firstIterationEqualsPefts() {
    LoraModel model = Lora.adaptByLoftq(quantized(4), config(4, 1, RANK), originals);

    Tensor theirs = fixture.tensor("4.1.b").mm(fixture.tensor("4.1.a"));
    TensorAssert.assertThat(base(model)).isExactly(fixture.tensor("4.1.q"));
    TensorAssert.assertThat(delta(model).deltaWeight()).isCloseTo(theirs, 1e-4);
  }

  /** bitsandbytes rounds the weight to float16 before it quantises to 8 bits. */
  @Test
  void eightBitsReduceTheErrorAsMuchAsPefts() {
    LoraModel model = Lora.adaptByLoftq(quantized(8), config(8, 1, RANK), originals);

    Tensor theirs = fixture.tensor("8.1.b").mm(fixture.tensor("8.1.a"));
    double peft = error(fixture.tensor("8.1.q"), theirs);
    TensorAssert.assertThat(base(model)).isCloseTo(fixture.tensor("8.1.q"), 1e-2);
    assertThat(error(base(model), delta(model).deltaWeight())).isCloseTo(peft, within(0.05 * peft));
  }

  /**
   * Later iterations quantise weights that differ in their last bits, which moves single values
   * near the middle of two codes: the errors agree to 1 %.
   */
  @ParameterizedTest
  @CsvSource({"2", "5"})
  void laterIterationsReduceTheErrorAsMuchAsPefts(int iterations) {
    LoraModel model = Lora.adaptByLoftq(quantized(4), config(4, iterations, RANK), originals);

    String key = "4." + iterations + ".";
    Tensor theirs = fixture.tensor(key + "b").mm(fixture.tensor(key + "a"));
    double peft = error(fixture.tensor(key + "q"), theirs);
    assertThat(error(base(model), delta(model).deltaWeight())).isCloseTo(peft, within(0.01 * peft));
  }

  @Test
  void eachIterationIsNearerToTheOriginalThanRoundingAlone() {
    double previous = error(((Linear) quantized(4).find("0")).store().dense(), Ops.zeros(1));
    for (int iterations : new int[] {1, 2, 5}) {
      LoraModel model = Lora.adaptByLoftq(quantized(4), config(4, iterations, RANK), originals);
      double error = error(base(model), delta(model).deltaWeight());
      assertThat(error).isLessThan(previous);
      previous = error;
    }
  }

  /** PEFT leaves the scaling out, and starts too far from the weight for a scaling of 4. */
  @ParameterizedTest
  @CsvSource({"1", "16"})
  void scalingChangesNothing(double alpha) {
    LoraModel plain = Lora.adaptByLoftq(quantized(4), config(4, 1, RANK), originals);
    LoraModel scaled = Lora.adaptByLoftq(quantized(4), config(4, 1, alpha), originals);

    TensorAssert.assertThat(delta(scaled).deltaWeight())
        .isCloseTo(delta(plain).deltaWeight(), 1e-5);
  }

  // ---- files ----

  private static void train(LoraModel model) {
    try (NoGradGuard guard = new NoGradGuard()) {
      FactoredDelta delta = delta(model);
      delta.a().copyFrom(delta.a().value().add(STEP));
      delta.b().copyFrom(delta.b().value().add(STEP));
    }
  }

  private static JsonNode configIn(Path directory) throws IOException {
    return new ObjectMapper().readTree(directory.resolve("adapter_config.json").toFile());
  }

  /** Three rows of {@code [in]}. */
  private Tensor input() {
    return original.narrow(0, 0, 3);
  }

  @Test
  void adapterIsPlainLoraOnTheQuantisedBase(@TempDir Path directory) throws IOException {
    LoraModel model = Lora.adaptByLoftq(quantized(4), config(4, 1, 8), originals);
    train(model);
    model.save("default", directory);

    LoraModel other = Lora.base(quantized(4));
    other.load("default", directory);
    other.activate("default");
    assertThat(configIn(directory).path("init_lora_weights").asBoolean()).isTrue();
    assertThat(configIn(directory).path("r").asInt()).isEqualTo(RANK);
    TensorAssert.assertThat(other.forward(input())).isExactly(model.forward(input()));
  }

  /** The original weights take the place of Q + s B₀ A₀. */
  @ParameterizedTest
  @CsvSource({"1, FOR_ORIGINAL", "2, PLAIN", "2, FOR_ORIGINAL"})
  void convertedAdapterIsForTheOriginalBase(int iterations, SavedForm form, @TempDir Path directory)
      throws IOException {
    LoraModel model = Lora.adaptByLoftq(quantized(4), config(4, iterations, 8), originals);
    Tensor first = delta(model).deltaWeight();
    train(model);
    model.save("default", directory, form);

    LoraModel other = Lora.base(dense());
    other.load("default", directory);
    Tensor change = delta(other).deltaWeight();
    assertThat(configIn(directory).path("r").asInt()).isEqualTo(2 * RANK);
    TensorAssert.assertThat(change).isCloseTo(delta(model).deltaWeight().sub(first), 1e-4);
  }

  @Test
  void savedAsTrainedItHasPeftsConfig(@TempDir Path directory) throws IOException {
    LoraModel model = Lora.adaptByLoftq(quantized(4), config(4, 1, 8), originals);
    train(model);
    model.save("default", directory, SavedForm.AS_TRAINED);

    JsonNode config = configIn(directory);
    assertThat(config.path("init_lora_weights").asText()).isEqualTo("loftq");
    assertThat(config.path("loftq_config").path("loftq_bits").asInt()).isEqualTo(4);
    assertThat(config.path("loftq_config").path("loftq_iter").asInt()).isEqualTo(1);
    assertThat(LoraConfig.read(directory.resolve("adapter_config.json")).initialization())
        .isEqualTo(new Initialization.Loftq(4, 1));
    LoraModel other = Lora.base(quantized(4));
    other.load("default", directory);
    other.activate("default");
    TensorAssert.assertThat(other.forward(input())).isExactly(model.forward(input()));
  }

  @Test
  void filesThatFitNoBaseAreRefused(@TempDir Path directory) {
    LoraModel once = Lora.adaptByLoftq(quantized(4), config(4, 1, 8), originals);
    LoraModel twice = Lora.adaptByLoftq(quantized(4), config(4, 2, 8), originals);
    once.save("default", directory.resolve("once"), SavedForm.AS_TRAINED);
    twice.save("default", directory.resolve("twice"), SavedForm.AS_TRAINED);

    assertThatThrownBy(
            () -> Lora.base(dense()).load("default", directory.resolve("once"), BaseCheck.ANY_BASE))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("is for a quantised base, and this one is not");
    assertThatThrownBy(() -> Lora.base(quantized(4)).load("default", directory.resolve("twice")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("more than one iteration has changed the quantised base");
  }

  // ---- mistakes ----

  @Test
  void basesThatDoNotFitAreNamed() {
    assertMistake(dense(), config(4, 1, 4), originals, "none of the target modules is quantised");
    assertMistake(
        quantized(8),
        config(4, 1, 4),
        originals,
        "loftq_bits is 4, but the base has 8 bits at '0'");
    assertMistake(
        quantized(4),
        config(4, 1, 4),
        path -> Ops.zeros(3, 5),
        "the original weight of '0' has shape [3, 5], the base [48, 128]");
    assertMistake(
        quantized(4), config(4, 1, 4).withRank(49), originals, "exceeds the smaller side");
    assertMistake(quantized(4), config(4, 1, 4).dora(true), originals, "loftq and use_dora");
    assertMistake(quantized(4), LoraConfig.rank(4), originals, "loftq, found true");
  }

  @Test
  void aFormatThatCanOnlyBeReadTakesOneIteration() {
    int blocks = (int) original.numel() / 32;
    byte[] bytes = RandomBlocks.of(BlockType.IQ4_NL, blocks, 3);
    Tensor packed =
        TensorMemory.filled(
            DType.U8, new long[] {48, bytes.length / 48}, memory -> memory.put(0, bytes));
    WeightStore store = new BlockWeights(BlockType.IQ4_NL, Parameter.frozen(packed), 128);
    Module net = new Sequential(quantized(4), Linear.sharing(store, Optional.empty()));

    assertMistake(net, config(4, 2, 4), originals, "'1' is in IQ4_NL, to which lora4j can't");
    assertThat(((WeightedLayer) net.find("0.0")).store()).isInstanceOf(FourBitWeights.class);
    Lora.adaptByLoftq(net, config(4, 1, 4), originals);
  }

  private static void assertMistake(
      Module net, LoraConfig config, OriginalWeights originals, String message) {
    assertThatThrownBy(() -> Lora.adaptByLoftq(net, config, originals))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(message);
  }

  @Test
  void originalWeightsAreRequired() {
    Module net = quantized(4);
    assertThatThrownBy(() -> Lora.adapt(net, config(4, 1, 4)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("pass them, Lora.adaptByLoftq(network, config, originals)");
  }

  @ParameterizedTest
  @CsvSource({"3, 1, loftq_bits must be 4 or 8", "4, 0, loftq_iter must be at least 1"})
  void badSettingsAreRefused(int bits, int iterations, String message) {
    assertThatThrownBy(() -> new Initialization.Loftq(bits, iterations))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(message);
  }
}
