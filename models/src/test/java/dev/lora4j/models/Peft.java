package dev.lora4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** PEFT itself, where there is a Python that has it. */
final class Peft {
  private static final Path REACTOR = Path.of("..").toAbsolutePath().normalize();

  private Peft() {}

  /**
   * Checks that PEFT loads an adapter onto a network in Python, and computes what was computed
   * here.
   *
   * @param network its name in the scripts of tools/
   * @param base its state dict
   * @param computed {@code input} and {@code logits}
   */
  static void computesTheSame(String network, Path base, Path adapter, Path computed)
      throws IOException, InterruptedException {
    run(
        "check_with_peft.py",
        base.toString(),
        adapter.toString(),
        computed.toString(),
        "--model",
        network);
  }

  /** Checks that PyTorch loads a TorchScript file, and computes what was computed here. */
  static void loadsScript(Path script, Path computed) throws IOException, InterruptedException {
    run("check_script.py", script.toString(), computed.toString());
  }

  private static void run(String script, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(python().orElseThrow());
    command.add(REACTOR.resolve("tools").resolve(script).toString());
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String told = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(process.waitFor()).as(told).isZero();
    assertThat(told).contains("\"ok\": true");
  }

  /** Skips the test where there is none. */
  static void assumeHere() throws IOException, InterruptedException {
    assumeTrue(
        python().isPresent(),
        "PEFT is not here: set LORA4J_PYTHON to a Python with tools/requirements.txt");
  }

  /** The Python that the environment names, or the one that the peers beside the checkout make. */
  private static Optional<String> python() throws IOException, InterruptedException {
    String named = System.getenv("LORA4J_PYTHON");
    if (named != null) {
      return Optional.of(named);
    }
    Path setup = REACTOR.resolveSibling("shared").resolve("peers").resolve("setup.sh");
    if (!Files.exists(setup)) {
      return Optional.empty();
    }
    Process process = new ProcessBuilder("bash", setup.toString()).start();
    String path = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return process.waitFor() == 0 ? Optional.of(path.strip()) : Optional.empty();
  }
}
