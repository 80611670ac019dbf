package dev.lora4j.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.Fixture;
import dev.lora4j.UserError;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Adapters from PEFT, over its options and layers, give PEFT's logits, gradients and merged
 * weights. The files are from tools/peft_matrix.py; the tolerance is {@code 1e-5 + 1e-5 ·
 * |expected|}.
 */
class PeftMatrixTest {
  private static final double TOLERANCE = 1e-5;

  /**
   * PEFT's OLoRA ignores that the weight is transposed, so the layer does not start as its base.
   */
  private static final Set<String> WRONG_IN_PEFT = Set.of("gpt2block-lora-olora-square");

  /** PEFT writes only the first of two adapters on one raw parameter. */
  private static final Set<String> HALF_WRITTEN = Set.of("active-moe-lora_lora");

  static Stream<String> cases() throws IOException {
    return names("/cases").filter(name -> !WRONG_IN_PEFT.contains(name));
  }

  static Stream<String> pairs() throws IOException {
    return names("/active").filter(name -> !HALF_WRITTEN.contains(name));
  }

  private static Stream<String> names(String list) throws IOException {
    JsonNode index =
        new ObjectMapper().readTree(Files.readAllBytes(Fixture.path("peft/index.json")));
    return StreamSupport.stream(index.at(list).spliterator(), false)
        .map(entry -> entry.get("name").asText());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void logitsGradientsAndMergedWeightsEqualPefts(String name, @TempDir Path directory)
      throws IOException {
    try (PointerScope scope = new PointerScope()) {
      Fixture fixture = Fixture.read("peft/" + name + ".safetensors");
      String network = fixture.metadata("case").get("network").asText();
      try (Module net = PeftNetworks.named(network)) {
        net.loadStateDict(Fixture.read("peft/base_" + network + ".safetensors").tensors(""));
        write(directory, fixture, "adapter_config", "adapter.");
        LoraModel model = Lora.base(net);
        if (isRefused(fixture)) {
          assertThatThrownBy(() -> model.load("default", directory)).isInstanceOf(UserError.class);
          return;
        }
        model.load("default", directory);
        model.activate("default");
        check(net, model, fixture, Fixture.read("peft/input_" + network + ".safetensors"));
      }
    }
  }

  /** Returns whether PEFT itself can't load an adapter again, or gives it no meaning. */
  static boolean isRefused(Fixture fixture) {
    JsonNode about = fixture.metadata("case");
    return about.has("reload_refused")
        || about.has("reload_differs")
        || isDoraWithGroups(about)
        || fixture
            .metadata("adapter_config")
            .path("init_lora_weights")
            .asText()
            .startsWith("pissa_niter");
  }

  /** Returns whether a convolution with groups has DoRA, for which PEFT computes wrong norms. */
  private static boolean isDoraWithGroups(JsonNode about) {
    return about.path("name").asText().startsWith("convs-dora-gaussian-groups");
  }

  @ParameterizedTest
  @MethodSource("pairs")
  void twoActiveAdaptersEqualPefts(String name, @TempDir Path directory) throws IOException {
    try (PointerScope scope = new PointerScope()) {
      Fixture fixture = Fixture.read("peft/" + name + ".safetensors");
      String network = fixture.metadata("case").get("network").asText();
      try (Module net = PeftNetworks.named(network)) {
        net.loadStateDict(Fixture.read("peft/base_" + network + ".safetensors").tensors(""));
        LoraModel model = Lora.base(net);
        for (String adapter : List.of("first", "second")) {
          Path own = Files.createDirectory(directory.resolve(adapter));
          write(own, fixture, adapter + "_config", adapter + ".");
          model.load(adapter, own);
        }
        model.activate("first", "second");
        net.train(false);
        Tensor input = Fixture.read("peft/input_" + network + ".safetensors").tensor("input");

        fixture.check("logits", net.forward(input), TOLERANCE);
        model.merge();
        checkMerged(net, fixture);
        fixture.check("merged_logits", net.forward(input), TOLERANCE);
      }
    }
  }

  static void write(Path directory, Fixture fixture, String config, String tensors)
      throws IOException {
    Files.writeString(
        directory.resolve("adapter_config.json"),
        fixture.metadata(config).toString(),
        StandardCharsets.UTF_8);
    SafetensorsWriter.write(
        directory.resolve("adapter_model.safetensors"), fixture.tensors(tensors), Map.of());
  }

  private static void check(Module net, LoraModel model, Fixture fixture, Fixture shared) {
    net.train(false);
    Tensor logits = net.forward(shared.tensor("input"));
    fixture.check("logits", logits, TOLERANCE);
    logits.backward(
        shared.tensor("grad_output"),
        new org.bytedeco.pytorch.BoolOptional(false),
        false,
        new org.bytedeco.pytorch.TensorArrayRefOptional());
    for (Map.Entry<String, Parameter> saved : model.adapter("default").saved().entrySet()) {
      String key = "grad.base_model.model." + saved.getKey();
      if (fixture.tensors("").containsKey(key)) {
        fixture.check(key, saved.getValue().value().grad(), TOLERANCE);
      }
    }
    if (fixture.metadata("case").has("merge_refused")) {
      return;
    }
    model.merge();
    checkMerged(net, fixture);
    model.unmerge();
  }

  private static void checkMerged(Module net, Fixture fixture) {
    Map<String, Tensor> merged = net.stateDict();
    for (String path : fixture.tensors("merged.").keySet()) {
      String key = merged.containsKey(path) ? path : pretrained(path);
      assertThat(merged).containsKey(key);
      fixture.check("merged." + path, Objects.requireNonNull(merged.get(key)), TOLERANCE);
    }
  }

  private static String pretrained(String path) {
    int dot = path.lastIndexOf('.');
    return path.substring(0, dot) + ".pretrained" + path.substring(dot);
  }
}
