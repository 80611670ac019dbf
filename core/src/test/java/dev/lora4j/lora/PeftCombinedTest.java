package dev.lora4j.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Adapters that PEFT combined: combined here they give the same A and B (by SVD, the same product)
 * and the same logits. The files are of tools/peft_combined.py; the tolerance is {@link
 * TensorAssert#isCloseTo}'s.
 */
class PeftCombinedTest {
  private static final double TOLERANCE = 1e-6;

  /** What a decomposition cuts off was larger than what is left: its rounding shows in the rest. */
  private static final double TOLERANCE_OF_SVD = 5e-6;

  private static final boolean[][] KEPT = {
    {true, true}, {true, false}, {false, true}, {false, false}
  };
  private static final String KEY = "combined.base_model.model.";

  /** All without svd_clamp, which depends on the signs that a decomposition happens to choose. */
  static Stream<String> cases() throws IOException {
    JsonNode index =
        new ObjectMapper().readTree(Files.readAllBytes(Fixture.path("peft/index.json")));
    return StreamSupport.stream(index.at("/combined").spliterator(), false)
        .map(entry -> entry.get("name").asText())
        .filter(name -> !name.endsWith("-clamp"));
  }

  static Stream<String> comparable() throws IOException {
    return cases().filter(name -> !isRefused(name) && !name.endsWith("-random"));
  }

  static Stream<String> refused() throws IOException {
    return cases().filter(PeftCombinedTest::isRefused);
  }

  /** Where A and B tell what was drawn, which a decomposition does not. */
  static Stream<String> random() throws IOException {
    return cases().filter(name -> name.endsWith("-random") && !name.contains("svd"));
  }

  /** PEFT loses what is trained beside A and B. */
  private static boolean isRefused(String name) {
    return name.endsWith("-dora") || name.endsWith("-lora_bias");
  }

  @ParameterizedTest
  @MethodSource("comparable")
  void givesWhatPeftGives(String name, @TempDir Path directory) throws IOException {
    try (PointerScope scope = new PointerScope();
        Combined combined = new Combined(name, directory)) {
      combined.combine();

      Fixture fixture = combined.fixture;
      boolean bySvd = combined.about().get("compare").asText().equals("delta and logits");
      double tolerance = bySvd ? TOLERANCE_OF_SVD : TOLERANCE;
      combined
          .deltas()
          .forEach(
              (path, delta) -> {
                Tensor expected = fixture.tensor("delta." + path).div(combined.peftsExcess());
                TensorAssert.assertThat(delta).as(path).isCloseTo(expected, tolerance);
              });
      assertThat(combined.deltas().keySet()).isEqualTo(fixture.tensors("delta.").keySet());
      if (!bySvd) {
        combined.checkFactors();
      }
      if (!name.endsWith("-rslora")) {
        fixture.check("logits", combined.logits(), tolerance);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("comparable")
  void isSavedAndLoaded(String name, @TempDir Path directory) throws IOException {
    try (PointerScope scope = new PointerScope();
        Combined combined = new Combined(name, directory)) {
      combined.combine();
      Tensor logits = combined.logits();

      combined.model.save("combined", directory.resolve("saved"));
      combined.model.load("again", directory.resolve("saved"));
      combined.model.activate("again");

      TensorAssert.assertThat(combined.model.forward(combined.input())).isExactly(logits);
    }
  }

  /** Each number of PEFT's A and B is what our mixer gives for some choice of who was dropped. */
  @ParameterizedTest
  @MethodSource("random")
  void dropsAndRescalesAsPeftDoes(String name, @TempDir Path directory) throws IOException {
    try (PointerScope scope = new PointerScope();
        Combined combined = new Combined(name, directory)) {
      combined.combine();

      for (String key : combined.model.adapter("combined").saved().keySet()) {
        assertThat(combined.outcomes(key, combined.fixture.tensor(KEY + key))).isEqualTo(4);
        assertThat(combined.outcomes(key, combined.factor("combined", key))).isEqualTo(4);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("refused")
  void refusesWhatPeftWouldLose(String name, @TempDir Path directory) throws IOException {
    try (PointerScope scope = new PointerScope();
        Combined combined = new Combined(name, directory)) {
      assertThatThrownBy(combined::combine)
          .isInstanceOf(UserError.class)
          .hasMessageContaining("'first' has")
          .hasMessageContaining("'second' has")
          .hasMessageContaining("would be lost");
      assertThat(combined.model.adapterNames()).containsExactly("first", "second");
    }
  }

  /** The adapters of one fixture, on their base. */
  private static final class Combined implements AutoCloseable {
    final Fixture fixture;
    final Module net;
    final LoraModel model;

    Combined(String name, Path directory) throws IOException {
      fixture = Fixture.read("peft/" + name + ".safetensors");
      net = PeftNetworks.named(network());
      net.loadStateDict(Fixture.read("peft/base_" + network() + ".safetensors").tensors(""));
      net.train(false);
      model = Lora.base(net);
      for (String adapter : List.of("first", "second")) {
        Path own = Files.createDirectory(directory.resolve(adapter));
        Files.writeString(
            own.resolve("adapter_config.json"),
            fixture.metadata(adapter + "_config").toString(),
            StandardCharsets.UTF_8);
        SafetensorsWriter.write(
            own.resolve("adapter_model.safetensors"), fixture.tensors(adapter + "."), Map.of());
        model.load(adapter, own);
      }
    }

    JsonNode about() {
      return fixture.metadata("case");
    }

    String network() {
      return about().get("network").asText();
    }

    Tensor input() {
      return Fixture.read("peft/input_" + network() + ".safetensors").tensor("input");
    }

    Tensor logits() {
      model.activate("combined");
      return model.forward(input());
    }

    void combine() {
      JsonNode weights = about().get("weights");
      model.combine(
          "combined",
          Map.of("first", weights.get(0).asDouble(), "second", weights.get(1).asDouble()),
          how());
    }

    private Combination how() {
      String word = about().get("combination_type").asText();
      Combination.Mix mix = mix(word.replaceAll("_?svd$", ""));
      if (word.equals("cat")) {
        return Combination.cat();
      }
      if (!word.endsWith("svd")) {
        return mix;
      }
      return about().has("svd_rank") ? mix.bySvd(about().get("svd_rank").asInt()) : mix.bySvd();
    }

    private Combination.Mix mix(String word) {
      double density = about().path("density").asDouble();
      MajoritySign majority =
          about().path("majority_sign_method").asText().equals("frequency")
              ? MajoritySign.FREQUENCY
              : MajoritySign.TOTAL;
      return switch (word) {
        case "ties" -> Combination.ties(density, majority);
        case "dare_ties" -> Combination.dareTies(density, 0, majority);
        case "dare_linear" -> Combination.dareLinear(density, 0);
        case "magnitude_prune" -> Combination.magnitudePrune(density);
        default -> Combination.linear();
      };
    }

    Map<String, Tensor> deltas() {
      return Deltas.of(model, "combined");
    }

    /** PEFT leaves rsLoRA on: what it combines is √rank too large. */
    Scalar peftsExcess() {
      JsonNode config = fixture.metadata("combined_config");
      boolean rsLora = config.get("use_rslora").asBoolean();
      return new Scalar(rsLora ? Math.sqrt(config.get("r").asDouble()) : 1);
    }

    /** PEFT pads A and B with zeros where a layer has fewer ranks than others. */
    void checkFactors() {
      for (Map.Entry<String, Parameter> saved : model.adapter("combined").saved().entrySet()) {
        Tensor theirs = fixture.tensor(KEY + saved.getKey());
        int axis = saved.getKey().contains("_A") ? 0 : 1;
        long rank = saved.getValue().shape()[axis];
        TensorAssert.assertThat(saved.getValue().value())
            .as(saved.getKey())
            .isCloseTo(theirs.narrow(axis, 0, rank), TOLERANCE);
        long padding = theirs.size(axis) - rank;
        assertThat(theirs.narrow(axis, rank, padding).count_nonzero().item_long()).isZero();
      }
    }

    Tensor factor(String adapter, String key) {
      return Objects.requireNonNull(model.adapter(adapter).saved().get(key)).value();
    }

    /** How many of the four ways to drop numbers of two adapters occur; each number must be one. */
    int outcomes(String key, Tensor mixed) {
      Combination.Mix how = (Combination.Mix) how();
      double density = about().get("density").asDouble();
      Tensor unexplained = mixed.isnan().logical_not();
      int found = 0;
      for (boolean[] kept : KEPT) {
        Iterator<Boolean> each = List.of(kept[0], kept[1]).iterator();
        Mixer mixer =
            new Mixer(t -> t.mul(new Scalar(each.next() ? 1 / density : 0)), how.majority());
        Tensor outcome = mixer.mix(List.of(factor("first", key), factor("second", key)), roots());
        Tensor here = outcome.sub(mixed).abs().le(new Scalar(TOLERANCE));
        found += here.any().item_bool() ? 1 : 0;
        unexplained = unexplained.logical_and(here.logical_not());
      }
      assertThat(unexplained.any().item_bool()).as(key).isFalse();
      return found;
    }

    /** The weights of A and of B; none is negative here. */
    private double[] roots() {
      double[] weights = new double[2];
      for (int i = 0; i < 2; i++) {
        LoraConfig config = model.config(i == 0 ? "first" : "second");
        weights[i] = Math.sqrt(about().get("weights").get(i).asDouble() * config.scaling());
      }
      return weights;
    }

    @Override
    public void close() {
      net.close();
    }
  }
}
