package dev.lora4j.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.Fixture;
import dev.lora4j.UserError;
import dev.lora4j.data.TensorDataset;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.train.AdamW;
import dev.lora4j.train.GroupedOptimizer;
import dev.lora4j.train.Optimizer;
import dev.lora4j.train.Sgd;
import dev.lora4j.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoraPlusTest {

  /**
   * Compares three steps with PyTorch and PEFT's groups (tools/loraplus_fixtures.py), within 1e-5.
   */
  @ParameterizedTest
  @ValueSource(strings = {"adamw", "sgd"})
  void stepsEqualPefts(String name, @TempDir Path directory) throws IOException {
    try (PointerScope scope = new PointerScope();
        Module net = PeftNetworks.named("embedding")) {
      Fixture fixture = Fixture.read("loraplus/" + name + ".safetensors");
      net.loadStateDict(fixture.tensors("base."));
      LoraModel model = load(net, fixture, directory);
      JsonNode settings = fixture.metadata("settings");
      LoraPlus plus =
          LoraPlus.ratio(settings.get("loraplus_lr_ratio").asDouble())
              .embeddings(settings.get("loraplus_lr_embedding").asDouble());
      Map<Parameter, LoraPlus.Group> groups = plus.groups(model, settings.get("lr").asDouble());
      double decay = settings.get("loraplus_weight_decay").asDouble();

      try (Optimizer optimizer =
              GroupedOptimizer.of(
                  groups, group -> name.equals("sgd") ? sgd(group) : adamW(group, decay));
          TensorDataset data =
              TensorDataset.of(fixture.tensor("input"), fixture.tensor("labels"))) {
        Trainer.of(net, optimizer).batchSize(6).epochs(3).fit(data);
      }

      Map<String, Parameter> saved = model.adapter("default").saved();
      assertThat(saved).hasSize(fixture.tensors("final.").size());
      saved.forEach(
          (key, parameter) ->
              fixture.check("final.base_model.model." + key, parameter.value(), 1e-5));
    }
  }

  private static LoraModel load(Module net, Fixture fixture, Path directory) throws IOException {
    Files.writeString(
        directory.resolve("adapter_config.json"), fixture.metadata("adapter_config").toString());
    SafetensorsWriter.write(
        directory.resolve("adapter_model.safetensors"), fixture.tensors("adapter."), Map.of());
    LoraModel model = Lora.base(net);
    model.load("default", directory);
    model.activate("default");
    return model;
  }

  private static Optimizer sgd(LoraPlus.Group group) {
    return new Sgd(group.learningRate(), 0.9);
  }

  private static Optimizer adamW(LoraPlus.Group group, double decay) {
    return new AdamW(AdamW.Settings.of(group.learningRate()).weightDecay(group.weightDecay(decay)));
  }

  @Test
  void parameterWithoutAGroupIsRefused() {
    try (Linear layer = new Linear(2, 3);
        GroupedOptimizer optimizer =
            GroupedOptimizer.of(Map.of(layer.weight(), "weights"), group -> new AdamW(1))) {
      List<Parameter> trainable = layer.trainableParameters();

      assertThatThrownBy(() -> optimizer.arrange(trainable))
          .isInstanceOf(UserError.class)
          .hasMessage("a trainable parameter of shape [3] has no group; freeze it or assign one");
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.5, Double.NaN, Double.POSITIVE_INFINITY})
  void ratioBelowOneIsRefused(double ratio) {
    assertThatThrownBy(() -> LoraPlus.ratio(ratio))
        .isInstanceOf(UserError.class)
        .hasMessageEndingWith("must be at least 1, found " + ratio);
  }

  @Test
  void embeddingsHaveTheirOwnLearningRate() {
    assertThat(LoraPlus.ratio(16)).isEqualTo(new LoraPlus(16, 1e-6));
    assertThat(new LoraPlus.Group(1, false).weightDecay(0.1)).isZero();
    assertThat(new LoraPlus.Group(1, true).weightDecay(0.1)).isEqualTo(0.1);
  }
}
