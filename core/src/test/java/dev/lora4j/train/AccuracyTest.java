package dev.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lora4j.data.TensorDataset;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.kernel.Ops;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AccuracyTest {
  private static final List<String> NAMES = List.of("bird", "cat", "dog", "frog");

  /**
   * Three classes in turn, 150 examples of each, in more chunks than workers. The network returns
   * its input: correct for every bird, for every second cat and for no dog. There are no frogs.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void correctPredictionsAreCountedByClass(int count) {
    long[] targets = new long[450];
    float[] inputs = new float[450 * 4];
    for (int i = 0; i < 450; i++) {
      targets[i] = i % 3;
      long said = i % 3 == 0 || (i % 3 == 1 && i % 2 == 0) ? targets[i] : 3;
      inputs[i * 4 + (int) said] = 1;
    }
    try (PointerScope scope = new PointerScope();
        Linear identity = Linear.withoutBias(4, 4);
        Workers workers = new Workers(count)) {
      identity.weight().copyFrom(torch.eye(4));
      Tensor images = Ops.tensor(inputs, 450, 4);

      Accuracy accuracy;
      try (TensorDataset data = TensorDataset.of(images, Ops.tensor(targets))) {
        accuracy = Accuracy.of(identity, data, NAMES, workers);
      }

      assertThat(accuracy.all()).isEqualTo(0.5);
      assertThat(accuracy.classes())
          .containsOnlyKeys("bird", "cat", "dog")
          .containsEntry("bird", 1.0)
          .containsEntry("cat", 0.5)
          .containsEntry("dog", 0.0);
      assertThat(accuracy.mean(List.of("bird", "cat"))).isCloseTo(0.75, within(1e-12));
      assertThat(accuracy.mean(List.of())).isZero();
    }
  }
}
