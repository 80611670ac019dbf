package dev.lora4j.lora;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.lora.combine.Combination;
import dev.lora4j.lora.combine.FactorCombiner;
import dev.lora4j.lora.combine.MajoritySign;
import dev.lora4j.lora.config.LoraConfig;
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
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** The two adapters of a fixture of tools/peft_combined.py, on their base. */
final class PeftCombined implements AutoCloseable {
  static final double TOLERANCE = 1e-6;
  static final String KEY = "combined.base_model.model.";
  private static final boolean[][] KEPT = {
    {true, true}, {true, false}, {false, true}, {false, false}
  };

  final Fixture fixture;
  final Module net;
  final LoraModel model;

  PeftCombined(String name, Path directory) throws IOException {
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

  double weight(int adapter) {
    return about().get("weights").get(adapter).asDouble();
  }

  Combination how() {
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

  /**
   * Returns the factor by which PEFT's result is too large: it leaves rsLoRA on, a factor of √rank.
   */
  Scalar peftsExcess() {
    JsonNode config = fixture.metadata("combined_config");
    boolean rsLora = config.get("use_rslora").asBoolean();
    return new Scalar(rsLora ? Math.sqrt(config.get("r").asDouble()) : 1);
  }

  /** Compares A and B, which PEFT pads with zeros in layers of lower rank. */
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

  /**
   * Returns how many of the four ways to drop values of two adapters occur; each value must match
   * one.
   */
  int outcomes(String key, Tensor mixed) {
    Combination.Mix how = (Combination.Mix) how();
    double density = about().get("density").asDouble();
    Tensor unexplained = torch.ones_like(mixed);
    int found = 0;
    for (boolean[] kept : KEPT) {
      Iterator<Boolean> each = List.of(kept[0], kept[1]).iterator();
      FactorCombiner mixer =
          new FactorCombiner(t -> t.mul(new Scalar(each.next() ? 1 / density : 0)), how.majority());
      Tensor outcome = mixer.mix(List.of(factor("first", key), factor("second", key)), roots());
      Tensor here = outcome.sub(mixed).abs().le(new Scalar(TOLERANCE));
      found += here.any().item_bool() ? 1 : 0;
      unexplained = unexplained.mul(here.logical_not());
    }
    assertThat(unexplained.count_nonzero().item_long()).as(key).isZero();
    return found;
  }

  /** Returns the weights of A and of B, none of which is negative. */
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
