package dev.lora4j.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.Fixture;
import dev.lora4j.Mlp;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Mixed batches: each row with its own adapter gives the output that it gives alone. */
class MixedBatchTest {
  private static final double TOLERANCE = 1e-5;
  private static final LoraConfig CONFIG = LoraConfig.rank(2).alpha(3);
  private static final List<LoraConfig> KINDS =
      List.of(
          CONFIG,
          CONFIG.alpha(-1),
          LoraConfig.rank(5).targets(Targets.named("fc1")),
          LoraConfig.rank(3).dora(true),
          LoraConfig.rank(1).loraBias(true),
          LoraConfig.rank(4).rsLora(true).dropout(0.5));

  @Property(tries = 50)
  void eachRowEqualsItsOutputAlone(
      @ForAll @Size(min = 1, max = 9) List<@IntRange(min = 0, max = 6) Integer> kinds,
      @ForAll long seed) {
    try (PointerScope scope = new PointerScope();
        AdaptedMlp mlp = mlpOfAllKinds(seed)) {
      List<String> names =
          kinds.stream().map(kind -> kind == 6 ? LoraModel.BASE : "k" + kind).toList();
      mlp.net.train(false);

      checkRows(mlp.model, names, torch.randn(names.size(), Mlp.IN));
    }
  }

  private static AdaptedMlp mlpOfAllKinds(long seed) {
    AdaptedMlp mlp = AdaptedMlp.trained(CONFIG, seed);
    for (int kind = 0; kind < KINDS.size(); kind++) {
      mlp.with("k" + kind, KINDS.get(kind));
    }
    return mlp;
  }

  private static void checkRows(LoraModel model, List<String> names, Tensor input) {
    List<Tensor> alone = new ArrayList<>();
    for (int row = 0; row < names.size(); row++) {
      String name = names.get(row);
      Module own = name.equals(LoraModel.BASE) ? model.with() : model.with(name);
      alone.add(own.forward(input.narrow(0, row, 1)));
    }
    try (Module mixed = model.withRows(names)) {
      checkRows(mixed.forward(input), alone);
      try (NoGradGuard guard = new NoGradGuard()) {
        checkRows(mixed.forward(input), alone);
        checkRows(mixed.forward(input), alone);
      }
    }
  }

  private static void checkRows(Tensor together, List<Tensor> alone) {
    assertThat(together.size(0)).isEqualTo(alone.size());
    for (int row = 0; row < alone.size(); row++) {
      TensorAssert.assertThat(together.narrow(0, row, 1)).isCloseTo(alone.get(row), TOLERANCE);
    }
  }

  /** Convolutions, embeddings, transposed layers, experts, saved modules, biases, tokens. */
  @ParameterizedTest
  @ValueSource(strings = {"mlp", "convs", "embedding", "gpt2block", "moe"})
  void adaptersOfPeftShareABatch(String network, @TempDir Path directory) throws IOException {
    try (PointerScope scope = new PointerScope();
        Module net = PeftNetworks.named(network)) {
      net.loadStateDict(Fixture.read("peft/base_" + network + ".safetensors").tensors(""));
      LoraModel model = Lora.base(net);
      List<String> names = loadAll(network, model, directory);
      names.add(LoraModel.BASE);
      Collections.shuffle(names, new Random(1));
      net.train(false);
      Tensor input = Fixture.read("peft/input_" + network + ".safetensors").tensor("input");
      List<Tensor> rows = new ArrayList<>();
      for (int row = 0; row < names.size(); row++) {
        rows.add(input.narrow(0, row % input.size(0), 1));
      }

      assertThat(names).hasSizeGreaterThan(8);
      checkRows(model, names, torch.cat(new TensorVector(rows.toArray(new Tensor[0]))));
    }
  }

  private static List<String> loadAll(String network, LoraModel model, Path directory)
      throws IOException {
    List<String> names = new ArrayList<>();
    JsonNode index =
        new ObjectMapper().readTree(Files.readAllBytes(Fixture.path("peft/index.json")));
    for (JsonNode entry : index.at("/cases")) {
      if (entry.get("network").asText().equals(network)) {
        String name = entry.get("name").asText();
        Fixture fixture = Fixture.read("peft/" + name + ".safetensors");
        Path own = Files.createDirectory(directory.resolve(name));
        PeftMatrixTest.write(own, fixture, "adapter_config", "adapter.");
        if (!PeftMatrixTest.isRefused(fixture)) {
          model.load(name, own);
          names.add(name);
        }
      }
    }
    return names;
  }

