package dev.lora4j.torchscript;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.nn.kernel.Ops;
import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Networks with several outputs, in other dtypes, traced in training mode or on other devices. */
class ScriptAnswersTest {
  private final PointerScope scope = new PointerScope();

  @AfterEach
  void close() {
    scope.close();
  }

  private static TorchScriptModel load(String name) {
    return TorchScriptModel.load(Fixture.path("script/" + name + ".pt"));
  }

  private static Tensor input() {
    return torch.randn(5, 4);
  }

  @Test
  void logitsOfADictionaryAreTheOutputUnlessAnotherIsSelected() {
    try (TorchScriptModel net = load("dictionary.scripted")) {
      Tensor x = input();
      ScriptValue answer = net.answer(ScriptValue.of(x));
      TensorAssert.assertThat(net.forward(x)).isExactly(answer.get("logits").tensor());
      net.selectOutput("hidden");
      TensorAssert.assertThat(net.forward(x)).isExactly(answer.get("hidden").tensor());
      net.selectOutput("hiden");
      assertThatThrownBy(() -> net.forward(x))
          .isInstanceOf(UserError.class)
          .hasMessageContainingAll("dictionary", "--output", "hidden, logits");
    }
  }

  @Test
  void anElementOfATupleIsSelectedByItsNumber() {
    try (TorchScriptModel net = load("pair.traced")) {
      Tensor x = input();
      assertThatThrownBy(() -> net.forward(x))
          .isInstanceOf(UserError.class)
          .hasMessageContainingAll("a tuple of 2", "--output", "0, 1");
      net.selectOutput("1");
      TensorAssert.assertThat(net.forward(x))
          .isExactly(net.answer(ScriptValue.of(x)).at(1).tensor());
    }
  }

  @Test
  void anElementOfANamedTupleIsSelectedByItsFieldOrItsNumber() {
    try (TorchScriptModel net = load("named.scripted")) {
      Tensor x = input();
      ScriptValue answer = net.answer(ScriptValue.of(x));
      TensorAssert.assertThat(net.forward(x)).isExactly(answer.at(1).tensor());
      net.selectOutput("hidden");
      TensorAssert.assertThat(net.forward(x)).isExactly(answer.at(0).tensor());
      net.selectOutput("1");
      TensorAssert.assertThat(net.forward(x)).isExactly(answer.at(1).tensor());
      net.selectOutput("hiden");
      assertThatThrownBy(() -> net.forward(x))
          .isInstanceOf(UserError.class)
          .hasMessageContainingAll("a tuple of 2", "--output", "hidden, logits");
    }
  }

  @Test
  void aNetworkInHalfPrecisionTakesAndReturnsSinglePrecision() {
    try (TorchScriptModel net = load("half.scripted")) {
      Tensor x = input();
      Tensor y = net.forward(x);
      assertThat(y.scalar_type().intern()).isEqualTo(ScalarType.Float);
      TensorAssert.assertThat(y)
          .isExactly(
              net.answer(ScriptValue.of(x.to(ScalarType.Half))).tensor().to(ScalarType.Float));
    }
  }

  @Test
  void aTraceInTrainingModeIsRefusedWithItsOperators() {
    assertThatThrownBy(() -> load("training.traced"))
        .isInstanceOf(UserError.class)
        .hasMessageContainingAll(
            "traced in training mode",
            "batch_norm in 'bn'",
            "dropout in 'drop'",
            "lstm in 'rnn'",
            ", dropout",
            "call model.eval() before torch.jit.trace")
        .hasMessageNotContainingAny("'own'", "'none'");
  }

  @ParameterizedTest
  @ValueSource(strings = {"evaluation.traced", "training.scripted"})
  void anyOtherNetworkGivesTheSameOutputEachTime(String name) {
    try (TorchScriptModel net = load(name)) {
      Tensor x = torch.randn(4, 4);
      TensorAssert.assertThat(net.forward(x)).isExactly(net.forward(x));
    }
  }

  @Test
  void aDeviceThatIsNotHereIsNamed() {
    assumeFalse(torch.cuda_is_available());
    assertThatThrownBy(() -> load("cuda.traced"))
        .isInstanceOf(UserError.class)
        .hasMessageContainingAll("names the device cuda:0", "trace it on the CPU");
  }

  @Test
  void dropoutOfALoadedAdapterIsOffInEvaluation(@TempDir Path directory) {
    try (TorchScriptModel net = load("regressor.scripted")) {
      LoraModel model = Lora.adapt(net, LoraConfig.rank(2).dropout(0.5));
      model.parameters("default").forEach(p -> p.copyFrom(torch.randn(p.shape())));
      model.save("default", directory);
      net.train(false);
      model.load("loaded", directory);
      model.activate("loaded");

      Tensor x = input();
      TensorAssert.assertThat(net.forward(x)).isExactly(net.forward(x));
      assertThat(Ops.shape(net.forward(x))).containsExactly(5, 1);
    }
  }
}
