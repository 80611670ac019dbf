package dev.lora4j.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.PathPatterns;
import dev.lora4j.lora.format.SavedForm;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.lora.layer.Svd;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters initialised from their base's weights are saved as plain LoRA for the original base. */
class PlainAdapterTest {
  private static final double TOLERANCE = 1e-5;

  /** PEFT saved them with path_initial_model_for_weight_conversion (tools/peft_special.py). */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "mlp-converted-pissa",
        "mlp-converted-olora",
        "mlp-converted-pissa-use_rslora",
        "mlp-converted-pissa-rank_pattern-alpha_pattern"
      })
  void conversionOfATrainedAdapterEqualsPefts(String name, @TempDir Path directory)
      throws IOException {
    try (PointerScope scope = new PointerScope();
        Module net = base("mlp");
        Module untouched = base("mlp")) {
      Fixture fixture = Fixture.read("peft/" + name + ".safetensors");
      writeTrained(fixture, directory);
      LoraModel model = Lora.base(net);
      model.load("trained", directory);
      model.activate("trained");
      Tensor input = Fixture.read("peft/input_mlp.safetensors").tensor("input");
      fixture.check("logits", model.forward(input), TOLERANCE);

      model.save("trained", directory.resolve("plain"));

      LoraModel other = Lora.base(untouched);
      other.load("plain", directory.resolve("plain"));
      other.activate("plain");
      fixture.check("logits", other.forward(input), TOLERANCE);
      JsonNode written =
          new ObjectMapper().readTree(directory.resolve("plain/adapter_config.json").toFile());
      JsonNode peft = fixture.metadata("adapter_config");
      assertThat(written.path("init_lora_weights").asBoolean()).isTrue();
      try (SafetensorsFile file =
          SafetensorsFile.open(directory.resolve("plain/adapter_model.safetensors"))) {
        fixture
            .tensors("adapter.")
            .forEach(
                (key, tensor) ->
                    assertThat(file.info(key).sizes()).as(key).isEqualTo(tensor.shape()));
      }
      assertThat(written.path("r")).isEqualTo(peft.path("r"));
    }
  }

  private static void writeTrained(Fixture fixture, Path directory) throws IOException {
    ObjectNode config = new ObjectMapper().createObjectNode();
    config.put("peft_type", "LORA");
    config.setAll((ObjectNode) fixture.metadata("case").get("options"));
    Files.writeString(directory.resolve("adapter_config.json"), config.toString());
    SafetensorsWriter.write(
        directory.resolve("adapter_model.safetensors"), fixture.tensors("trained."), Map.of());
  }

  private static Module base(String network) {
    Module net = PeftNetworks.named(network);
    net.loadStateDict(Fixture.read("peft/base_" + network + ".safetensors").tensors(""));
    net.train(false);
    return net;
  }

  @ParameterizedTest
  @CsvSource({
    "mlp, pissa, false, false",
    "mlp, pissa_niter_2, false, false",
    "mlp, olora, true, false",
    "mlp, pissa, false, true",
    "gpt2block, pissa, true, false",
    "gpt2block, olora, false, true",
    "embedding, pissa, false, false"
  })
  void plainAdapterGivesTheSameOutputOnTheOriginalBase(
      String network, String how, boolean rsLora, boolean dora, @TempDir Path directory) {
    try (PointerScope scope = new PointerScope();
        Module net = base(network);
        Module untouched = base(network)) {
      LoraModel model = Lora.adapt(net, config(how).rsLora(rsLora).dora(dora));
      Tensor input = Fixture.read("peft/input_" + network + ".safetensors").tensor("input");
      TensorAssert.assertThat(model.forward(input)).isCloseTo(untouched.forward(input), TOLERANCE);
      learn(model);
      Tensor expected = model.forward(input);

      model.save("default", directory);

      LoraModel other = Lora.base(untouched);
      other.load("plain", directory);
      other.activate("plain");
      TensorAssert.assertThat(other.forward(input)).isCloseTo(expected, TOLERANCE);
    }
  }

  private static LoraConfig config(String how) {
    return LoraConfig.rank(2).alpha(3).initialization(Initialization.named(how));
  }

  private static void learn(LoraModel model) {
    model
        .parameters("default")
        .forEach(p -> p.copyFrom(p.value().add(torch.randn(p.shape()), new Scalar(0.1))));
  }

  @Test
  void adapterSavedAsTrainedKeepsItsRankAndInitialisation(@TempDir Path directory) {
    try (PointerScope scope = new PointerScope();
        Module net = base("mlp")) {
      LoraModel model = Lora.adapt(net, config("pissa"));
      learn(model);

      model.save("default", directory, SavedForm.AS_TRAINED);
      model.load("again", directory);

      assertThat(model.config("again").rank()).isEqualTo(2);
      assertThat(model.config("again").initialization()).isEqualTo(new Initialization.Pissa(0));
      Tensor input = Fixture.read("peft/input_mlp.safetensors").tensor("input");
      Tensor expected = model.forward(input);
      model.activate("again");
      TensorAssert.assertThat(model.forward(input)).isCloseTo(expected, TOLERANCE);
    }
  }

  @Test
  void randomInitialisationIsNotWrittenAsTrained(@TempDir Path directory) {
    try (PointerScope scope = new PointerScope();
        Module net = base("mlp")) {
      LoraModel model = Lora.adapt(net, config("pissa_niter_4"));

      assertThatThrownBy(() -> model.save("default", directory, SavedForm.AS_TRAINED))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("pissa_niter_4 took a random part")
          .hasMessageContaining("SavedForm.PLAIN");
      assertThat(directory).isEmptyDirectory();
    }
  }

  @Test
  void manyIterationsGiveTheExactComponents() {
    try (PointerScope scope = new PointerScope()) {
      Engine.seed(3);
      for (long[] shape : new long[][] {{9, 5}, {5, 9}, {6, 6}}) {
        Tensor matrix = torch.randn(shape);

        Svd nearly = Svd.nearly(matrix, 3, 200, Ops.generator());

        TensorAssert.assertThat(product(nearly)).isCloseTo(product(Svd.of(matrix).top(3)), 1e-4);
        TensorAssert.assertThat(nearly.s()).isCloseTo(Svd.of(matrix).top(3).s(), 1e-5);
      }
    }
  }

  private static Tensor product(Svd svd) {
    return svd.u().mul(svd.s()).mm(svd.vt());
  }

  @Test
  void sameSeedGivesTheSameInitialisation() {
    try (PointerScope scope = new PointerScope();
        Module one = base("mlp");
        Module other = base("mlp")) {
      Engine.seed(11);
      Lora.adapt(one, config("pissa_niter_1"));
      Engine.seed(11);
      Lora.adapt(other, config("pissa_niter_1"));

      TensorAssert.assertSameState(one.stateDict(), other.stateDict());
    }
  }

  /** A path that ends like another one keeps its own value. */
  @Test
  void exactPatternsDistinguishPaths() {
    PathPatterns patterns = PathPatterns.exactly(Map.of("fc", 4.0, "a.fc", 2.0, "b.fc", 8.0), 2);

    assertThat(patterns.lookUp("fc")).contains(4.0);
    assertThat(patterns.lookUp("a.fc").orElse(2.0)).isEqualTo(2.0);
    assertThat(patterns.lookUp("b.fc")).contains(8.0);
    assertThat(PathPatterns.exactly(Map.of("fc", 2.0), 2)).isEqualTo(PathPatterns.none());
  }
}
