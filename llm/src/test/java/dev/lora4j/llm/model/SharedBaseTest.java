package dev.lora4j.llm.model;

import dev.lora4j.TensorAssert;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.GradientBuffer;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
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
  @MethodSource("dev.lora4j.llm.model.SavedFamilies#all")
  void gradientsOfTwoWorkersSumToThoseOfOne(String family) {
    try (PointerScope scope = new PointerScope();
        Workers workers = new Workers(2);
        Pretrained base = Pretrained.load(SavedFamilies.directory(family))) {
      LoraModel adapted = Lora.base(base.model());
      adapted.load("default", SavedFamilies.directory(family).resolve("adapter"));
      adapted.activate("default");
      Tensor tokens = SavedFamilies.expected(family).tensor("tokens"); // [2, T]
      List<Parameter> trained = base.model().trainableParameters();

      try (GradientBuffer whole = new GradientBuffer(trained);
          GradientBuffer first = new GradientBuffer(trained);
          GradientBuffer second = new GradientBuffer(trained)) {
        backward(base.model(), tokens, whole);
        workers.run(
            worker ->
                backward(base.model(), tokens.narrow(0, worker, 1), worker == 0 ? first : second));

        TensorAssert.assertThat(first.gradient().add(second.gradient()))
            .isCloseTo(whole.gradient(), TOLERANCE);
      }
    }
  }

  private static void backward(LanguageModel model, Tensor tokens, GradientBuffer view) {
    view.enter();
    try (PointerScope scope = new PointerScope()) {
      long predicted = tokens.size(1) - 1;
      Tensor hidden = model.hidden(TokenBatch.of(tokens)).narrow(1, 0, predicted).flatten(0, 1);
      Tensor next = tokens.narrow(1, 1, predicted).flatten();
      Ops.crossEntropySum(model.logits(hidden), next).backward();
    } finally {
      view.leave();
    }
  }
}
