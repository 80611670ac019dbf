package dev.lora4j.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.format.BaseCheck;
import dev.lora4j.lora.layer.LoraLinear;
import dev.lora4j.lora.merge.Unmerging;
import dev.lora4j.nn.Activation;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Sequential;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoraModelTest {
  private static final LoraConfig CONFIG = LoraConfig.rank(2).alpha(1);

  private final PointerScope scope = new PointerScope();
  private final AdaptedMlp mlp =
      AdaptedMlp.trained(CONFIG, 1).with("cats", CONFIG).with("dogs", CONFIG.alpha(3));
  private final LoraModel model = mlp.model;

  @AfterEach
  void close() {
    mlp.close();
    scope.close();
  }

  // ---- adapters by name ----

  @Test
  void adapterNamesAreInInsertionOrder() {
    model.add("birds", CONFIG);

    assertThat(model.adapterNames()).containsExactly("default", "cats", "dogs", "birds");
    assertThat(model.config("dogs")).isEqualTo(CONFIG.alpha(3));
  }

  @Test
  void newAdapterIsTrainableAndInactive() {
    Tensor before = mlp.answer();

    List<String> adapted = model.add("birds", CONFIG.targets(Targets.named("head")));

    assertThat(adapted).containsExactly("head");
    assertThat(model.parameters("birds")).hasSize(2).allMatch(Parameter::isTrainable);
    assertThat(model.active()).containsExactly("default");
    TensorAssert.assertThat(mlp.answer()).isExactly(before);
  }

  @Test
  void adaptersMayHaveDifferentLayers() {
    try (AdaptedMlp head = AdaptedMlp.fresh(CONFIG.targets(Targets.named("head")), 3)) {
      head.with("body", CONFIG.targets(Targets.named("fc1", "head")));

      assertThat(head.model.layers().keySet()).containsExactly("fc1", "head");
      assertThat(head.net.namedParameters().keySet())
          .contains("fc1.body.A.weight", "head.body.B.weight", "head.A.weight")
          .doesNotContain("fc1.A.weight");
      head.model.activate();
      Tensor base = head.answer();
      head.model.activate("body");
      assertThat(head.answer().equal(base)).isFalse();
    }
  }

  @Test
  void layerAtTwoPathsIsAdaptedOnce(@TempDir Path directory) {
    Linear shared = new Linear(3, 3);
    try (Sequential net = new Sequential(shared, Activation.relu(), shared)) {
      Tensor weight = shared.weight().value().detach().clone();
      Tensor input = torch.randn(2, 3);
      LoraModel tied = Lora.adapt(net, CONFIG);
      tied.add("other", CONFIG);
      tied.parameters("default").forEach(p -> p.copyFrom(torch.randn(p.shape())));

      assertThat(net.find("0")).isInstanceOf(LoraLinear.class).isSameAs(net.find("2"));
      assertThat(tied.parameters("default")).hasSize(2);
      Tensor adapted = tied.forward(input);
      tied.merge();
      TensorAssert.assertThat(tied.forward(input)).isCloseTo(adapted, 1e-5);
      tied.unmerge();
      TensorAssert.assertThat(shared.weight().value()).isExactly(weight);

      tied.save("default", directory);
      tied.load("loaded", directory);
      tied.activate("loaded");
      TensorAssert.assertThat(tied.forward(input)).isExactly(adapted);
      tied.unload();
      assertThat(net.find("2")).isSameAs(shared).isSameAs(net.find("0"));
    }
  }

  @Test
  void removedAdapterIsFreed() {
    List<Parameter> parameters = model.parameters("cats");
    model.activate("cats", "dogs");

    model.remove("cats");

    assertThat(model.adapterNames()).containsExactly("default", "dogs");
    assertThat(model.active()).containsExactly("dogs");
    assertThat(parameters).allMatch(parameter -> parameter.value().isNull());
    assertThat(mlp.net.namedParameters().keySet()).noneMatch(path -> path.contains("cats"));
    model.add("cats", CONFIG);
  }

  @Test
  void defaultAdapterCanBeRemovedAndAddedAgain() {
    model.remove("default");
    assertThat(mlp.net.namedParameters().keySet()).doesNotContain("head.A.weight");
    TensorAssert.assertThat(mlp.answer()).isExactly(mlp.answerOfTheBase());

    model.add("default", CONFIG);
    assertThat(mlp.net.namedParameters().keySet()).contains("head.A.weight");
  }

  @Test
  void adapterActivatedTwiceCountsOnce() {
    model.activate("cats");
    Tensor once = mlp.answer();

    model.activate("cats", "cats");

    TensorAssert.assertThat(mlp.answer()).isExactly(once);
    assertThat(model.active()).containsExactly("cats");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a.b", "a b", "ä", "pretrained", "A", "B", "../x"})
  void invalidNameIsRefused(String name) {
    refused(
        () -> model.add(name, CONFIG),
        "'"
            + name
            + "' is not a valid adapter name: use letters, digits, - and _, but none of pretrained, A,"
            + " B");
  }

  @Test
  void takenNameIsRefused() {
    refused(() -> model.add("cats", CONFIG), "there is already an adapter 'cats'; remove it first");
  }

  @Test
  void unknownNameGetsAHint(@TempDir Path directory) {
    String message = "no adapter 'cast'; did you mean cats?";
    refused(() -> model.activate("dogs", "cast"), message);
    refused(() -> model.using("cast"), message);
    refused(() -> model.config("cast"), message);
    refused(() -> model.remove("cast"), message);
    refused(() -> model.parameters("cast"), message);
    refused(() -> model.save("cast", directory), message);
    assertThat(model.active()).containsExactly("default");
  }

  private static void refused(ThrowingCallable call, String message) {
    assertThatThrownBy(call).isInstanceOf(UserError.class).hasMessage(message);
  }

  // ---- choosing for a thread ----

  @Test
  void scopesNest() {
    try (AdapterScope cats = model.using("cats")) {
      try (AdapterScope none = model.disabled()) {
        assertThat(model.active()).isEmpty();
      }
      assertThat(model.active()).containsExactly("cats");
    }
    assertThat(model.active()).containsExactly("default");
  }

  @Test
  void scopeAffectsOnlyItsThread() throws Exception {
    model.activate("cats");
    Tensor ofCats = mlp.answer();
    model.activate("dogs");
    Tensor ofDogs = mlp.answer();
    model.activate("default");
    Tensor ofDefault = mlp.answer();
    CyclicBarrier together = new CyclicBarrier(2);
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      Future<Boolean> cats = threads.submit(answersLike(ofCats, "cats", together));
      Future<Boolean> dogs = threads.submit(answersLike(ofDogs, "dogs", together));

      assertThat(cats.get()).isTrue();
      assertThat(dogs.get()).isTrue();
    } finally {
      threads.shutdown();
    }
    TensorAssert.assertThat(mlp.answer()).isExactly(ofDefault);
  }

  private Callable<Boolean> answersLike(Tensor expected, String name, CyclicBarrier together) {
    return () -> {
      boolean same = true;
      try (PointerScope inner = new PointerScope();
          AdapterScope own = model.using(name)) {
        for (int i = 0; i < 100; i++) {
          together.await();
          same &= mlp.answer().equal(expected);
        }
      }
      return same && model.active().equals(List.of("default"));
    };
  }

  // ---- merging ----

  @Test
  void onlyActiveAdaptersAreMerged() {
    model.activate();
    model.merge();
    assertThat(model.isMerged()).isFalse();

    model.activate("cats", "dogs");
    Tensor adapted = mlp.answer();
    model.merge();
    TensorAssert.assertThat(mlp.answer()).isCloseTo(adapted, 1e-5);
  }

  @Test
  void adaptersCantChangeWhileMerged(@TempDir Path directory) {
    model.save("cats", directory);
    model.merge();
    String end = " while adapters are merged; unmerge first";

    refused(model::merge, "can't merge" + end);
    refused(() -> model.activate("cats"), "can't activate other adapters" + end);
    refused(() -> model.using("cats"), "can't use other adapters" + end);
    refused(model::disabled, "can't use other adapters" + end);
    refused(() -> model.add("birds", CONFIG), "can't add an adapter" + end);
    refused(() -> model.load("birds", directory), "can't add an adapter" + end);
    refused(() -> model.remove("cats"), "can't remove an adapter" + end);

    model.unmerge();
    model.activate("cats");
  }

  @Test
  void unmergingWithoutAMergeDoesNothing() {
    Tensor before = mlp.answer();

    model.unmerge();

    TensorAssert.assertThat(mlp.answer()).isExactly(before);
  }

  @Test
  void mergeAndUnloadLeavesTheBareBaseWithMergedWeights() {
    model.activate("cats", "dogs");
    Tensor adapted = mlp.answer();

    Module net = model.mergeAndUnload();

    assertThat(net.find("fc1")).isInstanceOf(Linear.class);
    assertThat(model.adapterNames()).isEmpty();
    TensorAssert.assertThat(mlp.answer()).isCloseTo(adapted, 1e-5);
    Lora.adapt(net, CONFIG).merge();
  }

  @Test
  void permanentMergeCantBeUnmerged() {
    model.merge(Unmerging.NEVER);

    refused(model::unmerge, "can't unmerge: the merge kept nothing to undo it (Unmerging.NEVER)");
  }

  @Test
  void changedAdapterIsNotSubtracted() {
    model.merge(Unmerging.BY_SUBTRACTION);
    Tensor merged = mlp.answer();
    Parameter b = model.parameters("default").get(1);
    b.copyFrom(torch.zeros_like(b.value()));

    refused(
        model::unmerge,
        "can't unmerge by subtraction: the adapter was changed while it was merged");

    TensorAssert.assertThat(mlp.answer()).isExactly(merged);
  }

  // ---- unloading ----

  @Test
  void unloadedNetworkIsTheBase() {
    Tensor base = mlp.answerOfTheBase();
    List<Parameter> parameters = model.parameters("cats");

    Module net = model.unload();

    assertThat(net).isSameAs(mlp.net);
    assertThat(net.find("block.fc2")).isInstanceOf(Linear.class);
    assertThat(model.adapterNames()).isEmpty();
    assertThat(parameters).allMatch(parameter -> parameter.value().isNull());
    TensorAssert.assertThat(mlp.answer()).isExactly(base);
  }

  @Test
  void networkUnloadedWhileMergedKeepsTheMergedWeights() {
    Tensor adapted = mlp.answer();
    model.merge();

    model.unload();

    TensorAssert.assertThat(mlp.answer()).isCloseTo(adapted, 1e-5);
    assertThat(model.isMerged()).isFalse();
    assertThat(Lora.adapt(mlp.net, CONFIG).isMerged()).isFalse();
  }

  // ---- memory ----

  /** Outside of any pointer scope, as in a server, so that leaked tensors count. */
  @Test
  void addedAndRemovedAdaptersLeakNoMemory(@TempDir Path directory) {
    model.save("cats", directory);
    try (AdaptedMlp other = withoutScope(() -> AdaptedMlp.trained(CONFIG, 2))) {
      long before = withoutScope(() -> comeAndGo(other.model, directory));

      long after = withoutScope(() -> comeAndGo(other.model, directory));

      assertThat(after).isLessThanOrEqualTo(before);
    }
  }

  private static long comeAndGo(LoraModel model, Path directory) {
    model.add("added", CONFIG);
    model.load("loaded", directory, BaseCheck.ANY_BASE);
    model.activate("added", "loaded");
    model.merge();
    model.unmerge();
    model.remove("added");
    model.remove("loaded");
    return Pointer.totalCount();
  }

  /** Runs a task on a new thread, since this test's pointer scope is bound to its thread. */
  private static <T> T withoutScope(Callable<T> task) {
    ExecutorService thread = Executors.newSingleThreadExecutor();
    try {
      return thread.submit(task).get();
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    } finally {
      thread.shutdown();
    }
  }
}
