package dev.lora4j.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.lora.combine.Combination;
import dev.lora4j.lora.combine.WeightedAdapter;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.format.BaseCheck;
import dev.lora4j.lora.format.StoredAdapter;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.nn.kernel.Ops;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Combinations without a base equal those on a base. */
class StoredCombinationTest {
  private static final LoraConfig CONFIG =
      LoraConfig.rank(2).alpha(3).targets(Targets.named("fc1", "fc2"));
  private static final Combination CAT = Combination.cat();

  /** Returns one case for each network and method of the PEFT fixtures. */
  static Stream<String> cases() throws IOException {
    return StreamSupport.stream(
            new ObjectMapper()
                .readTree(Files.readAllBytes(Fixture.path("peft/index.json")))
                .at("/combined")
                .spliterator(),
            false)
        .map(entry -> entry.get("name").asText())
        .filter(name -> name.endsWith("-cat") || name.endsWith("-svd") || name.endsWith("-ties"));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void resultEqualsThatOfAModel(String name, @TempDir Path directory) throws IOException {
    try (PointerScope scope = new PointerScope();
        PeftCombined combined = new PeftCombined(name, directory)) {
      combined.combine();
      Tensor expected = combined.logits();
      List<WeightedAdapter> adapters =
          List.of(
              read(directory, "first", combined.weight(0)),
              read(directory, "second", combined.weight(1)));

      StoredAdapter alone = StoredCombination.of(adapters, combined.how(), BaseCheck.SAME_BASE);
      combined.model.load("alone", alone, BaseCheck.SAME_BASE);

      combined.model.activate("alone");
      TensorAssert.assertThat(combined.model.forward(combined.input())).isCloseTo(expected, 1e-5);
    }
  }

  private static WeightedAdapter read(Path directory, String name, double weight) {
    return new WeightedAdapter(name, StoredAdapter.read(directory.resolve(name)), weight);
  }

  @Test
  void withABaseTheTargetNamesAreKeptAndTheBaseIsUnchanged() {
    try (PointerScope scope = new PointerScope();
        AdaptedMlp mlp = AdaptedMlp.trained(CONFIG, 1);
        AdaptedMlp other = AdaptedMlp.trained(CONFIG, 1).with("dogs", CONFIG)) {
      List<WeightedAdapter> adapters = adapters(other.model.stored("default"), other, "dogs");
      mlp.model.unload();

      StoredAdapter on = StoredCombination.of(adapters, CAT, BaseCheck.SAME_BASE, mlp.net);
      StoredAdapter alone = StoredCombination.of(adapters, CAT, BaseCheck.SAME_BASE);

      assertThat(on.config().targets().describe()).isEqualTo("fc1, fc2");
      assertThat(alone.config().targets().describe()).isEqualTo("fc1, block.fc2");
      assertThat(on.baseFingerprint()).isEqualTo(other.model.stored("dogs").baseFingerprint());
      assertThat(alone.baseFingerprint()).isEqualTo(on.baseFingerprint());
      on.tensors()
          .forEach((key, t) -> TensorAssert.assertThat(alone.tensor(key)).as(key).isExactly(t));
      assertThat(Lora.base(mlp.net).layers()).isEmpty();
    }
  }

  @Test
  void adaptersOfDifferentBasesAreRefusedUnlessAccepted() {
    try (PointerScope scope = new PointerScope();
        AdaptedMlp one = AdaptedMlp.trained(CONFIG, 1);
        AdaptedMlp two = AdaptedMlp.trained(CONFIG, 2)) {
      List<WeightedAdapter> adapters = adapters(one.model.stored("default"), two, "default");

      assertThatThrownBy(() -> StoredCombination.of(adapters, CAT, BaseCheck.SAME_BASE))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("'cats' and 'dogs' were trained on different bases")
          .hasMessageContaining("--any-base");
      assertThat(StoredCombination.of(adapters, CAT, BaseCheck.ANY_BASE).baseFingerprint())
          .isEmpty();
    }
  }

  private static List<WeightedAdapter> adapters(StoredAdapter cats, AdaptedMlp of, String dogs) {
    return List.of(
        new WeightedAdapter("cats", cats, 0.5),
        new WeightedAdapter("dogs", of.model.stored(dogs), 2));
  }

  @Test
  void adapterInitialisedFromTheBaseNeedsIt() {
    try (PointerScope scope = new PointerScope();
        AdaptedMlp mlp = AdaptedMlp.trained(CONFIG, 1)) {
      StoredAdapter stored = mlp.model.stored("default");
      StoredAdapter pissa =
          new StoredAdapter(
              stored.config().initialization(new Initialization.Pissa(0)), stored.tensors());
      List<WeightedAdapter> adapters = List.of(new WeightedAdapter("cats", pissa, 1));

      assertThatThrownBy(
              () -> StoredCombination.of(adapters, Combination.svd(), BaseCheck.SAME_BASE))
          .isInstanceOf(UserError.class)
          .hasMessage(
              "'cats' was initialised by pissa, from a part of the base's weights; give the"
                  + " base too");
    }
  }

  @Test
  void layersOfDifferentSizesAreRefused() {
    try (PointerScope scope = new PointerScope();
        AdaptedMlp mlp = AdaptedMlp.trained(CONFIG, 1)) {
      StoredAdapter stored = mlp.model.stored("default");
      Tensor b = stored.tensor("fc1.lora_B.weight");
      StoredAdapter cut =
          new StoredAdapter(
              stored.config().targets(Targets.named("fc1")),
              Map.of(
                  "fc1.lora_A.weight",
                  stored.tensor("fc1.lora_A.weight"),
                  "fc1.lora_B.weight",
                  b.narrow(0, 0, 2)));

      assertThatThrownBy(
              () -> StoredCombination.of(adapters(cut, mlp, "default"), CAT, BaseCheck.SAME_BASE))
          .isInstanceOf(UserError.class)
          .hasMessageStartingWith("fc1: the adapters' layers differ in kind or size");
    }
  }

  @Test
  void embeddingWithoutRowsOrColumnsIsRefused() {
    try (PointerScope scope = new PointerScope();
        AdaptedMlp mlp = AdaptedMlp.trained(CONFIG, 1)) {
      LoraConfig config = mlp.model.stored("default").config().targets(Targets.named("words"));
      refusedEmbedding(config, Ops.zeros(2), Ops.zeros(3, 2), "A [2] and B [3, 2]");
      refusedEmbedding(config, Ops.zeros(2, 5), Ops.zeros(3), "A [2, 5] and B [3]");
      refusedEmbedding(config, Ops.zeros(2, 5), Ops.zeros(3, 0), "A [2, 5] and B [3, 0]");
    }
  }

  private static void refusedEmbedding(LoraConfig config, Tensor a, Tensor b, String found) {
    StoredAdapter stored =
        new StoredAdapter(config, Map.of("words.lora_embedding_A", a, "words.lora_embedding_B", b));
    List<WeightedAdapter> adapters = List.of(new WeightedAdapter("words", stored, 1));

    assertThatThrownBy(() -> StoredCombination.of(adapters, CAT, BaseCheck.ANY_BASE))
        .isInstanceOf(UserError.class)
        .hasMessage("words: " + found + " match no supported layer");
  }
}
