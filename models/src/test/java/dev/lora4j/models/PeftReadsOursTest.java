package dev.lora4j.models;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lora4j.Fixture;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraConfig;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.Targets;
import dev.lora4j.nn.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * PEFT itself loads what we wrote, and computes the same; see tools/check_with_peft.py. The Python
 * that has PEFT is that of {@code LORA4J_PYTHON}, else the peers' that the benchmarks use; where
 * there is neither the test is skipped.
 */
class PeftReadsOursTest {
  private static final long MINUTES = 5;

  @Test
  void theSameLogits(@TempDir Path directory) throws Exception {
    Path root = root();
    String python = python(root);
    write(directory, LoraConfig.rank(4).alpha(4));
    write(
        directory.resolve("pattern"),
        LoraConfig.rank(3).alpha(1.5).targets(Targets.matching("fc[13]")));

    for (Path written : List.of(directory, directory.resolve("pattern"))) {
      Result result =
          run(
              root,
              python,
              "tools/check_with_peft.py",
              Fixture.path("convnet/base.safetensors").toString(),
              written.resolve("adapter").toString(),
              written.resolve("computed.safetensors").toString());

      assertThat(result.exit()).as(result.output()).isZero();
      assertThat(result.output()).contains("\"ok\": true");
    }
  }

  /** An adapter that has learned something, and what the network says with it. */
  private static void write(Path directory, LoraConfig config) {
    try (PointerScope scope = new PointerScope();
        ConvNet net = new ConvNet()) {
      net.loadStateDict(Fixture.read("convnet/base.safetensors").tensors(""));
      LoraModel model = Lora.adapt(net, config);
      Engine.seed(3);
      model
          .parameters("default")
          .forEach(p -> p.copyFrom(torch.randn(p.shape()).mul(new Scalar(0.1))));

      model.save("default", directory.resolve("adapter"));
      Tensor input = Fixture.read("convnet/batch.safetensors").tensor("input");
      SafetensorsWriter.write(
          directory.resolve("computed.safetensors"),
          Map.of("input", input, "logits", model.forward(input)),
          Map.of());
    }
  }

  /** Maven runs the tests of a module in the module's directory. */
  private static Path root() {
    Path root = Path.of("..").toAbsolutePath().normalize();
    assumeTrue(
        Files.exists(root.resolve("tools/check_with_peft.py")), "skipped: no tools in " + root);
    return root;
  }

  private static String python(Path root) throws Exception {
    String given = System.getenv("LORA4J_PYTHON");
    if (given != null) {
      return given;
    }
    Path setup = root.resolve("../shared/peers/setup.sh").normalize();
    assumeTrue(
        Files.isExecutable(setup),
        "skipped: set LORA4J_PYTHON to a Python with tools/requirements.txt installed");
    Result result = run(root, setup.toString());
    assumeTrue(result.exit() == 0, "skipped: " + setup + " failed: " + result.output());
    return result.output().lines().reduce("", (first, last) -> last).strip();
  }

  private record Result(int exit, String output) {}

  private static Result run(Path root, String... command) throws Exception {
    Path output = Files.createTempFile("output", ".txt");
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .directory(root.toFile())
              .redirectErrorStream(true)
              .redirectOutput(output.toFile());
      builder.environment().putAll(Map.of("HF_HUB_OFFLINE", "1", "PYTHONDONTWRITEBYTECODE", "1"));
      Process process = start(builder);
      if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
        process.destroyForcibly();
        return new Result(-1, "no answer in " + MINUTES + " minutes");
      }
      return new Result(process.exitValue(), Files.readString(output, UTF_8));
    } finally {
      Files.deleteIfExists(output);
    }
  }

  private static Process start(ProcessBuilder builder) {
    try {
      return builder.start();
    } catch (IOException e) {
      throw new IllegalStateException("can't run " + builder.command(), e);
    }
  }
}
