package dev.lora4j.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.lora.combine.Combination;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.PlanListing;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.format.PeftKeys;
import dev.lora4j.lora.layer.LoraLayer;
import dev.lora4j.lora.layer.LoraLinear;
import dev.lora4j.lora.merge.Unmerging;
import dev.lora4j.lora.method.Vera;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** VeRA adapters give the outputs, gradients and merged weights of tools/vera_fixtures.py. */
class VeraTest {
  private static final double TOLERANCE = 1e-5;
  private static final double SAME_NUMBERS = 1e-6;

  private final PointerScope scope = new PointerScope();
  private final Path directory;

  VeraTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @AfterEach
  void close() {
    scope.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"mlp", "mlp-options", "mlp-layer", "mlp-drawn_again", "gpt2block"})
  void outputsGradientsAndMergedWeightsEqualPefts(String name) throws IOException {
    Fixture fixture = fixture(name);
    try (Module net = base(fixture)) {
      LoraModel model = Lora.base(net);
      PeftMatrixTest.write(directory, fixture, "adapter_config", "adapter.");
      model.load("default", directory);
      model.activate("default");
      net.train(false);
      Fixture shared = input(fixture);

      Tensor logits = net.forward(shared.tensor("input"));
      Ops.backward(logits, shared.tensor("grad_output"));

      fixture.check("logits", logits, TOLERANCE);
      for (Map.Entry<String, Parameter> saved : model.adapter("default").saved().entrySet()) {
        if (saved.getValue().isTrainable()) {
          fixture.check(
              "grad.base_model.model." + saved.getKey(),
              saved.getValue().value().grad(),
              TOLERANCE);
        }
      }
      model.merge();
      fixture.check("merged_logits", net.forward(shared.tensor("input")), TOLERANCE);
      Map<String, Tensor> merged = net.stateDict();
      for (String path : fixture.tensors("merged.").keySet()) {
        int dot = path.lastIndexOf('.');
        String inside = path.substring(0, dot) + ".pretrained" + path.substring(dot);
        String key = merged.containsKey(path) ? path : inside;
        fixture.check("merged." + path, Objects.requireNonNull(merged.get(key)), TOLERANCE);
      }
      model.unmerge();
      fixture.check("logits", net.forward(shared.tensor("input")), TOLERANCE);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"mlp", "mlp-options", "mlp-layer", "mlp-drawn_again", "gpt2block"})
  void newAdapterStartsAsInPeft(String name) throws IOException {
    Fixture fixture = fixture(name);
    try (Module net = base(fixture)) {
      LoraConfig config = config(fixture);
      LoraModel model = Lora.adapt(net, config);

      Map<String, Parameter> saved = model.adapter("default").saved();
      Map<String, Tensor> fresh = fixture.tensors("fresh.");
      assertThat(saved).hasSameSizeAs(fresh);
      saved.forEach(
          (key, parameter) ->
              TensorAssert.assertThat(parameter.value())
                  .isCloseTo(
                      Objects.requireNonNull(fresh.get(PeftKeys.inFile(key)), key), SAME_NUMBERS));
      assertThat(model.layers().values()).allMatch(LoraLayer::deltaIsZero);
      Map<String, Parameter> all = net.namedParameters();
      fixture.check("projection.vera_A", value(all, "default_shared.vera_A"), SAME_NUMBERS);
      fixture.check("projection.vera_B", value(all, "default_shared.vera_B"), SAME_NUMBERS);
    }
  }

  private static Tensor value(Map<String, Parameter> all, String path) {
    return Objects.requireNonNull(all.get(path)).value();
  }

  @ParameterizedTest
  @ValueSource(strings = {"mlp-options", "mlp-drawn_again"})
  void savedAdapterHasPeftsLayoutAndLoadsBitForBit(String name) throws IOException {
    Fixture fixture = fixture(name);
    try (Module net = base(fixture);
        Module other = base(fixture)) {
      LoraModel model = Lora.adapt(net, config(fixture));
      model.parameters("default").forEach(p -> p.copyFrom(torch.randn(p.shape())));
      Tensor input = input(fixture).tensor("input");
      net.train(false);
      Tensor expected = net.forward(input);

      model.save("default", directory);
      LoraModel loaded = Lora.base(other);
      loaded.load("again", directory);
      loaded.activate("again");
      other.train(false);

      TensorAssert.assertThat(other.forward(input)).isExactly(expected);
      assertThat(loaded.config("again")).hasToString(model.config("default").toString());
      try (SafetensorsFile file =
          SafetensorsFile.open(directory.resolve("adapter_model.safetensors"))) {
        assertThat(file.names()).containsExactlyInAnyOrderElementsOf(fresh(fixture));
      }
      JsonNode written =
          new ObjectMapper().readTree(Files.readAllBytes(directory.resolve("adapter_config.json")));
      JsonNode theirs = fixture.metadata("adapter_config");
      for (String key :
          List.of("peft_type", "r", "vera_dropout", "d_initial", "projection_prng_key")) {
        assertThat(written.get(key).asText()).as(key).isEqualTo(theirs.get(key).asText());
      }
      assertThat(written.get("save_projection")).isEqualTo(theirs.get("save_projection"));
      assertThat(written.fieldNames()).toIterable().doesNotContain("lora_alpha", "use_dora");
    }
  }

  private static List<String> fresh(Fixture fixture) {
    return List.copyOf(fixture.tensors("fresh.").keySet());
  }

  @Test
  void onlyTwoVectorsPerLayerAreTrained() throws IOException {
    try (Module net = base(fixture("mlp"))) {
      LoraModel model = Lora.adapt(net, config(fixture("mlp")));

      assertThat(model.parameters("default")).hasSize(6);
      assertThat(net.trainableParameters())
          .containsExactlyInAnyOrderElementsOf(model.parameters("default"));
      assertThat(
              PlanListing.of(Lora.plan(net, model.config("default")), model.config("default"))
                  .parameters())
          .isEqualTo(3 * 4 + 16 + 8 + 4);
    }
  }

  @Test
  void mixedBatchOfVeraAndLoraEqualsEachAlone() throws IOException {
    Fixture fixture = fixture("mlp");
    try (Module net = base(fixture)) {
      LoraModel model = Lora.adapt(net, config(fixture));
      model.add("lora", LoraConfig.rank(2));
      for (String name : List.of("default", "lora")) {
        model.parameters(name).forEach(p -> p.copyFrom(torch.randn(p.shape())));
      }
      net.train(false);
      Tensor input = input(fixture).tensor("input"); // three rows
      List<String> names = List.of("default", "lora", LoraModel.BASE);

      Tensor mixed = model.withRows(names).forward(input);

      for (int row = 0; row < names.size(); row++) {
        String name = names.get(row);
        Module alone = name.equals(LoraModel.BASE) ? model.with() : model.with(name);
        TensorAssert.assertThat(mixed.narrow(0, row, 1))
            .isCloseTo(alone.forward(input.narrow(0, row, 1)), TOLERANCE);
      }
    }
  }

  @Test
  void unmergingBySubtractionRestoresTheBaseUpToRounding() throws IOException {
    Fixture fixture = fixture("mlp");
    try (Module net = base(fixture)) {
      LoraModel model = Lora.adapt(net, config(fixture));
      model.parameters("default").forEach(p -> p.copyFrom(torch.randn(p.shape())));
      Tensor weight = ((LoraLinear) net.find("head")).pretrained().weight().value();
      Tensor before = weight.clone();

      model.merge(Unmerging.BY_SUBTRACTION);
      assertThat(weight.equal(before)).isFalse();
      model.unmerge();

      TensorAssert.assertThat(weight).isCloseTo(before, TOLERANCE);
    }
  }

  @Test
  void removingAnAdapterRemovesItsSharedMatrices() throws IOException {
    try (Module net = base(fixture("mlp"))) {
      LoraModel model = Lora.adapt(net, config(fixture("mlp")));
      model.rename("default", "other");
      assertThat(net.namedParameters()).containsKey("other_shared.vera_A");

      model.remove("other");

      assertThat(net.namedParameters().keySet()).noneMatch(path -> path.contains("vera"));
    }
  }

  @Test
  void unsupportedLayersAndOptionsAreNamed() {
    LoraConfig vera = LoraConfig.rank(2).method(new Vera());
    try (Module net = PeftNetworks.named("embedding")) {
      LoraModel model = Lora.base(net);
      LoraConfig embedding = vera.targets(Targets.named("embed", "fc"));
      LoraConfig options = vera.targets(Targets.named("fc")).dora(true).alpha(4);

      assertThatThrownBy(() -> model.add("one", embedding))
          .isInstanceOf(UserError.class)
          .hasMessage("'embed' is a Embedding, and VeRA adapts linear layers only");
      assertThatThrownBy(() -> model.add("one", options))
          .isInstanceOf(UserError.class)
          .hasMessage("VERA does not take lora_alpha, use_dora");
      model.add("one", vera.targets(Targets.named("fc")));
      assertThatThrownBy(() -> model.combine("two", Map.of("one", 1.0), Combination.cat()))
          .isInstanceOf(UserError.class)
          .hasMessage("'one' is a VERA adapter: only LoRA can be combined");
    }
  }

  private static Fixture fixture(String name) {
    return Fixture.read("vera/" + name + ".safetensors");
  }

  private static Module base(Fixture fixture) {
    String network = fixture.metadata("case").get("network").asText();
    Module net = PeftNetworks.named(network);
    net.loadStateDict(Fixture.read("peft/base_" + network + ".safetensors").tensors(""));
    return net;
  }

  private static Fixture input(Fixture fixture) {
    String network = fixture.metadata("case").get("network").asText();
    return Fixture.read("peft/input_" + network + ".safetensors");
  }

  private LoraConfig config(Fixture fixture) throws IOException {
    Path file = directory.resolve("adapter_config.json");
    Files.writeString(file, fixture.metadata("adapter_config").toString());
    LoraConfig config = LoraConfig.read(file);
    Files.delete(file);
    return config;
  }
}
