package dev.lora4j.lora;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.Mlp;
import dev.lora4j.Stress;
import dev.lora4j.lora.combine.Combination;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.nn.Module;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All operations that may run at once on one model, against their serial results. */
class ConcurrentAdaptersTest {
  private static final LoraConfig CONFIG = LoraConfig.rank(2).alpha(1).modulesToSave("head");

  @Test
  void forwardsAndListingsRunWhileAdaptersComeAndGo(@TempDir Path directory) throws Exception {
    try (PointerScope scope = new PointerScope();
        AdaptedMlp mlp =
            AdaptedMlp.trained(LoraConfig.rank(2), 1)
                .with("cats", LoraConfig.rank(3).dora(true))
                .with("dogs", CONFIG)) {
      LoraModel model = mlp.model;
      mlp.net.train(false);
      model.activate();
      model.save("dogs", directory);
      Module cats = model.with("cats");
      Module dogs = model.with("dogs");
      Module rows = model.withRows(List.of("cats", LoraModel.BASE, "default"));
      Tensor ofCats = mlp.answerOf(cats);
      Tensor ofDogs = mlp.answerOf(dogs);
      Tensor ofRows = mlp.answerOf(rows);
      Tensor ofBase = mlp.answer();

      Stress.run(
          () -> assertThat(mlp.answerOf(cats).equal(ofCats)).isTrue(),
          () -> assertThat(mlp.answerOf(dogs).equal(ofDogs)).isTrue(),
          () -> assertThat(mlp.answerOf(rows).equal(ofRows)).isTrue(),
          () -> assertThat(mlp.answer().equal(ofBase)).isTrue(),
          () -> {
            try (AdapterScope using = model.using("cats")) {
              assertThat(mlp.answer().equal(ofCats)).isTrue();
              assertThat(model.active()).containsExactly("cats");
            }
          },
          () -> {
            assertThat(mlp.net.namedParameters()).containsKey("fc1.pretrained.weight");
            assertThat(mlp.net.namedModules()).containsKey("block.fc2");
            assertThat(mlp.net.device().is_cpu()).isTrue();
            assertThat(mlp.net.children()).containsKey("head");
            assertThat(mlp.net.find("head").ownParameters()).hasSizeLessThan(3);
          },
          () -> {
            assertThat(model.adapterNames()).contains("cats");
            assertThat(model.layers()).containsKey("fc1");
            assertThat(model.config("cats").dora()).isTrue();
          },
          () -> model.swap("dogs", directory),
          () -> {
            model.load("loaded", directory);
            model.rename("loaded", "renamed");
            model.combine("both", Map.of("default", 2.0), Combination.cat());
            model.remove("both");
            model.remove("renamed");
          },
          () -> {
            model.add("new", CONFIG);
            model.remove("new");
          });
      assertThat(mlp.answerOf(cats)).satisfies(y -> assertThat(y.size(1)).isEqualTo(Mlp.CLASSES));
    }
  }
}
