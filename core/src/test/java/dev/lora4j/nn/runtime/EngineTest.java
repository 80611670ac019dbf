package dev.lora4j.nn.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.TensorAssert;
import java.util.concurrent.CompletableFuture;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class EngineTest {

  @Test
  void operatorsRunOnTheCallingThreadAlone() {
    Engine.start();
    assertThat(torch.get_num_threads()).isEqualTo(1);

    int elsewhere =
        CompletableFuture.supplyAsync(
                () -> {
                  Engine.useOneThread();
                  return torch.get_num_threads();
                })
            .join();
    assertThat(elsewhere).isEqualTo(1);
  }

  @Test
  void sameSeedGivesTheSameNumbers() {
    try (PointerScope scope = new PointerScope()) {
      Engine.seed(7);
      Tensor first = torch.randn(5);
      Tensor next = torch.randn(5);
      Engine.seed(7);

      TensorAssert.assertThat(torch.randn(5)).isExactly(first);
      TensorAssert.assertThat(torch.randn(5)).isExactly(next);
      assertThat(next.equal(first)).isFalse();
    }
  }
}
