package dev.lora4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A script that fails in the shared process fails as it does in its own. */
class PythonServerTest {
  @Test
  void failuresOfScriptsAreReported(@TempDir Path directory)
      throws IOException, InterruptedException {
    PythonPeer python = PythonPeer.require("PyTorch");
    Path missing = directory.resolve("missing.pt");

    PythonPeer.Answer uncaught = python.run("check_script.py", missing, missing);
    assertThat(uncaught.exit()).isEqualTo(1);
    assertThat(uncaught.text()).contains("Traceback", "missing.pt");

    PythonPeer.Answer usage = python.run("check_nll.py", "--unknown");
    assertThat(usage.exit()).isEqualTo(2);
    assertThat(usage.text()).contains("usage: check_nll.py");

    PythonPeer.Answer reported = python.run("check_with_transformers.py", directory, missing);
    assertThat(reported.exit()).isEqualTo(1);
    assertThat(reported.text()).isNotEmpty();
  }
}
