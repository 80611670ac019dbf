package dev.lora4j.models;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lora4j.data.TensorDataset;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraConfig;
import dev.lora4j.nn.Engine;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Ops;
import dev.lora4j.train.Sgd;
import dev.lora4j.train.Trainer;
import dev.lora4j.train.TrainingListener;
import dev.lora4j.train.Workers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

/**
 * Memory stays flat while a network is trained. Native memory is freed by scopes, not by the
 * garbage collector: the trainings run in a JVM of their own in which it frees none, as under the
 * launcher, and whose heap is in memory from the start, so that what grows is native.
 */
class LeakTest {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final long MEGABYTE = 1024;
  private static final int SETTLED = 500;

  @Test
  void elevenThousandStepsLeaveNothingBehind() throws Exception {
    assumeTrue(Files.exists(STATUS), "skipped: resident memory is read from " + STATUS);
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xms96m", "-Xmx96m", "-XX:+AlwaysPreTouch", "-XX:+UseSerialGC"));
    command.add("-Dorg.bytedeco.javacpp.nopointergc=true");
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));

    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);

    assertThat(process.waitFor()).as(output).isZero();
    assertThat(output.lines().filter(line -> line.startsWith("grown by ")))
        .hasSize(2)
        .allSatisfy(
            line -> assertThat(Long.parseLong(line.substring(9))).isLessThan(32 * MEGABYTE));
  }

  /** Trains, and prints by how many kB each training grew after its first steps. */
  static final class Main {
    private Main() {}

    public static void main(String[] args) {
      Engine.seed(0);
      try (PointerScope scope = new PointerScope();
          ConvNet net = new ConvNet();
          TensorDataset data = noise(400)) {
        train(net, data, 10); // 1,000 steps of the base
        Lora.adapt(net, LoraConfig.rank(4).alpha(4));
        train(net, data, 100); // 10,000 of the adapter, on what the convolutions said once
      }
    }

    private static TensorDataset noise(int examples) {
      long[] labels = new long[examples];
      for (int i = 0; i < examples; i++) {
        labels[i] = i % 10;
      }
      Tensor images = torch.rand(examples, 3, 32, 32);
      return TensorDataset.of(images, Ops.tensor(labels));
    }

    private static void train(Module net, TensorDataset data, int epochs) {
      Meter meter = new Meter();
      try (Sgd sgd = new Sgd(1e-3, 0.9);
          Workers workers = new Workers(2)) {
        Trainer.of(net, sgd).epochs(epochs).batchSize(4).listener(meter).fit(data, workers);
      }
    }
  }

  private static final class Meter implements TrainingListener {
    private long settled;

    @Override
    public void onStep(Step step) {
      if (step.number() == SETTLED) {
        settled = residentKilobytes();
      }
    }

    @Override
    public void onEnd() {
      System.out.println("grown by " + (residentKilobytes() - settled));
    }

    private static long residentKilobytes() {
      try {
        return Files.readAllLines(STATUS).stream()
            .filter(line -> line.startsWith("VmRSS:"))
            .map(line -> line.replaceAll("\\D", ""))
            .mapToLong(Long::parseLong)
            .sum();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
