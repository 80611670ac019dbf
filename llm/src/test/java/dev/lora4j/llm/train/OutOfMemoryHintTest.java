package dev.lora4j.llm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.lora4j.nn.kernel.Ops;
import org.junit.jupiter.api.Test;

class OutOfMemoryHintTest {

  @Test
  void libtorchsFailureIsKnownAndSaysWhatToLower() {
    Throwable failure = catchThrowable(() -> Ops.empty(1L << 52));

    assertThat(
            OutOfMemoryHint.explained(
                    failure, 3, BatchConfig.of(8).maxSeqLength(256), "c-2 is whole")
                .orElseThrow())
        .hasMessage(
            "out of memory at step 3: lower batch (now 8) and raise accumulate (now 1) as much,"
                + " which gives the same steps; lower max tokens (now 256); switch checkpointing"
                + " on; use fewer workers; c-2 is whole")
        .hasCause(failure);
    assertThat(
            OutOfMemoryHint.explained(
                    failure, 3, BatchConfig.of(1).gradientCheckpointing(), "c-2 is whole")
                .orElseThrow())
        .hasMessage(
            "out of memory at step 3: lower max tokens (now 512); use fewer workers; c-2 is whole");
  }

  @Test
  void otherFailuresAreLeftAlone() {
    Throwable failure = catchThrowable(() -> Ops.empty(2).view(3));

    assertThat(failure).isNotNull();
    assertThat(OutOfMemoryHint.explained(failure, 3, BatchConfig.of(8), "c-2 is whole")).isEmpty();
    assertThat(
            OutOfMemoryHint.explained(
                new IllegalStateException(), 3, BatchConfig.of(8), "c-2 is whole"))
        .isEmpty();
  }
}
