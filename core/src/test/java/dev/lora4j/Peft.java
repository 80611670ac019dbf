package dev.lora4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;

/** Runs PEFT, if a Python installation with PEFT is available. */
public final class Peft {
  private Peft() {}

  /**
   * Checks that PEFT loads an adapter onto a network in Python and computes the same output.
   *
   * @param network the network's name in the scripts of tools/
   * @param base the network's state dict
   * @param computed {@code input} and {@code logits}
   */
  public static void computesTheSame(String network, Path base, Path adapter, Path computed)
      throws IOException, InterruptedException {
    run("check_with_peft.py", base, adapter, computed, "--model", network);
  }

  /** Checks that PyTorch loads a TorchScript file and computes the same output. */
  public static void loadsScript(Path script, Path computed)
      throws IOException, InterruptedException {
    run("check_script.py", script, computed);
  }

  private static void run(String script, Object... arguments)
      throws IOException, InterruptedException {
    PythonPeer.Answer answer = PythonPeer.require("PEFT").run(script, arguments);

    assertThat(answer.exit()).as(answer.text()).isZero();
    assertThat(answer.text()).contains("\"ok\": true");
  }

  /** Skips the test if PEFT is not available. */
  public static void assumeHere() throws IOException, InterruptedException {
    PythonPeer.require("PEFT");
  }
}
