package dev.lora4j.models;

import dev.lora4j.Fixture;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The small checkpoints that tools/llm_fixtures.py wrote, one of each family. */
public final class Families {
  private Families() {}

  /** Their names. */
  public static Stream<String> all() {
    return Stream.of("llama2", "llama3", "llama_linear", "mistral", "qwen2", "qwen3", "gpt2");
  }

  /** Where one is. */
  public static Path directory(String family) {
    return Fixture.path("llm/" + family);
  }

  /** What transformers and PEFT say of it. */
  public static Fixture expected(String family) {
    return Fixture.read("llm/" + family + "/expected.safetensors");
  }
}
