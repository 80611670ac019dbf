package dev.lora4j.serve.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The Java samples of README and docs that use openai-java compile. A comment {@code <!-- compiled
 * by serve-clients -->} before a sample marks it.
 */
class ClientSamplesTest {
  private static final Pattern SAMPLE =
      Pattern.compile("<!-- compiled by serve-clients -->\\s*```java\\n(.*?)```", Pattern.DOTALL);
  private static final String SOURCE =
      """
      import com.openai.client.OpenAIClient;
      import com.openai.client.okhttp.OpenAIOkHttpClient;
      import com.openai.models.files.*;
      import com.openai.models.finetuning.jobs.*;
      import java.nio.file.Path;
      final class %s { static void run() throws Exception {
      %s} }
      """;

  private final Path root = Path.of("..");

  private static final class Source extends SimpleJavaFileObject {
    private final String text;

    Source(String name, String sample) {
      super(URI.create("string:///" + name + ".java"), Kind.SOURCE);
      text = SOURCE.formatted(name, sample);
    }

    @Override
    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
      return text;
    }
  }

  @Test
  void samplesCompile(@TempDir Path output) throws IOException {
    List<Source> sources = new ArrayList<>();
    for (Path page : pages()) {
      Matcher sample = SAMPLE.matcher(Files.readString(page));
      while (sample.find()) {
        sources.add(new Source("Sample" + sources.size(), sample.group(1)));
      }
    }
    assertThat(sources).isNotEmpty();
    DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    List<String> options = List.of("-proc:none", "-d", output.toString(), "-cp", classPath);

    boolean compiled =
        ToolProvider.getSystemJavaCompiler()
            .getTask(null, null, found, options, null, sources)
            .call();

    assertThat(compiled).as(found.getDiagnostics().toString()).isTrue();
  }

  private List<Path> pages() throws IOException {
    try (Stream<Path> docs = Files.list(root.resolve("docs"))) {
      return Stream.concat(
              Stream.of(root.resolve("README.md"), root.resolve("CONTRIBUTING.md")),
              docs.filter(file -> file.toString().endsWith(".md")).sorted())
          .toList();
    }
  }
}
