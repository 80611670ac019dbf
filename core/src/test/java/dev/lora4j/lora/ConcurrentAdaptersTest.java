package dev.lora4j.lora;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.Mlp;
import dev.lora4j.Stress;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.lora.combine.Combination;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.nn.Module;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
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
      Path saved = directory.resolve("saved");
      Module cats = model.with("cats");
      Module dogs = model.with("dogs");
      Module rows = model.withRows(List.of("cats", LoraModel.BASE, "default"));
      Tensor ofCats = mlp.answerOf(cats);
      Tensor ofDogs = mlp.answerOf(dogs);
      Tensor ofRows = mlp.answerOf(rows);
      Tensor ofBase = mlp.answer();
      List<String> mixed = List.of("cats", "dogs", LoraModel.BASE);
      Tensor ofMixed;
      try (AdapterScope using = MixedBatch.using(model, mixed)) {
        ofMixed = mlp.answer();
      }

      Stress.run(
          () -> { // while dogs is swapped
            try (AdapterScope using = MixedBatch.using(model, mixed)) {
              assertThat(mlp.answer().equal(ofMixed)).isTrue();
            }
          },
          () -> assertThat(mlp.answerOf(cats).equal(ofCats)).isTrue(),
          () -> assertThat(mlp.answerOf(dogs).equal(ofDogs)).isTrue(),
          () -> assertThat(mlp.answerOf(rows).equal(ofRows)).isTrue(),
          () -> assertThat(mlp.answer().equal(ofBase)).isTrue(),
          () -> {
            try (Module view = model.with("cats");
                Module rowsNow = model.withRows(List.of("cats", LoraModel.BASE, "default"))) {
              assertThat(mlp.answerOf(view).equal(ofCats)).isTrue();
              assertThat(mlp.answerOf(rowsNow).equal(ofRows)).isTrue();
            }
          },
          () -> {
            try (AdapterScope using = model.using("cats")) {
              assertThat(mlp.answer().equal(ofCats)).isTrue();
              assertThat(model.active()).containsExactly("cats");
              try (AdapterScope same = model.usingActive()) {
                assertThat(mlp.answer().equal(ofCats)).isTrue();
              }
            }
            try (AdapterScope disabled = model.disabled()) {
              assertThat(mlp.answer().equal(ofBase)).isTrue();
            }
          },
          () -> {
            assertThat(mlp.net.namedParameters()).containsKey("fc1.pretrained.weight");
            assertThat(mlp.net.namedModules()).containsKey("block.fc2");
            assertThat(mlp.net.device().is_cpu()).isTrue();
            assertThat(mlp.net.children()).containsKey("head");
            assertThat(mlp.net.find("head").ownParameters()).hasSizeLessThan(3);
            assertThat(mlp.net.stateDict()).containsKey("fc1.pretrained.weight");
            assertThat(mlp.net.isTraining()).isFalse();
          },
          () -> {
            model.save("cats", saved);
            try (SafetensorsFile file =
                SafetensorsFile.open(saved.resolve("adapter_model.safetensors"))) {
              assertThat(file.names()).hasSize(model.parameters("cats").size());
            }
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

  /** Merging and forwards must not overlap; listings and other adapters may. */
  @Test
  void mergesAndForwardsInTurnRunWhileOtherAdaptersComeAndGo(@TempDir Path directory)
      throws Exception {
    try (PointerScope scope = new PointerScope();
        AdaptedMlp mlp = AdaptedMlp.trained(LoraConfig.rank(2), 1).with("cats", CONFIG)) {
      LoraModel model = mlp.model;
      mlp.net.train(false);
      model.save("cats", directory);
      Tensor adapted = mlp.answer();
      ReadWriteLock turn = new ReentrantReadWriteLock(true);
      Stress.Task forward =
          () -> {
            turn.readLock().lock();
            try {
              assertThat(mlp.answer().equal(adapted)).isTrue();
            } finally {
              turn.readLock().unlock();
            }
          };

      Stress.run(
          forward,
          forward,
          () -> {
            turn.writeLock().lock();
            try {
              model.merge();
              assertThat(mlp.answer().allclose(adapted, 1e-5, 1e-5, false)).isTrue();
              model.unmerge();
            } finally {
              turn.writeLock().unlock();
            }
          },
          () -> {
            assertThat(mlp.net.namedParameters()).isNotEmpty();
            assertThat(mlp.net.device().is_cpu()).isTrue();
            assertThat(model.adapterNames()).contains("cats");
          },
          () -> {
            turn.readLock().lock();
            try {
              model.load("loaded", directory);
              model.swap("loaded", directory);
              model.remove("loaded");
            } finally {
              turn.readLock().unlock();
            }
          });
      assertThat(mlp.answer().equal(adapted)).isTrue();
    }
  }
}
