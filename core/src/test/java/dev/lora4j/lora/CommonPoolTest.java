package dev.lora4j.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;

import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.merge.Unmerging;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Sequential;
import dev.lora4j.nn.runtime.Engine;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ForkJoinPool;
import java.util.function.IntSupplier;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The JVM's common pool belongs to the surrounding program. */
class CommonPoolTest {
  private static final int THEIRS = 3;

  @BeforeEach
  void setTorchThreads() {
    Engine.start();
    onEveryThread(() -> setTorchThreads(THEIRS));
  }

  @AfterEach
  void resetTorchThreads() {
    onEveryThread(() -> setTorchThreads(1));
    Engine.useOneThread();
  }

  @Test
  void mergingAndUnmergingKeepTheCommonPoolsSettings() {
    for (Unmerging how : List.of(Unmerging.EXACT, Unmerging.BY_SUBTRACTION)) {
      LoraModel model = model();
      model.merge(how);
      model.unmerge();
    }
    assertThat(onEveryThread(torch::get_num_threads)).containsOnly(THEIRS);
  }

  @Test
  void fingerprintingKeepsTheCommonPoolsSettings() {
    model().fingerprint();
    assertThat(onEveryThread(torch::get_num_threads)).containsOnly(THEIRS);
  }

  private static LoraModel model() {
    Module[] layers = new Module[64];
    for (int i = 0; i < layers.length; i++) {
      layers[i] = new Linear(128, 128);
    }
    return Lora.adapt(new Sequential(layers), LoraConfig.rank(4).targets(Targets.everyLinear()));
  }

  private static int setTorchThreads(int count) {
    torch.get_num_threads(); // a thread's first call sets it to the process-wide default
    torch.set_num_threads(count);
    return count;
  }

  /**
   * Runs a task on every thread of the pool. It waits by a latch, since a thread that joins a task
   * may run it itself.
   */
  private static List<Integer> onEveryThread(IntSupplier task) {
    int threads = ForkJoinPool.getCommonPoolParallelism();
    CyclicBarrier together = new CyclicBarrier(threads);
    CountDownLatch left = new CountDownLatch(threads);
    List<Integer> results = new CopyOnWriteArrayList<>();
    for (int i = 0; i < threads; i++) {
      ForkJoinPool.commonPool()
          .execute(
              () -> {
                await(together);
                results.add(task.getAsInt());
                left.countDown();
              });
    }
    assertThatNoException().isThrownBy(left::await);
    return results;
  }

  private static void await(CyclicBarrier barrier) {
    assertThatNoException().isThrownBy(barrier::await);
  }
}
