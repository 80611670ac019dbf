package dev.lora4j.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RenameTest {
  private static final LoraConfig CONFIG =
      LoraConfig.rank(2).targets(Targets.named("fc1", "fc2")).modulesToSave("head");

  private final PointerScope scope = new PointerScope();
  private final AdaptedMlp mlp = AdaptedMlp.trained(CONFIG, 1).with("cats", CONFIG);
  private final LoraModel model = mlp.model;

  @AfterEach
  void close() {
    mlp.close();
    scope.close();
  }

  @Test
  void renamedAdapterKeepsItsPositionValuesAndState() {
    Tensor before = mlp.answer();

    model.rename("default", "birds");

    assertThat(model.adapterNames()).containsExactly("birds", "cats");
    assertThat(model.active()).containsExactly("birds");
    assertThat(Deltas.of(model, "birds").keySet()).containsExactly("fc1", "block.fc2");
    assertThat(Deltas.of(model, "default")).isEmpty();
    assertThat(mlp.net.namedParameters().keySet())
        .contains("fc1.birds.A.weight", "fc1.cats.A.weight", "head.birds.weight")
        .doesNotContain("fc1.A.weight", "head.default.weight");
    TensorAssert.assertThat(mlp.answer()).isExactly(before);
    model.activate();
    TensorAssert.assertThat(mlp.answer()).isExactly(mlp.answerOfTheBase());
  }

  @Test
  void adapterCanBeRenamedToDefault() {
    model.rename("default", "birds");
    model.rename("cats", "default");

    assertThat(model.adapterNames()).containsExactly("birds", "default");
    assertThat(mlp.net.namedParameters().keySet()).contains("fc1.A.weight");
  }

  @Test
  void renamedAdapterIsSavedMergedAndRemoved(@TempDir Path directory) {
    Tensor before = mlp.answer();
    model.rename("default", "birds");

    model.save("birds", directory);
    model.load("again", directory);
    model.activate("again");
    TensorAssert.assertThat(mlp.answer()).isExactly(before);

    model.activate("birds");
    model.merge();
    TensorAssert.assertThat(mlp.answer()).isCloseTo(before, 1e-5);
    model.unmerge();
    model.remove("birds");
    assertThat(mlp.net.namedParameters().keySet()).noneMatch(path -> path.contains("birds"));
  }

  @Test
  void takenOrUnknownNameIsRefused() {
    assertThatThrownBy(() -> model.rename("cats", "default"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("there is already an adapter 'default'");
    assertThatThrownBy(() -> model.rename("cast", "birds"))
        .isInstanceOf(UserError.class)
        .hasMessage("no adapter 'cast'; did you mean cats?");
    assertThatThrownBy(() -> model.rename("cats", "a b"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("is not a valid adapter name");
  }

  @Test
  void scopesKeepARenamedAdapter() {
    model.activate("cats");
    Tensor expected = mlp.answer();
    try (AdapterScope using = model.using("cats")) {
      model.rename("cats", "birds");

      assertThat(model.active()).containsExactly("birds");
      TensorAssert.assertThat(mlp.answer()).isExactly(expected);
    }
  }
}
