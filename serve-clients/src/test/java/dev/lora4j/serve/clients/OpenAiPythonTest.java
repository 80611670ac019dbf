package dev.lora4j.serve.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lora4j.PythonPeer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** OpenAI's own client for Python, where it is installed. */
class OpenAiPythonTest {
  private static final int NOT_INSTALLED = 3;

  @TempDir Path directory;

  @Test
  void thePythonClientReadsEveryAnswer() throws Exception {
    PythonPeer python = PythonPeer.require("openai");
    try (ClientServer server = ClientServer.start(directory)) {
      PythonPeer.Answer answer =
          python.run(
              "check_openai_client.py",
              server.baseUrl(),
              ClientServer.PIRATE,
              ClientServer.EMBEDDER);

      assumeTrue(answer.exit() != NOT_INSTALLED, answer.text());
      assertThat(answer.exit()).as(answer.text()).isZero();
    }
  }
}