  @Test
  void severalAdaptersAreTrainedByOneBatch() {
    try (PointerScope scope = new PointerScope();
        AdaptedMlp mlp = mlpOfAllKinds(1)) {
      mlp.net.train(false);
      Tensor input = torch.randn(3, Mlp.IN);
      for (String name : List.of("k0", "k3")) {
        mlp.model.with(name).forward(input).sum().backward();
      }
      List<Tensor> alone = gradients(mlp.model);
      try (Module mixed = mlp.model.withRows(List.of("k0", "k3", "k0", "k3", "k0", "k3"))) {
        mixed
            .forward(input.repeat_interleave(2, new LongOptional(0), new LongOptional()))
            .sum()
            .backward();
      }

      List<Tensor> together = gradients(mlp.model);
      for (int i = 0; i < alone.size(); i++) {
        TensorAssert.assertThat(together.get(i)).isCloseTo(alone.get(i), 1e-4);
      }
    }
  }

  private static List<Tensor> gradients(LoraModel model) {
    List<Tensor> gradients = new ArrayList<>();
    for (String name : List.of("k0", "k3")) {
      for (Parameter parameter : model.parameters(name)) {
        gradients.add(parameter.value().grad().clone());
        parameter.value().mutable_grad().zero_();
      }
    }
    return gradients;
  }

  @Test
  void rowsWithDropoutAreComputedSeparately() {
    try (PointerScope scope = new PointerScope();
        AdaptedMlp mlp = mlpOfAllKinds(1)) {
      Tensor input = torch.randn(2, Mlp.IN);

      Tensor mixed = mlp.model.withRows(List.of("k5", "k0")).forward(input);

      TensorAssert.assertThat(mixed.narrow(0, 1, 1))
          .isCloseTo(mlp.model.with("k0").forward(input.narrow(0, 1, 1)), TOLERANCE);
      assertThat(mixed.narrow(0, 0, 1).equal(mlp.model.with("k5").forward(input.narrow(0, 0, 1))))
          .isFalse();
    }
  }

  @Test
  void changesAreSeenByTheNextForward(@TempDir Path directory) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        AdaptedMlp mlp = mlpOfAllKinds(1);
        Module mixed = mlp.model.withRows(List.of("k0", "k3"))) {
      mlp.net.train(false);
      Tensor input = torch.randn(2, Mlp.IN);
      Tensor before = mixed.forward(input);

      mlp.model.parameters("k3").get(1).value().add_(new Scalar(1));
      checkRows(mlp.model, List.of("k0", "k3"), input);
      assertThat(mixed.forward(input).narrow(0, 1, 1).equal(before.narrow(0, 1, 1))).isFalse();

      mlp.model.save("k2", directory);
      mlp.model.swap("k3", directory);
      TensorAssert.assertThat(mixed.forward(input).narrow(0, 1, 1))
          .isCloseTo(mlp.model.with("k2").forward(input.narrow(0, 1, 1)), TOLERANCE);
    }
  }

  @Test
  void closedViewLeaksNoMemory() {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        AdaptedMlp mlp = mlpOfAllKinds(1)) {
      mlp.net.train(false);
      Tensor input = torch.randn(2, Mlp.IN);
      comeAndGo(mlp.model, input);
      long before = Pointer.totalCount();

      comeAndGo(mlp.model, input);

      assertThat(Pointer.totalCount()).isEqualTo(before);
    }
  }

  private static void comeAndGo(LoraModel model, Tensor input) {
    try (PointerScope scope = new PointerScope();
        Module mixed = model.withRows(List.of("k1", "k3"))) {
      mixed.forward(input);
    }
  }

  @Test
  void invalidBatchesAreRefused() {
    try (PointerScope scope = new PointerScope();
        AdaptedMlp mlp = mlpOfAllKinds(1)) {
      LoraModel model = mlp.model;
      assertThatThrownBy(() -> model.withRows(List.of()))
          .isInstanceOf(UserError.class)
          .hasMessage("name an adapter for each row of the batch; the list is empty");
      assertThatThrownBy(() -> model.withRows(List.of("k0", "kO")))
          .isInstanceOf(UserError.class)
          .hasMessageStartingWith("no adapter 'kO'; did you mean k0");
      Module mixed = model.withRows(List.of("k0", "k1"));
      assertThatThrownBy(() -> mixed.forward(torch.randn(3, Mlp.IN)))
          .isInstanceOf(UserError.class)
          .hasMessage("expected a batch of 2 rows, one for each adapter named, found [3, 6]");
      model.remove("k1");
      assertThatThrownBy(() -> mixed.forward(torch.randn(2, Mlp.IN)))
          .isInstanceOf(UserError.class)
          .hasMessageStartingWith("no adapter 'k1'");
      model.merge();
      assertThatThrownBy(() -> model.with("k0").forward(torch.randn(2, Mlp.IN)))
          .isInstanceOf(UserError.class)
          .hasMessage("can't use other adapters while adapters are merged; unmerge first");
      model.unmerge();
      assertThat(Map.copyOf(model.with("k0").stateDict()).keySet())
          .isEqualTo(mlp.net.stateDict().keySet());
    }
  }
}
