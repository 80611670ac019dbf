package dev.lora4j.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Adapters chosen for a call, and forwards while adapters are added, removed and changed. */
class AdapterChoiceTest {
  private static final LoraConfig CONFIG = LoraConfig.rank(2).alpha(1);

  private final PointerScope scope = new PointerScope();
  private final AdaptedMlp mlp =
      AdaptedMlp.trained(CONFIG, 1)
          .with("cats", CONFIG)
          .with("dogs", LoraConfig.rank(3).dora(true));
  private final LoraModel model = mlp.model;

  @AfterEach
  void close() {
    mlp.close();
    scope.close();
  }

  private Tensor answer(String... names) {
    model.activate(names);
    Tensor answer = mlp.answer();
    model.activate("default");
    return answer;
  }

  @Test
  void viewUsesItsAdaptersWhateverIsActive() {
    Module cats = model.with("cats");
    Module both = model.with("cats", "dogs");

    TensorAssert.assertThat(mlp.answerOf(cats)).isExactly(answer("cats"));
    TensorAssert.assertThat(mlp.answerOf(both)).isExactly(answer("cats", "dogs"));
    TensorAssert.assertThat(mlp.answerOf(model.with())).isExactly(mlp.answerOfTheBase());
    assertThat(model.active()).containsExactly("default");
  }

  @Test
  void viewUsesItsAdaptersInEveryThread() throws Exception {
    Tensor expected = answer("dogs");
    Module dogs = model.with("dogs");
    model.activate("cats");

    assertThat(inAThread(() -> mlp.answerOf(dogs).equal(expected))).isTrue();
  }

  @Test
  void viewSharesTheModulesAndClosesNothing() {
    Module cats = model.with("cats");

    assertThat(cats.namedParameters()).isEqualTo(mlp.net.namedParameters());
    assertThat(cats.device().equals(mlp.net.device())).isTrue();
    cats.train(false);
    assertThat(mlp.net.isTraining()).isFalse();
    cats.close();
    mlp.answer();
  }

  @Test
  void unknownNameIsRefusedAtOnce() {
    assertThatThrownBy(() -> model.with("cast"))
        .isInstanceOf(UserError.class)
        .hasMessage("no adapter 'cast'; did you mean cats?");
  }

  // ---- swapping ----

  @Test
  void swapReplacesTheAdapterUnderItsName(@TempDir Path directory) {
    Tensor ofDogs = answer("dogs");
    model.save("dogs", directory);
    List<Parameter> old = model.parameters("cats");
    model.activate("cats");

    model.swap("cats", directory);

    assertThat(model.adapterNames()).containsExactly("default", "cats", "dogs");
    assertThat(model.active()).containsExactly("cats");
    assertThat(model.config("cats").dora()).isTrue();
    TensorAssert.assertThat(mlp.answer()).isExactly(ofDogs);
    assertThat(old).allMatch(parameter -> parameter.value().isNull());
  }

  @Test
  void mismatchedAdapterIsNotSwappedIn(@TempDir Path directory) {
    Tensor before = answer("cats");

    assertThatThrownBy(() -> model.swap("cats", directory)).isInstanceOf(UserError.class);

    TensorAssert.assertThat(answer("cats")).isExactly(before);
    assertThat(model.adapterNames()).containsExactly("default", "cats", "dogs");
  }

  @Test
  void removedAdapterLivesUntilItsForwardEnds(@TempDir Path directory) {
    Tensor ofCats = answer("cats");
    Tensor ofDogs = answer("dogs");
    model.save("dogs", directory);
    List<Parameter> old = model.parameters("cats");

    try (AdapterScope cats = model.using("cats")) {
      model.swap("cats", directory);
      TensorAssert.assertThat(mlp.answer()).isExactly(ofCats);
      model.remove("cats");
      TensorAssert.assertThat(mlp.answer()).isExactly(ofCats);
    }

    assertThat(old).allMatch(parameter -> parameter.value().isNull());
    TensorAssert.assertThat(answer("dogs")).isExactly(ofDogs);
  }

  @Test
  void forwardsSeeTheOldOrTheNewAdapterNeverPartsOfBoth(@TempDir Path directory) throws Exception {
    Path first = directory.resolve("first");
    Path second = directory.resolve("second");
    model.save("cats", first);
    model.save("dogs", second);
    Tensor ofFirst = answer("cats");
    Tensor ofSecond = answer("dogs");
    Module cats = model.with("cats");
    AtomicBoolean done = new AtomicBoolean();
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      Callable<Boolean> reader = () -> seesOnly(cats, done, ofFirst, ofSecond);
      List<Future<Boolean>> readers = List.of(threads.submit(reader), threads.submit(reader));
      for (int i = 0; i < 30; i++) {
        model.swap("cats", i % 2 == 0 ? second : first);
        model.add("more", CONFIG);
        model.remove("more");
      }
      done.set(true);
      for (Future<Boolean> each : readers) {
        assertThat(each.get()).isTrue();
      }
    } finally {
      done.set(true);
      threads.shutdown();
    }
  }

  private boolean seesOnly(Module network, AtomicBoolean done, Tensor one, Tensor other) {
    boolean expected = true;
    do {
      try (PointerScope inner = new PointerScope()) {
        Tensor answer = mlp.answerOf(network);
        expected &= answer.equal(one) || answer.equal(other);
      }
    } while (!done.get());
    return expected;
  }

  private static <T> T inAThread(Callable<T> task) throws Exception {
    ExecutorService thread = Executors.newSingleThreadExecutor();
    try {
      return thread.submit(task).get();
    } finally {
      thread.shutdown();
    }
  }
}
