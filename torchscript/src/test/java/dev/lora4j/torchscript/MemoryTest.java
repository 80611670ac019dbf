package dev.lora4j.torchscript;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.Fixture;
import dev.lora4j.data.TensorDataset;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.train.Sgd;
import dev.lora4j.train.Trainer;
import dev.lora4j.train.TrainingCallback;
import dev.lora4j.train.Workers;
import dev.lora4j.vision.ConvNet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/**
 * Memory stays flat during training. JavaCPP's own clean-up is off in these tests (see the pom), so
 * leaked memory would accumulate.
 */
@EnabledOnOs(value = OS.LINUX, disabledReason = "resident memory is read from /proc")
class MemoryTest {
  private static final long ALLOWED_GROWTH = 16 << 20;
  private static final long WARM_UP = 1_000; // until the allocator has settled after other tests

  @Test
  void memoryStaysFlatOverTenThousandSteps() {
    Engine.seed(0);
    try (PointerScope scope = new PointerScope();
        Workers two = new Workers(2);
        Workers one = new Workers(1);
        TensorDataset data =
            TensorDataset.of(torch.randn(1_000, 3, 32, 32), Ops.tensor(new long[1_000]));
        ConvNet net = new ConvNet()) {
      assertThat(growth(net, data, two, 12)).as("bytes by 3,000 steps").isLessThan(ALLOWED_GROWTH);

      Lora.adapt(net, LoraConfig.rank(4));
      assertThat(growth(net, data, one, 44)).as("bytes by 11,000 steps").isLessThan(ALLOWED_GROWTH);
    }
  }

  @Test
  void memoryStaysFlatWithATorchScriptModel() {
    Engine.seed(0);
    try (PointerScope scope = new PointerScope();
        Workers two = new Workers(2);
        TensorDataset data =
            TensorDataset.of(torch.randn(1_000, 3, 32, 32), Ops.tensor(new long[1_000]));
        TorchScriptModel net = TorchScriptModel.load(Fixture.path("script/convnet.scripted.pt"))) {
      Lora.adapt(net, LoraConfig.rank(4));
      assertThat(leastGrowth(net, data, two)).as("bytes by 3,000 steps").isLessThan(ALLOWED_GROWTH);
    }
  }

  /** The smallest growth over several rounds: a leak occurs in every round, noise in some. */
  private static long leastGrowth(Module net, TensorDataset data, Workers workers) {
    return LongStream.range(0, 3).map(round -> growth(net, data, workers, 12)).min().orElseThrow();
  }

  private static long growth(Module net, TensorDataset data, Workers workers, int epochs) {
    long[] resident = new long[2];
    TrainingCallback watcher =
        new TrainingCallback() {
          @Override
          public void onStep(Step step) {
            if (step.number() == WARM_UP) {
              resident[0] = residentBytes();
            }
          }

          @Override
          public void onEnd() {
            resident[1] = residentBytes();
          }
        };
    try (Sgd sgd = new Sgd(1e-4, 0.9)) {
      Trainer.of(net, sgd).epochs(epochs).callback(watcher).fit(data, workers);
    }
    return resident[1] - resident[0];
  }

  private static long residentBytes() {
    try {
      return Files.readAllLines(Path.of("/proc/self/status")).stream()
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
          .findFirst()
          .orElseThrow();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
