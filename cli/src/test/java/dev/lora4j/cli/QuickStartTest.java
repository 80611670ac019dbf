package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The quick start of the docs compiles unchanged, fine-tunes a model and chats with it. */
class QuickStartTest {
  private static final Pattern SAMPLE =
      Pattern.compile("```java\\n(import .*?public final class QuickStart.*?)```", Pattern.DOTALL);

  @Test
  void quickStartRuns(@TempDir Path directory) throws Exception {
    Matcher sample = SAMPLE.matcher(Files.readString(Path.of("../docs/quick-tour.md")));
    assertThat(sample.find()).isTrue();
    Path source = Files.writeString(directory.resolve("QuickStart.java"), sample.group(1));
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    assertThat(
            ToolProvider.getSystemJavaCompiler()
                .run(null, null, null, "-proc:none", "-cp", classPath, source.toString()))
        .isZero();

    SmallTraining training = SmallTraining.in(directory);
    Path adapter = directory.resolve("my-adapter");
    String[] arguments = {
      training.model().toString(), training.chats().toString(), adapter.toString()
    };
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    PrintStream out = System.out;
    try (URLClassLoader loader =
        new URLClassLoader(new URL[] {directory.toUri().toURL()}, getClass().getClassLoader())) {
      System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
      loader
          .loadClass("QuickStart")
          .getMethod("main", String[].class)
          .invoke(null, (Object) arguments);
    } finally {
      System.setOut(out);
    }
    assertThat(adapter.resolve("adapter_model.safetensors")).isNotEmptyFile();
    assertThat(printed.toString(StandardCharsets.UTF_8)).contains("40 examples of 40 rows");
  }
}
