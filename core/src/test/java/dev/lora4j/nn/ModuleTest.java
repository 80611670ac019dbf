package dev.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.Mlp;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.nn.conv.Conv1d;
import dev.lora4j.nn.kernel.Ops;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class ModuleTest {
  private final Mlp net = new Mlp();

  // ---- the tree ----

  @Test
  void pathsAndOrderAreThoseOfPyTorch() {
    assertThat(net.children().keySet()).containsExactly("fc1", "block", "head");
    assertThat(net.namedModules().keySet()).containsExactly("fc1", "block", "block.fc2", "head");
    assertThat(net.namedParameters().keySet())
        .containsExactly("fc1.weight", "fc1.bias", "block.fc2.weight", "head.weight", "head.bias");
    assertThat(net.stateDict().keySet()).isEqualTo(net.namedParameters().keySet());
  }

  @Test
  void parametersComeBeforeThoseOfChildren() {
    Module module =
        new Module() {
          {
            child("inner", new Linear(1, 1));
            parameter("outer", Ops.zeros(1));
          }

          @Override
          public Tensor forward(Tensor input) {
            return input;
          }
        };

    assertThat(module.namedParameters().keySet())
        .containsExactly("outer", "inner.weight", "inner.bias");
  }

  @Test
  void findsAModuleByItsPath() {
    assertThat(net.find("block.fc2")).isInstanceOf(Linear.class);
    assertThat(net.find("block").children()).containsEntry("fc2", net.find("block.fc2"));
  }

  @Test
  void mistypedPathGetsAHint() {
    assertThatThrownBy(() -> net.find("blok.fc2"))
        .isInstanceOf(UserError.class)
        .hasMessage("no module 'blok.fc2'; did you mean block.fc2?");
    assertThatThrownBy(() -> net.find("transformer"))
        .hasMessage("no module 'transformer'; valid: fc1, block, block.fc2, head");
  }

  // ---- replacing ----

  @Test
  void replacingAModuleRunsTheNewOneInItsPlace() {
    try (PointerScope scope = new PointerScope()) {
      Module zero = Activation.relu();
      net.replace("head", zero);
      net.replace("block.fc2", zero);

      assertThat(net.find("block.fc2")).isSameAs(zero);
      TensorAssert.assertThat(net.forward(torch.ones(2, Mlp.IN))).hasShape(2, 8);
    }
  }

  @Test
  void replacingAnUnknownPathIsRefused() {
    Module any = Activation.relu();

    assertThatThrownBy(() -> net.replace("block.fc3", any))
        .isInstanceOf(UserError.class)
        .hasMessage("no module 'block.fc3'; did you mean block.fc2?");
    assertThatThrownBy(() -> net.replace("body.fc2", any))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith("no module 'body'");
    assertThat(net.namedModules()).doesNotContainValue(any);
  }

  // ---- training or not ----

  @Test
  void newModuleIsTrainableAndFrozenOneIsNot() {
    assertThat(net.trainableParameters()).hasSize(5);

    net.find("block").freeze();
    assertThat(net.trainableParameters()).hasSize(4);

    net.freeze();
    assertThat(net.trainableParameters()).isEmpty();
  }

  @Test
  void trainingModeReachesEveryModule() {
    net.train(false);
    assertThat(net.isTraining()).isFalse();
    assertThat(net.namedModules().values()).noneMatch(Module::isTraining);

    net.train(true);
    assertThat(net.namedModules().values()).allMatch(Module::isTraining);
  }

  @Test
  void moduleWithoutParametersHasNoDevice() {
    assertThat(net.device().is_cpu()).isTrue();
    assertThatThrownBy(() -> Activation.relu().device()).isInstanceOf(UserError.class);
  }

  @Test
  void closingFreesTheParameters() {
    List<Parameter> parameters = List.copyOf(net.namedParameters().values());

    net.close();

    assertThat(parameters).allMatch(parameter -> parameter.value().isNull());
  }

  /** Outside of any pointer scope, so that leaked tensors count. */
  @Test
  void closedNetworksLeakNoMemory() {
    createAndClose();
    long before = Pointer.totalCount();

    createAndClose();

    assertThat(Pointer.totalCount()).isLessThanOrEqualTo(before);
  }

  private static void createAndClose() {
    Module module =
        new Sequential(
            new Embedding(4, 3, OptionalLong.of(0)),
            new Linear(3, 3),
            new Conv1d(3, 3, 1),
            new LayerNorm(3));
    module.freeze();
    module.close();
  }

  // ---- sharing ----

  @Test
  void sharedParameterIsListedOnce() {
    Linear shared = new Linear(2, 2);
    Module twice = new Sequential(shared, Activation.relu(), shared);

    assertThat(twice.namedParameters().keySet()).containsExactly("0.weight", "0.bias");
    twice.close();
    assertThat(shared.weight().value().isNull()).isTrue();
  }

  // ---- state dicts ----

  @Test
  void allMismatchesOfAStateDictAreReportedAtOnceAndNothingChanges() {
    try (PointerScope scope = new PointerScope()) {
      Tensor before = net.parameterAt("head.bias").value().clone();
      Map<String, Tensor> state = new LinkedHashMap<>(net.stateDict());
      state.put("head.bias", torch.ones(3));
      state.put("fc1.weight", torch.zeros(6, 8));
      state.remove("block.fc2.weight");
      state.put("block.fc2.wieght", torch.zeros(8, 8));
      state.put("lm_head", torch.zeros(1));

      assertThatThrownBy(() -> net.loadStateDict(state))
          .isInstanceOf(UserError.class)
          .hasMessageStartingWith("the state dict does not fit:\n")
          .hasMessageContaining("\n  fc1.weight: expected [8, 6], found [6, 8]")
          .hasMessageContaining("\n  missing block.fc2.weight [8, 8]")
          .hasMessageContaining("\n  unexpected block.fc2.wieght; did you mean block.fc2.weight?")
          .hasMessageContaining("\n  unexpected lm_head; valid: fc1.weight, ");

      TensorAssert.assertThat(net.parameterAt("head.bias").value()).isExactly(before);
    }
  }

  @Test
  void loadingAStateDictCopies() {
    try (PointerScope scope = new PointerScope();
        Mlp other = new Mlp()) {
      net.loadStateDict(other.stateDict());
      other.parameterAt("head.bias").value().detach().zero_();

      assertThat(net.trainableParameters()).hasSize(5);
      assertThat(Ops.floats(net.parameterAt("head.bias").value())).doesNotContain(0);
    }
  }

  @Property(tries = 50)
  void savedAndLoadedNetworkIsEqual(
      @ForAll @Size(min = 2, max = 5) List<@IntRange(min = 1, max = 9) Integer> widths)
      throws IOException {
    Path file = Files.createTempFile("state", ".safetensors");
    try (PointerScope scope = new PointerScope();
        Module saved = chain(widths);
        Module loaded = chain(widths)) {
      SafetensorsWriter.write(file, saved.stateDict(), Map.of());
      try (SafetensorsFile read = SafetensorsFile.open(file)) {
        Map<String, Tensor> state = new LinkedHashMap<>();
        read.names().forEach(name -> state.put(name, read.read(name)));
        loaded.loadStateDict(state);
      }

      TensorAssert.assertSameState(loaded.stateDict(), saved.stateDict());
      Tensor input = torch.randn(3, widths.get(0));
      TensorAssert.assertThat(loaded.forward(input)).isExactly(saved.forward(input));
    } finally {
      Files.delete(file);
    }
  }

  private static Module chain(List<Integer> widths) {
    Module[] layers = new Module[widths.size() - 1];
    for (int i = 0; i < layers.length; i++) {
      layers[i] = new Linear(widths.get(i), widths.get(i + 1));
    }
    return new Sequential(layers);
  }
}
