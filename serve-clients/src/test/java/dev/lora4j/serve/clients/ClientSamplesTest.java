package dev.lora4j.serve.clients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.DocSamples;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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

  @Test
  void samplesCompile(@TempDir Path output) throws IOException {
    List<DocSamples.Source> sources = new ArrayList<>();
    for (Path page : DocSamples.pages(root)) {
      Matcher sample = SAMPLE.matcher(Files.readString(page));
      while (sample.find()) {
        String name = "Sample" + sources.size();
        String text = SOURCE.formatted(name, sample.group(1));
        sources.add(new DocSamples.Source(name, String.valueOf(page.getFileName()), text));
      }
    }
    assertThat(sources).isNotEmpty();

    assertThat(DocSamples.errors(sources, output)).isEmpty();
  }
}
