package dev.lora4j;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A Python process that forks for each script, so that torch and transformers are imported once for
 * all tests of a module. It ends with this one, which closes its input.
 */
final class PythonServer {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Map<String, PythonServer> RUNNING = new HashMap<>(); // guarded by it

  private final Writer requests;
  private final BufferedReader answers;

  private PythonServer(Process process) {
    requests = process.outputWriter(StandardCharsets.UTF_8);
    answers = process.inputReader(StandardCharsets.UTF_8);
  }

  /** Returns the server of an interpreter, which starts with the first script. */
  static PythonServer of(String python) throws IOException {
    synchronized (RUNNING) {
      @Nullable PythonServer running = RUNNING.get(python);
      if (running == null) {
        ProcessBuilder start =
            new ProcessBuilder(python, Path.of("..", "tools", "peer_server.py").toString());
        start.environment().put("PYTHONHASHSEED", "0"); // else a fixture script starts Python again
        running = new PythonServer(start.redirectError(ProcessBuilder.Redirect.INHERIT).start());
        RUNNING.put(python, running);
      }
      return running;
    }
  }

  /**
   * Runs a script.
   *
   * @param script the script and its arguments
   */
  synchronized PythonPeer.Answer run(List<String> script) throws IOException {
    requests.write(JSON.writeValueAsString(script) + "\n");
    requests.flush();
    String line = answers.readLine();
    if (line == null) {
      throw new IOException("the Python process has ended; run " + String.join(" ", script));
    }
    JsonNode answer = JSON.readTree(line);
    return new PythonPeer.Answer(answer.path("exit").asInt(), answer.path("text").asText());
  }
}
