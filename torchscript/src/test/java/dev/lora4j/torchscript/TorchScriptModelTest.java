package dev.lora4j.torchscript;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.lora.AdapterScope;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.init.EvaBatch;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.conv.Conv2d;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.train.Workers;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TorchScriptModelTest {
  private final PointerScope scope = new PointerScope();

  @AfterEach
  void close() {
    scope.close();
  }

  private static TorchScriptModel load(String name) {
    return TorchScriptModel.load(Fixture.path("script/" + name + ".pt"));
  }

  private static Tensor input(String network) {
    return Fixture.read("script/" + network + ".safetensors").tensor("input");
  }

  private static Tensor evaluate(LoraModel model, Tensor input) {
    try (NoGradGuard guard = new NoGradGuard()) {
      return model.forward(input);
    }
  }

  private static void randomize(LoraModel model, String adapter) {
    model.parameters(adapter).forEach(p -> p.copyFrom(torch.randn(p.shape())));
  }

  // ---- structure ----

  @ParameterizedTest
  @ValueSource(strings = {"resnet.scripted", "resnet.traced"})
  void pathsAreThoseOfThePythonModel(String file) {
    try (TorchScriptModel net = load(file)) {
      assertThat(net.kind()).isEqualTo("ResNet");
      assertThat(net.find("layer1.0.downsample.0")).isInstanceOf(Conv2d.class);
      assertThat(net.find("layer1.0.bn1").kind()).isEqualTo("BatchNorm2d");
      assertThat(net.find("fc")).isInstanceOf(Linear.class);
      assertThat(net.namedParameters())
          .containsKeys("conv1.weight", "layer2.0.bn2.weight", "fc.bias")
          .doesNotContainKey("bn1.running_mean");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"scripted", "traced"})
  void layerSettingsComeFromTheScript(String how) {
    try (TorchScriptModel net = load("resnet." + how);
        TorchScriptModel tokens = load("tokens." + how)) {
      Conv2d strided = (Conv2d) net.find("layer1.0.conv1");
      assertThat(strided.options().stride()).containsExactly(2, 2);
      assertThat(strided.options().padding()).containsExactly(1, 1);
      assertThat(net.find("depthwise").kind()).contains("Conv2d with groups");
      Embedding embedding = (Embedding) tokens.find("embed");
      Tensor one = embedding.forward(input("tokens"));
      assertThat(Ops.shape(one)).containsExactly(3, 5, 6);
    }
  }

  @Test
  void submoduleHasNoForward() {
    try (TorchScriptModel net = load("resnet.scripted")) {
      assertThatThrownBy(() -> net.find("layer1").forward(input("resnet")))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("Sequential");
    }
  }

  @Test
  void mangledClassNumbersAreStripped() {
    assertThat(ScriptPart.unmangled("__torch__.torch.nn.modules.linear.___torch_mangle_12.Linear"))
        .isEqualTo("torch.nn.modules.linear.Linear");
    assertThat(ScriptPart.unmangled("__torch__.net.Net")).isEqualTo("net.Net");
  }

  @Test
  void sharedLayerIsAdaptedOnce() {
    try (TorchScriptModel net = load("siamese.scripted")) {
      LoraModel model = Lora.adapt(net, LoraConfig.rank(2));

      assertThat(model.layers()).containsOnlyKeys("left", "right", "head");
      assertThat(model.layers().get("left")).isSameAs(model.layers().get("right"));
      assertThat(net.trainableParameters()).hasSize(4);
    }
  }

  @Test
  void moving() {
    try (TorchScriptModel net = load("resnet.scripted")) {
      LoraModel model = Lora.adapt(net, LoraConfig.rank(2));
      Tensor before = evaluate(model, input("resnet"));

      net.to(new Device("cpu"));

      TensorAssert.assertThat(evaluate(model, input("resnet"))).isExactly(before);
    }
  }

  // ---- inputs and outputs ----

  @Test
  void tuplesAndDictionariesPassInAndOut() {
    try (TorchScriptModel net = load("containers.scripted")) {
      Tensor x = torch.randn(2, 4);
      Tensor scale = torch.randn(2, 1);
      Linear fc = (Linear) net.find("fc");
      Tensor expected = fc.forward(x.add(x.mul(scale)));

      ScriptValue answer =
          net.answer(ScriptValue.tuple(x, x), ScriptValue.dictionary(Map.of("scale", scale)));

      TensorAssert.assertThat(answer.at(0).get("logits").tensor()).isExactly(expected);
      TensorAssert.assertThat(answer.at(1).at(0).tensor()).isExactly(expected);
      assertThat(answer.at(1).describe()).isEqualTo("a tuple of 2");
      assertThatThrownBy(() -> answer.at(0).get("logit"))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("did you mean logits");
      assertThatThrownBy(answer::tensor).hasMessageContaining("found a tuple of 2");
      assertThatThrownBy(() -> answer.at(2)).hasMessageContaining("an element 2");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"resnet.scripted", "resnet.traced"})
  void wrongInputShapeIsReportedInOneLine(String file) {
    try (TorchScriptModel net = load(file)) {
      assertThatThrownBy(() -> net.forward(torch.randn(2, 5, 12, 12)))
          .isInstanceOf(UserError.class)
          .hasMessageContainingAll("[2, 5, 12, 12]", "channels")
          .hasMessageNotContaining("\n");
      assertThat(Ops.shape(net.forward(input("resnet")))).containsExactly(3, 4);
    }
  }

  @Test
  void wrongNumberOrTypeOfInputsIsReportedInOneLine() {
    try (TorchScriptModel net = load("siamese.scripted");
        TorchScriptModel tokens = load("tokens.scripted");
        TorchScriptModel none = load("no_forward")) {
      ScriptValue x = ScriptValue.of(torch.randn(3, 4));
      assertNotTaken(net, "forward(__torch__.script_networks.Siamese self, Tensor x)", x, x);
      assertNotTaken(net, "missing value for argument 'x'");
      assertNotTaken(net, "Expected a value of type 'Tensor'", ScriptValue.tuple(x.tensor()));
      assertNotTaken(tokens, "Long", x);
      assertNotTaken(none, "'forward' is not defined", x);
    }
  }

  private static void assertNotTaken(TorchScriptModel net, String why, ScriptValue... inputs) {
    assertThatThrownBy(() -> net.answer(inputs))
        .isInstanceOf(UserError.class)
        .hasMessageContainingAll("the script can't take", why)
        .hasMessageNotContaining("\n");
  }

  // ---- adapters ----

  @ParameterizedTest
  @ValueSource(strings = {"pissa", "olora", "orthogonal"})
  void weightOnlyInitialisationsKeepTheOutput(String word) {
    Tensor x = input("resnet");
    try (TorchScriptModel net = load("resnet.scripted")) {
      Tensor before = net.forward(x).detach();

      LoraModel model =
          Lora.adapt(net, LoraConfig.rank(2).initialization(Initialization.named(word)));

      TensorAssert.assertThat(evaluate(model, x)).isCloseTo(before, 1e-5);
      randomize(model, "default");
      assertThat(evaluate(model, x).equal(before)).isFalse();
    }
  }

  @Test
  void initialisationFromActivationsIsRefused() {
    try (TorchScriptModel net = load("resnet.scripted")) {
      LoraConfig eva = LoraConfig.rank(2).initialization(new Initialization.Eva());

      assertThatThrownBy(() -> Lora.adapt(net, eva, List.of(EvaBatch.of(input("resnet")))))
          .isInstanceOf(UserError.class)
          .hasMessageContainingAll("eva", "fc", "TorchScript", "pissa")
          .hasMessageNotContaining("\n");
      assertThat(net.find("fc")).isInstanceOf(Linear.class);
    }
  }

  @Test
  void optionsBeyondAWeightChangeAreRefusedByName() {
    try (TorchScriptModel net = load("resnet.scripted");
        TorchScriptModel encoder = load("encoder.scripted")) {
      assertThatThrownBy(
              () -> Lora.adapt(net, LoraConfig.rank(8).targets(Targets.named("depthwise"))))
          .isInstanceOf(UserError.class)
          .hasMessageContainingAll("depthwise", "groups");
      assertThatThrownBy(
              () -> Lora.adapt(encoder, LoraConfig.rank(2).targets(Targets.named("out_proj"))))
          .isInstanceOf(UserError.class)
          .hasMessageContainingAll("out_proj", "NonDynamicallyQuantizableLinear");
      Lora.adapt(net, LoraConfig.rank(2).dropout(0.1));
      net.train(true);
      assertThatThrownBy(() -> net.forward(input("resnet")))
          .isInstanceOf(UserError.class)
          .hasMessageContainingAll("'fc'", "dropout");
    }
  }

  @Test
  void mixedAdapterBatchIsRefused() {
    try (TorchScriptModel net = load("resnet.scripted")) {
      LoraModel model = Lora.adapt(net, LoraConfig.rank(2));
      model.add("other", LoraConfig.rank(2));
      net.train(false);

      assertThatThrownBy(
              () -> model.withRows(List.of("default", "other", "other")).forward(input("resnet")))
          .isInstanceOf(UserError.class)
          .hasMessageContainingAll("'fc'", "rows with different adapters");
    }
  }

  @Test
  void threadsUseDifferentAdaptersConcurrently() {
    Tensor x = input("resnet");
    try (TorchScriptModel net = load("resnet.scripted");
        Workers workers = new Workers(4)) {
      LoraModel model = Lora.adapt(net, LoraConfig.rank(2));
      model.add("other", LoraConfig.rank(3).targets(Targets.named("conv1", "fc")));
      randomize(model, "default");
      randomize(model, "other");
      net.train(false);
      List<String[]> choices =
          List.of(
              new String[] {},
              new String[] {"default"},
              new String[] {"other"},
              new String[] {"default", "other"});
      List<Tensor> expected = choices.stream().map(choice -> using(model, x, choice)).toList();
      boolean[] wrong = new boolean[4];

      workers.run(
          worker -> {
            for (int i = 0; i < 50; i++) {
              try (PointerScope inside = new PointerScope()) {
                Tensor found = using(model, x, choices.get(worker));
                wrong[worker] |= !found.equal(expected.get(worker));
              }
            }
          });

      assertThat(wrong).containsOnly(false);
      assertThat(expected.get(1).equal(expected.get(0))).isFalse();
      assertThat(expected.get(3).equal(expected.get(1))).isFalse();
    }
  }

  private static Tensor using(LoraModel model, Tensor x, String... adapters) {
    try (AdapterScope chosen = model.using(adapters)) {
      return evaluate(model, x);
    }
  }

  @Test
  void cachedWeightFollowsTheActiveAdapter() {
    Tensor x = input("resnet");
    try (TorchScriptModel net = load("resnet.traced")) {
      LoraModel model = Lora.adapt(net, LoraConfig.rank(2).targets(Targets.named("fc", "conv1")));
      Tensor untrained = evaluate(model, x);
      randomize(model, "default");

      Tensor trained = evaluate(model, x);

      assertThat(trained.equal(untrained)).isFalse();
      TensorAssert.assertThat(evaluate(model, x)).isExactly(trained);
      TensorAssert.assertThat(model.forward(x)).isExactly(trained);
      model.merge();
      TensorAssert.assertThat(evaluate(model, x)).isCloseTo(trained, 1e-6);
      model.unmerge();
      model.remove("default");
      TensorAssert.assertThat(evaluate(model, x)).isExactly(untrained);
    }
  }

  @Test
  void batchNormStatisticsStayFixedInTraining() {
    Tensor x = input("resnet");
    try (TorchScriptModel net = load("resnet.scripted")) {
      Tensor before = net.forward(x).detach();

      net.train(true);
      net.forward(x);

      TensorAssert.assertThat(net.forward(x).detach()).isExactly(before);
    }
  }

  @Test
  void baseParametersCanBeTrained() {
    try (TorchScriptModel net = load("tokens.scripted")) {
      net.forward(input("tokens")).sum().backward();

      for (Parameter parameter : net.trainableParameters()) {
        assertThat(parameter.value().grad().defined()).isTrue();
      }
    }
  }
}
