package dev.lora4j.llm.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.dataset.PreferencePair;
import dev.lora4j.lora.init.EvaBatch;
import dev.lora4j.nn.kernel.Ops;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.junit.jupiter.api.Test;

/** EVA initialises from loss tokens: no padding, no prompt, no rejected answer. */
class EvaExamplesTest {
  private static final Example LONG = example(new int[] {5, 6, 7, 8}, false, false, true, true);
  private static final Example SHORT = example(new int[] {5, 9}, false, true);

  private static Example example(int[] tokens, boolean... loss) {
    return Example.of(tokens, loss);
  }

  @Test
  void promptsAndPaddingDoNotCount() {
    try (PointerScope scope = new PointerScope();
        Device cpu = new Device("cpu")) {
      List<EvaBatch> batches =
          EvaExamples.of(new CausalLmObjective(List.of(LONG, SHORT), List.of()), 0, cpu);

      assertThat(batches).hasSize(1); // the shorter one first
      EvaBatch batch = batches.get(0);
      assertThat(Ops.shape(batch.input())).containsExactly(2, 4);
      assertThat(Ops.longs(batch.input())).startsWith(5, 9).endsWith(5, 6, 7, 8);
      assertThat(Ops.longs(batch.labels().orElseThrow()))
          .containsExactly(-100, 9, -100, -100, -100, -100, 7, 8);
      assertThat(Ops.longs(batch.attention().orElseThrow()))
          .containsExactly(1, 1, 0, 0, 1, 1, 1, 1);
    }
  }

  @Test
  void ofPairsTheBetterAnswersAreTaken() {
    try (PointerScope scope = new PointerScope();
        Device cpu = new Device("cpu")) {
      Objective pairs = new DpoObjective(List.of(new PreferencePair(LONG, SHORT)), List.of(), 0.1);

      List<EvaBatch> batches = EvaExamples.of(pairs, 0, cpu);

      assertThat(Ops.longs(batches.get(0).input())).containsExactly(5, 6, 7, 8);
    }
  }
}
