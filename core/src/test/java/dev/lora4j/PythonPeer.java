package dev.lora4j;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** A Python installation with tools/requirements.txt, which runs the scripts in tools/. */
public final class PythonPeer {
  private static final Path REACTOR = Path.of("..").toAbsolutePath().normalize();

  private static final boolean WINDOWS = System.getProperty("os.name").startsWith("Windows");

  private final String python;

  private PythonPeer(String python) {
    this.python = python;
  }

  /**
   * The result of a script.
   *
   * @param exit the exit status
   * @param text the output
   */
  public record Answer(int exit, String text) {}

  /** Returns the Python named by the environment, or the one set up beside the checkout. */
  public static Optional<PythonPeer> find() throws IOException, InterruptedException {
    String named = System.getenv("LORA4J_PYTHON");
    if (named != null) {
      return Optional.of(new PythonPeer(named));
    }
    Path setup = REACTOR.resolveSibling("shared").resolve("peers").resolve("setup.sh");
    if (!Files.exists(setup)) {
      return Optional.empty();
    }
    Process process = new ProcessBuilder("bash", setup.toString()).start();
    String path = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return process.waitFor() == 0 ? Optional.of(new PythonPeer(path.strip())) : Optional.empty();
  }

  /**
   * Returns this Python, or skips the test without one.
   *
   * @param wanted the package that the test needs
   */
  public static PythonPeer require(String wanted) throws IOException, InterruptedException {
    Optional<PythonPeer> found = find();
    assumeTrue(
        found.isPresent(),
        wanted + " is not here: set LORA4J_PYTHON to a Python with tools/requirements.txt");
    return found.get();
  }

  /** Runs a script in tools/ with these arguments. */
  public Answer run(String script, Object... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    Path file = REACTOR.resolve("tools").resolve(script);
    command.add(file.toString());
    Stream.of(arguments).map(Object::toString).forEach(command::add);
    boolean importsTorch = Files.readAllLines(file).contains("import torch");
    return importsTorch && !WINDOWS ? PythonServer.of(python).run(command) : runAlone(command);
  }

  private Answer runAlone(List<String> script) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(script);
    command.add(0, python);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String told = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Answer(process.waitFor(), told);
  }
}
