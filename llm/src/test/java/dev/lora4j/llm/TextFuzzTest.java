package dev.lora4j.llm;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.sun.management.ThreadMXBean;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.jinja.Template;
import dev.lora4j.llm.jinja.value.TemplateError;
import dev.lora4j.llm.model.ModelFamily;
import dev.lora4j.llm.model.gpt2.Gpt2Config;
import dev.lora4j.llm.model.llama.LlamaFamily;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;

/**
 * Reads chat templates, tokenizers and model configs that Jazzer generates. Each is read, or
 * refused with a reason. A build reads only the files in {@code TextFuzzTestInputs}; {@code
 * tools/fuzz} searches for more.
 */
class TextFuzzTest {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final Duration ALLOWED_TIME = Duration.ofSeconds(10); // of processor time
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-03-04T15:06:07Z"), ZoneOffset.UTC);
  private static final Map<String, Object> CONVERSATION =
      Map.of(
          "add_generation_prompt",
          true,
          "bos_token",
          "<s>",
          "messages",
          List.of(
              Map.of("role", "user", "content", "Hi"),
              Map.of("role", "assistant", "content", "Hello, 12 ✓ 😀")));
  private static final Path DIRECTORY = directory();

  private static Path directory() {
    try {
      return Files.createTempDirectory("fuzz");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @AfterAll
  static void removeFiles() throws IOException {
    Files.deleteIfExists(DIRECTORY.resolve("tokenizer.json"));
    Files.deleteIfExists(DIRECTORY.resolve("tokenizer.model"));
    Files.deleteIfExists(DIRECTORY);
  }

  private static void bound(Runnable reading) {
    long begin = THREADS.getCurrentThreadCpuTime();
    try {
      reading.run();
    } catch (CorruptFile | UserError | TemplateError refused) {
      assertThat(refused.getMessage()).isNotBlank();
    }
    long nanos = THREADS.getCurrentThreadCpuTime() - begin;
    assertThat(Duration.ofNanos(nanos)).as("processor time").isLessThan(ALLOWED_TIME);
  }

  @FuzzTest(maxDuration = "1h")
  void template(byte[] source) {
    String text = new String(source, StandardCharsets.UTF_8);
    bound(() -> assertThat(Template.parse(text, CLOCK).render(CONVERSATION).text()).isNotNull());
  }

  @FuzzTest(maxDuration = "1h")
  void tokenizer(byte[] file) throws IOException {
    tokenize("tokenizer.json", file);
  }

  @FuzzTest(maxDuration = "1h")
  void sentencepiece(byte[] file) throws IOException {
    tokenize("tokenizer.model", file);
  }

  private static void tokenize(String name, byte[] file) throws IOException {
    Files.write(DIRECTORY.resolve(name), file);
    bound(
        () -> {
          try (Tokenizer tokenizer = Tokenizer.load(DIRECTORY)) {
            int[] ids = tokenizer.encode("Hello  wörld 12 <s> \t x✓😀");
            assertThat(tokenizer.decode(ids)).isNotNull();
          }
        });
    Files.delete(DIRECTORY.resolve(name));
  }

  @FuzzTest(maxDuration = "1h")
  void modelconfig(byte[] file) {
    bound(
        () -> {
          JsonDocument fields = JsonDocument.parse(Path.of("config.json"), file);
          ModelFamily family = ModelFamily.of(fields);
          if (family instanceof LlamaFamily llama) {
            assertThat(llama.config(fields)).isNotNull();
          } else {
            assertThat(Gpt2Config.of(fields)).isNotNull();
          }
        });
  }
}
