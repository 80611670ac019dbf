package dev.lora4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.llm.chat.SavedTextModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The examples are built and run by a Maven of their own, which knows lora4j only from a
 * repository, as a user's build does. Their tests use a tiny model.
 */
class ExamplesTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final String PLATFORM = System.getProperty("lora4j.natives");
  private static final Path LOCAL = Path.of(System.getProperty("lora4j.localRepository"));

  @TempDir private Path directory;
  private StagedRepository staged;

  @BeforeEach
  void stage() throws IOException {
    staged =
        StagedRepository.in(
            directory.resolve("repository"), ROOT, System.getProperty("lora4j.version"), PLATFORM);
  }

  @Test
  @Timeout(value = 15, unit = TimeUnit.MINUTES)
  void examplesBuildAndRun() throws Exception {
    Path base = SavedTextModel.chatty(directory.resolve("tiny"));
    List<String> command = new ArrayList<>(mavenWrapper());
    command.addAll(
        List.of("-B", "-ntp", "-f", ROOT.resolve("examples/all/pom.xml").toString(), "test"));
    command.addAll(repositories());
    command.add("-Dnatives=" + PLATFORM);
    command.add("-Dlora4j.base=" + base);

    Path log = Path.of("target/examples.log").toAbsolutePath();
    Process maven =
        new ProcessBuilder(command)
            .directory(ROOT.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();

    try {
      assertThat(maven.waitFor()).as(() -> read(log)).isZero();
    } finally {
      maven.descendants().forEach(ProcessHandle::destroyForcibly);
      maven.destroyForcibly();
    }
  }

  private static List<String> mavenWrapper() {
    boolean windows = System.getProperty("os.name").startsWith("Windows");
    return windows
        ? List.of("cmd", "/c", ROOT.resolve("mvnw.cmd").toString())
        : List.of(ROOT.resolve("mvnw").toString());
  }

  /**
   * The usual local repository keeps what the examples download. But if lora4j was installed there,
   * the staged artifacts must come first.
   */
  private List<String> repositories() {
    boolean installed = Files.exists(LOCAL.resolve("dev/lora4j"));
    Path first = installed ? staged.directory() : LOCAL;
    Path second = installed ? LOCAL : staged.directory();
    return List.of("-Dmaven.repo.local=" + first, "-Dmaven.repo.local.tail=" + second);
  }

  private static String read(Path log) {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      return "no log: " + e.getMessage();
    }
  }
}
