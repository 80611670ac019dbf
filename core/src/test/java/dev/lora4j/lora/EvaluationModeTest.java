package dev.lora4j.lora;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.Mlp;
import dev.lora4j.TensorAssert;
import dev.lora4j.lora.combine.Combination;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.method.Vera;
import dev.lora4j.nn.Dropout;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Sequential;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A module that joins a network takes its mode: dropout of an adapter is off in evaluation. */
class EvaluationModeTest {
  private static final LoraConfig CONFIG = LoraConfig.rank(2).dropout(0.5);

  @TempDir private Path directory;

  static Stream<Arguments> adapters() {
    return Stream.of(
        Arguments.of("mlp", CONFIG),
        Arguments.of("mlp", CONFIG.dora(true)),
        Arguments.of("mlp", CONFIG.method(new Vera()).targets(Targets.named("body.layers.0.fc"))),
        Arguments.of("mlp", CONFIG.modulesToSave("head")),
        Arguments.of("gpt2block", CONFIG),
        Arguments.of("convs", CONFIG.targets(Targets.named("image", "volume", "line"))),
        Arguments.of("embedding", CONFIG.targets(Targets.named("fc"))));
  }

  @ParameterizedTest
  @MethodSource("adapters")
  void anAdapterTakesTheModeOfItsNetwork(String network, LoraConfig config) {
    try (PointerScope scope = new PointerScope();
        Module net = PeftNetworks.named(network)) {
      LoraModel model = Lora.base(net);
      model.add("while-training", config);
      assertThat(dropouts(net)).isNotEmpty().allMatch(Dropout::isActive);
      model.save("while-training", directory);

      net.train(false);
      model.add("added", config);
      model.load("loaded", directory);
      model.swap("while-training", directory);
      model.rename("added", "renamed");
      assertThat(net.namedModules().values()).noneMatch(Module::isTraining);
      assertThat(dropouts(net)).isNotEmpty().noneMatch(Dropout::isActive);

      net.train(true);
      assertThat(dropouts(net)).allMatch(Dropout::isActive);
    }
  }

  private static List<Dropout> dropouts(Module net) {
    return net.namedModules().values().stream()
        .filter(Dropout.class::isInstance)
        .map(Dropout.class::cast)
        .toList();
  }

  private static Map<String, Consumer<LoraModel>> waysIn(Path directory) {
    return Map.of(
        "load", model -> model.load("new", directory),
        "loadAll", model -> model.loadAll(directory),
        "add", model -> model.add("new", CONFIG),
        "rename", model -> model.rename("cats", "new"),
        "swap", model -> model.swap("cats", directory),
        "combine",
            model -> model.combine("new", Map.of("cats", 1.0, "dogs", 2.0), Combination.cat()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"load", "loadAll", "add", "rename", "swap", "combine"})
  void anEvaluatedNetworkGivesTheSameOutputEachTime(String way) {
    try (PointerScope scope = new PointerScope();
        AdaptedMlp mlp = AdaptedMlp.trained(CONFIG, 3).with("cats", CONFIG).with("dogs", CONFIG)) {
      mlp.model.save("dogs", directory);
      mlp.model.remove("default");
      mlp.net.train(false);

      Objects.requireNonNull(waysIn(directory).get(way)).accept(mlp.model);
      mlp.model.activate(mlp.model.adapterNames().toArray(String[]::new));

      TensorAssert.assertThat(mlp.answer()).isExactly(mlp.answer());
      mlp.net.train(true);
      assertThat(mlp.answer().equal(mlp.answer())).isFalse();
    }
  }

  @Test
  void rowsOfAdaptersWithDropoutGiveTheSameOutputEachTime() {
    try (PointerScope scope = new PointerScope();
        AdaptedMlp mlp = AdaptedMlp.trained(LoraConfig.rank(2), 3)) {
      mlp.net.train(false);
      mlp.with("cats", CONFIG).with("dogs", CONFIG.dora(true));
      Module rows = mlp.model.withRows(List.of("cats", LoraModel.BASE, "dogs"));

      assertThat(rows.isTraining()).isFalse();
      assertThat(mlp.model.with("cats").isTraining()).isFalse();
      TensorAssert.assertThat(mlp.answerOf(rows)).isExactly(mlp.answerOf(rows));
      assertThat(mlp.answerOf(rows).select(0, 0))
          .satisfies(
              row ->
                  TensorAssert.assertThat(row)
                      .isCloseTo(mlp.answerOf(mlp.model.with("cats")).select(0, 0), 1e-5));
    }
  }

  @Test
  void aReplacementTakesTheModeOfTheModuleThatItReplaces() {
    try (PointerScope scope = new PointerScope();
        Sequential net = new Sequential(new Linear(Mlp.IN, 4), new Linear(4, 4))) {
      net.train(false);
      Module old = net.find("1");
      net.replace("1", new Sequential(new Dropout(0.5), new Linear(4, 4)));
      old.close();
      Tensor x = torch.ones(2, Mlp.IN);

      TensorAssert.assertThat(net.forward(x)).isExactly(net.forward(x));
      net.find("0").train(true);
      net.replace("0", net.find("0"));
      assertThat(net.find("0").isTraining()).isTrue();
    }
  }
}
