package dev.lora4j.models;

import dev.lora4j.TensorAssert;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.models.checkpoint.Pretrained;
import dev.lora4j.nn.GradientView;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Parameter;
import dev.lora4j.train.Workers;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Gradients of threads that share a frozen base sum to those of one thread. */
class SharedBaseTest {
  private static final double TOLERANCE = 1e-5; // sums are taken in another order

  @ParameterizedTest
  @MethodSource("dev.lora4j.models.Families#all")
  void gradientsOfTwoWorkersSumToThoseOfOne(String family) {
    try (PointerScope scope = new PointerScope();
        Workers workers = new Workers(2);
        Pretrained base = Pretrained.load(Families.directory(family))) {
      LoraModel adapted = Lora.base(base.model());
      adapted.load("default", Families.directory(family).resolve("adapter"));
      adapted.activate("default");
      Tensor tokens = Families.expected(family).tensor("tokens"); // [2, T]
      List<Parameter> trained = base.model().trainableParameters();

      try (GradientView whole = new GradientView(trained);
          GradientView first = new GradientView(trained);
          GradientView second = new GradientView(trained)) {
        backward(base.model(), tokens, whole);
        workers.run(
            worker ->
                backward(base.model(), tokens.narrow(0, worker, 1), worker == 0 ? first : second));

        TensorAssert.assertThat(first.gradient().add(second.gradient()))
            .isCloseTo(whole.gradient(), TOLERANCE);
      }
    }
  }

  private static void backward(LanguageModel model, Tensor tokens, GradientView view) {
    view.enter();
    try (PointerScope scope = new PointerScope()) {
      long predicted = tokens.size(1) - 1;
      Tensor hidden = model.hidden(Tokens.of(tokens)).narrow(1, 0, predicted).flatten(0, 1);
      Tensor next = tokens.narrow(1, 1, predicted).flatten();
      Ops.crossEntropySum(model.logits(hidden), next).backward();
    } finally {
      view.leave();
    }
  }
}
